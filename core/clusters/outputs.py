"""Clusters as files: clusters, members, agreement with labels and sweeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import core
from core.clusters.agreement import (
    Agreement,
    Misfit,
    compare_with_labels,
    find_misfits,
    write_agreement,
    write_crosstab,
    write_misfits,
)
from core.clusters.cache import ClusteringCache
from core.clusters.clustering import Clustering, cluster_on, write_clustering
from core.clusters.members import describe_members, write_members
from core.clusters.settings import ClusterSettings
from core.clusters.sweep import Sweep, SweepSettings, run_sweep, write_sweep
from core.collection import Labels
from core.embeddings import Embeddings, fingerprint_of_results, sha256_of_matrix
from core.foundation import Progress, silent
from core.storage import fingerprint, write_once

MEMBER_FILES = ("members.csv", "cluster_report.csv", "validity.json")
AGREEMENT_FILES = ("agreement.json", "crosstab.csv", "misfits.csv")


@dataclass(frozen=True)
class ClusterFiles:
    """The files that a call wrote about clusters.

    Parameters
    ----------
    clustering : Clustering or None
        The clusters; None if all files were up to date.
    agreement : Agreement or None
        Agreement with labels; None if there are no labels or the file was up to date.
    misfits : tuple of Misfit
        Specimens whose label is contradicted, if agreement was computed.
    written : tuple of Path
        Files that this call wrote.
    """

    clustering: Clustering | None
    agreement: Agreement | None
    misfits: tuple[Misfit, ...]
    written: tuple[Path, ...]


class _LazyClustering:
    """A clustering that is computed only if one of its files is missing."""

    def __init__(self, embeddings: Embeddings, settings: ClusterSettings) -> None:
        self.embeddings, self.settings = embeddings, settings

    @cached_property
    def cache(self) -> ClusteringCache:
        return ClusteringCache(self.embeddings)

    @cached_property
    def clustering(self) -> Clustering:
        return cluster_on(self.cache, self.settings)


def clusters_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    labels: Labels | None = None,
    pca_report: Path | None = None,
    overwrite: bool = False,
) -> ClusterFiles:
    """Write clusters, their members and their agreement with labels into a folder.

    The files are `clusters.csv`, `summary.json` and `pca_report.csv` as `cluster_into` writes
    them, `members.csv`, `cluster_report.csv`, `validity.json`, and with labels `agreement.json`,
    `crosstab.csv` and `misfits.csv`. Labels only judge: the clusters are the same without them.
    Files that exist already, made from the same inputs, are not written again.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `cluster_into` and `core.clusters.compare_with_labels` do.
    """
    lazy = _LazyClustering(embeddings, settings)
    made = cluster_into(out, embeddings, settings, pca_report=pca_report, cache=lazy.cache, overwrite=overwrite)
    if made is not None:
        lazy.clustering = made
    written = [] if made is None else [out / "clusters.csv", out / "summary.json"]
    made_from = fingerprint("members", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), asdict(settings))
    files = [out / name for name in MEMBER_FILES]
    if write_once(out, "members", made_from, files, lambda: _write_members(out, lazy), overwrite):
        written += files
    judged = None
    if labels is not None:
        files = [out / name for name in AGREEMENT_FILES]
        judged_from = fingerprint(made_from, labels.values, labels.source)
        judged = write_once(
            out, "agreement", judged_from, files, lambda: _write_agreement(out, lazy, labels), overwrite
        )
        written += [] if judged is None else files
    agreement, misfits = judged if judged is not None else (None, ())
    return ClusterFiles(lazy.clustering if written else None, agreement, misfits, tuple(written))


def _write_members(out: Path, lazy: _LazyClustering) -> bool:
    write_members(out, lazy.clustering, describe_members(lazy.cache, lazy.clustering))
    return True


def _write_agreement(out: Path, lazy: _LazyClustering, labels: Labels) -> tuple[Agreement, tuple[Misfit, ...]]:
    agreement = compare_with_labels(lazy.clustering.labels, labels)
    misfits = find_misfits(lazy.embeddings, lazy.clustering, labels)
    write_agreement(out / "agreement.json", agreement, labels)
    write_crosstab(out / "crosstab.csv", lazy.clustering, labels)
    write_misfits(out / "misfits.csv", misfits)
    return agreement, misfits


def cluster_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    pca_report: Path | None = None,
    cache: ClusteringCache | None = None,
    overwrite: bool = False,
) -> Clustering | None:
    """Write clusters into a folder, or return None if exactly these exist there.

    Steps that `cache` holds for these embeddings are not computed again.

    Raises
    ------
    InputError, WorkspaceError
        As `core.clusters.cluster` and `write_clustering` do.
    """
    files = [out / "clusters.csv", out / "summary.json"]
    if pca_report is not None and settings.pca:
        files.append(pca_report)
    byproducts = [out / "pca_report.csv"] if pca_report is None and settings.pca else []

    def make() -> Clustering:
        clustering = cluster_on(cache if cache is not None else ClusteringCache(embeddings), settings)
        write_clustering(out, clustering, pca_report or out / "pca_report.csv")
        return clustering

    made_from = fingerprint_of_results(embeddings, asdict(settings), str(pca_report))
    return write_once(out, "clusters", made_from, files, make, overwrite, byproducts=byproducts)


def sweep_into(
    out: Path,
    embeddings: Embeddings,
    settings: SweepSettings,
    labels: Labels | None,
    *,
    paths: tuple[Path, Path] | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Sweep | None:
    """Write a sweep of cluster settings, or return None if it exists already.

    Parameters
    ----------
    out : Path
        Folder for the files.
    embeddings : Embeddings
        The embeddings to cluster.
    settings : SweepSettings
        The settings to try.
    labels : Labels, optional
        Labels to compare the clusters with.
    paths : (Path, Path), optional
        Paths of the matrix and the ids, named in `best_config.yaml`.
    overwrite : bool
        Compute it again.
    progress : Progress
        Reports every setting.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `core.clusters.run_sweep` and `write_sweep` do.
    """

    def make() -> Sweep:
        sweep = run_sweep(embeddings, settings, labels, progress)
        write_sweep(out, sweep, *(paths or (None, None)))
        return sweep

    files = [out / name for name in ("sweep_results.csv", "best_config.yaml", "best_clusters.csv")]
    values = None if labels is None else labels.values
    return write_once(
        out, "sweep", fingerprint_of_results(embeddings, asdict(settings), values), files, make, overwrite
    )
