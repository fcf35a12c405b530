"""Columns of text as numbers, where all cells are numbers of one spelling."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from core.foundation import note

Value = str | int | float
# Beyond 15 digits, a float does not represent every whole number exactly.
MOST_DIGITS = 15
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
# Groups of three digits, which may be thousands or decimals.
_GROUPS_POINT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_GROUPS_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
# Both signs in one cell tell which of them is the decimal sign.
_CONTINENTAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_CONTINENTAL_PROOF = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_ENGLISH = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_ENGLISH_PROOF = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")

_TWO_WAYS = "The column {column!r} has numbers such as {example} that can be read in two ways; it stays text."
_COMMAS_STAY = "The column {column!r} has decimal commas, such as {example}; it stays text."
_WITH_COMMAS = "The column {column!r} was read with decimal commas; {example} may also have a comma between thousands."
_WITH_POINTS = "The column {column!r} was read with decimal points; {example} may also have a point between thousands."


def typed_columns(
    names: Sequence[str], columns: Sequence[Sequence[str]], separator: str
) -> tuple[list[list[Value | None]], list[str]]:
    """Return columns of text as numbers where they are, and notes on those that can be read in two ways.

    Parameters
    ----------
    names : sequence of str
        The names of the columns, for the notes.
    columns : sequence of sequence of str
        The cells of each column, empty text for none.
    separator : str
        What separated the cells. Numbers between semicolons may have a decimal comma.
    """
    filled = [[cell for cell in column if cell] for column in columns]
    evidence = _Evidence(filled, comma=separator == ";")
    typed: list[list[Value | None]] = []
    notes: list[str] = []
    for name, column, cells in zip(names, columns, filled, strict=True):
        convert, doubt = evidence.reading_of(cells)
        if doubt:
            notes.append(note(doubt, column=name, example=next(cell for cell in cells if "." in cell or "," in cell)))
        typed.append([(convert(cell) if convert else cell) if cell else None for cell in column])
    return typed, notes


def as_value(text: str) -> Value | None:
    """Return text as a number if it is one, None if it is empty.

    Examples
    --------
    >>> from core.storage import as_value
    >>> as_value(" 2.5 "), as_value("007"), as_value("")
    (2.5, '007', None)
    """
    text = text.strip()
    return (_as_number(text) if is_number(text) else text) if text else None


def is_number(cell: str) -> bool:
    """Return whether text is a number with a decimal point, and no code such as 007."""
    if cell.isdecimal() and cell[0] != "0" and len(cell) <= MOST_DIGITS:
        return cell.isascii()
    digits = cell.lstrip("+-")
    is_code = digits[:1] == "0" and digits[1:2].isdigit()  # 007 is a name, not a count
    is_exact = len(cell) <= MOST_DIGITS or sum(sign.isdigit() for sign in cell) <= MOST_DIGITS
    return _NUMBER.fullmatch(cell) is not None and cell.isascii() and not is_code and is_exact and _is_finite(cell)


class _Evidence:
    """What the columns of a table tell of its decimal sign."""

    def __init__(self, columns: Sequence[Sequence[str]], *, comma: bool) -> None:
        self._comma = comma
        columns = [cells for cells in columns if any("." in cell or "," in cell for cell in cells)]
        self._thousand_points = any(_fits(cells, _CONTINENTAL, _CONTINENTAL_PROOF) for cells in columns)
        self._thousand_commas = any(_fits(cells, _ENGLISH, _ENGLISH_PROOF) for cells in columns)
        self._decimal_commas = self._thousand_points or any(
            _all(cells, _COMMA) and any("," in cell and not _GROUPS_COMMA.fullmatch(cell) for cell in cells)
            for cells in columns
        )
        self._decimal_points = self._thousand_commas or any(
            _all(cells, _NUMBER) and any("." in cell and not _GROUPS_POINT.fullmatch(cell) for cell in cells)
            for cells in columns
        )

    def reading_of(self, cells: Sequence[str]) -> tuple[Callable[[str], Value] | None, str]:
        """Return how the cells of a column become numbers, None for text, and a note if that is open."""
        if not cells or not all(map(str.isascii, cells)):
            return None, ""
        if all(map(is_number, cells)):
            return self._with_points(cells)
        continental = _is_exact_with(cells, _CONTINENTAL, ".", ",")
        english = _is_exact_with(cells, _ENGLISH, ",", ".")
        if continental and (_any(cells, _CONTINENTAL_PROOF) or (self._thousand_points and not self._thousand_commas)):
            return _continental, ""
        if english and (_any(cells, _ENGLISH_PROOF) or (self._thousand_commas and not self._thousand_points)):
            return _english, ""
        if continental and _all(cells, _COMMA):
            return self._with_commas(cells)
        styles = ((_CONTINENTAL, ".", ","), (_ENGLISH, ",", "."))
        is_mixed = all(any(_is_exact_with([cell], *style) for style in styles) or is_number(cell) for cell in cells)
        return None, _TWO_WAYS if is_mixed and any("." in cell or "," in cell for cell in cells) else ""

    def _with_points(self, cells: Sequence[str]) -> tuple[Callable[[str], Value] | None, str]:
        """Return how numbers with a decimal point, or with a point between thousands, are read."""
        if not _only(cells, ".", _GROUPS_POINT):
            return _as_number, ""
        if self._thousand_points and not self._thousand_commas:
            return _continental, ""
        if self._decimal_commas:
            return None, _TWO_WAYS
        return _as_number, _WITH_POINTS if self._comma and not self._decimal_points else ""

    def _with_commas(self, cells: Sequence[str]) -> tuple[Callable[[str], Value] | None, str]:
        """Return how numbers with a decimal comma, or with a comma between thousands, are read."""
        only_groups = _only(cells, ",", _GROUPS_COMMA)
        if only_groups and (self._decimal_points or not self._comma):
            return None, _TWO_WAYS
        if not self._comma:
            return None, _COMMAS_STAY
        return _continental, _WITH_COMMAS if only_groups and not self._decimal_commas else ""


def _continental(cell: str) -> Value:
    return _as_number(cell.replace(".", "").replace(",", "."))


def _english(cell: str) -> Value:
    return _as_number(cell.replace(",", ""))


def _is_exact_with(cells: Sequence[str], pattern: re.Pattern[str], thousands: str, decimal: str) -> bool:
    """Return whether all cells follow a pattern and none is a code or too long."""
    return _all(cells, pattern) and all(is_number(_spelled(cell, thousands, decimal)) for cell in cells)


def _spelled(cell: str, thousands: str, decimal: str) -> str:
    """Return a number with a decimal point, as it would be if these were its signs."""
    return cell.replace(thousands, "").replace(decimal, ".")


def _all(cells: Sequence[str], pattern: re.Pattern[str]) -> bool:
    return bool(cells) and all(map(pattern.fullmatch, cells))


def _any(cells: Sequence[str], pattern: re.Pattern[str]) -> bool:
    return any(map(pattern.fullmatch, cells))


def _fits(cells: Sequence[str], pattern: re.Pattern[str], proof: re.Pattern[str]) -> bool:
    return _all(cells, pattern) and _any(cells, proof)


def _only(cells: Sequence[str], sign: str, groups: re.Pattern[str]) -> bool:
    """Return whether some cells have a sign, and all of them are groups of three digits."""
    with_sign = [cell for cell in cells if sign in cell]
    return bool(with_sign) and _all(with_sign, groups)


def _as_number(cell: str) -> int | float:
    return float(cell) if "." in cell or "e" in cell or "E" in cell else int(cell)


def _is_finite(cell: str) -> bool:
    return "e" not in cell.lower() or math.isfinite(float(cell))
