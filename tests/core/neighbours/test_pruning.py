"""Tests of pruning in half precision: no near row is lost."""

from __future__ import annotations

import numpy as np
import pytest

from core.neighbours import NEIGHBOUR_METRICS, NearestRows, half_precision
from core.neighbours.pruning import Pruner
from core.neighbours.pruning_kernels import rank_candidates

COUNT = 10
N = 2600


def grouped(seed: int, spread: float = 0.4) -> np.ndarray:
    """Return vectors in groups, some way from the origin."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(40, 48))[rng.integers(0, 40, N)] + spread * rng.normal(size=(N, 48)) + 0.5
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(params=[True, False], ids=["half", "single"])
def _precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_precision, "has_half_precision", lambda: request.param)


def similarity(queries: np.ndarray, points: np.ndarray, metric: str) -> np.ndarray:
    """Return all similarities, in double precision."""
    one, two = queries.astype(np.float64), points.astype(np.float64)
    if metric == "euclidean":
        return np.asarray(-((one**2).sum(axis=1)[:, None] + (two**2).sum(axis=1) - 2 * one @ two.T))
    return np.asarray(one @ two.T)


def candidates(points: np.ndarray, queries: np.ndarray, own: np.ndarray, metric: str) -> np.ndarray:
    """Return the candidates that pruning leaves."""
    margins = np.full(len(queries), 4e-5 * np.abs(points).max() ** 2, dtype=np.float32)
    return Pruner(points, metric).candidates(queries, own, COUNT, margins)


@pytest.mark.usefixtures("_precision")
@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
@pytest.mark.parametrize("asked", ["all", "some rows", "other vectors", "a row twice"])
def test_candidates__hold_all_of_the_nearest_and_few_more(metric: str, asked: str) -> None:
    """Against all products in double precision, and never a row itself."""
    points = grouped(2) * (1 if metric == "cosine" else np.float32(30))
    rows = {"all": np.arange(N), "some rows": np.arange(5, N, 2)[::-1], "a row twice": np.array([3, 3, 70, 9])}
    own = rows.get(asked, np.full(300, -1))
    queries = points[own] if asked in rows else grouped(3)[:300]
    found = candidates(points, queries, own, metric)
    alike = similarity(queries, points, metric)
    alike[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
    for row, some in enumerate(found):
        nearest = set(np.argsort(-alike[row], kind="stable")[:COUNT].tolist())
        assert nearest <= set(some.tolist()) <= {*range(-1, N)} - {int(own[row])} | {-1}
    assert (found >= 0).sum() < 1.5 * COUNT * len(queries)


@pytest.mark.usefixtures("_precision")
def test_candidates__gives_none_if_there_are_too_many() -> None:
    """Hundreds of copies get no candidates, and the others still get theirs."""
    points = grouped(4)
    points[100:900] = points[100]
    found = candidates(points, points, np.arange(N), "cosine")
    assert np.all(found[100:900] == -1)
    alike = similarity(points, points, "cosine")
    np.fill_diagonal(alike, -np.inf)
    for row in (0, 99, 950, N - 1):
        near = np.sort(alike[row])[-COUNT]
        assert set(np.flatnonzero(alike[row] > near + 1e-6).tolist()) <= set(found[row].tolist())


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_rank_candidates__leaves_undecided_what_its_sums_do_not_decide(metric: str) -> None:
    """Distances equal NumPy's, and one on the edge of rounding is undecided."""
    points = grouped(5)
    own = np.arange(N)
    some = candidates(points, points, own, metric)
    rows, distances = np.zeros((N, COUNT), dtype=np.int64), np.zeros((N, COUNT), dtype=np.float32)
    is_undecided = np.zeros(N, dtype=bool)
    rank_candidates(
        points, points, own, some, np.arange(N), NEIGHBOUR_METRICS.index(metric), 0, N, rows, distances, is_undecided
    )
    assert is_undecided.mean() < 0.01
    nearest = NearestRows(points, metric, np.arange(N))
    for row in np.flatnonzero(~is_undecided)[::97]:
        expected = nearest.of_rows(np.array([row]), COUNT)
        np.testing.assert_array_equal(rows[row], expected[0][0])
        if metric != "cosine":  # which normalises once more
            np.testing.assert_array_equal(distances[row], expected[1][0])
    # 1 - 0.3 - 0.00000005 is on the edge between two numbers of seven digits.
    edge = np.array([[1.0], [0.30000005]], dtype=np.float64)
    room = np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.float32), np.zeros(1, dtype=bool)
    rank_candidates(
        edge, edge[:1], np.array([0]), np.array([[1]]), np.arange(2), NEIGHBOUR_METRICS.index("cosine"), 0, 1, *room
    )
    assert room[2][0]
