"""Clustering: the same groups as hdbscan, the files of the contract, and odd collections."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import hdbscan
import numpy as np
import pytest

from core.clusters import (
    ClusteringCache,
    ClusterSettings,
    cluster,
    cluster_on,
    number_by_size,
    read_clusters,
    write_clustering,
)
from core.embeddings import Embeddings, select_rows
from core.foundation import InputError, MissingStageError, SettingError
from tests.core.points import embeddings_of, grouped_points

SMALL = ClusterSettings(pca=8, min_cluster_size=5)


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    """300 specimens in six groups."""
    return embeddings_of(grouped_points())


@pytest.mark.parametrize("selection", ["leaf", "eom"])
@pytest.mark.parametrize("size", [3, 10])
@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("pca", [0, 5])
def test_cluster_on__gives_the_labels_of_a_fresh_hdbscan(
    embeddings: Embeddings, selection: str, size: int, epsilon: float, pca: int
) -> None:
    """Labels and strengths from a cached tree are those of hdbscan on the same vectors."""
    settings = ClusterSettings(
        pca=pca, min_cluster_size=size, cluster_selection_method=selection, cluster_selection_epsilon=epsilon
    )
    cache = ClusteringCache(embeddings)
    cluster_on(cache, replace(settings, min_cluster_size=7))
    found = cluster_on(cache, settings)
    fresh = hdbscan.HDBSCAN(
        min_cluster_size=size,
        min_samples=1,
        cluster_selection_method=selection,
        cluster_selection_epsilon=epsilon,
        algorithm="prims_kdtree",
    ).fit(cache.prepare(settings).vectors.astype(np.float64))
    np.testing.assert_array_equal(found.labels, number_by_size(embeddings.ids, fresh.labels_)[0])
    np.testing.assert_allclose(found.probabilities, fresh.probabilities_, rtol=1e-4)


def test_cluster__min_samples_means_what_hdbscan_means(embeddings: Embeddings) -> None:
    """Core distances are those to the k-th other specimen."""
    settings = replace(SMALL, min_samples=4, pca=0)
    cache = ClusteringCache(embeddings)
    heights = cache.tree(settings).linkage[:, 2]
    vectors = cache.prepare(settings).vectors.astype(np.float64)
    fresh = hdbscan.HDBSCAN(min_samples=4, algorithm="prims_kdtree").fit(vectors)
    np.testing.assert_allclose(heights, fresh.single_linkage_tree_.to_numpy()[:, 2], rtol=1e-5)


@pytest.mark.parametrize("selection", ["leaf", "eom"])
def test_cluster__does_not_depend_on_the_order_of_rows(embeddings: Embeddings, selection: str) -> None:
    """The same specimens in another order are in the same clusters with the same numbers."""
    settings = replace(SMALL, min_samples=4, cluster_selection_method=selection)
    order = np.random.default_rng(1).permutation(len(embeddings)).tolist()
    plain, mixed = cluster(embeddings, settings), cluster(select_rows(embeddings, order), settings)
    assert dict(zip(plain.ids, plain.labels.tolist(), strict=True)) == dict(
        zip(mixed.ids, mixed.labels.tolist(), strict=True)
    )


def test_cluster__finds_the_groups(embeddings: Embeddings) -> None:
    """Six groups of 45 undisturbed specimens come out as six clusters, numbered by size."""
    found = cluster(embeddings, replace(SMALL, cluster_selection_method="eom", min_cluster_size=20))
    assert found.n_clusters == 6
    assert list(found.sizes) == sorted(found.sizes, reverse=True)
    assert found.n_noise + sum(found.sizes) == len(embeddings)
    assert found.persistence is not None
    assert len(found.persistence) == 6


def test_cluster__cosine_ignores_length(embeddings: Embeddings) -> None:
    """Embeddings of other lengths but the same directions are clustered alike, PCA or not."""
    stretch = np.random.default_rng(0).uniform(0.1, 10, size=(len(embeddings), 1)).astype(np.float32)
    longer = Embeddings(embeddings.ids, embeddings.matrix * stretch)
    for pca in (0, 8):
        settings = replace(SMALL, pca=pca, normalize="none")
        np.testing.assert_array_equal(cluster(embeddings, settings).labels, cluster(longer, settings).labels)


def test_cluster__says_that_cosine_normalises(embeddings: Embeddings) -> None:
    """Cosine with normalize none is honoured as cosine, and a note says so."""
    notes = cluster(embeddings, replace(SMALL, normalize="none")).notes
    assert any("Cosine compares directions" in note for note in notes)


def test_cluster__euclidean_without_normalising_counts_length() -> None:
    """Two groups in one direction but of different length are two clusters."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(length, 0.02, size=(20, 3)) for length in (1, 4)]).astype(np.float32)
    settings = ClusterSettings(pca=0, metric="euclidean", normalize="none", cluster_selection_method="eom")
    assert cluster(embeddings_of(points), settings).sizes == (20, 20)


@pytest.mark.parametrize("n_specimens", [1, 2, 4, 9])
def test_cluster__fewer_specimens_than_a_cluster(embeddings: Embeddings, n_specimens: int) -> None:
    """Too few specimens are all noise, with a sentence why."""
    found = cluster(select_rows(embeddings, range(n_specimens)))
    assert found.n_noise == n_specimens
    assert any("fewer specimens" in note for note in found.notes)
    assert found.mean_prob == 0.0


def test_cluster__fewer_specimens_than_components(embeddings: Embeddings) -> None:
    """64 components of 20 specimens are 16 (their width), and a note says so."""
    found = cluster(select_rows(embeddings, range(20)), ClusterSettings(min_cluster_size=2))
    assert found.explained_variance_ratio is not None
    assert len(found.explained_variance_ratio) == 16
    assert any("PCA was asked for 64" in note for note in found.notes)


def test_cluster__identical_embeddings_are_one_cluster() -> None:
    """Copies of one scan are one cluster, not noise and not an error."""
    found = cluster(embeddings_of(np.ones((12, 4))))
    assert found.sizes == (12,)
    assert any("All embeddings are the same" in note for note in found.notes)


def test_cluster__many_copies_among_others(embeddings: Embeddings) -> None:
    """Two hundred copies of one specimen do no harm and stay together."""
    points = np.concatenate([embeddings.matrix, np.repeat(embeddings.matrix[:1], 200, axis=0)])
    found = cluster(embeddings_of(points), SMALL)
    assert len(set(found.labels[300:].tolist())) == 1
    assert np.isfinite(found.probabilities).all()


def test_cluster__a_constant_column_changes_nothing() -> None:
    """Under Euclidean distance a column that is the same everywhere does not matter."""
    points = grouped_points()
    wider = np.hstack([points, np.full((300, 1), 3.0)])
    settings = replace(SMALL, metric="euclidean", normalize="none", pca=0)
    np.testing.assert_array_equal(
        cluster(embeddings_of(points), settings).labels, cluster(embeddings_of(wider), settings).labels
    )


def test_cluster__no_embeddings() -> None:
    """Nothing to cluster is an error that names the next step."""
    with pytest.raises(InputError, match="no embeddings to cluster"):
        cluster(Embeddings((), np.zeros((0, 4), dtype=np.float32)))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("min_cluster_size", 1, "'min_cluster_size' must be at least 2"),
        ("min_samples", 0, "'min_samples' must be at least 1"),
        ("metric", "manhattan", "'metric' must be one of cosine, euclidean"),
        ("normalize", "l1", "'normalize' must be one of l2, none"),
        ("cluster_selection_method", "best", "'cluster_selection_method' must be one of leaf, eom"),
        ("cluster_selection_epsilon", -0.1, "'cluster_selection_epsilon' must be at least 0"),
        ("method", "magic", "'method' must be one of hdbscan, hdbscan-recursive"),
        ("pca", -2, "'pca' must be 0"),
    ],
)
def test_cluster_settings__say_what_is_wrong(name: str, value: object, message: str) -> None:
    """Each setting is checked when it is made."""
    with pytest.raises(SettingError, match=message):
        ClusterSettings(**{name: value})  # type: ignore[arg-type]


def test_number_by_size__largest_first_and_ties_by_id() -> None:
    """Clusters of equal size are numbered by their smallest id."""
    labels, order = number_by_size(("c", "a", "b", "d", "e", "f"), np.array([0, 2, 2, 0, -1, 1]))
    assert labels.tolist() == [1, 0, 0, 1, -1, 2]
    assert order == (2, 0, 1)


def test_write_clustering__writes_the_files_of_the_contract(embeddings: Embeddings, tmp_path: Path) -> None:
    """Columns, keys and row order are those of the contract."""
    found = cluster(embeddings, SMALL)
    write_clustering(tmp_path, found)
    with (tmp_path / "clusters.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert header == ["specimen_id", "cluster_id", "prob"]
    assert [row[0] for row in rows] == list(embeddings.ids)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert {"n_total", "n_noise", "noise_ratio", "n_clusters", "mean_prob", "settings"} <= set(summary)
    assert summary["n_total"] == 300
    assert summary["settings"]["min_cluster_size"] == 5
    lines = (tmp_path / "pca_report.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "component,explained_variance_ratio,cumulative"
    assert len(lines) == 9


def test_write_clustering__pca_report_goes_where_it_is_asked(embeddings: Embeddings, tmp_path: Path) -> None:
    """`--pca_report` moves the report.

    Without PCA there is none.
    """
    write_clustering(tmp_path / "a", cluster(embeddings, SMALL), tmp_path / "scree.csv")
    write_clustering(tmp_path / "b", cluster(embeddings, replace(SMALL, pca=0)))
    assert (tmp_path / "scree.csv").is_file()
    assert not (tmp_path / "a" / "pca_report.csv").exists()
    assert not (tmp_path / "b" / "pca_report.csv").exists()


def test_read_clusters__reads_what_was_written(embeddings: Embeddings, tmp_path: Path) -> None:
    """Ids, labels and strengths come back."""
    found = cluster(embeddings, SMALL)
    write_clustering(tmp_path, found)
    ids, labels, probabilities = read_clusters(tmp_path / "clusters.csv")
    assert ids == embeddings.ids
    np.testing.assert_array_equal(labels, found.labels)
    np.testing.assert_allclose(probabilities, found.probabilities, atol=1e-6)


def test_read_clusters__missing_or_other_file(tmp_path: Path) -> None:
    """A missing file names the command.

    Another CSV names the columns.
    """
    with pytest.raises(MissingStageError, match="python -m core cluster"):
        read_clusters(tmp_path / "clusters.csv")
    (tmp_path / "clusters.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="specimen_id,cluster_id,prob"):
        read_clusters(tmp_path / "clusters.csv")
