"""Names of columns that tell which specimen a row is about."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = re.compile(r"[\s_\-.:#()№º°]+")
_IDS = ("specimenid", "specimenids", "specimen", "specimens", "id", "ids", "scanid", "標本", "標本id")
_FILES = (
    "file", "files", "filename", "filepath", "path", "scan", "scanfile", "mesh", "meshfile", "model", "picture",
    "photograph", "image", "datei", "dateiname", "fichier", "ファイル", "ファイル名",
)  # fmt: skip
_THINGS = ("catalogue", "catalog", "cat", "accession", "specimen", "inventory", "museum", "registration", "collection")
_NUMBERS = (
    *(f"{thing}{number}" for thing in _THINGS for number in ("number", "numbers", "no", "nr", "num")),
    "voucher", "標本番号", "登録番号", "カタログ番号",
)  # fmt: skip
_KIND = {name: kind for kind, names in (("id", _IDS), ("file", _FILES), ("number", _NUMBERS)) for name in names}


def kind_of_column(name: str) -> str:
    """Return what a column holds by its name: `id`, `file`, `number`, or empty text.

    Examples
    --------
    >>> from core.storage import kind_of_column
    >>> kind_of_column("Specimen ID"), kind_of_column("catalogNumber"), kind_of_column("n_cusps")
    ('id', 'number', '')
    """
    return _KIND.get(_SIGNS.sub("", unicodedata.normalize("NFKC", name).casefold()), "")


def order_of_column(name: str) -> int:
    """Return the place of a name among those of id columns, the surest first."""
    plain = _SIGNS.sub("", unicodedata.normalize("NFKC", name).casefold())
    return _IDS.index(plain) if plain in _IDS else len(_IDS)
