"""Labels from CSV files of all kinds, and from categories."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.collection import labels_of_categories, read_labels, resolve_labels
from core.foundation import InputError, SettingError

IDS = ("Molars/Tarsius/a1", "Molars/Tarsius/a2", "Molars/Lemur/b1", "Teeth/c1")


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a CSV and return its path."""
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("header", ["", "specimen_id,label\n"])
def test_read_labels__header_and_byte_order_mark_do_not_matter(tmp_path: Path, encoding: str, header: str) -> None:
    """The same labels come out with and without a header, in any Unicode encoding."""
    path = write(tmp_path, header + "Molars/Tarsius/a1,メガネザル\nTeeth/c1,x\n", encoding)
    found = read_labels(path, IDS)
    assert found.values == ("メガネザル", None, None, "x")
    assert found.names == ("x", "メガネザル")
    assert found.codes.tolist() == [1, -1, -1, 0]


def test_read_labels__shift_jis_is_read_and_said(tmp_path: Path) -> None:
    """Shift-JIS is recognised, with a note to check."""
    found = read_labels(write(tmp_path, "Teeth/c1,三葉虫\n", "shift_jis"), IDS)
    assert found.values[3] == "三葉虫"
    assert any("was read as Shift-JIS" in note for note in found.notes)


def test_read_labels__neither_encoding(tmp_path: Path) -> None:
    """Bytes that are no text are an error that says what to save."""
    (tmp_path / "labels.csv").write_bytes(b"Teeth/c1,\xff\xff\x81\n")
    with pytest.raises(InputError, match=r"neither UTF-8 nor Shift-JIS.*Save it as CSV in UTF-8"):
        read_labels(tmp_path / "labels.csv", IDS)


def test_read_labels__half_of_the_ids(tmp_path: Path) -> None:
    """Specimens without a label are counted."""
    found = read_labels(write(tmp_path, "Molars/Tarsius/a1,x\nTeeth/c1,y\n"), IDS)
    assert found.n_labelled == 2
    assert "2 of 4 specimens have no label and are left out." in found.notes


def test_read_labels__unknown_ids_are_named_with_the_nearest_known(tmp_path: Path) -> None:
    """A misspelt id is ignored and the right one suggested."""
    found = read_labels(write(tmp_path, "Molars/Tarsius/a1,x\nTeeth/c11,y\n"), IDS)
    assert any("Teeth/c11" in note and "Did you mean Teeth/c1?" in note for note in found.notes)


def test_read_labels__only_unknown_ids(tmp_path: Path) -> None:
    """A file for another collection is an error that shows what ids look like here."""
    with pytest.raises(InputError, match=r"None of the 1 ids .* 'Molars/Tarsius/a1'"):
        read_labels(write(tmp_path, "elsewhere,x\n"), IDS)


def test_read_labels__duplicates(tmp_path: Path) -> None:
    """Repeated lines are harmless.

    Contradictory lines leave the specimen unlabelled.
    """
    text = "Teeth/c1,x\nTeeth/c1,x\nMolars/Lemur/b1,y\nMolars/Lemur/b1,z\n"
    found = read_labels(write(tmp_path, text), IDS)
    assert found.values == (None, None, None, "x")
    assert any(note.startswith("1 lines repeat an earlier line") for note in found.notes)
    assert any("two different labels" in note and "Molars/Lemur/b1" in note for note in found.notes)


def test_read_labels__further_columns_separators_and_backslashes(tmp_path: Path) -> None:
    """A spreadsheet's export with other columns, semicolons and Windows paths is understood."""
    text = "museum;specimen_id;label\nAMNH;Molars\\Tarsius\\a1;x\nAMNH;Teeth/c1;y\n"
    found = read_labels(write(tmp_path, text), IDS)
    assert found.values == ("x", None, None, "y")


def test_read_labels__what_is_no_table(tmp_path: Path) -> None:
    """A missing file, an empty one and one with a single column are told apart."""
    with pytest.raises(InputError, match="are not there"):
        read_labels(tmp_path / "labels.csv", IDS)
    with pytest.raises(InputError, match="holds no labels"):
        read_labels(write(tmp_path, "specimen_id,label\n"), IDS)
    with pytest.raises(InputError, match="has a line with 1 column"):
        read_labels(write(tmp_path, "Teeth/c1\n"), IDS)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("category", ("Molars/Lemur", "Molars/Tarsius", "Teeth")),
        ("category:top", ("Molars", "Teeth")),
        ("category:1", ("Molars", "Teeth")),
        ("category:2", ("Molars/Lemur", "Molars/Tarsius", "Teeth")),
    ],
)
def test_resolve_labels__levels_of_the_hierarchy(given: str, names: tuple[str, ...]) -> None:
    """`category` is the whole path of folders, `category:1` the first of them."""
    assert resolve_labels(given, IDS).names == names


@pytest.mark.parametrize("given", ["category:0", "category:genus"])
def test_resolve_labels__unknown_level(given: str) -> None:
    """A level that is no number above 0 is refused."""
    with pytest.raises(SettingError, match="asks for the category level"):
        resolve_labels(given, IDS)


def test_labels_of_categories__specimens_without_folder() -> None:
    """Specimens outside folders have no label.

    If all are, that is an error.
    """
    found = labels_of_categories(("a", "b/c"))
    assert found.values == (None, "b")
    assert found.notes == ("1 of 2 specimens lie in no folder and have no label.",)
    with pytest.raises(InputError, match="no categories to use as labels"):
        labels_of_categories(("a", "b"))
