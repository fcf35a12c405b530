"""Tables as people have them."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from core.foundation import InputError
from core.storage import read_table

CELLS = [["specimen", "age", "産地"], ["a", 12, "北海道"], ["b", 1.5, None]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "shift_jis"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_read_table__encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    """The same table comes out of every spreadsheet's way of writing it."""
    text = "\r\n".join(separator.join("" if cell is None else str(cell) for cell in row) for row in CELLS)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("specimen", "age", "産地")
    assert table.rows == (("a", 12, "北海道"), ("b", 1.5, None))
    assert table.lines == (2, 3)
    assert bool(table.notes) == (encoding in ("utf-16", "shift_jis"))


def test_read_table__excel_keeps_numbers_and_writes_dates_as_text(tmp_path: Path) -> None:
    """Numbers stay, dates and booleans become text, errors are empty, one sheet is read."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "n", "x", "found", "seen", "type", "broken"])
    sheet.append(["a", 3, 0.25, datetime.date(2024, 5, 31), datetime.datetime(2024, 5, 31, 8, 30), True, "#N/A"])
    sheet.append([])
    sheet.append(["b", 4.0, None, "May", None, False, "fine"])
    book.create_sheet("other")
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert table.rows == (
        ("a", 3, 0.25, "2024-05-31", "2024-05-31 08:30:00", "true", None),
        ("b", 4, None, "May", None, "false", "fine"),
    )
    assert table.lines == (2, 4)
    assert "2 sheets" in table.notes[0]


def test_read_table__catalogue_numbers_stay_text(tmp_path: Path) -> None:
    """What begins with a zero, or is longer than a number can be, names something."""
    (tmp_path / "t.csv").write_text("id,number,long,mixed\na,007,12345678901234567,1\nb,012,12345678901234568,x\n")
    assert read_table(tmp_path / "t.csv").rows == (
        ("a", "007", "12345678901234567", "1"),
        ("b", "012", "12345678901234568", "x"),
    )


def test_read_table__decimal_comma_between_semicolons(tmp_path: Path) -> None:
    """3,5 is a number if semicolons separate the cells."""
    (tmp_path / "t.csv").write_text("id;mm\na;3,5\nb;4\n")
    assert [row[1] for row in read_table(tmp_path / "t.csv").rows] == [3.5, 4]


def test_read_table__names_of_columns_are_made_different(tmp_path: Path) -> None:
    """Duplicate and missing names are replaced, short rows are filled."""
    (tmp_path / "t.csv").write_text('id,age,age,\n"a\nb",1\n\nc,1,2,3,4\n')
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("id", "age", "age (2)", "column 4", "column 5")
    assert table.rows == (("a\nb", 1, None, None, None), ("c", 1, 2, 3, 4))
    assert table.lines == (2, 5)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("t.doc", b"x", r"neither CSV nor Excel.*\.csv"),
        ("t.csv", b"id,age\n\n", "no line below its header"),
        ("t.csv", b"", "no line below its header"),
        ("t.csv", b"id\n\xff\xff\x81\n", "neither UTF-8 nor Shift-JIS"),
        ("t.xlsx", b"PK no zip", "cannot be read as an Excel file"),
    ],
)
def test_read_table__says_what_is_wrong(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    """A file that is no table is named with what to do."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=problem):
        read_table(tmp_path / name)


def test_read_table__missing(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(InputError, match="is not there"):
        read_table(tmp_path / "t.csv")
