"""Members of clusters: representatives, borderline members and outliers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.clusters.cache import ClusteringCache
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
    """A summary of one cluster.

    Parameters
    ----------
    cluster_id, size : int
        Its number, and its number of specimens.
    medoid : str
        The specimen nearest to all others of the cluster.
    exemplars : tuple of str
        Its strongest members, nearest to the medoid first among equals.
    borderline : tuple of str
        Its weakest members, weakest first.
    mean_prob : float
        Mean membership strength.
    persistence : float or None
        Its persistence over all densities; None if the method has none.
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
    """The members of a clustering and their roles.

    Parameters
    ----------
    clusters : tuple of ClusterFacts
        Every cluster, in order.
    nearest_cluster : (n,) int64
        The own cluster; for noise the cluster of the nearest member; -1 if there is no cluster.
        Read-only.
    nearest_distance : (n,) float64
        Distance to the nearest other member of that cluster, in the units of the clustered
        vectors; infinite if there is none. Read-only.
    outlier_scores : (n,) float64 or None
        GLOSH (Campello et al., 2015), 0 to 1; None for methods without a tree. Read-only.
    silhouette : float
        Mean silhouette of the specimens in clusters, −1 to 1.
    validity : float or None
        DBCV (Moulavi et al., 2014), −1 to 1, on at most 2000 specimens; None if it is undefined.
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


def describe_members(cache: ClusteringCache, clustering: Clustering, count: int = 5) -> Members:
    """Describe the members of a clustering.

    Parameters
    ----------
    cache : ClusteringCache
        Cache of the clustered embeddings.
    clustering : Clustering
        A clustering of these embeddings.
    count : int
        Number of exemplars and of borderline members per cluster.

    Raises
    ------
    InputError
        If the clustering was made from other embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusteringCache, ClusterSettings, cluster_on, describe_members
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(7, axis=0)
    >>> points += np.tile(np.linspace(0, 0.1, 7, dtype=np.float32), 2)[:, None]
    >>> cache = ClusteringCache(Embeddings(tuple(f"bone{row:02d}" for row in range(14)), points))
    >>> members = describe_members(cache, cluster_on(cache, ClusterSettings(pca=0, min_cluster_size=5)))
    >>> [(facts.cluster_id, facts.size, facts.medoid) for facts in members.clusters]
    [(0, 7, 'bone03'), (1, 7, 'bone10')]
    """
    vectors = _clustered_vectors(cache, clustering)
    nearest, distance = nearest_members(vectors, clustering.labels)
    return Members(
        clusters=facts_of_clusters(cache, clustering, count),
        nearest_cluster=nearest,
        nearest_distance=distance,
        outlier_scores=_outlier_scores(cache, clustering),
        silhouette=silhouette(vectors, clustering.labels, clustering.settings.seed),
        validity=_validity(vectors, clustering),
    )


def facts_of_clusters(cache: ClusteringCache, clustering: Clustering, count: int = 5) -> tuple[ClusterFacts, ...]:
    """Return a summary of every cluster, the fast part of `describe_members`.

    Raises
    ------
    InputError
        If the clustering was made from other embeddings.
    """
    vectors = _clustered_vectors(cache, clustering)
    return tuple(_facts(vectors, clustering, label, count) for label in range(clustering.n_clusters))


def soft_membership(cache: ClusteringCache, clustering: Clustering) -> Float[np.ndarray, "n k"]:
    """Return the soft membership of every specimen in every cluster.

    The membership is proportional to the inverse distance to each cluster's strongest members, as
    in hdbscan's distance-based membership vectors (McInnes & Healy, 2017). Rows sum to 1. Noise
    has a row like all others.

    Raises
    ------
    InputError
        If the clustering was made from other embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusteringCache, ClusterSettings, cluster_on, soft_membership
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(8, axis=0)
    >>> points[0, :2] = 1
    >>> cache = ClusteringCache(Embeddings(tuple(f"bone{row:02d}" for row in range(16)), points))
    >>> clustering = cluster_on(cache, ClusterSettings(pca=0, min_cluster_size=4))
    >>> soft_membership(cache, clustering)[[0, 1]].round(2)
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    vectors = _clustered_vectors(cache, clustering)
    away = np.empty((vectors.shape[0], clustering.n_clusters))
    for label in range(clustering.n_clusters):
        rows = np.flatnonzero(clustering.labels == label)
        strongest = rows[np.argsort(-clustering.probabilities[rows], kind="stable")[: max(5, rows.size // 10)]]
        away[:, label] = nearest_of(vectors, vectors[strongest])[0]
    near = 1.0 / np.maximum(away, 1e-9)
    return np.asarray(near / near.sum(axis=1, keepdims=True)) if clustering.n_clusters else near


def representatives(facts: ClusterFacts) -> dict[str, str]:
    """Return the representatives of a cluster and their roles, the weakest last.

    The roles are `medoid`, `exemplar` and `borderline`, by specimen id.
    """
    roles = {facts.medoid: MEDOID}
    for name in facts.exemplars:
        roles.setdefault(name, EXEMPLAR)
    for name in reversed(facts.borderline):
        roles.setdefault(name, BORDERLINE)
    return roles


def write_members(folder: Path, clustering: Clustering, members: Members) -> None:
    """Write `members.csv`, `cluster_report.csv` and `validity.json`.

    The first has a row per specimen, the second a row per cluster.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
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


def check_same(cache: ClusteringCache, clustering: Clustering) -> None:
    """Raise an `InputError` if a clustering was made from other embeddings."""
    if cache.embeddings.ids != clustering.ids:
        raise InputError(
            "The clustering belongs to other specimens than the embeddings.", advice="Cluster these embeddings again."
        )


def _clustered_vectors(cache: ClusteringCache, clustering: Clustering) -> Float[np.ndarray, "n k"]:
    check_same(cache, clustering)
    return cache.prepare(clustering.settings).vectors


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
    """Return the row with the smallest sum of distances to the others.

    In large clusters it is approximated by the row nearest to the mean.
    """
    points = vectors[rows].astype(np.float64)
    if rows.size > _MEDOID_SAMPLE:
        return int(rows[np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1))])
    squares = (points**2).sum(axis=1)
    away = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0))
    return int(rows[np.argmin(away.sum(axis=1))])


def nearest_members(
    vectors: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the own or nearest cluster, and the distance to its nearest member.

    Noise has the cluster of the nearest member.
    """
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
    queries: Float[np.ndarray, "m k"], references: Float[np.ndarray, "n k"], *, skip_itself: bool = False
) -> tuple[Float[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    """Return distance and row of the nearest reference of each query."""
    origin = references.mean(axis=0)
    queries, references = queries - origin, references - origin
    squares = np.einsum("ij,ij->i", references, references)
    nearest = np.empty(queries.shape[0], dtype=np.intp)
    for start in range(0, queries.shape[0], _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        away = squares - 2.0 * (queries[block] @ references.T)
        if skip_itself:
            own = np.arange(start, start + away.shape[0])
            away[own - start, own] = np.inf
        nearest[block] = away.argmin(axis=1)
    difference = queries.astype(np.float64) - references[nearest]
    return np.sqrt(np.einsum("ij,ij->i", difference, difference)), nearest


def _outlier_scores(cache: ClusteringCache, clustering: Clustering) -> Float[np.ndarray, " n"] | None:
    settings = clustering.settings
    n_specimens = len(clustering.ids)
    if not settings.method.startswith("hdbscan") or n_specimens < max(2, settings.min_cluster_size):
        return None
    return cache.tree(settings).outlier_scores(settings.min_cluster_size)


def _validity(vectors: Float[np.ndarray, "n k"], clustering: Clustering) -> float | None:
    rows = np.flatnonzero(clustering.labels >= 0)
    if rows.size > _VALIDITY_SAMPLE:
        rng = np.random.default_rng(clustering.settings.seed)
        rows = np.sort(rng.choice(rows, _VALIDITY_SAMPLE, replace=False))
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
