"""Tests of centring and whitening."""

from __future__ import annotations

import numpy as np
import pytest

from core.embeddings import unit_rows
from core.foundation import SettingError
from core.matching import fit_whitening

VECTORS = (np.random.default_rng(0).normal(size=(500, 6)) * [9, 5, 3, 2, 1, 0] + 4).astype(np.float32)


def test_fit_whitening__takes_the_mean_out() -> None:
    """Centred vectors of length 1."""
    whitening = fit_whitening(VECTORS)
    assert whitening.axes is None
    assert np.allclose(whitening(VECTORS), unit_rows(VECTORS - VECTORS.mean(axis=0)), atol=1e-6)


@pytest.mark.parametrize(("strength", "power"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_fit_whitening__evens_the_spread_out(strength: float, power: float) -> None:
    """The standard deviation along each axis is a power of what it was."""
    whitening = fit_whitening(VECTORS, 5, strength=strength)
    assert whitening.axes is not None
    spread = ((VECTORS - whitening.mean) @ whitening.axes).std(axis=0)
    before = np.sqrt(np.linalg.eigvalsh(np.cov(VECTORS.T, bias=True))[::-1][:5])
    assert np.allclose(spread, before**power, rtol=1e-3)


def test_fit_whitening__is_the_same_from_few_vectors_of_many_dimensions() -> None:
    """Fewer vectors than dimensions: axes of the whole covariance, but for signs."""
    few = (np.random.default_rng(1).normal(size=(8, 30)) * np.linspace(3, 1, 30)).astype(np.float32)
    whitening = fit_whitening(few, 5)
    assert whitening.axes is not None
    variances, axes = np.linalg.eigh(np.cov(few.T, bias=True))
    expected = axes[:, ::-1][:, :5] * variances[::-1][:5] ** -0.25
    assert np.allclose(np.abs(whitening.axes), np.abs(expected), atol=1e-4)
    assert fit_whitening(few, 30)(few).shape == (8, 7)  # the mean takes one dimension


def test_fit_whitening__leaves_axes_without_spread_out() -> None:
    """A constant dimension has no axis, and copies of one view have none at all."""
    assert fit_whitening(VECTORS, 6)(VECTORS).shape == (500, 5)
    assert fit_whitening(np.ones((3, 4), np.float32), 2).axes is None


def test_whitening__is_identified_by_its_fingerprint() -> None:
    """The same vectors, the same fingerprint."""
    assert fit_whitening(VECTORS, 3).fingerprint == fit_whitening(VECTORS.copy(), 3).fingerprint
    assert fit_whitening(VECTORS, 3).fingerprint != fit_whitening(VECTORS, 4).fingerprint


def test_whitening__refuses_other_dimensions() -> None:
    """Views of another backbone."""
    with pytest.raises(SettingError, match="The views have 2 dimensions, those of the collection 6"):
        fit_whitening(VECTORS)(np.ones((1, 2), np.float32))


@pytest.mark.parametrize(
    ("dimensions", "strength", "prose"),
    [(-1, 0.5, "'whiten' must be at least 0"), (1, 1.5, "'strength' must be from 0 to 1")],
)
def test_fit_whitening__says_what_is_allowed(dimensions: int, strength: float, prose: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(SettingError, match=prose):
        fit_whitening(VECTORS, dimensions, strength=strength)


def test_fit_whitening__needs_views() -> None:
    """Nothing to learn from."""
    with pytest.raises(SettingError, match="no views"):
        fit_whitening(VECTORS[:0])
