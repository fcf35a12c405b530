"""Tables for spreadsheets: no cell runs as a formula, and every cell is read back."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from core.collection import read_labels
from core.storage import csv_for_people, read_table, restored
from core.storage.spreadsheets import defused
from tests.strategies import specimen_ids

PROJECT = Path(__file__).resolve().parents[3]
FORMULAS = ("=cmd()", "=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")', "|cmd")


@pytest.mark.parametrize("text", FORMULAS)
def test_defused__puts_an_apostrophe_before_formulas(text: str) -> None:
    """Whatever begins as a formula does is text from then on."""
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.5", "+2", "1e-5", "-.5e+3", "Molars/a", "a=b", "", "'quoted", "x-1", "−"])
def test_defused__leaves_numbers_and_names_alone(text: str) -> None:
    """A negative number is a number."""
    assert defused(text) == text


@given(st.text())
def test_restored__undoes_defused(text: str) -> None:
    """Whatever leaves comes back as it was, but for what had its own apostrophe."""
    assert restored(defused(text)) == text or (text.startswith("'") and defused(text[1:]) == text)


@given(names=st.lists(specimen_ids() | st.sampled_from(FORMULAS), min_size=1, max_size=5))
def test_csv_for_people__holds_no_formula(names: list[str]) -> None:
    """No formula in cells, column names or the index, and all rows are present."""
    table = pd.DataFrame({"=evil": names, "n": range(len(names))}, index=pd.Index(names, name="+id"))
    data = csv_for_people(table, index=True)
    assert data.startswith("\ufeff'+id,'=evil,n\n".encode())
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [restored(row[0]) for row in rows[1:]] == [name.replace("\r", "\n") for name in names]
    assert all(cell[:1] not in tuple("=+-@\t\r") for row in rows for cell in row[:2])
    assert list(table.columns) == ["=evil", "n"]


def test_csv_for_people__is_brought_in_again(tmp_path: Path) -> None:
    """As labels and as metadata, the ids are those of the specimens."""
    table = pd.DataFrame({"specimen_id": ["=cmd()", "A/b"], "label": ["-x", "@y"]})
    path = tmp_path / "t.csv"
    path.write_bytes(csv_for_people(table))
    assert read_labels(path, ("=cmd()", "A/b")).names == ("-x", "@y")
    assert read_table(path).rows == (("=cmd()", "-x"), ("A/b", "@y"))


def test_screens__hand_out_no_other_csv() -> None:
    """Every table that a screen offers for download goes through `csv_for_people`."""
    for path in [*(PROJECT / "pages").glob("*.py"), *(PROJECT / "ui").rglob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
        assert "to_csv" not in names, f"{path.name}: take core.storage.spreadsheets.csv_for_people"
