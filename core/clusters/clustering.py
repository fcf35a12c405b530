"""Clustering of embeddings: HDBSCAN after PCA and optional UMAP."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.clusters.cache import ClusteringCache
from core.clusters.hdbscan.trees import NOISE
from core.clusters.settings import ClusterSettings
from core.embeddings import Embeddings
from core.foundation import InputError, MissingStageError, SettingError
from core.storage import write_csv, write_json


@dataclass(frozen=True)
class Clustering:
    """The cluster of every specimen.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, in row order of the embeddings.
    labels : (n,) int64
        Cluster of every specimen, 0 for the largest, -1 for noise; read-only.
    probabilities : (n,) float64
        Membership strength from 0 to 1, not a calibrated probability; 0 for noise; read-only.
    explained_variance_ratio : (k,) float64 or None
        Share of the variance of each principal component; None without PCA.
    settings : ClusterSettings
        The settings of the clustering.
    notes : tuple of str
        What was done differently from the settings and how to judge it, in sentences.
    persistence : tuple of float or None
        Persistence of each cluster over all densities, 0 to 1; None if the method has none.
    """

    ids: tuple[str, ...]
    labels: Int[np.ndarray, " n"]
    probabilities: Float[np.ndarray, " n"]
    explained_variance_ratio: Float[np.ndarray, " k"] | None
    settings: ClusterSettings
    notes: tuple[str, ...] = ()
    persistence: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        self.labels.setflags(write=False)
        self.probabilities.setflags(write=False)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of specimens in cluster 0, 1, …, in falling order."""
        return tuple(int(size) for size in np.bincount(self.labels[self.labels >= 0]))

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters."""
        return len(self.sizes)

    @property
    def n_noise(self) -> int:
        """Return the number of specimens in no cluster."""
        return int(np.count_nonzero(self.labels < 0))

    @property
    def noise_ratio(self) -> float:
        """Return the share of specimens in no cluster, 0 to 1."""
        return self.n_noise / max(len(self.ids), 1)

    @property
    def mean_prob(self) -> float:
        """Return the mean membership strength within clusters, 0 if there are none."""
        inside = self.labels >= 0
        return float(self.probabilities[inside].mean()) if inside.any() else 0.0


def cluster(embeddings: Embeddings, settings: ClusterSettings | None = None) -> Clustering:
    """Cluster specimens by the density of their embeddings.

    HDBSCAN (Campello, Moulavi & Sander, 2013; McInnes & Healy, 2017). Clusters are numbered by
    falling size, ties by the smallest specimen id, so that the same groups always have the same
    numbers. To cluster the same embeddings again with other settings, keep a `ClusteringCache` and
    call `cluster_on`.

    Raises
    ------
    InputError
        If there are no embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusterSettings, cluster
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat([8, 6], axis=0)
    >>> embeddings = Embeddings(tuple(f"bone{row:02d}" for row in range(14)), points)
    >>> clustering = cluster(embeddings, ClusterSettings(pca=0, min_cluster_size=4))
    >>> clustering.sizes, clustering.n_noise
    ((8, 6), 0)
    """
    return cluster_on(ClusteringCache(embeddings), settings if settings is not None else ClusterSettings())


def cluster_on(cache: ClusteringCache, settings: ClusterSettings) -> Clustering:
    """Cluster specimens, reusing the steps that the cache already holds."""
    prepared, grouping = cache.prepare(settings), cache.group(settings)
    ids = cache.embeddings.ids
    labels, order = number_by_size(ids, grouping.labels)
    persistence = grouping.persistence
    return Clustering(
        ids=ids,
        labels=labels,
        probabilities=grouping.probabilities,
        explained_variance_ratio=None if prepared.pca is None else prepared.pca.explained_variance_ratio,
        settings=settings,
        notes=prepared.notes + grouping.notes,
        persistence=None if persistence is None else tuple(persistence[old] for old in order),
    )


def write_clustering(folder: Path, clustering: Clustering, pca_report: Path | None = None) -> None:
    """Write `clusters.csv`, `summary.json` and, after PCA, `pca_report.csv`.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    clustering : Clustering
        The clustering to write.
    pca_report : Path or None
        Path of the PCA report; None for `pca_report.csv` in the folder.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
    """
    write_clusters(folder / "clusters.csv", clustering)
    write_json(folder / "summary.json", summarise(clustering))
    if clustering.explained_variance_ratio is not None:
        ratio = clustering.explained_variance_ratio
        lines = zip(range(1, len(ratio) + 1), ratio.tolist(), np.cumsum(ratio).tolist(), strict=True)
        write_csv(
            pca_report or folder / "pca_report.csv",
            ("component", "explained_variance_ratio", "cumulative"),
            ((number, f"{share:.8f}", f"{whole:.8f}") for number, share, whole in lines),
        )


def write_clusters(path: Path, clustering: Clustering) -> None:
    """Write `specimen_id,cluster_id,prob` as CSV, in the order of the embeddings."""
    strengths = (f"{strength:.6f}" for strength in clustering.probabilities)
    rows = zip(clustering.ids, clustering.labels.tolist(), strengths, strict=True)
    write_csv(path, ("specimen_id", "cluster_id", "prob"), rows)


def summarise(clustering: Clustering) -> dict[str, object]:
    """Return the content of `summary.json`."""
    return {
        "n_total": len(clustering.ids),
        "n_noise": clustering.n_noise,
        "noise_ratio": clustering.noise_ratio,
        "n_clusters": clustering.n_clusters,
        "mean_prob": clustering.mean_prob,
        "sizes": list(clustering.sizes),
        "settings": asdict(clustering.settings),
        "notes": list(clustering.notes),
    }


def read_clusters(path: Path) -> tuple[tuple[str, ...], Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return ids, cluster labels and membership strengths from a `clusters.csv`.

    Raises
    ------
    MissingStageError
        If the file does not exist.
    InputError
        If it does not have the columns `specimen_id,cluster_id,prob`.
    """
    if not path.is_file():
        raise MissingStageError("{path} is not there.", advice="Run `python -m core cluster` first.", path=path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        ids = tuple(row["specimen_id"] for row in rows)
        labels = np.array([int(row["cluster_id"]) for row in rows], dtype=np.int64)
        probabilities = np.array([float(row["prob"]) for row in rows], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise InputError(
            "{path} does not hold the columns specimen_id,cluster_id,prob as it should ({reason}).",
            advice="Make it again with `python -m core cluster --overwrite`.",
            path=path,
            reason=error,
        ) from error
    return ids, labels, probabilities


def number_by_size(
    ids: tuple[str, ...], labels: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " n"], tuple[int, ...]]:
    """Renumber labels by falling cluster size, ties by the smallest id.

    Returns
    -------
    labels : (n,) int64
        New label of every specimen, -1 for noise.
    order : tuple of int
        Old label of each new one.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import number_by_size
    >>> number_by_size(("a", "b", "c", "d"), np.array([0, 1, 1, -1]))
    (array([ 1,  0,  0, -1]), (1, 0))
    """
    members: dict[int, list[str]] = {}
    for name, label in zip(ids, labels.tolist(), strict=True):
        if label >= 0:
            members.setdefault(label, []).append(name)
    order = sorted(members, key=lambda label: (-len(members[label]), min(members[label])))
    new = np.full(max(members, default=0) + 2, NOISE, dtype=np.int64)
    new[order] = np.arange(len(order))
    return new[labels], tuple(order)


def ids_in_cluster(path: Path, label: int) -> tuple[str, ...]:
    """Return the ids in a cluster of a `clusters.csv`, -1 for noise.

    Raises
    ------
    SettingError
        If there is no such cluster.
    InputError, MissingStageError
        As `read_clusters` does.
    """
    ids, labels, _ = read_clusters(path)
    members = tuple(name for name, one in zip(ids, labels.tolist(), strict=True) if one == label)
    if not members:
        known = ", ".join(map(str, sorted(set(labels.tolist()))[:12]))
        raise SettingError(
            "{path} has no cluster {label}.", advice="It has {known}.", path=path, label=label, known=known
        )
    return members
