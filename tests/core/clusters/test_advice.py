"""Advice on settings: none for a good clustering, else the known steps in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clusters import (
    Clustering,
    ClusteringCache,
    ClusterSettings,
    advise_on,
    cluster,
    explain_noise,
    explain_outcome,
)
from core.clusters.advice import advise
from tests.core.points import embeddings_of, grouped_points

CAREFUL = ClusterSettings(min_samples=6, min_cluster_size=12, cluster_selection_method="eom")


def noisy(settings: ClusterSettings, noise: int = 80) -> Clustering:
    """Return a clustering of a hundred specimens with two clusters and this much noise."""
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
    """Fewer min_samples, smaller clusters, leaf, then PCA and UMAP.

    Each changes that alone.
    """
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
    """At the ends of the scales other steps remain.

    Leaf is answered with eom.
    """
    steps = advise(noisy(ClusterSettings(min_samples=1, min_cluster_size=3, umap=True)))
    assert [step.flags for step in steps] == ["--cluster-selection-method eom"]


def test_advise__no_groups_at_all() -> None:
    """A clustering without groups is described as such."""
    found = noisy(CAREFUL, noise=100)
    assert advise(found)
    assert "No groups stand out among the 100 specimens" in explain_noise(found)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "agglomerative"])
def test_advise__nothing_for_methods_without_noise(method: str) -> None:
    """Counted methods have no noise to advise on."""
    assert advise(noisy(replace(CAREFUL, method=method))) == ()


def test_advise_on__tells_what_each_step_leads_to() -> None:
    """The told outcome is that of the step.

    Helpful steps come first.
    """
    embeddings = embeddings_of(grouped_points(60))
    found = cluster(embeddings, ClusterSettings(min_samples=20, min_cluster_size=25))
    steps = advise_on(ClusteringCache(embeddings), found)
    assert [step.kind for step in steps if step.outcome is None] == ["unfold"]
    for step in steps:
        if step.outcome is None:
            assert explain_outcome(step, found) == ""
            continue
        np.testing.assert_array_equal(step.outcome.labels, cluster(embeddings, step.settings).labels)
        if step.helps(found):
            assert explain_outcome(step, found).startswith(f"leads to {step.outcome.n_clusters} clusters")
        else:
            assert explain_outcome(step, found) == "no help here"
    useless = [step.outcome is not None and not step.helps(found) for step in steps]
    assert useless == sorted(useless)


def test_advise_on__lowers_min_samples_until_that_helps() -> None:
    """`min_samples` is halved again if the first step still gives only noise."""
    embeddings = embeddings_of(grouped_points(42))
    found = cluster(embeddings, ClusterSettings(min_samples=24, min_cluster_size=5))
    [step] = [step for step in advise_on(ClusteringCache(embeddings), found) if step.kind == "fewer-samples"]
    assert step.helps(found)
    assert step.settings.min_samples < 12
    assert f"to {step.settings.min_samples}:" in step.text


def test_advise_on__tries_nothing_in_large_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """In large collections the steps are those of `advise`, untried."""
    monkeypatch.setattr("core.clusters.advice._TRIED_UP_TO", 50)
    embeddings = embeddings_of(grouped_points(60))
    found = cluster(embeddings, ClusterSettings(min_samples=20, min_cluster_size=25))
    assert advise_on(ClusteringCache(embeddings), found) == advise(found)
