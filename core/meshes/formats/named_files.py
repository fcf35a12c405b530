"""The files that a mesh names: material libraries (MTL) and textures.

Names are written on other systems: with a backslash, in another case, in a code page, with a folder
that is no longer there. A file is found only inside the input folder. If that is not known, it is
found in the folder of the mesh and in the folder above.
"""

from __future__ import annotations

import mmap
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from core.meshes.formats.content import content_of, head_of
from core.meshes.formats.encoding import as_utf8, spellings
from core.meshes.suffixes import COMPRESSED

# Folders of textures, below or beside a model.
TEXTURE_FOLDERS = ("textures", "texture", "tex", "maps", "images", "materials")
_LIBRARY = re.compile(rb"(?i)mtllib[ \t]+([^\r\n]*)")
_PROBE = 256
_OPTION_VALUES = {
    b"-blendu": 1, b"-blendv": 1, b"-boost": 1, b"-bm": 1, b"-cc": 1, b"-clamp": 1, b"-colorspace": 1,
    b"-imfchan": 1, b"-mm": 2, b"-texres": 1, b"-type": 1,
}  # fmt: skip
_VECTORS = (b"-o", b"-s", b"-t")  # one to three numbers follow
_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_WORD = re.compile(rb"\S+")
_HEADER = 1 << 20


def libraries_of_obj(path: Path) -> list[bytes]:
    """Return the names behind every `mtllib` of an OBJ file."""
    if path.suffix.lower() == COMPRESSED:
        return [match.group(1).strip() for line in lines_of(content_of(path)) if (match := _LIBRARY.match(line))]
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return []
        if as_utf8(head := file.read(64)) != head:
            file.seek(0)
            return [match.group(1).strip() for line in lines_of(file.read()) if (match := _LIBRARY.match(line))]
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return [match.group(1).strip() for at in _places(content) if (match := _LIBRARY.match(content, at))]


def _places(content: mmap.mmap) -> Iterator[int]:
    """Yield the place of every `mtllib` at the beginning of a line."""
    for word in (b"mtllib", b"Mtllib", b"MTLLIB"):
        at = content.find(word)
        while at >= 0:
            # Only blanks stand before the word.
            before = content[max(0, at - _PROBE) : at]
            if not before.rstrip(b" \t") or before.rstrip(b" \t")[-1:] in (b"\n", b"\r"):
                yield at
            at = content.find(word, at + 1)


def textures_of_library(
    library: Path, model: Path, within: Path | None = None, *, every: bool = False
) -> Iterator[Path]:
    """Yield the textures of colours that a material library names, if they exist; with `every`, all maps."""
    with suppress(OSError):
        for line in lines_of(library.read_bytes()):
            key, _, value = keyed(line)
            is_texture = key == b"map_kd" or (every and key.startswith((b"map_", b"bump", b"disp", b"norm", b"refl")))
            if is_texture and (texture := find_texture(library, model, value, within)) is not None:
                yield texture


def textures_of_ply(path: Path, size: int = _HEADER) -> list[bytes]:
    """Return the names behind `comment TextureFile` in the header of a PLY file, in its first bytes."""
    return textures_in_header(head_of(path, size))


def textures_in_header(head: bytes) -> list[bytes]:
    """Return the names behind `comment TextureFile` in a PLY header."""
    header = head[: end if (end := head.find(b"end_header")) >= 0 else len(head)]
    return [match.group(1).strip() for match in re.finditer(rb"(?i)comment[ \t]+TextureFile[ \t]+([^\r\n]*)", header)]


def lines_of(data: bytes) -> list[bytes]:
    """Return the lines of a text of any encoding, without blanks around them."""
    return [line.strip() for line in re.split(rb"[\r\n]+", as_utf8(data))]


def keyed(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the first word of a line in lower case, as written, and the rest."""
    word = _WORD.match(line)
    if word is None:
        return b"", b"", b""
    return word.group().lower(), word.group(), line[word.end() :].strip()


def find_libraries(model: Path, names: bytes, within: Path | None = None) -> list[Path]:
    """Return the files behind `mtllib`: one name with blanks, or several names."""
    whole = find_named(model, names, within)
    if whole is not None:
        return [whole]
    return [found for name in names.split() if (found := find_named(model, name, within)) is not None]


def find_texture(library: Path, model: Path, entry: bytes, within: Path | None = None) -> Path | None:
    """Return the file of a texture, None if it is not there.

    It is looked for beside the library, beside the model, and in folders of textures near to both.

    Parameters
    ----------
    library, model : Path
        The MTL and the OBJ file.
    entry : bytes
        What stands behind `map_Kd`: options, and a name that may hold blanks.
    within : Path, optional
        The input folder, as in `files_beside`.
    """
    for name in dict.fromkeys([without_options(entry), entry, *entry.split()[-1:]]):
        for file in dict.fromkeys([library, model]):
            found = find_named(file, name, within, limit_of(model, within))
            if found is not None:
                return found
    return None


def without_options(entry: bytes) -> bytes:
    """Return the name of a texture without the options before it.

    Examples
    --------
    >>> without_options(b"-s 1 1 1 -o 0 0 0 my picture.png")
    b'my picture.png'
    """
    left = entry.strip()
    while (word := _WORD.match(left)) is not None and word.group().startswith(b"-"):
        option = word.group().lower()
        if option not in _VECTORS and option not in _OPTION_VALUES:
            break
        left = left[word.end() :].strip()
        for _ in range(3 if option in _VECTORS else _OPTION_VALUES[option]):
            value = _WORD.match(left)
            if value is None or (option in _VECTORS and not _NUMBER.fullmatch(value.group())):
                break
            left = left[value.end() :].strip()
    return left


def limit_of(model: Path, within: Path | None) -> Path:
    """Return the folder that files of a model must be in, without links."""
    return within.resolve() if within is not None else model.parent.resolve().parent


def find_named(file: Path, name: bytes, within: Path | None = None, limit: Path | None = None) -> Path | None:
    """Return the file that `file` names, None if it is not there or outside of the limit.

    The name is tried as it is, in other cases and encodings, and without its folders.
    """
    folder = file.parent.resolve()
    limit = limit or limit_of(file, within)
    for spelling in spellings(name.strip().strip(b'"')):
        wanted = spelling.replace("\\", "/").strip()
        last = wanted.rsplit("/", 1)[-1]
        if not last:
            continue
        for candidate in (partial(_at, folder, wanted), partial(_at, folder, last), partial(_near, folder, last)):
            with suppress(OSError, ValueError):  # a name that is too long, or has characters that no name can have
                path = candidate(limit)
                if path is not None:
                    return path
    return None


def _at(folder: Path, name: str, limit: Path) -> Path | None:
    """Return the file of that name, or the only one that differs from it in case alone."""
    path = (folder / name).resolve()
    if path.is_relative_to(limit) and path.is_file():
        return path
    at = folder
    for part in Path(name).parts:
        if part == "..":
            at = at.parent
            continue
        if not at.is_relative_to(limit):
            return None
        same = [entry.name for entry in at.iterdir() if _folded(entry.name) == _folded(part)]
        exact = [entry for entry in same if entry == part]
        if len(exact or same) != 1:
            return None
        at = (at / (exact or same)[0]).resolve()
    return at if at.is_relative_to(limit) and at.is_file() else None


def _near(folder: Path, name: str, limit: Path) -> Path | None:
    """Return the only file of that name in a folder of textures below or beside."""
    found = set()
    for place in (folder, folder.parent):
        if place.is_relative_to(limit):
            for entry in place.iterdir():
                is_theirs = entry.name.lower() in TEXTURE_FOLDERS and entry.is_dir()
                if is_theirs and (path := _at(entry, name, limit)) is not None:
                    found.add(path)
    return found.pop() if len(found) == 1 else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
