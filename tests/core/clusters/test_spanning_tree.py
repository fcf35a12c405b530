"""Exact neighbours and the exact spanning tree, against plain computations of all pairs."""

from __future__ import annotations

import hdbscan
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import cdist

from core.clusters.hdbscan.neighbourhoods import find_neighbourhoods
from core.clusters.hdbscan.spanning_tree import find_spanning_tree, linkage_matrix
from tests.core.points import grouped_points


def plain_tree_lengths(points: np.ndarray, min_samples: int) -> np.ndarray:
    """Return the sorted edges of Prim's tree under mutual reachability, from the full matrix."""
    distances = cdist(points.astype(np.float64), points.astype(np.float64))
    core = np.sort(distances, axis=1)[:, min(min_samples, len(points) - 1)]
    reach = np.maximum(distances, np.maximum(core[:, None], core[None, :]))
    best, outside, lengths = reach[0].copy(), np.arange(1, len(points)), []
    while outside.size:
        chosen = outside[np.argmin(best[outside])]
        lengths.append(best[chosen])
        best = np.minimum(best, reach[chosen])
        outside = outside[outside != chosen]
    return np.sort(lengths)


@pytest.mark.parametrize("n_points", [2, 3, 12, 700])
def test_find_neighbourhoods__agrees_with_all_pairs(n_points: int) -> None:
    """Distances to the nearest others are those of the full distance matrix."""
    points = grouped_points(n_points, 8)
    found = find_neighbourhoods(points, 5)
    everything = np.sort(cdist(points.astype(np.float64), points.astype(np.float64)), axis=1)[:, 1:]
    np.testing.assert_allclose(found.distances, everything[:, : found.distances.shape[1]], rtol=1e-9)
    assert not (found.rows == np.arange(n_points)[:, None]).any()


@settings(max_examples=40, deadline=None)
@given(
    n_points=st.integers(2, 400),
    width=st.integers(1, 12),
    min_samples=st.integers(1, 20),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    copies=st.integers(1, 3),
    seed=st.integers(0, 10_000),
)
def test_find_spanning_tree__is_the_shortest(
    n_points: int, width: int, min_samples: int, scale: float, copies: int, seed: int
) -> None:
    """Edge lengths are those of Prim's algorithm on all pairs, with copies of points and at any scale."""
    points = np.repeat(grouped_points(n_points, width, seed=seed), copies, axis=0)[:n_points] * np.float32(scale)
    tree = find_spanning_tree(find_neighbourhoods(points, min_samples), min_samples)
    np.testing.assert_allclose(tree.lengths, plain_tree_lengths(points, min_samples), rtol=1e-9, atol=1e-12)


def test_find_spanning_tree__connects_everything_once() -> None:
    """N - 1 edges, all points, no circle: the last merge holds all."""
    points = grouped_points(500, 6)
    tree = find_spanning_tree(find_neighbourhoods(points, 1), 1)
    joined = linkage_matrix(tree)
    assert joined.shape == (499, 4)
    assert joined[-1, 3] == 500
    assert sorted(joined[:, :2].ravel().tolist()) == list(range(998))
    assert (np.diff(joined[:, 2]) >= 0).all()


def test_find_spanning_tree__connects_groups_far_apart() -> None:
    """Components without common neighbours are connected at their nearest specimens."""
    points = np.concatenate([grouped_points(80, 3, groups=1, seed=i) + 50 * i for i in range(5)])
    tree = find_spanning_tree(find_neighbourhoods(points, 2), 2)
    np.testing.assert_allclose(tree.lengths, plain_tree_lengths(points, 2), rtol=1e-9)


@pytest.mark.parametrize("min_samples", [1, 5])
def test_join_in_order__has_the_heights_of_hdbscan(min_samples: int) -> None:
    """Heights of the single-linkage tree are those of hdbscan's exact algorithm."""
    points = grouped_points(900, 10)
    tree = linkage_matrix(find_spanning_tree(find_neighbourhoods(points, min_samples), min_samples))
    theirs = hdbscan.HDBSCAN(min_samples=min_samples, algorithm="prims_kdtree").fit(points.astype(np.float64))
    np.testing.assert_allclose(tree[:, 2], theirs.single_linkage_tree_.to_numpy()[:, 2], rtol=1e-9)


def test_find_spanning_tree__does_not_depend_on_the_order_of_rows() -> None:
    """Ties by core distance are broken by the plain distance, not by the row."""
    points = grouped_points(400, 6)
    order = np.random.default_rng(3).permutation(400)
    plain = find_spanning_tree(find_neighbourhoods(points, 6), 6)
    mixed = find_spanning_tree(find_neighbourhoods(points[order], 6), 6)
    assert {frozenset(pair) for pair in plain.ends.tolist()} == {frozenset(pair) for pair in order[mixed.ends].tolist()}
