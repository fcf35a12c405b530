"""Tests of filters, which are applied before the search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.clusters import ids_in_cluster
from core.collection import ids_where, table_of_file
from core.embeddings import Embeddings
from core.foundation import InputError, SettingError
from core.neighbours import Filters, Neighbours, SearchSettings, apply_filters, find_neighbours

IDS = ("Molars/Tarsius/a", "Molars/Tarsius/b", "Molars/Mirza/c", "Shells/d", "Shells/e", "loose")
COLLECTION = Embeddings(IDS, np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(), IDS),
        (Filters("Molars"), IDS[:3]),
        (Filters("Molars/Tarsius/"), IDS[:2]),
        (Filters("Shells"), ("Molars/Tarsius/a", "Shells/d", "Shells/e")),
        (Filters(not_same_category=True), ("Molars/Tarsius/a", "Molars/Mirza/c", "Shells/d", "Shells/e", "loose")),
        (Filters("Molars", not_same_category=True), ("Molars/Tarsius/a", "Molars/Mirza/c")),
    ],
)
def test_apply_filters__leaves_the_rest_and_the_query(filters: Filters, left: tuple[str, ...]) -> None:
    """The query stays, so that it can be searched with, and never finds itself."""
    part = apply_filters(COLLECTION, filters, ("Molars/Tarsius/a",))
    assert part.ids == left
    assert set(find_neighbours(part, "Molars/Tarsius/a", SearchSettings(9)).ids) == set(left) - {"Molars/Tarsius/a"}


def test_apply_filters__names_the_categories() -> None:
    """A category that does not exist, and filters that leave nothing."""
    with pytest.raises(SettingError, match=r"There is no category 'Molar' .* It has Molars/Mirza, Molars/Tarsius"):
        apply_filters(COLLECTION, Filters("Molar"))
    with pytest.raises(InputError, match="No other specimen is left"):
        apply_filters(COLLECTION, Filters("Shells", not_same_category=True), ("Shells/d",))


def test_filters__leave_out_what_is_far() -> None:
    """Up to the distance and at it."""
    found = Neighbours("q", ("a", "b", "c"), np.array([0.1, 0.2, 0.3], np.float32))
    assert Filters(max_distance=0.2).within(found).ids == ("a", "b")
    assert Filters(max_distance=0.0).within(found).ids == ()
    assert Filters().within(found) is found
    for given in (float("nan"), float("inf")):
        with pytest.raises(SettingError, match=r"'max_distance' must be a number \(got (nan|inf)\)"):
            Filters(max_distance=given)


TABLE = pd.DataFrame(
    {"period": ["Eocene", "Miocene", None, "Miocene"], "length": [3.0, 4.5, 9.0, float("nan")]},
    index=pd.Index(["a", "b", "c", "d"], name="specimen_id"),
)


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("period=Miocene", ("b", "d")),
        ("period=Eocene|Miocene", ("a", "b", "d")),
        ("period=", ("c",)),
        ("length=3..5", ("a", "b")),
        ("length=4..", ("b", "c")),
        ("length=..3", ("a",)),
        ("length=9", ("c",)),
        (" period ~ mio", ("b", "d")),
    ],
)
def test_ids_where__reads_conditions_as_people_write_them(condition: str, ids: tuple[str, ...]) -> None:
    """One of some values, numbers between two others, words in a text."""
    assert ids_where(TABLE, [condition]) == ids


def test_ids_where__says_what_it_does_not_understand() -> None:
    """Text that is no condition, an unknown column, and several conditions together."""
    assert ids_where(TABLE, ["period=Miocene", "length=1..9"]) == ("b",)
    with pytest.raises(SettingError, match=r"'period' is not a condition.*column=3\.\.5"):
        ids_where(TABLE, ["period"])
    with pytest.raises(SettingError, match=r"no column 'age'.*period, length"):
        ids_where(TABLE, ["age=3"])
    with pytest.raises(SettingError, match="There are no metadata"):
        ids_where(TABLE[[]], ["age=3"])


def test_apply_filters__keeps_those_of_a_list() -> None:
    """A list of specimens, together with the other filters."""
    among = ("Molars/Mirza/c", "Shells/d")
    assert apply_filters(COLLECTION, Filters(among=among), ("loose",)).ids == (*among, "loose")
    assert apply_filters(COLLECTION, Filters("Shells", among=among)).ids == ("Shells/d",)
    with pytest.raises(InputError, match="No other specimen is left"):
        apply_filters(COLLECTION, Filters(among=()))


def test_ids_in_cluster__are_its_members(tmp_path: Path) -> None:
    """Noise counts as a cluster, and an error names the known ones."""
    path = tmp_path / "clusters.csv"
    path.write_text("specimen_id,cluster_id,prob\na,0,1\nb,-1,0\nc,0,0.5\n", encoding="utf-8")
    assert ids_in_cluster(path, 0) == ("a", "c")
    assert ids_in_cluster(path, -1) == ("b",)
    with pytest.raises(SettingError, match=r"has no cluster 7\. It has -1, 0\."):
        ids_in_cluster(path, 7)


def test_table_of_file__finds_the_column_of_ids(tmp_path: Path) -> None:
    """In any place of the table, which must have one."""
    path = tmp_path / "table.csv"
    path.write_text("length,name\n3,Shells/d\n4,Shells/e\n", encoding="utf-8")
    table = table_of_file(path, IDS)
    assert list(table.index) == list(IDS)
    assert ids_where(table, ["length=4"]) == ("Shells/e",)
    with pytest.raises(InputError, match=r"No column of .* Ids look like 'x'"):
        table_of_file(path, ["x"])
