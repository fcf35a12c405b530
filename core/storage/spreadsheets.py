"""CSV for spreadsheets, which run some text as a formula.

Every table that is downloaded from a screen is written here. The files of a run keep ids exactly as
they are, because scripts rely on them; see docs/safety.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# The signs that begin a formula (OWASP, CSV Injection), also in the full-width forms of Japanese
# keyboards. Some programs ignore blanks before them.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠|%]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_GUARD = "'"


def defused(text: str) -> str:
    """Return text with an apostrophe before anything that a spreadsheet may run.

    Numbers stay as they are.
    """
    if _NUMBER.fullmatch(text) or not (_FORMULA.match(text) or text.startswith(("\t", "\r"))):
        return text
    return _GUARD + text


def restored(text: str) -> str:
    """Return the text that `defused` was given.

    A downloaded table can thus be read again.

    Examples
    --------
    >>> from core.storage import restored
    >>> restored("'=A1")
    '=A1'
    """
    return text[1:] if text.startswith(_GUARD) and defused(text[1:]) == text else text


def csv_for_people(table: pd.DataFrame, *, index: bool = False) -> bytes:
    """Return a table as CSV that a spreadsheet opens without running formulas.

    The encoding is UTF-8 with a byte-order mark.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table; column names and text cells are defused.
    index : bool
        Whether the index becomes a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from core.storage import csv_for_people
    >>> csv_for_people(pd.DataFrame({"note": ["=A1", "broken tip"]})).decode("utf-8-sig").split()
    ['note', "'=A1", 'broken', 'tip']
    """
    safe = (table.reset_index() if index else table).rename(columns=lambda name: defused(str(name)))
    for place, kind in enumerate(safe.dtypes):
        if kind.kind not in "biufmM":
            safe.isetitem(place, [_in_one_cell(cell) for cell in safe.iloc[:, place]])
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def _in_one_cell(cell: object) -> object:
    """Return a cell defused and without carriage returns, which begin a new row."""
    return defused(cell).replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell
