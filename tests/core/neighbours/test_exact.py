"""Tests of exact search: candidates give the same as all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import core.neighbours.exact
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.neighbours import NEIGHBOUR_METRICS, NearestRows, ranks_of


@pytest.fixture
def many_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few hundred rows be many: not held in memory, in several blocks."""
    monkeypatch.setattr(core.neighbours.exact, "_FEW_ROWS", 0)
    monkeypatch.setattr(core.neighbours.exact, "_KEPT_BYTES", 0)
    monkeypatch.setattr(core.neighbours.exact, "_ROWS_AT_ONCE", 96)


def exact_distances(points: np.ndarray, queries: np.ndarray, metric: str) -> np.ndarray:
    """Return all distances in double precision."""
    points, queries = points.astype(np.float64), queries.astype(np.float64)
    if metric == "euclidean":
        return np.asarray(np.linalg.norm(queries[:, None] - points[None], axis=2))
    if metric == "cosine":
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        return 1 - queries @ points.T
    return -queries @ points.T


@pytest.mark.usefixtures("many_small_blocks")
@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
@given(seed=st.integers(0, 1000), topk=st.integers(1, 40), offset=st.sampled_from([0.0, 3.0, 300.0]))
@settings(max_examples=12)
def test_nearest_rows__agrees_with_all_distances(metric: str, seed: int, topk: int, offset: float) -> None:
    """Several blocks, rows of very different length, a distant origin."""
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(333, 9)) * rng.lognormal(size=(333, 1)) + offset).astype(np.float32)
    queries = (rng.normal(size=(25, 9)) + offset).astype(np.float32)
    rows, distances = NearestRows(points, metric, np.arange(333)).of_vectors(queries, topk)
    expected = np.sort(exact_distances(points, queries, metric), axis=1)[:, :topk]
    assert rows.shape == distances.shape == (25, topk)
    assert np.allclose(distances, expected, rtol=1e-6, atol=2e-6)
    assert all(len(set(found)) == topk for found in rows.tolist())


@pytest.mark.usefixtures("many_small_blocks")
@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_nearest_rows__settles_ties_among_hundreds_of_copies(metric: str) -> None:
    """More copies than candidates: the first by rank, never the row itself."""
    rng = np.random.default_rng(3)
    points = np.tile(rng.normal(size=(3, 7)), (200, 1)).astype(np.float32)
    points *= np.float32(1 / np.linalg.norm(points[0]))
    ranks = rng.permutation(600)
    rows, distances = NearestRows(points, metric, ranks).of_rows(np.array([0, 301]), 5)
    for query, found, apart in zip((0, 301), rows, distances, strict=True):
        copies = [row for row in range(query % 3, 600, 3) if row != query]
        if metric != "inner_product":  # a longer row may be nearer than a copy
            assert found.tolist() == sorted(copies, key=ranks.__getitem__)[:5]
        assert len(set(apart.tolist())) == 1


def test_nearest_rows__gives_the_same_whether_kept_or_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit."""
    points = np.random.default_rng(5).normal(size=(700, 33)).astype(np.float32)
    kept = NearestRows(points, "cosine", np.arange(700)).of_rows(np.arange(700), 10)
    monkeypatch.setattr(core.neighbours.exact, "_FEW_ROWS", 0)
    monkeypatch.setattr(core.neighbours.exact, "_KEPT_BYTES", 0)
    monkeypatch.setattr(core.neighbours.exact, "_ROWS_AT_ONCE", 128)
    streamed = NearestRows(points, "cosine", np.arange(700)).of_rows(np.arange(700), 10)
    assert np.array_equal(kept[0], streamed[0])
    assert np.array_equal(kept[1], streamed[1])


def test_nearest_rows__accepts_a_mapped_matrix(tmp_path: Path) -> None:
    """A matrix that stays in its file answers as one in memory does."""
    points = np.random.default_rng(6).normal(size=(50, 8)).astype(np.float32)
    write_embeddings(tmp_path, Embeddings(tuple(f"{row:02d}" for row in range(50)), points))
    mapped = read_embeddings(tmp_path / "embeddings.npy", tmp_path / "ids.txt", mapped=True)
    assert isinstance(mapped.matrix, np.memmap)
    mapped_result = NearestRows(mapped.matrix, "cosine", ranks_of(mapped.ids)).of_rows(np.arange(50), 3)
    in_memory = NearestRows(points, "cosine", ranks_of(mapped.ids)).of_rows(np.arange(50), 3)
    assert all(np.array_equal(a, b) for a, b in zip(mapped_result, in_memory, strict=True))


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_nearest_rows__between_is_the_distance_of_a_search(metric: str) -> None:
    """Bit for bit, either way round, for more pairs than are looked at together."""
    points = np.random.default_rng(5).normal(size=(700, 11)).astype(np.float32)
    nearest = NearestRows(points, metric, np.arange(700))
    rows, distances = nearest.of_rows(np.arange(700), 3)
    first, other = np.repeat(np.arange(700), 3), rows.ravel()
    assert np.array_equal(nearest.between(first, other), distances.ravel())
    assert np.array_equal(nearest.between(other, first), distances.ravel())


def test_ranks_of__follows_the_ids() -> None:
    """Code point order, as everywhere."""
    assert ranks_of(("b", "a", "é", "Z")).tolist() == [2, 1, 3, 0]


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
@given(seed=st.integers(0, 1000), topk=st.integers(1, 30), offset=st.sampled_from([0.0, 3.0]))
@settings(max_examples=12)
def test_nearest_rows__finds_the_same_for_many_as_for_one(metric: str, seed: int, topk: int, offset: float) -> None:
    """Pruning in half precision changes no result, to the last bit."""
    rng = np.random.default_rng(seed)
    spectrum = 1 / np.arange(1, 25) ** rng.uniform(0, 1.5)
    groups = rng.normal(size=(9, 24))[rng.integers(0, 9, 300)]
    points = ((groups + 0.3 * rng.normal(size=(300, 24))) * spectrum + offset).astype(np.float32)
    points[rng.integers(0, 300, 20)] = points[7]
    ranks = rng.permutation(300)
    alone = NearestRows(points, metric, ranks).of_rows(np.arange(300), topk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.neighbours.exact, "_FEW_ROWS", 0)
        patch.setattr(core.neighbours.exact, "_MANY_PAIRS", 0)
        together = NearestRows(points, metric, ranks).of_rows(np.arange(300), topk)
    assert np.array_equal(alone[0], together[0])
    assert np.array_equal(alone[1], together[1])


@pytest.mark.parametrize("metric", NEIGHBOUR_METRICS)
def test_nearest_rows__is_exact_if_too_many_are_equally_near(monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    """More copies than candidates: still in the order of their ranks."""
    monkeypatch.setattr(core.neighbours.exact, "_FEW_ROWS", 0)
    monkeypatch.setattr(core.neighbours.exact, "_MANY_PAIRS", 0)
    points = np.tile(np.eye(3, 16, dtype=np.float32), (300, 1))
    rows, distances = NearestRows(points, metric, np.arange(900)).of_rows(np.arange(3), 4)
    assert rows.tolist() == [[3, 6, 9, 12], [4, 7, 10, 13], [5, 8, 11, 14]]
    assert len(set(distances.ravel().tolist())) == 1
