"""Tests of ranks without sorting: those of a sort, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import core.evaluation.metrics
import core.evaluation.ranks
from core.collection import Labels
from core.embeddings import Embeddings
from core.evaluation import EvaluationSettings, evaluate
from core.evaluation.ranks import Ranks


def by_order(vectors: np.ndarray, codes: np.ndarray, query: int, n_nearest: int) -> tuple[list[int], list[int]]:
    """Return the ranks of a query's class and its nearest rows, by sorting."""
    away = (vectors**2).sum(axis=1) - 2.0 * vectors @ vectors[query]
    order = [row for row in np.argsort(away, kind="stable").tolist() if row != query]
    return [place + 1 for place, row in enumerate(order) if codes[row] == codes[query]], order[:n_nearest]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(2, 60), classes=st.integers(1, 5), spread=st.sampled_from([1, 2, 30]))
def test_ranks__are_those_of_a_sort(seed: int, n: int, classes: int, spread: int) -> None:
    """With integers, so that many distances are equal and none is rounded."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-spread, spread, (n, 3), endpoint=True).astype(np.float32)
    codes = rng.integers(0, classes, n)
    queries = np.flatnonzero(np.bincount(codes)[codes] >= 2)
    n_nearest = min(4, n - 1)
    found_ranks, found_nearest = [], []
    for ranks, counts, nearest in Ranks(vectors, codes).of(queries, n_nearest):
        found_ranks += [part.tolist() for part in np.split(ranks, np.cumsum(counts)[:-1])]
        found_nearest += nearest.tolist()
    expected = [by_order(vectors, codes, int(query), n_nearest) for query in queries]
    assert found_ranks == [ranks for ranks, _ in expected]
    assert found_nearest == [nearest for _, nearest in expected]


def test_ranks__in_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in small blocks."""
    rng = np.random.default_rng(3)
    vectors, codes = rng.integers(-3, 3, (200, 4)).astype(np.float32), rng.integers(0, 7, 200)
    whole = [np.concatenate(parts) for parts in zip(*Ranks(vectors, codes).of(np.arange(200), 3), strict=True)]
    monkeypatch.setattr(core.evaluation.ranks, "_BYTES_AT_ONCE", 7 * 4 * 200)
    parts = list(Ranks(vectors, codes).of(np.arange(200), 3))
    assert len(parts) == 29
    for one, other in zip(whole, zip(*parts, strict=True), strict=True):
        assert np.array_equal(one, np.concatenate(other))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("most", [1e-30, 1e18, 3e38])
def test_ranks__survive_numbers_that_are_too_large_or_small(most: float) -> None:
    """Squares overflow or vanish, and every rank is still in range."""
    rng = np.random.default_rng(0)
    vectors = (rng.uniform(-1, 1, (50, 4)) * most).astype(np.float32)
    codes = np.arange(50) % 3
    for ranks, counts, nearest in Ranks(vectors, codes).of(np.arange(50), 5):
        assert ranks.min() >= 1 and ranks.max() <= 49
        assert ranks.size == counts.sum()
        assert nearest.min() >= 0 and nearest.max() < 50


def test_evaluate__is_the_same_for_many_specimens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the ranks give the same measures, neighbours and votes."""
    rng = np.random.default_rng(1)
    ids = tuple(f"s{row:03d}" for row in range(150))
    embeddings = Embeddings(ids, rng.integers(-4, 4, (150, 5)).astype(np.float32))
    labels = Labels(ids, tuple(f"class {number}" for number in rng.integers(0, 6, 150)), "at random")
    asked = EvaluationSettings(metric="euclidean", n_votes=7)
    few = evaluate(embeddings, labels, asked)
    monkeypatch.setattr(core.evaluation.metrics, "_MANY", 0)
    many = evaluate(embeddings, labels, asked)
    assert np.array_equal(few.values, many.values)
    assert (few.nearest_ids, few.voted_labels) == (many.nearest_ids, many.voted_labels)
    assert few.vote_accuracies == many.vote_accuracies
    assert set(few.vote_accuracies) == {1, 3, 5, 7, 10}
