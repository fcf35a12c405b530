"""Representatives, outliers, noise and new specimens of a clustering."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import hdbscan
import numpy as np
import pytest

from core.clusters import (
    Clustering,
    ClusteringCache,
    ClusterSettings,
    assign,
    cluster,
    cluster_on,
    describe_members,
    soft_membership,
    write_members,
)
from core.embeddings import Embeddings
from core.foundation import InputError, SettingError
from tests.core.points import embeddings_of, grouped_points

SETTINGS = ClusterSettings(
    pca=0, metric="euclidean", normalize="none", min_cluster_size=15, cluster_selection_method="eom"
)


@pytest.fixture(scope="module")
def cache() -> ClusteringCache:
    """300 specimens in six groups."""
    return ClusteringCache(embeddings_of(grouped_points()))


@pytest.fixture(scope="module")
def clustering(cache: ClusteringCache) -> Clustering:
    """Six clusters and some noise."""
    return cluster_on(cache, SETTINGS)


def test_describe_members__medoid_is_nearest_to_all_others(cache: ClusteringCache, clustering: Clustering) -> None:
    """The medoid has the smallest sum of distances within its cluster."""
    found = describe_members(cache, clustering)
    assert [facts.size for facts in found.clusters] == list(clustering.sizes)
    for facts in found.clusters:
        rows = np.flatnonzero(clustering.labels == facts.cluster_id)
        points = cache.embeddings.matrix[rows].astype(np.float64)
        sums = np.linalg.norm(points[:, None] - points[None], axis=2).sum(axis=1)
        assert facts.medoid == clustering.ids[rows[sums.argmin()]]


def test_describe_members__exemplars_are_strong_and_borderline_weak(
    cache: ClusteringCache, clustering: Clustering
) -> None:
    """Exemplars are stronger members than borderline ones, and both are of the cluster."""
    strength = dict(zip(clustering.ids, clustering.probabilities.tolist(), strict=True))
    label = dict(zip(clustering.ids, clustering.labels.tolist(), strict=True))
    for facts in describe_members(cache, clustering).clusters:
        assert min(strength[name] for name in facts.exemplars) >= max(strength[name] for name in facts.borderline)
        assert {label[name] for name in facts.exemplars + facts.borderline} == {facts.cluster_id}
        assert facts.persistence is not None


def test_describe_members__noise_has_a_nearest_cluster(cache: ClusteringCache, clustering: Clustering) -> None:
    """For noise the nearest cluster is that of the nearest clustered specimen."""
    found = describe_members(cache, clustering)
    points, inside = cache.embeddings.matrix.astype(np.float64), np.flatnonzero(clustering.labels >= 0)
    noise = np.flatnonzero(clustering.labels < 0)
    assert noise.size > 0
    for row in noise.tolist():
        away = np.linalg.norm(points[inside] - points[row], axis=1)
        assert found.nearest_cluster[row] == clustering.labels[inside[away.argmin()]]
        assert found.nearest_distance[row] == pytest.approx(away.min(), rel=1e-5)


def test_describe_members__outlier_scores_are_those_of_hdbscan(cache: ClusteringCache, clustering: Clustering) -> None:
    """GLOSH from the kept tree is GLOSH from hdbscan."""
    found = describe_members(cache, clustering).outlier_scores
    theirs = hdbscan.HDBSCAN(min_cluster_size=15, min_samples=1, algorithm="prims_kdtree").fit(
        cache.embeddings.matrix.astype(np.float64)
    )
    assert found is not None
    np.testing.assert_allclose(found, theirs.outlier_scores_, atol=1e-6)


def test_describe_members__validity_and_silhouette_are_high_for_clear_groups(
    cache: ClusteringCache, clustering: Clustering
) -> None:
    """Clear groups are found valid, and one cluster has no silhouette."""
    found = describe_members(cache, clustering)
    assert found.silhouette > 0.5
    assert found.validity is not None
    assert found.validity > 0.2
    same = ClusteringCache(embeddings_of(np.ones((12, 3))))
    one = describe_members(same, cluster_on(same, SETTINGS))
    assert (one.silhouette, one.validity) == (0.0, None)


@pytest.mark.parametrize("n_specimens", [1, 2, 5])
def test_describe_members__without_clusters(n_specimens: int) -> None:
    """A clustering with noise only has no cluster facts."""
    cache = ClusteringCache(embeddings_of(grouped_points(20)[:n_specimens]))
    found = describe_members(cache, cluster_on(cache, SETTINGS))
    assert found.clusters == ()
    assert np.isinf(found.nearest_distance).all()
    assert (found.nearest_cluster == -1).all()


def test_describe_members__refuses_another_collection(clustering: Clustering) -> None:
    """A clustering of other specimens is an error."""
    with pytest.raises(InputError, match="belongs to other specimens"):
        describe_members(ClusteringCache(embeddings_of(grouped_points(20))), clustering)


def test_soft_membership__sums_to_one_and_agrees_with_the_labels(
    cache: ClusteringCache, clustering: Clustering
) -> None:
    """Nearly every clustered specimen belongs most to its own cluster."""
    found = soft_membership(cache, clustering)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    inside = clustering.labels >= 0
    assert (found.argmax(axis=1) == clustering.labels)[inside].mean() > 0.98


def test_assign__copies_join_the_cluster_of_the_original(cache: ClusteringCache, clustering: Clustering) -> None:
    """A copy of a clustered specimen joins its cluster with strength 1.

    An outlier joins none.
    """
    inside = np.flatnonzero(clustering.labels >= 0)[:40]
    points = np.concatenate([cache.embeddings.matrix[inside], np.full((1, 16), 30.0, dtype=np.float32)])
    found = assign(cache, clustering, Embeddings(tuple(f"new{i}" for i in range(41)), points))
    np.testing.assert_array_equal(found.labels[:40], clustering.labels[inside])
    np.testing.assert_allclose(found.strengths[:40], 1.0)
    assert found.nearest_ids[:40] == tuple(clustering.ids[row] for row in inside)
    assert (found.labels[40], found.strengths[40]) == (-1, 0.0)


def test_assign__works_after_pca_and_without_clusters(cache: ClusteringCache) -> None:
    """New specimens are projected by the fitted PCA.

    Without clusters all are noise.
    """
    settings = replace(SETTINGS, pca=6, metric="cosine")
    found = cluster_on(cache, settings)
    inside = np.flatnonzero(found.labels >= 0)[:10]
    copies = Embeddings(tuple(map(str, range(10))), np.array(cache.embeddings.matrix[inside]))
    np.testing.assert_array_equal(assign(cache, found, copies).labels, found.labels[inside])
    nothing = cluster_on(cache, replace(settings, min_cluster_size=400))
    assert (assign(cache, nothing, copies).labels == -1).all()


def test_assign__says_what_it_cannot(cache: ClusteringCache, clustering: Clustering) -> None:
    """UMAP and another width are refused in a sentence."""
    few = ClusteringCache(embeddings_of(grouped_points(20)[:3]))
    after_umap = cluster_on(few, replace(SETTINGS, umap=True))
    with pytest.raises(SettingError, match="made after UMAP"):
        assign(few, after_umap, few.embeddings)
    with pytest.raises(InputError, match="have 3 dimensions, the clustered ones 16"):
        assign(cache, clustering, Embeddings(("n",), np.ones((1, 3), dtype=np.float32)))


def test_write_members__can_be_read_back(cache: ClusteringCache, clustering: Clustering, tmp_path: Path) -> None:
    """A row a specimen, a row a cluster, and the figures of the whole."""
    write_members(tmp_path, clustering, describe_members(cache, clustering))
    with (tmp_path / "members.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["specimen_id"] for row in rows] == list(clustering.ids)
    with (tmp_path / "cluster_report.csv").open(encoding="utf-8", newline="") as stream:
        assert [int(row["size"]) for row in csv.DictReader(stream)] == list(clustering.sizes)
    assert set(json.loads((tmp_path / "validity.json").read_text(encoding="utf-8"))) == {"silhouette", "dbcv"}


@pytest.mark.parametrize("method", ["kmeans", "hdbscan-branches"])
def test_describe_members__of_other_methods(cache: ClusteringCache, method: str) -> None:
    """Methods without persistence are described too.

    Those without a tree have no outlier scores.
    """
    found = describe_members(cache, cluster(cache.embeddings, replace(SETTINGS, method=method, n_clusters=6)))
    assert all(facts.persistence is None for facts in found.clusters)
    assert (found.outlier_scores is None) == (method == "kmeans")
