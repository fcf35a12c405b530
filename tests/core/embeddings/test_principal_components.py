"""Principal components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.decomposition import PCA

from core.embeddings import fit_pca, normalise_rows
from core.foundation import SettingError


def points(n_rows: int, width: int, seed: int = 0) -> np.ndarray:
    """Return points whose axes differ in spread."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n_rows, width)) * np.linspace(3, 0.5, width) + 2).astype(np.float32)


@pytest.mark.parametrize(("n_rows", "width"), [(60, 12), (9, 30)])
def test_fit_pca__agrees_with_scikit_learn(n_rows: int, width: int) -> None:
    """Components and shares are those of scikit-learn, for tall and wide matrices."""
    matrix = points(n_rows, width)
    ours, theirs = fit_pca(matrix, 5), PCA(5, svd_solver="full").fit(matrix.astype(np.float64))
    np.testing.assert_allclose(ours.explained_variance_ratio, theirs.explained_variance_ratio_, rtol=1e-8)
    np.testing.assert_allclose(np.abs(np.sum(ours.components * theirs.components_, axis=1)), 1.0, rtol=1e-8)
    np.testing.assert_allclose(ours.project(matrix), ours.coordinates, atol=1e-5)


def test_fit_pca__fraction_keeps_the_fewest_components_that_reach_it() -> None:
    """0.9 keeps at least 90 % of the variance, and one component fewer would not."""
    found = fit_pca(points(80, 10), 0.9)
    assert found.cumulative[-1] >= 0.9
    assert found.cumulative[-2] < 0.9


def test_fit_pca__asks_no_more_than_the_data_allow() -> None:
    """Five rows have four components at most, and a note says so."""
    found = fit_pca(points(5, 10), 64)
    assert found.n_components == 4
    assert found.notes == ("PCA was asked for 64 components; the data allow 4, which were kept.",)


def test_fit_pca__signs_do_not_depend_on_the_order_of_rows() -> None:
    """The largest entry of each component is positive."""
    matrix = points(40, 6)
    components = fit_pca(matrix[::-1], 6).components
    np.testing.assert_allclose(components, fit_pca(matrix, 6).components, atol=1e-6)
    assert (components[np.arange(6), np.abs(components).argmax(axis=1)] > 0).all()


def test_fit_pca__keeps_distances_when_all_components_stay() -> None:
    """PCA without loss is a rotation."""
    matrix = points(30, 6)
    found = fit_pca(matrix, 6).coordinates
    before = np.linalg.norm(matrix[:1] - matrix, axis=1)
    np.testing.assert_allclose(np.linalg.norm(found[:1] - found, axis=1), before, rtol=1e-4)


def test_fit_pca__survives_a_constant_column_and_identical_rows() -> None:
    """No variance is a note, not a NaN."""
    matrix = points(10, 3)
    matrix[:, 1] = 7
    assert np.isfinite(fit_pca(matrix, 3).coordinates).all()
    same = fit_pca(np.ones((5, 3), dtype=np.float32), 0.9)
    assert not same.explained_variance_ratio.any()
    assert "All embeddings are the same" in same.notes[0]


def test_with_origin__gives_the_cosines_of_the_rebuilt_rows() -> None:
    """Angles are those about the origin, not about the mean."""
    matrix = normalise_rows(points(30, 8))
    found = fit_pca(matrix, 3)
    rebuilt = found.coordinates @ found.components + found.mean
    with_origin = found.with_origin()
    np.testing.assert_allclose(with_origin @ with_origin.T, rebuilt @ rebuilt.T, atol=1e-5)


@pytest.mark.parametrize("wrong", [-1, 1.5, float("nan"), float("inf"), True])
def test_fit_pca__refuses_what_is_no_dimension(wrong: float) -> None:
    """The message says what was given and what is allowed."""
    with pytest.raises(SettingError, match="'pca' must be 0, a whole number of components or a fraction below 1"):
        fit_pca(points(5, 5), wrong)


@settings(max_examples=25, deadline=None)
@given(n_rows=st.integers(2, 30), width=st.integers(1, 20), pca=st.integers(1, 40), seed=st.integers(0, 99))
def test_fit_pca__shares_fall_and_sum_to_at_most_one(n_rows: int, width: int, pca: int, seed: int) -> None:
    """Explained variance never rises along the components and sums to at most 1."""
    ratio = fit_pca(points(n_rows, width, seed), pca).explained_variance_ratio
    assert (np.diff(ratio) <= 1e-12).all()
    assert ratio.sum() <= 1 + 1e-9
