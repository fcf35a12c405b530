"""Rows of Excel files, within bounds, with the text that a spreadsheet shows in each cell."""

from __future__ import annotations

import datetime
import re
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from core.foundation import InputError, note
from core.storage.delimited import check_extent
from core.storage.headers import kind_of_column
from core.storage.numbers import MOST_DIGITS, Value
from core.storage.shown import shown

# The errors that the packages which read workbooks raise on a damaged one.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    ArithmeticError,
    struct.error,
    RuntimeError,
    MemoryError,
)
_EXCEL_ERRORS = frozenset({"#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
_DAYS = frozenset({datetime.date, datetime.datetime})
_MOST_BYTES = 500_000_000
_MOST_TEXT_BYTES = 200_000_000
_MOST_OTHER_BYTES = 20_000_000
# A spreadsheet has no more rows.
_MOST_ROWS = 1_048_576
_MOST_SHEETS = 100
# A row of a sheet, or a text, is read as a whole.
_MOST_BYTES_AT_ONCE = 16_000_000
MOST_SHEET_CELLS = 5_000_000
_MOST_TAGS = 4 * MOST_SHEET_CELLS
_NOT_READ = (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".emf", ".wmf", ".svg", ".bin")
_CHUNK = 1 << 20
_HEAD_ROWS = 30
_NO_RESULT = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
_MERGED = re.compile(rb'mergeCell ref="[A-Z]+(\d+):[A-Z]+(\d+)"')


@dataclass(frozen=True)
class Cells:
    """The rows of a sheet that are not empty.

    Parameters
    ----------
    rows : list of (int, list)
        The row of the sheet, counted from 1, and its values.
    texts : list of list of str
        The cells of these rows as a spreadsheet shows them, empty text for none.
    notes : tuple of str
        What is unusual about the file, in sentences.
    """

    rows: list[tuple[int, list[Value | None]]]
    texts: list[list[str]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """What a part of the file was found to hold."""

    n_without_result: int = 0
    n_merged_rows: int = 0


def read_workbook(path: Path) -> Cells:
    """Read the first sheet with a table.

    Raises
    ------
    InputError
        If the file is no workbook or damaged, or holds more than can be read: 500 MB unpacked,
        5 million cells, 16,384 columns, 1,048,576 rows.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    parts = _check_parts(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that openpyxl does not know, which are not read
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = _choose_sheet(book, path.name)
                rows, texts, has_dates = _read_sheet(sheet, path.name)
                notes = _notes_on(book, sheet, path.name, has_dates, parts)
            finally:
                book.close()
    except (InvalidFileException, *_DAMAGED) as error:
        raise _damaged(path, error) from error
    return Cells(rows, texts, notes)


def _read_sheet(
    sheet: Any, file: str, most: int | None = None
) -> tuple[list[tuple[int, list[Value | None]]], list[list[str]], bool]:
    """Return the rows that are not empty, their texts, and whether a column mixes dates and text."""
    sheet.reset_dimensions()  # the size that a file gives of its sheet may be wrong
    rows, texts, cells = [], [], 0
    dates: dict[int, set[int]] = {}
    formats: dict[int, str] = {}
    for line, row in enumerate(islice(sheet.iter_rows(), most), start=1):
        cells += len(row)
        check_extent(file, cells, len(row), MOST_SHEET_CELLS)
        if line > _MOST_ROWS:
            raise InputError(
                "{file} has more than {most:,} rows, the most that a spreadsheet has.",
                advice="Save the table as CSV in UTF-8.",
                file=file,
                most=_MOST_ROWS,
            )
        raw = [cell.value for cell in row]
        if raw.count(None) == len(raw):
            continue
        values = [_value_of(cell) for cell in raw]
        if values.count(None) == len(values):
            continue
        rows.append((line, values))
        texts.append([_text_of(cell, value, formats) for cell, value in zip(row, values, strict=True)])
        for at, value in enumerate(raw):
            if value.__class__ in _DAYS:
                dates.setdefault(at, set()).add(len(rows) - 1)
    return rows, texts, _mixes_dates(rows, dates)


def _mixes_dates(rows: list[tuple[int, list[Value | None]]], dates: dict[int, set[int]]) -> bool:
    """Return whether a column holds dates, and text below its header."""
    return any(
        isinstance(row[at], str) and place not in places
        for at, places in dates.items()
        for place, (_, row) in enumerate(rows)
        if place and at < len(row)
    )


def _value_of(cell: object) -> Value | None:
    if cell is None:
        return None
    if isinstance(cell, str):
        return None if cell in _EXCEL_ERRORS else cell.strip() or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 10**MOST_DIGITS else cell
    if isinstance(cell, datetime.datetime):
        is_day = cell.time() == datetime.time()
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell).strip() or None


def _text_of(cell: Any, value: Value | None, formats: dict[int, str]) -> str:
    """Return a cell as it is shown."""
    if value is None or isinstance(value, str):
        return value or ""
    style = cell._style_id
    if style not in formats:
        formats[style] = cell.number_format or "General"
    return shown(value, formats[style])


def _choose_sheet(book: Any, file: str) -> Any:
    """Return the first sheet with a table, hidden ones last.

    A first sheet of two columns without a column of ids, such as a cover, gives way to a later one
    that has such a column.
    """
    sheets = book.worksheets[:_MOST_SHEETS]
    sheets = [
        *(one for one in sheets if one.sheet_state == "visible"),
        *(one for one in sheets if one.sheet_state != "visible"),
    ]
    if len(sheets) < 2:
        return sheets[0]
    tables = []
    for sheet in sheets:
        rows = [row for _, row in _read_sheet(sheet, file, _HEAD_ROWS)[0]]
        width = max((sum(cell is not None for cell in row) for row in rows), default=0)
        names = any(kind_of_column(str(cell)) for row in rows for cell in row if isinstance(cell, str))
        if len(rows) > 1 and width > 1:
            tables.append((sheet, width, names))
    if not tables:
        return sheets[0]
    first, width, names = tables[0]
    if width > 2 or names:
        return first
    return next((sheet for sheet, _, has_names in tables if has_names), first)


def _notes_on(book: Any, sheet: Any, file: str, has_dates: bool, parts: dict[str, _Part]) -> tuple[str, ...]:
    notes: list[str] = []
    names = book.sheetnames
    if len(names) > 1:
        first = "{file} has {count} sheets; the first, {sheet!r}, was read."
        other = "{file} has {count} sheets; {sheet!r} was read, the first with a table."
        sentence = first if sheet.title == names[0] else other
        notes.append(note(sentence, file=file, count=len(names), sheet=sheet.title))
    if has_dates:
        notes.append(
            note("{file} has dates and text in one column; a spreadsheet may have turned 1-2 into a date.", file=file)
        )
    part = parts.get(str(getattr(sheet, "_worksheet_path", "")).lstrip("/"), _Part())
    if part.n_without_result:
        sentence = "{file} has {count} formulas without a stored result, read as empty; save it in a spreadsheet."
        notes.append(note(sentence, file=file, count=part.n_without_result))
    if part.n_merged_rows:
        sentence = "{file} has {count} cells merged over several rows; their value counts for the first row alone."
        notes.append(note(sentence, file=file, count=part.n_merged_rows))
    return tuple(notes)


def _check_parts(path: Path) -> dict[str, _Part]:
    """Raise an `InputError` if a part of a workbook is too large to be read, before it is.

    Returns
    -------
    dict
        What was found in each sheet, by the name of its part.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_size(path, "It", sum(entry.file_size for entry in entries), _MOST_BYTES)
            found = {}
            for entry in entries:
                name = entry.filename.lower()
                if "/worksheets/" in name and name.endswith(".xml"):
                    found[entry.filename] = _check_part(archive, entry, path, b"row>")
                elif name.endswith("sharedstrings.xml"):
                    _check_size(path, entry.filename, entry.file_size, _MOST_TEXT_BYTES)
                    _check_part(archive, entry, path, b"si>")
                elif not name.endswith(_NOT_READ):
                    _check_size(path, entry.filename, entry.file_size, _MOST_OTHER_BYTES)
            return found
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, end: bytes) -> _Part:
    """Count the tags of a part, and the bytes between the ends of its rows or texts."""
    tags = since = n_without_result = n_merged = 0
    before = b""
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            tags += chunk.count(b"<")
            last = chunk.rfind(end)
            since = since + len(chunk) if last < 0 else len(chunk) - last
            _check_counts(path, entry.filename, tags, since)
            if not before and b"<!DOCTYPE" in chunk:
                raise _damaged(path, ValueError("it has a document type, which no spreadsheet writes"))
            window = before + chunk
            n_without_result += sum(found.end() > len(before) for found in _NO_RESULT.finditer(window))
            n_merged += sum(found[1] != found[2] for found in _MERGED.finditer(window) if found.end() > len(before))
            before = window[-200:]
    return _Part(n_without_result, n_merged)


def _check_counts(path: Path, part: str, tags: int, since: int) -> None:
    """Raise an `InputError` for too many cells, or a row or text that is too large."""
    if tags > _MOST_TAGS:
        raise InputError(
            "{file} holds more cells than can be read, most of them empty (in {part}).",
            advice="Save the rows and columns that are needed, as CSV in UTF-8.",
            file=path.name,
            part=part,
        )
    if since > _MOST_BYTES_AT_ONCE:
        raise InputError(
            "{file} has a row or a text of more than {most_mb:.0f} MB (in {part}).",
            advice="Save the rows and columns that are needed, as CSV in UTF-8.",
            file=path.name,
            most_mb=_MOST_BYTES_AT_ONCE / 1e6,
            part=part,
        )


def _check_size(path: Path, part: str, size: int, most: int) -> None:
    if size > most:
        raise InputError(
            "{file} would take {size_mb:,.0f} MB when unpacked; at most {most_mb:,.0f} MB are read.",
            advice="Save the table as CSV in UTF-8.",
            file=path.name if part == "It" else f"{path.name}, {part},",
            size_mb=size / 1e6,
            most_mb=most / 1e6,
        )


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        "{file} cannot be read as an Excel file ({reason}).",
        advice="Save it again, or as CSV in UTF-8.",
        file=path.name,
        reason=error,
    )
