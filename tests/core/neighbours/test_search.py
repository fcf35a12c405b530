"""Tests of the search: exact, never itself, ties in id order."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.embeddings import Embeddings
from core.foundation import SettingError, UnknownSpecimenError
from core.neighbours import (
    NEIGHBOUR_METRICS,
    Neighbours,
    Searcher,
    SearchSettings,
    file_name_of_search,
    find_neighbours,
    resolve_id,
    write_neighbours,
)
from core.neighbours.search import BLOCK_ROWS
from tests.strategies import collections, id_lists

IDS = ("Molars/Tarsius/amnh106010", "Molars/Tarsius/amnh2", "Shells/amnh2", "Shells/a2")


def by_hand(embeddings: Embeddings, query: str, metric: str) -> list[tuple[float, str]]:
    """Return distance and id of every other specimen, nearest first."""
    here = [float(value) for value in embeddings.matrix[embeddings.row_of[query]]]
    found = []
    for name, row in zip(embeddings.ids, embeddings.matrix.tolist(), strict=True):
        product = math.fsum(a * b for a, b in zip(here, row, strict=True))
        lengths = math.hypot(*here) * math.hypot(*row)
        distance = {
            "cosine": 1 - (product / lengths if lengths else 0.0),
            "inner_product": -product,
            "euclidean": math.dist(here, row),
        }[metric]
        if name != query:
            found.append((round(distance, 6), name))
    return sorted(found)


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
@given(embeddings=collections(), data=st.data())
def test_search__agrees_with_brute_force(metric: str, embeddings: Embeddings, data: st.DataObject) -> None:
    """Ids and distances as by hand: ties in id order, itself never among them."""
    query = data.draw(st.sampled_from(embeddings.ids))
    topk = data.draw(st.integers(1, len(embeddings) + 1))
    found = find_neighbours(embeddings, query, SearchSettings(topk, metric))
    expected = by_hand(embeddings, query, metric)[:topk]
    assert found.ids == tuple(name for _, name in expected)
    assert np.allclose(found.distances, [distance for distance, _ in expected], atol=2e-6)


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_searcher__finds_the_same_alone_and_among_all(metric: str) -> None:
    """Several blocks and several copies of each row: equal to the last bit."""
    rng = np.random.default_rng(0)
    points = np.tile(rng.normal(size=(BLOCK_ROWS // 2, 33)) * 7 + 3, (3, 1)).astype(np.float32)
    embeddings = Embeddings(tuple(f"{row * 7919 % len(points):05d}" for row in range(len(points))), points)
    searcher = Searcher(embeddings, SearchSettings(5, metric))
    for row, together in enumerate(searcher.all_nearest()):
        if row % 97 == 0:
            alone = searcher.nearest(embeddings.ids[row])
            assert alone.ids == together.ids
            assert np.array_equal(alone.distances, together.distances)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_searcher__finds_copies_at_distance_zero(scale: float) -> None:
    """Twins come first, in id order, whatever the size of the numbers."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(40, 257)) * scale
    points[[3, 20, 33]] = points[7]
    embeddings = Embeddings(tuple(f"s{row:02d}" for row in range(40)), points.astype(np.float32))
    found = find_neighbours(embeddings, "s07", SearchSettings(4))
    assert found.ids[:3] == ("s03", "s20", "s33")
    assert found.distances[:3].tolist() == [0.0, 0.0, 0.0]
    assert found.distances[3] > 0.1


def test_searcher__tells_near_points_far_from_the_origin_apart() -> None:
    """Differences that a matrix product in single precision cannot see."""
    points = np.full((4, 8), 1000, dtype=np.float32)
    points[:, 0] += np.array([0, 0.5, 0.25, 2], dtype=np.float32)
    found = find_neighbours(Embeddings(("a", "b", "c", "d"), points), "a", SearchSettings(3, "euclidean"))
    assert found.ids == ("c", "b", "d")
    assert found.distances.tolist() == [0.25, 0.5, 2.0]


def test_searcher__finds_nothing_for_the_only_specimen() -> None:
    """A collection of one specimen."""
    found = find_neighbours(Embeddings(("a",), np.ones((1, 2), dtype=np.float32)), "a")
    assert found.ids == ()


def test_nearest_to_vector__takes_an_embedding_from_outside() -> None:
    """It may find every specimen, and must have as many dimensions."""
    searcher = Searcher(Embeddings(("a", "b"), np.eye(2, dtype=np.float32)), SearchSettings())
    assert searcher.nearest_to_vector(np.array([0.1, 2.0], dtype=np.float32), "new").ids == ("b", "a")
    with pytest.raises(SettingError, match="The query has 3 dimensions, the collection 2"):
        searcher.nearest_to_vector(np.ones(3, dtype=np.float32), "new")


@pytest.mark.parametrize(
    ("settings", "prose"),
    [({"topk": 0}, r"'topk' must be at least 1 \(got 0\)"), ({"metric": "l3"}, "'metric' must be one of cosine, euc")],
)
def test_search_settings__say_what_is_allowed(settings: dict[str, object], prose: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(SettingError, match=prose):
        SearchSettings(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("Molars/Tarsius/amnh2", "Molars/Tarsius/amnh2"),
        ("amnh106010", "Molars/Tarsius/amnh106010"),
        ("106010", "Molars/Tarsius/amnh106010"),
        ("Tarsius/amnh2", "Molars/Tarsius/amnh2"),
        ("a2", "Shells/a2"),
    ],
)
def test_resolve_id__takes_the_end_of_one(query: str, meant: str) -> None:
    """The end of an id is enough if it fits only one."""
    assert resolve_id(query, IDS) == meant


def test_resolve_id__prefers_a_whole_name() -> None:
    """`a2` is the end of `ba2` too, but whole only in `Shells/a2`."""
    assert resolve_id("a2", ("Shells/ba2", "Shells/a2")) == "Shells/a2"


@given(ids=id_lists(), data=st.data())
def test_resolve_id__knows_every_id(ids: list[str], data: st.DataObject) -> None:
    """A whole id always means itself."""
    query = data.draw(st.sampled_from(ids))
    assert resolve_id(query, tuple(ids)) == query


def test_resolve_id__asks_for_more_where_several_fit() -> None:
    """The candidates are named."""
    with pytest.raises(UnknownSpecimenError, match=r"2 specimen ids end with 'amnh2': .*Tarsius/amnh2, Shells/amnh2"):
        resolve_id("amnh2", IDS)


@pytest.mark.parametrize("query", ["amnh106011", "AMNH106010", "Molars/Tarsier/amnh106010", "amnh106010.ply"])
def test_resolve_id__suggests_what_is_near(query: str) -> None:
    """A misspelt id is answered with similar ids."""
    with pytest.raises(
        UnknownSpecimenError, match=r"no specimen .* in this collection of 4\. The nearest ids are .*106010"
    ):
        resolve_id(query, IDS)


@pytest.mark.parametrize("query", ["", "~~~~"])
def test_resolve_id__says_where_ids_are_listed(query: str) -> None:
    """If no id is similar, the list of ids is named."""
    with pytest.raises(UnknownSpecimenError, match=r"ids\.txt lists every id"):
        resolve_id(query, IDS)


@given(ids=id_lists(min_size=2))
def test_write_neighbours__reads_back(tmp_path: Path, ids: list[str]) -> None:
    """Columns of the contract, ids as they are, six decimals."""
    found = Neighbours(ids[0], tuple(ids[1:]), np.linspace(0, 1, len(ids) - 1, dtype=np.float32))
    write_neighbours(tmp_path / "knn.csv", found)
    with (tmp_path / "knn.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["query_id", "neighbor_id", "distance"]
    assert [tuple(row[:2]) for row in rows] == [(ids[0], name) for name in ids[1:]]
    assert all(len(row[2].split(".")[1]) == 6 for row in rows)


def test_write_neighbours__leaves_what_says_the_same(tmp_path: Path) -> None:
    """Without overwriting, only another answer is written."""
    path = tmp_path / "knn.csv"
    found = Neighbours("a", ("b",), np.array([0.25], dtype=np.float32))
    assert [write_neighbours(path, found, overwrite=False) for _ in range(2)] == [True, False]
    other = Neighbours("a", ("c",), np.array([0.25], dtype=np.float32))
    assert write_neighbours(path, other, overwrite=False)
    assert write_neighbours(path, other)


def test_file_name_of_search__has_no_folders() -> None:
    """As the contract spells it."""
    assert file_name_of_search("Molars/Tarsius/a") == "knn_Molars__Tarsius__a.csv"
