"""Metadata: values are stored with their types, and no row matches a wrong specimen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.collection import (
    MatchedTable,
    MatchingSettings,
    match_table,
    metadata_columns,
    metadata_table,
    put_metadata,
    read_metadata,
    remove_metadata_columns,
    write_matched,
)
from core.foundation import InputError, SettingError
from core.storage import Table
from core.workspace import Catalogue
from tests.strategies import id_lists

SPECIMENS = {
    "Molars/Tarsius/amnh106010_tarsius_left": "amnh106010_tarsius_left.ply",
    "Molars/Lemur/AMNH-M-00217_lemur": "AMNH-M-00217_lemur.ply",
    "Molars/Lemur/usnm5": "usnm5.stl",
    "Teeth/usnm5": "usnm5.ply",
}
TARSIUS, LEMUR, FIVE, OTHER_FIVE = SPECIMENS
VALUES = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Return a new one."""
    return Catalogue(tmp_path / "catalogue.sqlite")


def table(*rows: tuple[str | float | None, ...], columns: tuple[str, ...] = ("key", "age")) -> Table:
    """Return a table of these rows."""
    return Table("t.csv", columns, rows, tuple(range(2, 2 + len(rows))))


def match(catalogue: Catalogue, *rows: tuple[str | float | None, ...], by: str = "auto") -> MatchedTable:
    """Match rows to the specimens above."""
    return match_table(catalogue, table(*rows), SPECIMENS, MatchingSettings(by=by))


@given(ids=id_lists(), values=st.dictionaries(st.sampled_from(["age", "taxon", "産地"]), VALUES, min_size=1))
def test_put_metadata__reads_back(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], values: dict[str, str | float]
) -> None:
    """Every value of every specimen, of its own kind, in the order asked for."""
    catalogue = Catalogue(tmp_path_factory.mktemp("metadata") / "catalogue.sqlite")
    put_metadata(catalogue, dict.fromkeys(ids, values))
    assert read_metadata(catalogue) == dict.fromkeys(ids, values)
    assert metadata_columns(catalogue) == tuple(values)
    frame = metadata_table(catalogue, [*reversed(ids), "nobody"])
    assert frame.index.tolist() == [*reversed(ids), "nobody"]
    assert frame.loc["nobody"].isna().all()


def test_metadata_table__numbers_stay_numbers(catalogue: Catalogue) -> None:
    """A column of numbers is numbers with gaps.

    One text in it makes it text.
    """
    put_metadata(catalogue, {"a": {"age": 12, "size": 1.5}, "b": {"age": "young", "size": 2}, "c": {}})
    frame = metadata_table(catalogue, ["a", "b", "c"])
    assert frame["size"].tolist()[:2] == [1.5, 2.0]
    assert frame["size"].dtype == "float64"
    assert frame["age"].tolist()[:2] == ["12", "young"]
    assert frame["age"].isna().tolist() == [False, False, True]


def test_put_metadata__none_takes_away_and_others_stay(catalogue: Catalogue) -> None:
    """Only what is named changes."""
    put_metadata(catalogue, {"a": {"age": 1, "taxon": "x"}, "b": {"age": 2}})
    put_metadata(catalogue, {"a": {"age": None, "new": "y"}})
    assert read_metadata(catalogue) == {"a": {"taxon": "x", "new": "y"}, "b": {"age": 2}}
    assert metadata_columns(catalogue) == ("age", "taxon", "new")


def test_put_metadata__is_all_or_nothing(catalogue: Catalogue) -> None:
    """If one value is wrong, none is stored."""
    with pytest.raises(SettingError, match=r"'age' of b must be a finite number"):
        put_metadata(catalogue, {"a": {"age": 1}, "b": {"age": float("nan")}})
    with pytest.raises(SettingError, match="cannot be the name of a column"):
        put_metadata(catalogue, {"a": {"age": 1, " ": 2}})
    assert read_metadata(catalogue) == {}


def test_remove_metadata_columns__leaves_the_others(catalogue: Catalogue) -> None:
    """A column is removed from all specimens."""
    put_metadata(catalogue, {"a": {"age": 1, "taxon": "x"}, "b": {"age": 2}})
    remove_metadata_columns(catalogue, ["age"])
    assert metadata_columns(catalogue) == ("taxon",)
    assert read_metadata(catalogue) == {"a": {"taxon": "x"}, "b": {}}


def test_match_table__by_id(catalogue: Catalogue) -> None:
    """Backslashes and capitals do not matter.

    The ids are not kept once more as a column.
    """
    matched = match(catalogue, (TARSIUS, 1), ("molars\\lemur\\USNM5", 2), ("nobody", 3))
    assert matched.by == "id"
    assert matched.values == {TARSIUS: {"age": 1}, FIVE: {"age": 2}}
    assert [(row.line, row.key) for row in matched.not_matched] == [(4, "nobody")]
    assert matched.without_row == (LEMUR, OTHER_FIVE)


def test_match_table__by_file_name(catalogue: Catalogue) -> None:
    """With and without suffix.

    Folders decide between files of one name.
    """
    rows = [("AMNH106010_tarsius_left.PLY", 1), ("old/AMNH-M-00217_lemur", 2), ("Teeth/usnm5.ply", 3)]
    matched = match(catalogue, *rows)
    assert matched.by == "file"
    assert {name: fields["age"] for name, fields in matched.values.items()} == {TARSIUS: 1, LEMUR: 2, OTHER_FIVE: 3}


def test_match_table__two_files_of_one_name_are_ambiguous(catalogue: Catalogue) -> None:
    """No row is given to a specimen that it may not belong to."""
    matched = match(catalogue, ("usnm5", 1), ("amnh106010_tarsius_left", 2), by="file")
    assert set(matched.values) == {TARSIUS}
    assert matched.ambiguous[0].candidates == (FIVE, OTHER_FIVE)


@pytest.mark.parametrize("number", ["AMNH 106010", "amnh-106010", "AMNH_0106010", "106010"])
def test_match_table__by_catalogue_number(catalogue: Catalogue, number: str) -> None:
    """Signs, capitals and zeros before a number do not matter."""
    matched = match(catalogue, (number, 1), ("AMNH M 217", 2), ("AMNH 6010", 3))
    assert matched.by == "catalogue-number"
    assert set(matched.values) == {TARSIUS, LEMUR}
    assert [row.key for row in matched.not_matched] == ["AMNH 6010"]


def test_match_table__two_rows_that_disagree_are_ambiguous(catalogue: Catalogue) -> None:
    """Neither of two rows wins.

    Rows that say the same are one.
    """
    matched = match(catalogue, (TARSIUS, 1), (TARSIUS, 2), (LEMUR, 3), (LEMUR, 3))
    assert matched.values == {LEMUR: {"age": 3}}
    assert [row.line for row in matched.ambiguous] == [2, 3]


def test_match_table__nothing_fits(catalogue: Catalogue) -> None:
    """The error tells what ids look like, and which columns there are."""
    with pytest.raises(InputError, match=r"No row of t.csv .*Ids here look like 'Molars/Tarsius"):
        match(catalogue, ("x", 1))
    with pytest.raises(SettingError, match=r"no column 'nr'.*It has key, age"):
        match_table(catalogue, table(("x", 1)), SPECIMENS, MatchingSettings(column="nr"))
    with pytest.raises(SettingError, match=r"'by' must be one of auto, id, file"):
        MatchingSettings(by="magic")


def test_write_matched__never_replaces_silently(catalogue: Catalogue) -> None:
    """Differing values are reported and replaced only on request.

    Empty cells remove nothing.
    """
    write_matched(catalogue, match(catalogue, (TARSIUS, 1), (LEMUR, 2)))
    matched = match(catalogue, (TARSIUS, 7), (LEMUR, None), (FIVE, 5), by="id")
    assert [(change.specimen_id, change.before, change.after) for change in matched.changes] == [(TARSIUS, 1, 7)]
    assert write_matched(catalogue, matched) == 1
    assert read_metadata(catalogue) == {TARSIUS: {"age": 1}, LEMUR: {"age": 2}, FIVE: {"age": 5}}
    assert write_matched(catalogue, match(catalogue, (TARSIUS, 7)), overwrite=True) == 1
    assert read_metadata(catalogue)[TARSIUS] == {"age": 7}
