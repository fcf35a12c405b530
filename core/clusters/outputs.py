"""Clusters as files: the groups, who is in them and, where there are labels, how they agree; each written once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import core
from core.clusters.agreement import (
    Agreement,
    Misfit,
    compare,
    find_misfits,
    write_agreement,
    write_crosstab,
    write_misfits,
)
from core.clusters.cache import Groundwork
from core.clusters.clustering import Clustering, cluster_on, write_clustering
from core.clusters.members import describe_members, write_members
from core.clusters.settings import ClusterSettings
from core.clusters.sweep import Sweep, SweepSettings, run_sweep, write_sweep
from core.collection import Labels
from core.embeddings import Embeddings, fingerprint_of_results, sha256_of_matrix
from core.foundation import Progress, silent
from core.storage import fingerprint, once

MEMBER_FILES = ("members.csv", "cluster_report.csv", "validity.json")
AGREEMENT_FILES = ("agreement.json", "crosstab.csv", "misfits.csv")


@dataclass(frozen=True)
class ClusterFiles:
    """What a call wrote about clusters.

    Parameters
    ----------
    clustering : Clustering or None
        The groups; None where all files were there already.
    agreement : Agreement or None
        How they agree with labels; None where it was not asked for or was there already.
    misfits : tuple of Misfit
        Specimens whose label is contradicted, where agreement was worked out.
    written : tuple of Path
        Files that this call wrote.
    """

    clustering: Clustering | None
    agreement: Agreement | None
    misfits: tuple[Misfit, ...]
    written: tuple[Path, ...]


class _Lazy:
    """A clustering that is worked out when a file of it is missing."""

    def __init__(self, embeddings: Embeddings, settings: ClusterSettings) -> None:
        self.embeddings, self.settings = embeddings, settings

    @cached_property
    def work(self) -> Groundwork:
        return Groundwork(self.embeddings)

    @cached_property
    def found(self) -> Clustering:
        return cluster_on(self.work, self.settings)


def clusters_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    labels: Labels | None = None,
    pca_report: Path | None = None,
    overwrite: bool = False,
) -> ClusterFiles:
    """Write clusters, their members and, with labels, how they agree, into a folder.

    `clusters.csv`, `summary.json` and `pca_report.csv` as `cluster_into` does; `members.csv`,
    `cluster_report.csv`, `validity.json`; with labels `agreement.json`, `crosstab.csv` and
    `misfits.csv`. Labels judge; the groups are the same without them. What is there already,
    made from the same, is not made again.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `cluster_into` and `core.clusters.agreement.compare` do.
    """
    lazy = _Lazy(embeddings, settings)
    made = cluster_into(out, embeddings, settings, pca_report=pca_report, work=lazy.work, overwrite=overwrite)
    if made is not None:
        lazy.found = made
    written = [] if made is None else [out / "clusters.csv", out / "summary.json"]
    made_from = fingerprint("members", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), asdict(settings))
    files = [out / name for name in MEMBER_FILES]
    if once(out, "members", made_from, files, lambda: _write_members(out, lazy), overwrite):
        written += files
    judged = None
    if labels is not None:
        files = [out / name for name in AGREEMENT_FILES]
        judged_from = fingerprint(made_from, labels.values, labels.source)
        judged = once(out, "agreement", judged_from, files, lambda: _write_agreement(out, lazy, labels), overwrite)
        written += [] if judged is None else files
    agreement, misfits = judged if judged is not None else (None, ())
    return ClusterFiles(lazy.found if written else None, agreement, misfits, tuple(written))


def _write_members(out: Path, lazy: _Lazy) -> bool:
    write_members(out, lazy.found, describe_members(lazy.work, lazy.found))
    return True


def _write_agreement(out: Path, lazy: _Lazy, labels: Labels) -> tuple[Agreement, tuple[Misfit, ...]]:
    agreement = compare(lazy.found.labels, labels)
    misfits = find_misfits(lazy.embeddings, lazy.found, labels)
    write_agreement(out / "agreement.json", agreement, labels)
    write_crosstab(out / "crosstab.csv", lazy.found, labels)
    write_misfits(out / "misfits.csv", misfits)
    return agreement, misfits


def cluster_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    pca_report: Path | None = None,
    work: Groundwork | None = None,
    overwrite: bool = False,
) -> Clustering | None:
    """Write clusters into a folder, or return None where exactly these are there already.

    Where the groundwork of the embeddings is at hand (`work`), it is not laid again.

    Raises
    ------
    InputError, WorkspaceError
        As `core.clusters.clustering.cluster` and `write_clustering` do.
    """
    files = [out / "clusters.csv", out / "summary.json"]
    if pca_report is not None and settings.pca:
        files.append(pca_report)

    def make() -> Clustering:
        clustering = cluster_on(work if work is not None else Groundwork(embeddings), settings)
        write_clustering(out, clustering, pca_report or out / "pca_report.csv")
        return clustering

    made_from = fingerprint_of_results(embeddings, asdict(settings), str(pca_report))
    return once(out, "clusters", made_from, files, make, overwrite)


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
    """Write a sweep of cluster settings into a folder, or return None where it is there already.

    Parameters
    ----------
    out : Path
        Where the files go.
    embeddings : Embeddings
        The collection.
    settings : SweepSettings
        What is tried.
    labels : Labels, optional
        To compare clusters with.
    paths : (Path, Path), optional
        Matrix and ids, to be named in `best_config.yaml`.
    overwrite : bool
        Do it again.
    progress : Progress
        Told of every setting.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `core.clusters.sweep.sweep` and `write_sweep` do.
    """

    def make() -> Sweep:
        found = run_sweep(embeddings, settings, labels, progress)
        write_sweep(out, found, *(paths or (None, None)))
        return found

    files = [out / name for name in ("sweep_results.csv", "best_config.yaml", "best_clusters.csv")]
    values = None if labels is None else labels.values
    return once(out, "sweep", fingerprint_of_results(embeddings, asdict(settings), values), files, make, overwrite)
