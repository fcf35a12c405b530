"""Tables for people's spreadsheets, which take some text for a formula and run it.

Whatever is downloaded from a screen goes through here. The files of a run, which scripts rely on,
keep ids exactly as they are, see docs/safety.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# The signs that begin a formula (OWASP, CSV Injection), in their wide forms too, which Japanese
# keyboards give; blanks before them are passed over by some programs.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠|%]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_GUARD = "'"


def defused(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe comes before what could be one.

    Numbers stay as they are.
    """
    if _NUMBER.fullmatch(text) or not (_FORMULA.match(text) or text.startswith(("\t", "\r"))):
        return text
    return _GUARD + text


def restored(text: str) -> str:
    """Return what `defused` was given, so that a table that was downloaded can be brought in again."""
    return text[1:] if text.startswith(_GUARD) and defused(text[1:]) == text else text


def csv_for_people(table: pd.DataFrame, *, index: bool = False) -> bytes:
    """Return a table as CSV that spreadsheets open: UTF-8 with a byte-order mark, formulas defused.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table; names of columns and text in cells are defused.
    index : bool
        Whether the index is a column, too.
    """
    safe = (table.reset_index() if index else table).rename(columns=lambda name: defused(str(name)))
    for place, kind in enumerate(safe.dtypes):
        if kind.kind not in "biufmM":
            safe.isetitem(place, [_in_one_cell(cell) for cell in safe.iloc[:, place]])
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def _in_one_cell(cell: object) -> object:
    """Return a cell defused; the old end of a line, which nobody quotes, would begin a row of its own."""
    return defused(cell).replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell
