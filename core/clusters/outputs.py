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
from core.clusters.clustering import Clustering, ClusterSettings, Groundwork, cluster_on
from core.clusters.members import describe_members, write_members
from core.collection.labels import Labels
from core.embeddings.matrix import Embeddings, sha256_of_matrix
from core.storage.files import fingerprint
from core.storage.outputs import cluster_into, once

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
