"""Clusters against labels, and the specimens that contradict theirs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from core.clusters import Clustering, ClusterSettings, cluster, compare_with_labels, find_misfits, write_misfits
from core.clusters.agreement import write_crosstab
from core.collection import Labels, labels_of_categories
from core.embeddings import Embeddings
from core.foundation import InputError
from tests.core.points import embeddings_of, grouped_points


def labels_of(values: list[str | None]) -> Labels:
    """Return labels of specimens that are named by their row."""
    return Labels(tuple(map(str, range(len(values)))), tuple(values), "by hand")


def test_compare__by_hand() -> None:
    """Clusters x x y | y, one noise: purity (2 + 1) / 4 of those in clusters."""
    found = compare_with_labels(np.array([0, 0, 0, 1, -1]), labels_of(["x", "x", "y", "y", "y"]))
    assert found.purity == pytest.approx(3 / 4)
    assert found.ari == pytest.approx(metrics.adjusted_rand_score([0, 0, 1, 1, 1], [0, 0, 0, 1, -1]))
    assert found.n_labelled == 5


def test_compare__the_same_groups_are_worth_one() -> None:
    """Clusters that are the labels, whatever their numbers, score 1 in everything."""
    found = compare_with_labels(np.array([1, 1, 0, 0]), labels_of(["a", "a", "b", "b"]))
    assert (found.ari, found.nmi, found.homogeneity, found.completeness, found.purity) == pytest.approx((1,) * 5)


def test_compare__leaves_out_what_has_no_label() -> None:
    """Specimens without a label are not counted against the clusters."""
    found = compare_with_labels(np.array([0, 0, 1, 1]), labels_of(["a", "a", "b", None]))
    assert found.n_labelled == 3
    assert found.ari == pytest.approx(1)


def test_compare__all_noise() -> None:
    """Without clusters purity is 0, not a division by zero."""
    assert compare_with_labels(np.array([-1, -1]), labels_of(["a", "b"])).purity == 0.0


def test_compare__nothing_to_compare() -> None:
    """No labels at all, and labels of another collection, are errors."""
    with pytest.raises(InputError, match="No specimen has a label"):
        compare_with_labels(np.array([0]), labels_of([None]))
    with pytest.raises(InputError, match="2 clustered specimens but 1 in the labels"):
        compare_with_labels(np.array([0, 0]), labels_of(["a"]))


@pytest.fixture(scope="module")
def misfiled() -> tuple[Embeddings, Clustering, Labels]:
    """Four clear groups, two specimens of which are filed under another group's label."""
    points = grouped_points(160, groups=4)[np.arange(160) % 10 != 9]
    groups = (np.arange(160) % 4)[np.arange(160) % 10 != 9]
    embeddings = Embeddings(tuple(f"g{g}/s{i:03d}" for i, g in enumerate(groups)), points)
    clustering = cluster(embeddings, ClusterSettings(cluster_selection_method="eom", min_cluster_size=20))
    labels = labels_of_categories(embeddings.ids)
    values = list(labels.values)
    values[0], values[1] = "g3", "g2"
    return embeddings, clustering, Labels(labels.ids, tuple(values), "by hand")


def test_find_misfits__names_the_misfiled_first(misfiled: tuple[Embeddings, Clustering, Labels]) -> None:
    """Cluster and neighbours both contradict the two, and no other specimen as strongly."""
    found = find_misfits(*misfiled)
    assert {misfit.specimen_id for misfit in found[:2]} == set(misfiled[0].ids[:2])
    assert found[0].label in ("g2", "g3")
    assert found[0].evidence > 0.9
    assert all(misfit.evidence < 0.9 for misfit in found[2:])


def test_find_misfits__refuses_what_does_not_belong_together(
    misfiled: tuple[Embeddings, Clustering, Labels],
) -> None:
    """Labels of other specimens are an error."""
    with pytest.raises(InputError, match="belong to different specimens"):
        find_misfits(misfiled[0], misfiled[1], labels_of(["a"]))


def test_write_misfits__and_crosstab(misfiled: tuple[Embeddings, Clustering, Labels], tmp_path: Path) -> None:
    """Both tables can be read back, and the table of clusters against labels counts all."""
    _, clustering, labels = misfiled
    write_misfits(tmp_path / "misfits.csv", find_misfits(*misfiled))
    write_crosstab(tmp_path / "crosstab.csv", clustering, labels)
    with (tmp_path / "misfits.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.DictReader(stream))["evidence"] >= "0.9"
    with (tmp_path / "crosstab.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert header == ["cluster_id", "g0", "g1", "g2", "g3"]
    assert rows[-1][0] == "-1"
    assert sum(int(value) for row in rows for value in row[1:]) == 144


def test_find_misfits__with_one_labelled_specimen() -> None:
    """With a single label there are no misfits."""
    embeddings = embeddings_of(grouped_points(20))
    labels = Labels(embeddings.ids, ("a", *[None] * 19), "by hand")
    assert find_misfits(embeddings, cluster(embeddings), labels) == ()
