"""Assignment of new specimens to the clusters of an existing clustering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core.clusters.cache import ClusteringCache
from core.clusters.clustering import Clustering
from core.clusters.hdbscan.trees import NOISE
from core.clusters.members import check_same, nearest_members, nearest_of
from core.embeddings import Embeddings, normalise_rows
from core.foundation import InputError, SettingError


@dataclass(frozen=True)
class Assignment:
    """New specimens assigned to an existing clustering, which does not change.

    Parameters
    ----------
    ids : tuple of str
        The new specimens.
    labels : (m,) int64
        Cluster of each, -1 if none is near enough; read-only.
    strengths : (m,) float64
        0 to 1; 1 if it lies as close to the cluster as the members to one another; read-only.
    nearest_ids : tuple of str
        The nearest specimen in a cluster, whose cluster is considered.
    """

    ids: tuple[str, ...]
    labels: Int[np.ndarray, " m"]
    strengths: Float[np.ndarray, " m"]
    nearest_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        self.labels.setflags(write=False)
        self.strengths.setflags(write=False)


def assign(cache: ClusteringCache, clustering: Clustering, newcomers: Embeddings) -> Assignment:
    """Assign new specimens to the clusters of an existing clustering.

    A new specimen joins the cluster of the nearest clustered specimen if its distance is at most
    the largest nearest-neighbour distance within that cluster. This is an approximation:
    clustering all specimens together could give other clusters.

    Raises
    ------
    InputError
        If the embeddings do not belong together.
    SettingError
        If the clustering was made after UMAP, which cannot project new specimens here.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusteringCache, ClusterSettings, assign, cluster_on
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(8, axis=0)
    >>> cache = ClusteringCache(Embeddings(tuple(f"bone{row:02d}" for row in range(16)), points))
    >>> clustering = cluster_on(cache, ClusterSettings(pca=0, min_cluster_size=4))
    >>> assign(cache, clustering, Embeddings(("new1", "new2"), np.eye(3, 16, dtype=np.float32)[1:])).labels
    array([ 1, -1])
    """
    check_same(cache, clustering)
    settings = clustering.settings
    if settings.umap:
        raise SettingError(
            "New specimens cannot be put into a clustering that was made after UMAP.",
            advice="Cluster without --umap, or cluster all specimens together.",
        )
    if newcomers.matrix.shape[1] != cache.embeddings.matrix.shape[1]:
        raise InputError(
            f"The new embeddings have {newcomers.matrix.shape[1]} dimensions, the clustered ones "
            f"{cache.embeddings.matrix.shape[1]}.",
            advice="Extract them with the same backbone and pooling.",
        )
    prepared = cache.prepare(settings)
    inside = np.flatnonzero(clustering.labels >= 0)
    if inside.size == 0:
        nothing = np.full(len(newcomers), NOISE)
        return Assignment(newcomers.ids, nothing, np.zeros(len(newcomers)), ("",) * len(newcomers))
    rows = normalise_rows(newcomers.matrix, "l2" if settings.unit else "none")
    vectors = rows if prepared.pca is None else prepared.pca.project(rows)
    distance, place = nearest_of(vectors, prepared.vectors[inside])
    nearest = inside[place]
    labels = clustering.labels[nearest]
    own = nearest_members(prepared.vectors, clustering.labels)[1]
    typical, farthest = _spacing(own, clustering)
    joins = distance <= farthest[labels] * (1 + 1e-6)
    strengths = np.minimum(1.0, typical[labels] / np.maximum(distance, 1e-12)) * joins
    return Assignment(
        ids=newcomers.ids,
        labels=np.where(joins, labels, NOISE),
        strengths=strengths,
        nearest_ids=tuple(clustering.ids[row] for row in nearest),
    )


def _spacing(
    distance: Float[np.ndarray, " n"], clustering: Clustering
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return median and maximum nearest-neighbour distance within each cluster."""
    of_cluster = [distance[clustering.labels == label] for label in range(clustering.n_clusters)]
    finite = [values[np.isfinite(values)] for values in of_cluster]
    typical = np.array([np.median(values) if values.size else 0.0 for values in finite])
    return typical, np.array([values.max() if values.size else 0.0 for values in finite])
