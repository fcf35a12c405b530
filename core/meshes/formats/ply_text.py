"""The rows of an ASCII PLY file as columns by property.

A row is a line. Files whose rows span lines are read if they hold exactly the numbers that their
header counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.foundation import SpecimenError, njit, note
from core.meshes.formats.commas import DECIMAL_COMMA, has_comma, left_over, line_start, without_commas, without_tail
from core.meshes.formats.lines import line_at, unreadable_line
from core.meshes.formats.ply_header import Element
from core.meshes.formats.ply_rows import Columns, Lists
from core.meshes.formats.raw import cut_short
from core.meshes.formats.text import numbers_by_line

_ROWS_SPAN_LINES = note("Its rows are not one a line; they were read by the counts of the header.")


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a text, the lines that they are in, and the byte at which they end."""

    data: bytes
    values: np.ndarray
    starts: np.ndarray
    places: np.ndarray
    stopped: int

    @property
    def is_whole(self) -> bool:
        return self.stopped >= len(self.data)

    @property
    def lines(self) -> int:
        return len(self.places)


_Row = tuple[np.ndarray, np.ndarray]  # place and count of each property of each row


def read_ascii(data: bytes, start: int, elements: list[Element]) -> tuple[dict[str, Columns], list[str]]:
    """Return the columns of every element, read from text from byte `start` on, and notes.

    Raises
    ------
    SpecimenError
        If the rows are not those that the header declares, or hold something other than numbers.
    """
    data = without_tail(data)
    if (zero := data.find(b"\0", start)) >= 0:
        raise unreadable_line(data, line_start(data, zero), "PLY")
    filled = [element for element in elements if element.properties and element.count]
    text, is_decimal = without_commas(data, start, "PLY")
    numbers = _Numbers(data, *numbers_by_line(np.frombuffer(text, np.uint8), start))
    notes: list[str] = [DECIMAL_COMMA] if is_decimal else []
    for element in filled:
        if element.count > len(data):
            raise cut_short(element.noun, element.count, numbers.lines)
    rows, fault = _by_line(numbers, filled)
    if fault is not None and not is_decimal and (spanning := _by_count(numbers, filled)) is not None:
        rows, fault = spanning, None
        notes.append(_ROWS_SPAN_LINES)
    if fault is not None:
        raise fault
    columns: dict[str, Columns] = {}
    for element, (places, counts) in zip(filled, rows, strict=True):
        columns[element.name] = {}
        for column, prop in enumerate(element.properties):
            if prop.count_type:
                entries = numbers.values[_spread(places[:, column], counts[:, column])]
                columns[element.name][prop.name] = Lists(counts[:, column], entries)
            else:
                columns[element.name][prop.name] = numbers.values[places[:, column]]
        _to_declared_types(columns[element.name], element)
    return columns, notes


def _by_line(numbers: _Numbers, elements: list[Element]) -> tuple[list[_Row], SpecimenError | None]:
    """Return the places of all properties if each line is one row, or the error that says why not."""
    found: list[_Row] = []
    first = 0
    for element in elements:
        is_list = np.array([p.count_type is not None for p in element.properties])
        last = min(numbers.lines, first + element.count)
        places, counts, rows, expected = _walk(numbers.values, numbers.starts[first : last + 1], is_list)
        if rows < last - first:
            return found, _wrong_row(numbers, first, rows, element, expected)
        if rows < element.count:
            if not numbers.is_whole:
                return found, _unreadable(numbers, element)
            return found, cut_short(element.noun, element.count, rows)
        found.append((places, counts))
        first = last
    if first < numbers.lines:
        return found, left_over(numbers.data, int(numbers.places[first]), "PLY")
    if not numbers.is_whole:
        return found, left_over(numbers.data, numbers.stopped, "PLY")
    return found, None


def _wrong_row(numbers: _Numbers, first: int, row: int, element: Element, expected: int) -> SpecimenError:
    line = first + row
    at = int(numbers.places[line])
    if has_comma(numbers.data, at):
        return unreadable_line(numbers.data, at, "PLY")
    if line == numbers.lines - 1 and not numbers.is_whole:
        return _unreadable(numbers, element)
    width = int(numbers.starts[line + 1] - numbers.starts[line])
    first_number = float(numbers.values[numbers.starts[line]])
    if element.properties[0].count_type and not (first_number >= 1 and first_number.is_integer()):
        return SpecimenError(
            "Line {line:,} of the PLY file is none of its {kind}: it begins with {value:g}, not with a number of "
            "corners.",
            advice="Its counts are wrong, or two files are in one: export the mesh again.",
            line=line_at(numbers.data, at),
            kind=element.noun,
            value=first_number,
        )
    if line == numbers.lines - 1 and line > 0 and width < expected:
        return cut_short(element.noun, element.count, row)
    return SpecimenError(
        "Line {line:,} of the PLY file holds {found:,} numbers; by the header a row of its {kind} has {expected:,}.",
        advice="Correct its header, or export the mesh again.",
        line=line_at(numbers.data, at),
        found=width,
        kind=element.noun,
        expected=expected,
    )


def _unreadable(numbers: _Numbers, element: Element) -> SpecimenError:
    data, at = numbers.data, numbers.stopped
    return SpecimenError(
        "Line {line} of the PLY file holds {text!r} where a number of its {kind} should stand.",
        advice="Export the mesh again.",
        line=line_at(data, at),
        text=data[at : at + 20].decode("latin-1").splitlines()[0],
        kind=element.noun,
    )


def _by_count(numbers: _Numbers, elements: list[Element]) -> list[_Row] | None:
    """Return the places of all properties if the text holds exactly the numbers that it should.

    None if it does not, or if lines of one other length tell that the rows are others.
    """
    if not elements or not numbers.is_whole or _has_other_rows(numbers, elements[0]):
        return None
    found: list[_Row] = []
    at = 0
    for element in elements:
        is_list = np.array([p.count_type is not None for p in element.properties])
        if element.count * is_list.size > len(numbers.values) - at:
            return None
        places, counts, rows, at = _walk_on(numbers.values, at, element.count, is_list)
        if rows < element.count:
            return None
        found.append((places, counts))
    return found if at == len(numbers.values) else None


def _has_other_rows(numbers: _Numbers, element: Element) -> bool:
    if any(p.count_type for p in element.properties):
        return False
    width = len(element.properties)
    lines = int(np.searchsorted(numbers.starts, element.count * width))
    widths = np.diff(numbers.starts[: lines + 1])
    return len(widths) > 1 and bool((widths == widths[0]).all()) and int(widths[0]) not in (1, width)


def _spread(places: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the index of every entry of lists of `counts` entries that begin at `places`."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(places - (ends - counts), counts))


def _to_declared_types(columns: Columns, element: Element) -> None:
    """Convert columns to the integer types that the header declares.

    The range of colours depends on the type: white is 255 as a byte and 1.0 as a float.
    """
    for prop in element.properties:
        values = columns.get(prop.name)
        if isinstance(values, np.ndarray) and prop.type in ("u1", "u2"):
            columns[prop.name] = np.clip(np.nan_to_num(values), 0, np.iinfo(prop.type).max).astype(prop.type)


@njit(cache=True, nogil=True)
def _walk(values: np.ndarray, starts: np.ndarray, is_list: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return place and count of each property of each row, the rows that fit their line, and a width.

    The width is how many numbers the first row that does not fit should have.
    """
    rows = starts.size - 1
    places = np.zeros((rows, is_list.size), np.int64)
    counts = np.ones((rows, is_list.size), np.int64)
    for row in range(rows):
        at, end = starts[row], starts[row + 1]
        for column in range(is_list.size):
            if is_list[column]:
                count = values[at] if at < end else 0.0
                if not (0 <= count <= 1e9) or count != np.rint(count):
                    count = 0.0
                counts[row, column] = np.int64(count)
                at += 1
            places[row, column] = at
            at += counts[row, column]
        if at != end:
            return places, counts, row, at - starts[row]
    return places, counts, rows, 0


@njit(cache=True, nogil=True)
def _walk_on(values: np.ndarray, at: int, rows: int, is_list: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return place and count of each property of each row, the rows that are there, and their end."""
    places = np.zeros((rows, is_list.size), np.int64)
    counts = np.ones((rows, is_list.size), np.int64)
    for row in range(rows):
        for column in range(is_list.size):
            if is_list[column]:
                if at >= values.size or not (0 <= values[at] <= values.size) or values[at] != np.rint(values[at]):
                    return places, counts, row, at
                counts[row, column] = np.int64(values[at])
                at += 1
            places[row, column] = at
            at += counts[row, column]
            if at > values.size:
                return places, counts, row, at
    return places, counts, rows, at
