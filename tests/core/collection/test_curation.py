"""Sets, tags and notes stay until they are removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.collection import Curation
from core.foundation import SettingError
from core.workspace import Catalogue
from tests.strategies import id_lists


@pytest.fixture
def curation(tmp_path: Path) -> Curation:
    """Return that of a new catalogue."""
    return Curation(Catalogue(tmp_path / "catalogue.sqlite"))


@given(ids=id_lists(), note=st.text(st.characters(exclude_categories=("Cs",))).map(str.strip).filter(bool))
def test_curation__reads_back(tmp_path_factory: pytest.TempPathFactory, ids: list[str], note: str) -> None:
    """Sets keep their order.

    Tags and notes belong to their ids.
    """
    curation = Curation(Catalogue(tmp_path_factory.mktemp("curation") / "catalogue.sqlite"))
    curation.put_set("mine", reversed(ids))
    curation.add_tag("check", ids)
    for name in ids:
        curation.put_note(name, note)
    again = Curation(Catalogue(curation._catalogue.path))
    assert again.sets() == {"mine": tuple(reversed(ids))}
    assert again.tags() == dict.fromkeys(ids, ("check",))
    assert again.notes() == dict.fromkeys(ids, note)


def test_put_set__replaces_only_where_asked(curation: Curation) -> None:
    """A set is not replaced by another of its name by accident."""
    curation.put_set("mine", ["a", "b", "a"])
    with pytest.raises(SettingError, match=r"a set 'mine' already.*or replace it"):
        curation.put_set(" mine ", ["c"])
    assert curation.sets() == {"mine": ("a", "b")}
    curation.put_set("mine", ["c"], replace=True)
    curation.put_set("Empty", [])
    assert curation.sets() == {"Empty": (), "mine": ("c",)}
    curation.remove_set("mine")
    assert list(curation.sets()) == ["Empty"]


def test_tags__are_added_once_and_removed(curation: Curation) -> None:
    """A tag twice is a tag.

    Taking one leaves the others.
    """
    curation.add_tag("left", ["a", "b"])
    curation.add_tag("left", ["a"])
    curation.add_tag("holotype", ["a"])
    curation.remove_tag("left", ["a", "c"])
    assert curation.tags() == {"a": ("holotype",), "b": ("left",)}


def test_put_note__empty_takes_away(curation: Curation) -> None:
    """An empty text removes the note."""
    curation.put_note("a", " worn \n")
    assert curation.notes() == {"a": "worn"}
    curation.put_note("a", "  ")
    assert curation.notes() == {}


@pytest.mark.parametrize("name", ["", "  ", "a;b", "x" * 81, "a\x00b"])
def test_names__that_cannot_be_one(curation: Curation, name: str) -> None:
    """Semicolons separate in the export.

    A name is printable and short.
    """
    with pytest.raises(SettingError, match="cannot be the name of a set"):
        curation.put_set(name, ["a"])
    with pytest.raises(SettingError, match="cannot be the name of a tag"):
        curation.add_tag(name, ["a"])


def test_table__joins_by_semicolons(curation: Curation) -> None:
    """One row an id, in the order asked for."""
    curation.put_set("one", ["a"])
    curation.put_set("two", ["b", "a"])
    curation.add_tag("left", ["a"])
    curation.add_tag("worn", ["a"])
    curation.put_note("b", "check")
    table = curation.table(["b", "a", "c"])
    assert table.index.tolist() == ["b", "a", "c"]
    assert table["tags"].tolist() == ["", "left; worn", ""]
    assert table["sets"].tolist() == ["two", "one; two", ""]
    assert table["notes"].tolist() == ["check", "", ""]
