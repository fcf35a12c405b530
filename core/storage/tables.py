"""Tables from CSV, in the encodings that spreadsheets write, and from Excel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.foundation import InputError, note
from core.storage.delimited import MOST_CELLS, read_rows
from core.storage.headers import kind_of_column
from core.storage.numbers import Value, is_number, typed_columns
from core.storage.workbooks import read_workbook

EXCEL_SUFFIXES = (".xlsx", ".xlsm")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_MOST_TITLE_ROWS = 30


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
    written : tuple of tuple of str
        The same cells as they are written (CSV) or shown (Excel), empty text for none: 1.10 is
        "1.10" here. Ids are compared with these.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()
    written: tuple[tuple[str, ...], ...] = ()

    def texts(self, place: int) -> list[str]:
        """Return the cells of a column as they are written, empty text for none."""
        if self.written:
            return [row[place] for row in self.written]
        return ["" if row[place] is None else str(row[place]) for row in self.rows]


def read_table(path: Path) -> Table:
    r"""Read a CSV or Excel file with a header.

    The header is the first line that is not empty, below titles. A column is numeric if every cell
    of it is a number; numbers that begin with a zero, as catalogue numbers do, and those that can
    be read in two ways stay text. Dates become text (`2024-05-31`, followed by the time if there is
    one). Of an Excel file the first sheet with a table is read, formulas by their last result.

    Parameters
    ----------
    path : Path
        A file that ends in .csv, .tsv, .txt, .xlsx or .xlsm. Text in UTF-8, UTF-16, Windows-1252
        or Shift-JIS; commas, semicolons or tabs separate, or what a first line such as `sep=;`
        names.

    Raises
    ------
    InputError
        If the file is missing, is no such table, has no line below its header, or more than 10
        million cells.

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
        cells = read_workbook(path)
        return _excel_table(path.name, cells.rows, cells.texts, list(cells.notes))
    if suffix in TEXT_SUFFIXES:
        found = read_rows(path)
        return _text_table(path.name, found.rows, found.separator, list(found.notes))
    raise InputError(
        "{file} is neither CSV nor Excel (its name ends in {suffix}).",
        advice="Save it as one of {allowed}.",
        file=path.name,
        suffix=suffix or "no suffix",
        allowed=" ".join((*TEXT_SUFFIXES, *EXCEL_SUFFIXES)),
    )


def read_cells(path: Path) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the rows of a CSV or Excel file that are not empty as text, and notes on the file.

    Raises
    ------
    InputError
        If it is neither, damaged, or has too many cells.
    """
    if path.suffix.lower() in EXCEL_SUFFIXES:
        book = read_workbook(path)
        return book.texts, book.notes
    found = read_rows(path)
    return [row for _, row in found.rows], found.notes


def header_row(texts: Sequence[Sequence[str]]) -> int:
    """Return the place of the header among the first rows: 0, or below titles.

    Titles have one cell, or fewer than a row with the name of a column of ids, such as
    `specimen_id`. The row below titles is no header if it has a number.

    Examples
    --------
    >>> header_row([["Molars of 2023", ""], ["specimen", "n"], ["a", "3"]])
    1
    """
    counts = [sum(map(bool, row)) for row in texts[:_MOST_TITLE_ROWS]]
    named = [
        any(kind_of_column(cell) in ("id", "number") for cell in row) and not any(map(is_number, row))
        for row in texts[:_MOST_TITLE_ROWS]
    ]
    first = next((at for at, has_name in enumerate(named) if has_name and counts[at] > 1), None)
    if first is not None and not any(named[:first]):
        return first if all(count < counts[first] for count in counts[:first]) else 0
    wide = next((at for at, count in enumerate(counts) if count > 1), 0)
    is_header = not any(is_number(cell) for cell in texts[wide]) if texts else False
    return wide if is_header and not any(named[:wide]) and wide + 1 < len(texts) else 0


def _text_table(source: str, rows: list[tuple[int, list[str]]], separator: str, notes: list[str]) -> Table:
    width = max((len(row) for _, row in rows), default=0)
    _check_rectangle(source, len(rows), width)
    texts = [row + [""] * (width - len(row)) for _, row in rows]
    lines = [line for line, _ in rows]
    header, texts, lines = _split(source, texts, lines, notes)
    names, kept = _names(header, texts)
    columns = [[row[at] for row in texts] for at in kept]
    typed, doubts = typed_columns(names, columns, separator)
    rows_typed = tuple(zip(*typed, strict=True))
    return Table(source, names, rows_typed, tuple(lines), (*notes, *doubts), tuple(zip(*columns, strict=True)))


def _excel_table(
    source: str, rows: list[tuple[int, list[Value | None]]], texts: list[list[str]], notes: list[str]
) -> Table:
    width = max((len(row) for _, row in rows), default=0)
    _check_rectangle(source, len(rows), width)
    full = [row + [""] * (width - len(row)) for row in texts]
    header, below, lines = _split(source, full, [line for line, _ in rows], notes)
    names, kept = _names(header, below)
    values = [row + [None] * (width - len(row)) for _, row in rows[len(rows) - len(below) :]]
    written = tuple(tuple(row[at] for at in kept) for row in below)
    return Table(
        source, names, tuple(tuple(row[at] for at in kept) for row in values), tuple(lines), tuple(notes), written
    )


def _check_rectangle(source: str, n_rows: int, width: int) -> None:
    """Raise an `InputError` if a table filled up to its widest row is too large."""
    if n_rows * width > MOST_CELLS:
        raise InputError(
            "{file} would have {rows:,} rows of {columns:,} columns; at most {most:,} cells are read.",
            advice="Look for a row that is too wide, or save the columns that are needed.",
            file=source,
            rows=n_rows,
            columns=width,
            most=MOST_CELLS,
        )


def _split(
    source: str, texts: list[list[str]], lines: list[int], notes: list[str]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Return the header, the rows below it, and their lines."""
    at = header_row(texts)
    if at:
        titles = "; ".join(" ".join(filter(None, row)) for row in texts[:at])[:80]
        sentence = "{file}: {count} lines above the header were left out ({titles})."
        notes.append(note(sentence, file=source, count=at, titles=titles))
    if len(texts) - at < 2:
        raise InputError(
            "{source} has no line below its header.",
            advice="Give a table with names of columns in its first line.",
            source=source,
        )
    return texts[at], texts[at + 1 :], lines[at + 1 :]


def _names(header: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], list[int]]:
    """Return the names of the columns that have a name or a cell, and their places."""
    kept = [at for at, name in enumerate(header) if name or any(row[at] for row in below)]
    return tuple(_unique_names(header[at] or f"column {at + 1}" for at in kept)), kept


def _unique_names(names: Iterable[str]) -> list[str]:
    """Return names without duplicates: a second `age` becomes `age (2)`."""
    taken: dict[str, None] = {}
    last: dict[str, int] = {}
    for name in names:
        plain = " ".join(name.split())
        wanted = plain
        while wanted in taken:
            last[plain] = last.get(plain, 1) + 1
            wanted = f"{plain} ({last[plain]})"
        taken[wanted] = None
    return list(taken)
