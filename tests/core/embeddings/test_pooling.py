"""Pooling: means and maxima over views, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from core.embeddings import POOLINGS, pool_views
from core.foundation import SettingError

FEATURES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 7)),
    elements=st.floats(-1e6, 1e6, width=32),
)


@given(FEATURES)
def test_pool_views__is_numpys_mean_and_maximum(features: np.ndarray) -> None:
    """Mean in double precision, maximum in every dimension by itself, always float32."""
    mean, largest = pool_views(features, "mean"), pool_views(features, "max")
    assert mean.dtype == largest.dtype == np.float32
    np.testing.assert_array_equal(mean, features.astype(np.float64).mean(axis=0).astype(np.float32))
    np.testing.assert_array_equal(largest, features.max(axis=0))


@given(FEATURES, st.sampled_from(POOLINGS), st.randoms())
def test_pool_views__does_not_depend_on_the_order_of_views(features: np.ndarray, pool: str, rng: object) -> None:
    """Views have no order: shuffled, they pool to the same to rounding."""
    order = list(range(len(features)))
    rng.shuffle(order)
    np.testing.assert_allclose(pool_views(features[order], pool), pool_views(features, pool), rtol=1e-5, atol=1e-3)


@given(FEATURES, st.sampled_from(POOLINGS))
def test_pool_views__keeps_views_that_are_all_alike(features: np.ndarray, pool: str) -> None:
    """One view, however often, is its own embedding."""
    np.testing.assert_array_equal(pool_views(np.repeat(features[:1], 5, axis=0), pool), features[0])


def test_pool_views__refuses_other_names_and_no_views() -> None:
    """The message says what was given and what is allowed."""
    with pytest.raises(SettingError, match=r"'pool' must be one of mean, max \(got 'median'\)"):
        pool_views(np.ones((2, 3), np.float32), "median")
    with pytest.raises(SettingError, match=r"at least one view \(got \(0, 3\)\)"):
        pool_views(np.ones((0, 3), np.float32))
