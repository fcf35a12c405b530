"""Results are written once, and files of other origin are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.clusters import ClusterSettings, cluster, cluster_into, write_clustering
from core.embeddings import Embeddings
from core.storage.outputs import EARLIER


@pytest.fixture
def embeddings() -> Embeddings:
    """Three groups of twenty specimens."""
    rng = np.random.default_rng(5)
    centres = np.eye(3, 8).repeat(20, axis=0)
    matrix = (centres + 0.02 * rng.standard_normal(centres.shape)).astype(np.float32)
    return Embeddings(tuple(f"a/{row:02d}" for row in range(60)), matrix)


def test_cluster_into__keeps_tuned_clusters(embeddings: Embeddings, tmp_path: Path) -> None:
    """Clusters kept from a screen are moved aside with their settings before others replace them."""
    tuned = cluster(embeddings, ClusterSettings(pca=4, min_cluster_size=15))
    write_clustering(tmp_path, tuned, tmp_path / "pca_report.csv")
    kept = {name: (tmp_path / name).read_bytes() for name in ("clusters.csv", "summary.json")}
    assert cluster_into(tmp_path, embeddings, ClusterSettings(pca=2, min_cluster_size=5)) is not None
    earlier = {path.name: path.read_bytes() for path in (tmp_path / EARLIER).rglob("*") if path.is_file()}
    assert earlier == kept
    assert (tmp_path / "summary.json").read_bytes() != kept["summary.json"]


def test_cluster_into__replaces_what_it_wrote_itself(embeddings: Embeddings, tmp_path: Path) -> None:
    """Other settings leave other clusters and no copies of their own earlier ones."""
    assert cluster_into(tmp_path, embeddings, ClusterSettings(pca=2)) is not None
    assert cluster_into(tmp_path, embeddings, ClusterSettings(pca=3)) is not None
    assert cluster_into(tmp_path, embeddings, ClusterSettings(pca=3)) is None
    assert not (tmp_path / EARLIER).exists()


def test_cluster_into__replaces_files_of_a_killed_process(
    embeddings: Embeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files written just before a process ended are written again, without copies."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.storage.outputs._hashes", die)
    with pytest.raises(KeyboardInterrupt):
        cluster_into(tmp_path, embeddings, ClusterSettings(pca=2))
    assert (tmp_path / "clusters.csv").is_file()
    monkeypatch.undo()
    assert cluster_into(tmp_path, embeddings, ClusterSettings(pca=3)) is not None
    assert not (tmp_path / EARLIER).exists()
