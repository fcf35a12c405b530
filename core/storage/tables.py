"""Tables from CSV, in the encodings that spreadsheets write, and from Excel."""

from __future__ import annotations

import csv
import datetime
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from core.foundation import InputError, note
from core.storage.spreadsheets import restored

Value = str | int | float
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NUMBER_WITH_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
_EXCEL_ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
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
_MOST_BYTES = 500_000_000
# Beyond 15 digits, a float does not represent every whole number exactly.
_MOST_DIGITS = 15


@dataclass(frozen=True)
class Table:
    """The cells of a table below its header.

    Parameters
    ----------
    source : str
        Name of the file.
    columns : tuple of str
        Column names, all different, none empty.
    rows : tuple of tuple
        Cells as text or number, None if empty; each row as long as `columns`.
    lines : tuple of int
        The line (CSV) or row (Excel) of the file that each row begins on, counted from 1.
    notes : tuple of str
        What is unusual about the file, in sentences.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> Table:
    r"""Read a CSV or Excel file with a header.

    The header is the first line that is not empty. A column is numeric if every cell of it is a
    number; numbers that begin with a zero, as catalogue numbers do, stay text. Dates become text
    (`2024-05-31`, followed by the time if there is one). Of an Excel file the first sheet is read,
    formulas by their last result.

    Parameters
    ----------
    path : Path
        A file that ends in .csv, .tsv, .txt, .xlsx or .xlsm. Text in UTF-8 with or without a
        byte-order mark, UTF-16 with one, or Shift-JIS; commas, semicolons or tabs separate.

    Raises
    ------
    InputError
        If the file is missing, is no such table, or has no line below its header.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.storage import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels.csv"
    ...     _ = path.write_text("id;length\na;1,5\nb;2\n", encoding="utf-8")
    ...     table = read_table(path)
    >>> table.columns, table.rows
    (('id', 'length'), (('a', 1.5), ('b', 2)))
    """
    if not path.is_file():
        raise InputError(
            "The table {path!r} is not there.", advice="Give the path of a CSV or Excel file.", path=str(path)
        )
    suffix = path.suffix.lower()
    if suffix in EXCEL_SUFFIXES:
        cells, notes = _excel_cells(path)
    elif suffix in TEXT_SUFFIXES:
        cells, notes = _text_cells(path)
    else:
        raise InputError(
            "{file} is neither CSV nor Excel (its name ends in {suffix}).",
            advice="Save it as one of {allowed}.",
            file=path.name,
            suffix=suffix or "no suffix",
            allowed=" ".join((*TEXT_SUFFIXES, *EXCEL_SUFFIXES)),
        )
    return _as_table(path.name, cells, notes)


def decode_text(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file and notes on its encoding.

    UTF-8, UTF-16 and Shift-JIS are read.

    Raises
    ------
    InputError
        If it is in another encoding, or cannot be read.
    """
    try:
        data = path.read_bytes()
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), [note("{file} is UTF-16 text.", file=path.name)]
    except OSError as error:
        raise InputError("{path} cannot be read ({reason}).", path=path, reason=error.strerror or error) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "{path} is damaged UTF-16 text ({reason}).", advice="Save it as CSV in UTF-8.", path=path, reason=error
        ) from error
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        # The superset of Shift-JIS that spreadsheets write on Windows.
        sentence = "{file} is not UTF-8 and was read as Shift-JIS; check a label or two."
        return data.decode("cp932"), [note(sentence, file=path.name)]
    except UnicodeDecodeError as error:
        raise InputError(
            "{path} is neither UTF-8 nor Shift-JIS text ({reason}).",
            advice="Save it as CSV in UTF-8.",
            path=path,
            reason=error,
        ) from error


def as_value(text: str) -> Value | None:
    """Return text as a number if it is one, None if it is empty.

    Examples
    --------
    >>> from core.storage import as_value
    >>> as_value(" 2.5 "), as_value("007"), as_value("")
    (2.5, '007', None)
    """
    text = text.strip()
    return (_as_number(text) if _is_number(text) else text) if text else None


def separator_of(text: str) -> str:
    """Return the separator of the first line: a comma, a semicolon or a tab.

    Examples
    --------
    >>> from core.storage import separator_of
    >>> separator_of("id;length,mm;width,mm;note")
    ';'
    """
    return max(",;\t", key=text.lstrip().split("\n", 1)[0].count)


_Cells = list[tuple[int, list[Value | None]]]


def _text_cells(path: Path) -> tuple[_Cells, list[str]]:
    text, notes = decode_text(path)
    separator = separator_of(text)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        rows = list(_numbered(reader))
    except csv.Error as error:
        raise InputError(
            "{file} is no CSV ({reason}).", advice="Save it as CSV again.", file=path.name, reason=error
        ) from error
    width = max((len(row) for _, row in rows), default=0)
    columns = [[row[place] if place < len(row) else "" for _, row in rows[1:]] for place in range(width)]
    typed = [_typed(column, comma=separator == ";") for column in columns]
    below: _Cells = [(line, [column[at] for column in typed]) for at, (line, _) in enumerate(rows[1:])]
    header: _Cells = [(line, list(row)) for line, row in rows[:1]]
    return header + below, notes


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line it begins on."""
    line = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield line, [restored(cell.strip()) for cell in row]
        line = reader.line_num + 1


def _typed(cells: Sequence[str], *, comma: bool) -> list[Value | None]:
    """Return the cells of a column as numbers if all of them are numbers.

    With `comma`, numbers may have a decimal comma.
    """
    filled = [cell for cell in cells if cell]
    if filled and all(_is_number(cell) for cell in filled):
        return [_as_number(cell) if cell else None for cell in cells]
    if comma and filled and all(_NUMBER_WITH_COMMA.fullmatch(cell) and _is_number(_dotted(cell)) for cell in filled):
        return [_as_number(_dotted(cell)) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _dotted(cell: str) -> str:
    return cell.replace(",", ".")


def _is_number(cell: str) -> bool:
    digits = cell.lstrip("+-")
    is_code = digits[:1] == "0" and digits[1:2].isdigit()  # 007 is a name, not a count
    is_exact = sum(sign.isdigit() for sign in cell) <= _MOST_DIGITS
    return _NUMBER.fullmatch(cell) is not None and cell.isascii() and not is_code and is_exact


def _as_number(cell: str) -> int | float:
    return int(cell) if re.fullmatch(r"[+-]?\d+", cell) else float(cell)


def _excel_cells(path: Path) -> tuple[_Cells, list[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _check_size(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [(line, [_excel_value(cell) for cell in row]) for line, row in enumerate(sheet.values, start=1)]
        names = book.sheetnames
        book.close()
    except (InvalidFileException, *_DAMAGED) as error:
        raise _damaged_workbook(path, error) from error
    sentence = "{file} has {count} sheets; the first, {sheet!r}, was read."
    notes: list[str] = [note(sentence, file=path.name, count=len(names), sheet=names[0])] if len(names) > 1 else []
    return [(line, row) for line, row in rows if any(cell is not None for cell in row)], notes


def _check_size(path: Path) -> None:
    """Raise an `InputError` if a workbook is too large when unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except _DAMAGED as error:
        raise _damaged_workbook(path, error) from error
    if size > _MOST_BYTES:
        raise InputError(
            "{file} would take {size_mb:,.0f} MB when unpacked; at most {most_mb:,.0f} MB are read.",
            advice="Save the table as CSV in UTF-8.",
            file=path.name,
            size_mb=size / 1e6,
            most_mb=_MOST_BYTES / 1e6,
        )


def _damaged_workbook(path: Path, error: Exception) -> InputError:
    return InputError(
        "{file} cannot be read as an Excel file ({reason}).",
        advice="Save it again, or as CSV in UTF-8.",
        file=path.name,
        reason=error,
    )


def _excel_value(cell: object) -> Value | None:
    if cell is None or cell in _EXCEL_ERRORS:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 10**_MOST_DIGITS else cell
    if isinstance(cell, datetime.datetime):
        is_day = cell.time() == datetime.time()
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell).strip() or None


def _as_table(source: str, cells: _Cells, notes: list[str]) -> Table:
    if len(cells) < 2:
        raise InputError(
            "{source} has no line below its header.",
            advice="Give a table with names of columns in its first line.",
            source=source,
        )
    header = cells[0][1]
    width = max(len(row) for _, row in cells)
    header = [*header, *[None] * (width - len(header))]
    kept = [at for at in range(width) if header[at] is not None or any(at < len(row) and row[at] for _, row in cells)]
    columns = tuple(_unique_names(f"column {at + 1}" if header[at] in (None, "") else str(header[at]) for at in kept))
    rows = tuple(tuple(row[at] if at < len(row) else None for at in kept) for _, row in cells[1:])
    return Table(source, columns, rows, tuple(line for line, _ in cells[1:]), tuple(notes))


def _unique_names(names: Iterable[str]) -> list[str]:
    """Return names without duplicates: a second `age` becomes `age (2)`."""
    taken: list[str] = []
    for name in names:
        wanted, number = " ".join(name.split()), 2
        while wanted in taken:
            wanted, number = f"{' '.join(name.split())} ({number})", number + 1
        taken.append(wanted)
    return taken
