"""Specimen ids: their categories and their file names."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath

from core.foundation.errors import SettingError

_ODD = ("//", "./", "/.")
_SIGNS_NOT_IN_IDS = (
    "\\\ufeff"  # a path separator on Windows, and a byte order mark, which is lost at the start of a file
)
_NOT_IN_IDS = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are no text, ends of lines
# The embedding of a specimen of this id would lie where the matrix lies.
# Paths, so that they are compared as the file system does.
_NAMES_OF_MATRICES = (PurePath("embeddings"), PurePath("embeddings_projected"))


def category_of(specimen_id: str) -> str:
    """Return the folders above a specimen, joined by `/`, empty at the top level.

    Examples
    --------
    >>> from core.foundation import category_of
    >>> category_of("Molars/Tarsius/amnh106010")
    'Molars/Tarsius'
    """
    if specimen_id[:1] != "/" and specimen_id[-1:] != "/" and not any(odd in specimen_id for odd in _ODD):
        # The same result as below for nearly all ids, thirty times as fast.
        return specimen_id.rpartition("/")[0]
    parent = str(PurePosixPath(specimen_id).parent)
    return "" if parent == "." else parent


def top_category_of(specimen_id: str) -> str:
    """Return the first folder of a specimen id, empty at the top level.

    Examples
    --------
    >>> from core.foundation import top_category_of
    >>> top_category_of("Molars/Tarsius/amnh106010")
    'Molars'
    """
    return category_of(specimen_id).split("/", 1)[0]


def file_of_specimen(root: Path, specimen_id: str, suffix: str) -> Path:
    """Return `root/<category>/<specimen><suffix>`, which is never outside of `root`.

    Raises
    ------
    SettingError
        If the id is empty, absolute, or climbs with `..`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from core.foundation import file_of_specimen
    >>> file_of_specimen(Path("features"), "Molars/amnh106010", ".npy").as_posix()
    'features/Molars/amnh106010.npy'
    """
    parts = specimen_id.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise SettingError(
            "{specimen_id!r} is not a specimen id.",
            advice="An id is the path below the input folder without its suffix, like Molars/Tarsius/amnh106010.",
            specimen_id=specimen_id,
        )
    path = root.joinpath(*parts[:-1], parts[-1] + suffix)
    if not path.is_relative_to(root):  # a drive letter, on Windows
        raise SettingError(
            "{specimen_id!r} is not a specimen id.", advice="An id holds no drive letter.", specimen_id=specimen_id
        )
    return path


def as_specimen_id(name: str, more_signs: str = "") -> str:
    r"""Escape characters that are not allowed in an id, and more, as `%` and hexadecimal digits.

    An id must fit into one line of ids.txt, and must be text in UTF-8.

    Examples
    --------
    >>> from core.foundation import as_specimen_id
    >>> as_specimen_id("Molars/left\nupper")
    'Molars/left%0Aupper'
    """
    return "".join(_escaped(sign) if sign in more_signs else _allowed(sign) for sign in name)


def is_taken_id(specimen_id: str) -> bool:
    """Return whether the embedding of this id would lie where the matrix of all specimens lies."""
    return PurePath(specimen_id) in _NAMES_OF_MATRICES


def escaped_id(name: str) -> str:
    r"""Return the id of a name in which `%` is escaped, too, so that no two names have the same one.

    Examples
    --------
    >>> from core.foundation import escaped_id
    >>> escaped_id("a\nb"), escaped_id("a%0Ab"), escaped_id("embeddings")
    ('a%0Ab', 'a%250Ab', '%65mbeddings')
    """
    return _escaped(name[0]) + name[1:] if is_taken_id(name) else as_specimen_id(name, "%")


def ids_of_names(names: Sequence[str]) -> list[str]:
    r"""Return an id for each of several different names, no id twice.

    Names whose ids would be the same have their `%` escaped.

    Examples
    --------
    >>> from core.foundation import ids_of_names
    >>> ids_of_names(["a%", "b\n", "b%0A"])
    ['a%', 'b%0A', 'b%250A']
    """
    ids = [escaped_id(name) if is_taken_id(name) else as_specimen_id(name) for name in names]
    while True:
        count = Counter(ids)
        longer = [escaped_id(name) if count[known] > 1 else known for name, known in zip(names, ids, strict=True)]
        if longer == ids:
            return ids
        ids = longer


def _allowed(sign: str) -> str:
    is_allowed = sign not in _SIGNS_NOT_IN_IDS and unicodedata.category(sign) not in _NOT_IN_IDS
    return sign if is_allowed else _escaped(sign)


def _escaped(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogateescape"))
