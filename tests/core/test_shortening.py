"""Pairs ruled out by their first coordinates: nobody who is near is lost."""

from __future__ import annotations

import numpy as np
import pytest

from core.nearest import METRICS
from core.shortening import Shortened, shorten


def grouped(seed: int, decay: float) -> np.ndarray:
    """Return unit vectors in groups, whose spread falls along the axes."""
    chance = np.random.default_rng(seed)
    points = chance.normal(size=(20, 64))[chance.integers(0, 20, 800)] + 0.4 * chance.normal(size=(800, 64))
    points = points / np.arange(1, 65) ** decay @ np.linalg.qr(chance.normal(size=(64, 64)))[0]
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def test_shorten__takes_few_coordinates_where_they_tell_most() -> None:
    """Steep spectra are told by a few axes, flat ones only by all."""
    assert shorten(grouped(1, 1.5), "cosine", 10).is_shorter
    assert not shorten(np.random.default_rng(1).normal(size=(800, 64)).astype(np.float32), "cosine", 10).is_shorter


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_candidates__hold_all_of_the_nearest_and_few_more(metric: str, decay: float) -> None:
    """Against all distances in double precision; rows are never their own candidates."""
    points = grouped(2, decay)
    wide = points.astype(np.float64)
    likeness = wide @ wide.T - (0.5 * (wide**2).sum(axis=1) if metric == "euclidean" else 0)
    np.fill_diagonal(likeness, -np.inf)
    margins = np.full(800, 1e-5, dtype=np.float32)
    found = shorten(points, metric, 10).candidates(points, np.arange(800), 10, margins)
    for row, candidates in enumerate(found):
        nearest = set(np.argsort(-likeness[row], kind="stable")[:10].tolist())
        assert nearest <= set(candidates.tolist()) <= {*range(-1, 800)} - {row}
    assert (found >= 0).sum() < 1.1 * 8000


def test_candidates__gives_none_where_there_are_too_many() -> None:
    """Hundreds of copies are somebody else's task."""
    shortened = shorten(np.tile(np.eye(2, 16, dtype=np.float32), (400, 1)), "cosine", 3)
    found = shortened.candidates(np.eye(1, 16, dtype=np.float32), np.array([-1]), 3, np.array([1e-5], dtype=np.float32))
    assert np.all(found == -1)


def test_shortened__is_read_only() -> None:
    """Arrays of a frozen dataclass stay as they are."""
    shortened: Shortened = shorten(grouped(3, 1.0), "cosine", 5)
    with pytest.raises(ValueError, match="read-only"):
        shortened.turned[0, 0] = 1
