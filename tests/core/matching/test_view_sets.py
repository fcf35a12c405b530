"""Tests of sets of views: symmetric, without order, for candidates only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.embeddings import Embeddings, select_rows, unit_rows
from core.foundation import MissingStageError, SettingError
from core.matching import FeatureFolder, Matcher, MatchSettings, rotations_of_views, set_distances
from core.matching.view_sets import aligned_distances, best_pairs, learn_whitening
from core.neighbours import Searcher, SearchSettings
from core.storage import write_npy

Collection = tuple[Embeddings, dict[str, np.ndarray]]


@pytest.fixture
def collection() -> Collection:
    """Return twenty specimens of six views, and their mean embeddings."""
    rng = np.random.default_rng(2)
    sets = {f"s{row:02d}": rng.normal(size=(6, 9)).astype(np.float32) + 1 for row in range(20)}
    return Embeddings(tuple(sets), np.stack([views.mean(axis=0) for views in sets.values()])), sets


def by_hand(query: np.ndarray, other: np.ndarray, match: str) -> float:
    """Return the distance of two sets, view by view."""
    apart = np.array([[np.linalg.norm(a - b) if match == "chamfer" else 1 - a @ b for b in other] for a in query])
    return float((apart.min(axis=1).mean() + apart.min(axis=0).mean()) / 2)


@pytest.mark.parametrize("match", ["maxsim", "chamfer"])
@given(seed=st.integers(0, 999), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_set_distances__agree_with_a_calculation_by_hand(match: str, seed: int, sizes: list[int]) -> None:
    """Also for sets of different size, either way round and in any order."""
    rng = np.random.default_rng(seed)
    query, *sets = (unit_rows(rng.normal(size=(size, 4))) for size in (3, *sizes))
    found = set_distances(query, sets, match)
    assert np.allclose(found, [by_hand(query, other, match) for other in sets], atol=1e-5)
    assert np.allclose(found, [set_distances(other, [query], match)[0] for other in sets], atol=1e-6)
    assert set_distances(query, [query[::-1]], match)[0] < 1e-3


def test_set_distances__of_nothing_are_none() -> None:
    """No candidates, no distances."""
    assert set_distances(np.eye(2, dtype=np.float32), []).shape == (0,)


def test_matcher__orders_the_best_candidates_only(collection: Collection) -> None:
    """Specimens that are not among the candidates are not read."""
    embeddings, sets = collection
    read: list[str] = []

    def views_of(name: str) -> np.ndarray:
        read.append(name)
        return sets[name]

    matcher = Matcher(embeddings, views_of, SearchSettings(3), MatchSettings("maxsim", candidates=5))
    found = matcher.nearest("s04")
    best = Searcher(embeddings, SearchSettings(5)).nearest("s04").ids
    assert set(read) == {"s04", *best}
    own = unit_rows(sets["s04"])
    expected = sorted((round(by_hand(own, unit_rows(sets[name]), "maxsim"), 6), name) for name in best)[:3]
    assert found.ids == tuple(name for _, name in expected)
    assert np.allclose(found.distances, [distance for distance, _ in expected], atol=2e-6)


def test_matcher__compares_embeddings_if_pooled(collection: Collection) -> None:
    """`pooled` is the plain search."""
    embeddings, sets = collection
    found = Matcher(embeddings, sets.__getitem__, SearchSettings(4), MatchSettings()).nearest("s00")
    assert found.ids == Searcher(embeddings, SearchSettings(4)).nearest("s00").ids


@pytest.mark.parametrize("given", [{"center": True}, {"whiten": 4}, {"k_reciprocal": True}])
def test_matcher__finds_a_copy_first_after_any_treatment(collection: Collection, given: dict[str, object]) -> None:
    """Centred, whitened or re-ranked."""
    embeddings, sets = collection
    settings = MatchSettings("maxsim", **given)  # type: ignore[arg-type]
    matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(3), settings)
    assert (matcher.whitening is None) == ("k_reciprocal" in given)
    views = sets["s07"][::-1]
    assert matcher.nearest_to_views(views, embeddings.matrix[7], "new").ids[0] == "s07"


def test_matcher__lets_a_mirror_image_count(collection: Collection) -> None:
    """The smaller of the two distances counts."""
    embeddings, sets = collection
    matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(1), MatchSettings("maxsim"))
    assert matcher.nearest("s01", mirrored=sets["s13"]).ids == ("s13",)


def test_feature_folder__names_missing_features(tmp_path: Path) -> None:
    """A file is read once, and a missing one is named."""
    write_npy(tmp_path / "A" / "one.npy", np.ones((2, 3), np.float32))
    views_of = FeatureFolder(tmp_path)
    assert views_of("A/one") is views_of("A/one")
    with pytest.raises(MissingStageError, match=r"The view features of A/two are not in .*--features FOLDER"):
        views_of("A/two")


@pytest.mark.parametrize(
    ("given", "prose"),
    [
        ({"match": "best"}, "'match' must be one of pooled, maxsim, chamfer"),
        ({"match": "maxsim", "candidates": 0}, r"'candidates' must be at least 1 \(got 0\)"),
        ({"match": "maxsim", "whiten": -1}, "'whiten' must be at least 0"),
        ({"center": True}, "are about views, .* Add --match maxsim"),
    ],
)
def test_match_settings__say_what_is_allowed(given: dict[str, object], prose: str) -> None:
    """What was given, what is allowed, what to do."""
    with pytest.raises(SettingError, match=prose):
        MatchSettings(**given)  # type: ignore[arg-type]


def test_best_pairs__shows_every_view_once() -> None:
    """Best first, even if one view of the query is best for all."""
    query = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    other = np.array([[0, 2, 1], [3, 0, 0], [1, 1, 0]], dtype=np.float32)
    pairs = best_pairs(query, other, 5)
    assert [pair[:2] for pair in pairs] == [(0, 1), (1, 0)]
    assert pairs[0][2] == pytest.approx(1) and pairs[1][2] == pytest.approx(2 / 5**0.5)


def test_aligned_distances__are_zero_for_any_rotation() -> None:
    """A rotation of the layout gives the same specimen, another permutation does not."""
    rng = np.random.default_rng(8)
    rotations = rotations_of_views("dodecahedron", 20)
    views = unit_rows(rng.normal(size=(20, 30)))
    rotated = views[rotations[17]]
    shuffled = views[rng.permutation(20)]
    found = aligned_distances(views, [views, rotated, shuffled], rotations)
    assert np.allclose(found[:2], 0, atol=1e-6)
    assert found[2] > 0.5
    assert aligned_distances(rotated, [views], rotations) == pytest.approx([0], abs=1e-6)
    with pytest.raises(SettingError, match="compares 20 views each"):
        aligned_distances(views, [views[:3]], rotations)


def test_matcher__aligned_finds_rotated_and_mirrored_specimens_first() -> None:
    """The rotated one by its views, the mirror image by its mirrored views."""
    rng = np.random.default_rng(4)
    sets = {f"s{row}": rng.normal(size=(12, 20)).astype(np.float32) for row in range(6)}
    rotated = sets["s0"][rotations_of_views("icosahedron", 12)[31]]
    mirrored = sets["s3"][rotations_of_views("icosahedron", 12, mirrored=True)[5]]
    embeddings = Embeddings(tuple(sets), np.stack([views.mean(axis=0) for views in sets.values()]))
    settings = MatchSettings("aligned")
    matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(2), settings, layout=("icosahedron", 12))
    assert matcher.nearest_to_views(rotated, rotated.mean(axis=0), "new").ids[0] == "s0"
    assert matcher.nearest("s1", mirrored=mirrored).ids[0] == "s3"
    with pytest.raises(SettingError, match="needs the layout of the views"):
        Matcher(embeddings, sets.__getitem__, SearchSettings(2), settings)


def test_matcher__expands_a_query_by_its_nearest() -> None:
    """A specimen near the nearest neighbour comes before a nearer outsider."""
    angles = {"a": 0, "b": 20, "c": 40, "d": -30}
    points = np.array([[np.cos(np.radians(v)), np.sin(np.radians(v))] for v in angles.values()], dtype=np.float32)
    embeddings = Embeddings(tuple(angles), points)
    plain = Matcher(embeddings, lambda name: points, SearchSettings(3), MatchSettings())
    expanded = Matcher(embeddings, lambda name: points, SearchSettings(3), MatchSettings(expand=1))
    assert plain.nearest("a").ids == ("b", "d", "c")
    assert expanded.nearest("a").ids == ("b", "c", "d")
    assert expanded.reordered("a", ("b", "d", "c")) == ("b", "c", "d")
    assert expanded.nearest_to_views(points, points[0], "new").ids[0] in ("a", "b")
    assert next(found.ids for found in expanded.all_nearest()) == ("b", "c", "d")


def test_matcher__reorders_a_whole_ranking_at_its_top(collection: Collection) -> None:
    """The best candidates in the order of a search, then the rest."""
    embeddings, sets = collection
    whole = Searcher(embeddings, SearchSettings(19)).nearest("s04").ids
    matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(5), MatchSettings("maxsim", candidates=5))
    assert matcher.reordered("s04", whole) == matcher.nearest("s04").ids + whole[5:]


def test_matcher__uses_a_given_whitening(collection: Collection) -> None:
    """It is not learned again from a part of the collection."""
    embeddings, sets = collection
    learned = learn_whitening(embeddings.ids, sets.__getitem__, 4)
    part = select_rows(embeddings, range(6))
    matcher = Matcher(part, sets.__getitem__, SearchSettings(2), MatchSettings("maxsim", whiten=4), whitening=learned)
    assert matcher.whitening is learned
