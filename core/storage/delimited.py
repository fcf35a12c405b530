"""Rows of text files whose cells are separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.foundation import InputError, note
from core.storage.encodings import decode_text
from core.storage.spreadsheets import restored

MOST_CELLS = 10_000_000
# As many as a spreadsheet has.
MOST_COLUMNS = 16_384
_SEPARATORS = ",;\t"
_SAMPLE_ROWS, _SAMPLE_CHARACTERS = 200, 200_000
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<separator>[^\r\n"])"?[ ,;\t]*(\r\n|\r|\n|$)', re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_DECIMAL_COMMA = re.compile(r"(?<![\d,])[+-]?\d+,\d+(?![\d,])")


@dataclass(frozen=True)
class Rows:
    """The rows of a file that are not empty.

    Parameters
    ----------
    rows : list of (int, list of str)
        The line each row begins on, counted from 1, and its cells without blanks around them.
    separator : str
        What separates the cells.
    notes : tuple of str
        What is unusual about the file, in sentences.
    """

    rows: list[tuple[int, list[str]]]
    separator: str
    notes: tuple[str, ...] = ()


def read_rows(path: Path) -> Rows:
    """Read the rows of a text file.

    Raises
    ------
    InputError
        If it is no text or no CSV, if its separator cannot be told, if a quotation mark is not
        closed, or if it has more than 10 million cells or 16,384 columns.
    """
    text, notes = decode_text(path)
    named = _SEPARATOR_LINE.match(text)
    separator = named["separator"] if named is not None else _separator_in(text, path.name)
    body = text[named.end() :] if named is not None else text
    first = 1 if named is None else 2
    try:
        rows = list(_numbered(csv.reader(_lines(body), delimiter=separator), path.name, first))
        if '"' in body:
            _check_last_quotation(body, rows, first, separator, path.name)
            notes += _swallowed_lines(rows, separator, path.name)
    except csv.Error as error:
        raise InputError(
            "{file} is no CSV ({reason}).", advice="Save it as CSV again.", file=path.name, reason=error
        ) from error
    return Rows(rows, separator, tuple(notes))


def separator_of(text: str) -> str:
    r"""Return the separator by which most rows have as many cells as the first ones.

    A tie between a comma and another sign goes to the other sign if every comma is a decimal comma.

    Raises
    ------
    InputError
        If two separators fit alike.

    Examples
    --------
    >>> from core.storage import separator_of
    >>> separator_of("id;length,mm;width,mm;note"), separator_of("id;mm,mean\na;12,5\nb;7,25")
    (';', ';')
    """
    return _separator_in(text, "The table")


def _separator_in(text: str, file: str) -> str:
    sample = text.lstrip()[:_SAMPLE_CHARACTERS]
    scores = {separator: _score(sample, separator) for separator in _SEPARATORS}
    most = max(scores.values())
    best = [separator for separator in _SEPARATORS if scores[separator][:2] == most[:2]]
    if most[0] == 0:
        return max(_SEPARATORS, key=sample.split("\n", 1)[0].count)
    if len(best) == 1:
        return best[0]
    others = [separator for separator in best if separator != ","]
    if "," in best and len(others) == 1:
        body = sample.split("\n", 1)[-1]
        if "," not in _DECIMAL_COMMA.sub("", body):
            return others[0]
        if all(others[0] not in line for line in body.splitlines()):
            return ","
    widest = [separator for separator in best if scores[separator][2] == max(scores[one][2] for one in best)]
    if len(widest) == 1:
        return widest[0]
    raise InputError(
        "{file} can be read with {separators} between its cells, and either fits.",
        advice="Write sep=; or sep=, as the first line, or put quotation marks around cells with such signs.",
        file=file,
        separators=" and with ".join({"\t": "tabs"}.get(separator, separator) for separator in widest),
    )


def _score(sample: str, separator: str) -> tuple[int, int, int]:
    """Return how well a separator fits.

    It is the number of rows that are as wide as most are, whether the first row is one of them, and
    their width. Rows of one cell do not count.
    """
    try:
        rows = [row for row in islice(csv.reader(_lines(sample), delimiter=separator), _SAMPLE_ROWS) if row]
    except csv.Error:
        return 0, 0, 0
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0, 0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return count, int(len(rows[0]) == width), width


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, without a copy of the whole."""
    return (found.group() for found in _LINE.finditer(text))


def _numbered(reader: Any, file: str, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line it begins on."""
    line, cells = first, 0
    for row in reader:
        cells += len(row)
        check_extent(file, cells, len(row))
        kept = [cell.strip().strip("\ufeff") for cell in row]
        kept = [restored(cell) if cell.startswith("'") else cell for cell in kept]
        if any(kept):
            yield line, kept
        line = reader.line_num + first


def check_extent(file: str, cells: int, columns: int, most_cells: int = MOST_CELLS) -> None:
    """Raise an `InputError` if a table has too many cells or columns."""
    if columns > MOST_COLUMNS:
        raise InputError(
            "{file} has {columns:,} columns; at most {most:,} are read.",
            advice="Save the columns that are needed.",
            file=file,
            columns=columns,
            most=MOST_COLUMNS,
        )
    if cells > most_cells:
        raise InputError(
            "{file} has more than {most:,} cells, empty ones included, the most that are read.",
            advice="Save the rows and columns that are needed, as CSV in UTF-8.",
            file=file,
            most=most_cells,
        )


def _check_last_quotation(body: str, rows: list[tuple[int, list[str]]], first: int, separator: str, file: str) -> None:
    """Raise an `InputError` if the last row ends inside quotation marks, and so takes in what follows."""
    if not rows:
        return
    try:
        list(csv.reader(islice(_lines(body), rows[-1][0] - first, None), delimiter=separator, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            raise InputError(
                "{file} has a quotation mark on line {line} that is not closed.",
                advice="Close it, or save the table as CSV again.",
                file=file,
                line=rows[-1][0],
            ) from error


def _swallowed_lines(rows: list[tuple[int, list[str]]], separator: str, file: str) -> list[str]:
    """Return a note if a cell between quotation marks holds lines that look like rows."""
    for line, row in rows:
        for cell in row:
            inside = cell.splitlines()[1:] if "\n" in cell or "\r" in cell else []
            if any(len(row) > 1 and text.count(separator) >= len(row) - 1 for text in inside):
                sentence = "{file}, line {line}: a cell in quotation marks spans {count} lines that look like rows."
                return [note(sentence, file=file, line=line, count=len(inside) + 1)]
    return []
