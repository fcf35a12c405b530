"""What is in a clustering: representatives, borderline members, outliers, and where noise belongs nearest."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.clusters.cache import Groundwork
from core.clusters.clustering import Clustering
from core.clusters.methods import silhouette
from core.foundation import InputError
from core.storage import write_csv, write_json

MEDOID, EXEMPLAR, BORDERLINE = "medoid", "exemplar", "borderline"
_MEDOID_SAMPLE = 1500
_VALIDITY_SAMPLE = 2000
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class ClusterFacts:
    """One cluster in short.

    Parameters
    ----------
    cluster_id, size : int
        Which, and how many specimens.
    medoid : str
        The specimen nearest to all others of the cluster.
    exemplars : tuple of str
        Its strongest members, nearest to the medoid first among equals.
    borderline : tuple of str
        Its weakest members, weakest first.
    mean_prob : float
        Mean membership strength.
    persistence : float or None
        How long it lasts over all densities; None where the method has no such thing.
    """

    cluster_id: int
    size: int
    medoid: str
    exemplars: tuple[str, ...]
    borderline: tuple[str, ...]
    mean_prob: float
    persistence: float | None


@dataclass(frozen=True)
class Members:
    """What is in a clustering.

    Parameters
    ----------
    clusters : tuple of ClusterFacts
        Every cluster, in order.
    nearest_cluster : (n,) int64
        The own cluster; for noise the one whose nearest member is nearest; -1 where there is no
        cluster at all. Read-only.
    nearest_distance : (n,) float64
        Distance to the nearest member of that cluster but itself, in the units of what was
        clustered; infinite where there is none. Read-only.
    outlier_scores : (n,) float64 or None
        GLOSH (Campello et al., 2015), 0 to 1; None for methods without a tree. Read-only.
    silhouette : float
        Mean silhouette of the specimens in clusters, −1 to 1.
    validity : float or None
        DBCV (Moulavi et al., 2014), −1 to 1, on at most 2000 specimens; None where it has no value.
    """

    clusters: tuple[ClusterFacts, ...]
    nearest_cluster: Int[np.ndarray, " n"]
    nearest_distance: Float[np.ndarray, " n"]
    outlier_scores: Float[np.ndarray, " n"] | None
    silhouette: float
    validity: float | None

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        for array in (self.nearest_cluster, self.nearest_distance, self.outlier_scores):
            if array is not None:
                array.setflags(write=False)


def describe_members(work: Groundwork, clustering: Clustering, count: int = 5) -> Members:
    """Say what is in a clustering.

    Parameters
    ----------
    work : Groundwork
        Of the embeddings that were clustered.
    clustering : Clustering
        From these embeddings.
    count : int
        How many exemplars and borderline members are named.

    Raises
    ------
    InputError
        Where the two do not belong together.
    """
    check_same(work, clustering)
    vectors = work.prepare(clustering.settings).vectors
    nearest, distance = nearest_members(vectors, clustering.labels)
    return Members(
        clusters=facts_of_clusters(work, clustering, count),
        nearest_cluster=nearest,
        nearest_distance=distance,
        outlier_scores=_outlier_scores(work, clustering),
        silhouette=silhouette(vectors, clustering.labels, clustering.settings.seed),
        validity=_validity(vectors, clustering),
    )


def facts_of_clusters(work: Groundwork, clustering: Clustering, count: int = 5) -> tuple[ClusterFacts, ...]:
    """Return every cluster in short, which is the quick part of `describe_members`.

    Raises
    ------
    InputError
        Where the two do not belong together.
    """
    check_same(work, clustering)
    vectors = work.prepare(clustering.settings).vectors
    return tuple(_facts(vectors, clustering, label, count) for label in range(clustering.n_clusters))


def soft_membership(work: Groundwork, clustering: Clustering) -> Float[np.ndarray, "n k"]:
    """Return how much every specimen belongs to every cluster; rows sum to 1.

    By inverse distance to each cluster's strongest members, as in hdbscan's distance-based
    membership vectors (McInnes & Healy, 2017). Noise has a row like all others.

    Raises
    ------
    InputError
        Where the two do not belong together.
    """
    check_same(work, clustering)
    vectors = work.prepare(clustering.settings).vectors
    away = np.empty((vectors.shape[0], clustering.n_clusters))
    for label in range(clustering.n_clusters):
        rows = np.flatnonzero(clustering.labels == label)
        strongest = rows[np.argsort(-clustering.probabilities[rows], kind="stable")[: max(5, rows.size // 10)]]
        away[:, label] = nearest_of(vectors, vectors[strongest])[0]
    near = 1.0 / np.maximum(away, 1e-9)
    return np.asarray(near / near.sum(axis=1, keepdims=True)) if clustering.n_clusters else near


def representatives(facts: ClusterFacts) -> dict[str, str]:
    """Return who stands for a cluster: `medoid`, `exemplar` or `borderline`, by id; the weakest last."""
    roles = {facts.medoid: MEDOID}
    for name in facts.exemplars:
        roles.setdefault(name, EXEMPLAR)
    for name in reversed(facts.borderline):
        roles.setdefault(name, BORDERLINE)
    return roles


def write_members(folder: Path, clustering: Clustering, members: Members) -> None:
    """Write `members.csv`, a row a specimen, and `cluster_report.csv`, a row a cluster, and `validity.json`.

    Raises
    ------
    WorkspaceError
        Where a file cannot be written.
    """
    scores = members.outlier_scores
    roles = {name: role for facts in members.clusters for name, role in representatives(facts).items()}
    rows = (
        (
            name,
            int(clustering.labels[row]),
            f"{clustering.probabilities[row]:.6f}",
            int(members.nearest_cluster[row]),
            f"{members.nearest_distance[row]:.6f}",
            "" if scores is None else f"{scores[row]:.6f}",
            roles.get(name, ""),
        )
        for row, name in enumerate(clustering.ids)
    )
    header = ("specimen_id", "cluster_id", "prob", "nearest_cluster", "nearest_distance", "outlier_score", "role")
    write_csv(folder / "members.csv", header, rows)
    names = tuple(one.name for one in fields(ClusterFacts))
    lines = ([_cell(value) for value in asdict(facts).values()] for facts in members.clusters)
    write_csv(folder / "cluster_report.csv", names, lines)
    write_json(folder / "validity.json", {"silhouette": members.silhouette, "dbcv": members.validity})


def check_same(work: Groundwork, clustering: Clustering) -> None:
    """Raise an `InputError` where a clustering was not made from these embeddings."""
    if work.embeddings.ids != clustering.ids:
        raise InputError(
            "The clustering belongs to other specimens than the embeddings.", advice="Cluster these embeddings again."
        )


def _facts(vectors: Float[np.ndarray, "n k"], clustering: Clustering, label: int, count: int) -> ClusterFacts:
    rows = np.flatnonzero(clustering.labels == label)
    strength = clustering.probabilities[rows]
    medoid = _medoid(vectors, rows)
    away = np.linalg.norm(vectors[rows] - vectors[medoid], axis=1)
    strongest = rows[np.lexsort((away, -strength))][:count]
    weakest = rows[np.lexsort((-away, strength))][:count]
    persistence = clustering.persistence
    return ClusterFacts(
        cluster_id=label,
        size=int(rows.size),
        medoid=clustering.ids[medoid],
        exemplars=tuple(clustering.ids[row] for row in strongest),
        borderline=tuple(clustering.ids[row] for row in weakest),
        mean_prob=float(strength.mean()),
        persistence=None if persistence is None else persistence[label],
    )


def _medoid(vectors: Float[np.ndarray, "n k"], rows: Int[np.ndarray, " m"]) -> int:
    """Return the row with the smallest sum of distances; in large clusters the one nearest to the mean."""
    points = vectors[rows].astype(np.float64)
    if rows.size > _MEDOID_SAMPLE:
        return int(rows[np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1))])
    squares = (points**2).sum(axis=1)
    away = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0))
    return int(rows[np.argmin(away.sum(axis=1))])


def nearest_members(
    vectors: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the own cluster, for noise the nearest, and the distance to its nearest other member."""
    nearest, distance = labels.copy(), np.full(labels.size, np.inf)
    inside, noise = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
    for label in np.unique(labels[inside]).tolist():
        rows = np.flatnonzero(labels == label)
        if rows.size > 1:
            distance[rows] = nearest_of(vectors[rows], vectors[rows], skip_itself=True)[0]
    if inside.size and noise.size:
        away, place = nearest_of(vectors[noise], vectors[inside])
        nearest[noise], distance[noise] = labels[inside[place]], away
    return nearest, distance


def nearest_of(
    asked: Float[np.ndarray, "m k"], among: Float[np.ndarray, "n k"], *, skip_itself: bool = False
) -> tuple[Float[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    """Return the distance to the nearest row of `among`, and its place."""
    origin = among.mean(axis=0)
    asked, among = asked - origin, among - origin
    squares = np.einsum("ij,ij->i", among, among)
    place = np.empty(asked.shape[0], dtype=np.intp)
    for start in range(0, asked.shape[0], _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        away = squares - 2.0 * (asked[block] @ among.T)
        if skip_itself:
            own = np.arange(start, start + away.shape[0])
            away[own - start, own] = np.inf
        place[block] = away.argmin(axis=1)
    between = asked.astype(np.float64) - among[place]
    return np.sqrt(np.einsum("ij,ij->i", between, between)), place


def _outlier_scores(work: Groundwork, clustering: Clustering) -> Float[np.ndarray, " n"] | None:
    settings = clustering.settings
    n_specimens = len(clustering.ids)
    if not settings.method.startswith("hdbscan") or n_specimens < max(2, settings.min_cluster_size):
        return None
    return work.tree(settings).outlier_scores(settings.min_cluster_size)


def _validity(vectors: Float[np.ndarray, "n k"], clustering: Clustering) -> float | None:
    rows = np.flatnonzero(clustering.labels >= 0)
    if rows.size > _VALIDITY_SAMPLE:
        chance = np.random.default_rng(clustering.settings.seed)
        rows = np.sort(chance.choice(rows, _VALIDITY_SAMPLE, replace=False))
    labels, sizes = np.unique(clustering.labels[rows], return_counts=True)
    rows = rows[np.isin(clustering.labels[rows], labels[sizes > 2])]
    if np.unique(clustering.labels[rows]).size < 2:
        return None
    from hdbscan.validity import validity_index

    with np.errstate(all="ignore"):
        numbered = np.unique(clustering.labels[rows], return_inverse=True)[1]
        found = float(validity_index(np.asarray(vectors[rows], dtype=np.float64), numbered))
    return found if np.isfinite(found) else None


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.6f}"
    return "" if value is None else value
