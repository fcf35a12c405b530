"""What a file is by its first bytes, if it is not what its suffix says."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from core.foundation import SpecimenError
from core.meshes.formats.encoding import as_utf8

_HEAD = 4096
_STL_HEADER, _STL_RECORD = 84, 50
_GZIP = b"\x1f\x8b"

_AGAIN = "Download or copy the scan itself."
_UNPACK = "Unpack it, and give the scan that is in it."
_EXPORT = "Export the scan as PLY, OBJ, STL or OFF."
_RENAME = "Rename it: the suffix has to tell its format."
# Each kind: the pattern at the beginning, its name, what to do, and the suffixes of such files.
_KINDS: tuple[tuple[re.Pattern[bytes], str, str, tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name, advice, suffixes)
    for pattern, name, advice, suffixes in (
        (rb"\s*(<!--.*?-->\s*)*(?i:<!doctype html|<html|<head|<body)", "a web page (HTML)", _AGAIN, ()),
        (rb"\s*<\?xml|\s*<[A-Za-z!]", "an XML file", _EXPORT, ()),
        (rb"version https://git-lfs", "a pointer of Git LFS", "Fetch the scan itself with `git lfs pull`.", ()),
        (rb"/annex/objects/|\S*\.git/annex/objects/", "a pointer of git-annex", _AGAIN, ()),
        (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "a ZIP archive", _UNPACK, ()),
        (rb"\x1f\x8b", "a gzip archive", "Let its name end in .gz, or unpack it.", (".gz",)),
        (rb"BZh\d1AY|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd", "an archive", _UNPACK, ()),
        (rb".{257}ustar", "a TAR archive", _UNPACK, ()),
        (rb"%PDF-", "a PDF document", _AGAIN, ()),
        (rb"\xff\xd8\xff", "a JPEG picture", _EXPORT, ()),
        (rb"\x89PNG\r\n\x1a\n", "a PNG picture", _EXPORT, ()),
        (rb"GIF8[79]a", "a GIF picture", _EXPORT, ()),
        (rb"II[*+]\0|MM\0[*+]", "a TIFF picture", _EXPORT, ()),
        (rb"RIFF.{4}WEBP", "a WebP picture", _EXPORT, ()),
        (rb".{4}ftyp", "a picture or film of a phone", _EXPORT, ()),
        (rb".{128}DICM", "a DICOM picture", _EXPORT, ()),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf", "an office document", _AGAIN, ()),
        (rb"SQLite format 3\0", "a database", _AGAIN, ()),
        (rb"# vtk DataFile", "a VTK file", _EXPORT, ()),
        (rb"#VRML", "a VRML file", _EXPORT, ()),
        (rb"Kaydara FBX|; FBX", "an FBX file", _EXPORT, ()),
        (rb"BLENDER", "a Blender file", _EXPORT, ()),
        (rb"xof \d{4}", "a DirectX file", _EXPORT, ()),
        (rb"glTF[\x01-\x0a]\0\0\0", "a glTF file", _RENAME, (".glb", ".gltf")),
        (rb"ply[ \t]*[\r\n]+(format|comment|obj_info)", "a PLY file", _RENAME, (".ply",)),
        (rb"\s*solid\b.{0,2000}?\bfacet\s+normal", "an STL file", _RENAME, (".stl",)),
        (rb"(ST)?C?N?OFF\s+(#[^\n]*\n\s*)*\d+\s+\d+", "an OFF file", _RENAME, (".off",)),
        (rb"\s*\{\s*\"", "a JSON file", _EXPORT, (".gltf",)),
    )
)
_BEFORE_VERTICES = (b"mtllib", b"usemtl", b"o", b"g", b"s")  # first words of lines of an OBJ file
_TEXT = re.compile(rb"[\t\n\v\f\r\x20-\x7e\x80-\xff]+")


def check_signature(path: Path, suffix: str) -> None:
    """Raise a `SpecimenError` that names what a file is, if it cannot be what its suffix says.

    Parameters
    ----------
    path : Path
        The file.
    suffix : str
        Its suffix in lower case, `.ply.gz` for a compressed file.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    size = path.stat().st_size
    plain = suffix.removesuffix(".gz")
    if suffix != plain and head.startswith(_GZIP):
        try:
            with gzip.open(path, "rb") as stream:
                head = stream.read(_HEAD)
        except (OSError, EOFError, zlib.error):
            return  # the reader tells what is wrong with it
        size = -1
    if plain == ".stl" and _is_binary_stl(head, size):
        return
    head = as_utf8(head)
    for pattern, name, advice, suffixes in _KINDS:
        if plain not in suffixes and pattern.match(head):
            raise _error(name, plain, advice)
    if plain in (".ply", ".stl", ".off") and _is_obj(head):
        raise _error("an OBJ file", plain, _RENAME)
    if plain == ".ply" and not head.startswith(b"ply") and _is_text(head):
        raise _error("a text", plain, _AGAIN)


def _is_binary_stl(head: bytes, size: int) -> bool:
    """Return whether a file has the size that its number of facets asks for, so that it may begin with any bytes."""
    if len(head) < _STL_HEADER:
        return False
    facets = int.from_bytes(head[_STL_HEADER - 4 : _STL_HEADER], "little")
    return size < 0 or size == _STL_HEADER + facets * _STL_RECORD


def _is_obj(head: bytes) -> bool:
    for line in head.splitlines():
        words = line.split()
        if words and words[0] == b"v":
            return len(words) > 3
        if words and not words[0].startswith(b"#") and words[0] not in _BEFORE_VERTICES:
            return False
    return False


def _is_text(head: bytes) -> bool:
    if _TEXT.fullmatch(head) is None:
        return False
    try:
        head[: max(1, len(head) - 3)].rstrip(bytes(range(128, 256))).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _error(name: str, suffix: str, advice: str) -> SpecimenError:
    return SpecimenError(
        "The content of the file is {kind}, not {format}.", advice=advice, kind=name, format=suffix[1:].upper()
    )
