"""Methods beyond plain HDBSCAN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from core.clusters import METHODS, ClusterSettings, cluster
from core.clusters.hdbscan.trees import Grouping
from core.clusters.methods import group_recursively
from core.embeddings import Embeddings
from core.foundation import SettingError
from tests.core.points import embeddings_of, grouped_points

COUNTED = ("kmeans", "gmm", "agglomerative")
PLAIN = ClusterSettings(pca=0, metric="euclidean", normalize="none", min_cluster_size=8)


@pytest.mark.parametrize("method", METHODS)
def test_cluster__every_method_finds_clear_groups(method: str) -> None:
    """Six clear groups are found, noise aside, with the same result every time."""
    rows = np.arange(240) % 10 != 9
    embeddings = embeddings_of(grouped_points(240)[rows])
    truth = (np.arange(240) % 6)[rows]
    settings = replace(PLAIN, method=method, cluster_selection_method="eom")
    found, again = (cluster(embeddings, settings) for _ in range(2))
    np.testing.assert_array_equal(found.labels, again.labels)
    inside = found.labels >= 0
    assert inside.mean() > 0.9
    assert adjusted_rand_score(truth[inside], found.labels[inside]) > 0.95
    assert ((found.probabilities >= 0) & (found.probabilities <= 1)).all()


@pytest.mark.parametrize("method", COUNTED)
def test_cluster__takes_the_number_it_is_given(method: str) -> None:
    """`n_clusters` is honoured, and nothing is noise."""
    found = cluster(embeddings_of(grouped_points()), replace(PLAIN, method=method, n_clusters=4))
    assert found.n_clusters == 4
    assert found.n_noise == 0


@pytest.mark.parametrize("method", COUNTED)
@pytest.mark.parametrize("n_specimens", [1, 2, 3])
def test_cluster__counted_methods_take_few_specimens(method: str, n_specimens: int) -> None:
    """One, two and three specimens are no error."""
    found = cluster(embeddings_of(grouped_points(20)[:n_specimens]), replace(PLAIN, method=method))
    assert found.n_noise == 0


def test_cluster__more_clusters_than_specimens() -> None:
    """Asking for more clusters than there are specimens is refused in a sentence."""
    with pytest.raises(SettingError, match=r"'n_clusters' must be at most the number of specimens, 5 \(got 6\)"):
        cluster(embeddings_of(grouped_points(20)[:5]), replace(PLAIN, method="kmeans", n_clusters=6))


def test_cluster__kmeans_with_copies_of_few_scans() -> None:
    """Fewer different specimens than clusters give as many clusters as there are different ones."""
    points = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    found = cluster(embeddings_of(points), replace(PLAIN, method="kmeans", n_clusters=6))
    assert found.n_clusters == 3


def nested_points() -> tuple[np.ndarray, np.ndarray]:
    """Return two large groups, five small ones farther away, and the group of each point."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [3, 0], [8, 0], [0, 6], [6, 6], [-6, 0], [0, -6]], dtype=float)
    sizes = [120, 120, 20, 20, 20, 20, 20]
    groups = np.repeat(np.arange(7), sizes)
    return (centres[groups] + 0.1 * rng.normal(size=(groups.size, 2))).astype(np.float32), groups


def test_group_recursively__splits_a_cluster_far_larger_than_the_others() -> None:
    """The large cluster is divided into two.

    The small ones stay as they are.
    """
    points, groups = nested_points()
    merged = np.where(groups <= 1, 0, groups - 1).astype(np.int64)
    before = Grouping(merged, np.ones(groups.size), (0.5,) * 6)
    settings = replace(PLAIN, cluster_selection_method="eom", min_cluster_size=20)
    after = group_recursively(points, settings, before)
    inside = after.labels >= 0
    assert adjusted_rand_score(groups[inside], after.labels[inside]) > 0.98
    assert "was split into 2" in after.notes[0]
    assert after.persistence is not None
    assert len(after.persistence) == 7


def test_group_recursively__leaves_clusters_of_like_size() -> None:
    """If no cluster is much larger than the others, nothing changes."""
    labels = np.repeat(np.arange(6), 50)
    points = grouped_points(300)[np.argsort(np.arange(300) % 6, kind="stable")]
    after = group_recursively(points, PLAIN, Grouping(labels, np.ones(300), (0.1,) * 6))
    np.testing.assert_array_equal(after.labels, labels)


def test_cluster__branches_part_a_shape_with_three_arms() -> None:
    """A Y of specimens is one cluster to HDBSCAN and several to branch detection."""
    rng = np.random.default_rng(0)
    along = np.linspace(0, 1, 150)
    arms = [np.stack([along, along], 1), np.stack([-along, along], 1), np.stack([0 * along, -along], 1)]
    points = np.concatenate([*arms, rng.normal(size=(100, 2)) * 0.05 + 4])
    points = points + 0.02 * rng.normal(size=points.shape)
    embeddings = Embeddings(tuple(f"s{row:03d}" for row in range(550)), points.astype(np.float32))
    settings = replace(PLAIN, min_cluster_size=20, min_samples=5, cluster_selection_method="eom")
    assert cluster(embeddings, settings).n_clusters == 2
    parted = cluster(embeddings, replace(settings, method="hdbscan-branches"))
    assert parted.n_clusters >= 4
    assert any("came apart" in note for note in parted.notes)
