"""Guidance: silent where all is well, and the known steps in their order where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from points import embeddings_of, grouped_points

from core.clusters import Clustering, ClusterSettings, cluster
from core.guidance import advise, explain_noise

CAREFUL = ClusterSettings(min_samples=6, min_cluster_size=12, cluster_selection_method="eom")


def noisy(settings: ClusterSettings, noise: int = 80) -> Clustering:
    """Return two clusters and so many of a hundred specimens noise."""
    labels = np.full(100, -1)
    labels[: (100 - noise) // 2] = 0
    labels[(100 - noise) // 2 : 100 - noise] = 1
    ids = tuple(f"s{row:03d}" for row in range(100))
    return Clustering(ids, labels, (labels >= 0).astype(float), None, settings)


def test_advise__silent_with_little_noise() -> None:
    """Two clusters and a fifth noise need no advice."""
    assert advise(noisy(CAREFUL, noise=20)) == ()
    assert explain_noise(noisy(CAREFUL, noise=20)) == ""


def test_advise__steps_in_their_order() -> None:
    """Fewer min_samples, smaller clusters, leaf, then PCA and UMAP; each changes that alone."""
    steps = advise(noisy(CAREFUL))
    assert [step.flags for step in steps] == [
        "--min-samples 3",
        "--min-cluster-size 6",
        "--cluster-selection-method leaf",
        "--pca 50 --umap --umap-n-components 15",
    ]
    assert steps[0].settings == replace(CAREFUL, min_samples=3)
    assert "80% of the specimens are noise" in explain_noise(noisy(CAREFUL))


def test_advise__leaves_out_what_is_done_already() -> None:
    """At the ends of the scales other steps remain; leaf is answered with eom."""
    steps = advise(noisy(ClusterSettings(min_samples=1, min_cluster_size=3, umap=True)))
    assert [step.flags for step in steps] == ["--cluster-selection-method eom"]


def test_advise__no_groups_at_all() -> None:
    """All noise is said as such."""
    found = noisy(CAREFUL, noise=100)
    assert advise(found)
    assert "No groups stand out among the 100 specimens" in explain_noise(found)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "agglomerative"])
def test_advise__nothing_for_methods_without_noise(method: str) -> None:
    """Counted methods have no noise to advise on."""
    assert advise(noisy(replace(CAREFUL, method=method))) == ()


def test_advise__its_steps_can_be_taken() -> None:
    """Each advised setting clusters without an error."""
    embeddings = embeddings_of(grouped_points(60))
    found = cluster(embeddings, ClusterSettings(min_samples=20, min_cluster_size=25))
    for step in advise(found)[:3]:
        assert cluster(embeddings, step.settings).n_clusters >= 0
