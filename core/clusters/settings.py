"""Settings of clustering."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from core.embeddings import NORMALIZATIONS, check_pca
from core.foundation import check_at_least, check_choice

METHODS = ("hdbscan", "hdbscan-recursive", "hdbscan-branches", "kmeans", "gmm", "agglomerative")
CLUSTER_METRICS = ("cosine", "euclidean")
SELECTION_METHODS = ("leaf", "eom")


@dataclass(frozen=True)
class ClusterSettings:
    """Settings of clustering.

    Parameters
    ----------
    method : str
        `hdbscan`; `hdbscan-recursive` clusters again within clusters that are far larger than
        the others; `hdbscan-branches` divides clusters with arms; `kmeans`, `gmm` (Gaussian mixture) and
        `agglomerative` (Ward) make `n_clusters` groups without noise.
    normalize : str
        `l2` gives every embedding length 1 first; `none` leaves lengths as they are.
    metric : str
        `cosine` compares directions: vectors of length 1 under Euclidean distance, which orders
        pairs as cosine does (‖a − b‖² = 2 − 2 cos). It normalises regardless of `normalize`.
        `euclidean` takes the vectors as `normalize` leaves them.
    pca : float
        0 for no PCA, a whole number of components, or a fraction below 1 of the variance to keep.
        More than the data allow is reduced to min(N − 1, D) with a note.
    min_cluster_size : int
        Smallest group that counts as a cluster, at least 2.
    min_samples : int
        As in `hdbscan`: the core distance of a specimen is the distance to its `min_samples`-th
        nearest *other* specimen. scikit-learn counts the specimen itself, so that its
        `min_samples` is one more. Higher values leave more noise.
    cluster_selection_method : str
        `leaf` takes the finest groups of the tree, `eom` the most persistent ones.
    cluster_selection_epsilon : float
        Groups that split below this distance stay together (Malzer & Baum, 2020). In the units
        of the clustered vectors; for a cosine distance c that is √(2c).
    n_clusters : int
        Number of clusters for the methods that need one; 0 lets them choose it.
    umap : bool
        Whether UMAP comes between PCA and clustering.
    umap_n_components, umap_n_neighbors, umap_min_dist, umap_metric
        UMAP's own settings.
    seed : int
        Seed of all random steps.
    """

    method: str = "hdbscan"
    normalize: str = "l2"
    metric: str = "cosine"
    pca: float | int = 64
    min_cluster_size: int = 10
    min_samples: int = 1
    cluster_selection_method: str = "leaf"
    cluster_selection_epsilon: float | int = 0.0
    umap: bool = False
    umap_n_components: int = 15
    umap_n_neighbors: int = 30
    umap_min_dist: float | int = 0.0
    umap_metric: str = "cosine"
    seed: int = 42
    n_clusters: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("method", self.method, METHODS)
        check_choice("normalize", self.normalize, NORMALIZATIONS)
        check_choice("metric", self.metric, CLUSTER_METRICS)
        check_choice("umap_metric", self.umap_metric, CLUSTER_METRICS)
        check_choice("cluster_selection_method", self.cluster_selection_method, SELECTION_METHODS)
        check_pca(self.pca)
        check_at_least("min_cluster_size", self.min_cluster_size, 2)
        check_at_least("min_samples", self.min_samples, 1)
        check_at_least("cluster_selection_epsilon", self.cluster_selection_epsilon, 0)
        check_at_least("umap_n_components", self.umap_n_components, 1)
        check_at_least("umap_n_neighbors", self.umap_n_neighbors, 2)
        check_at_least("umap_min_dist", self.umap_min_dist, 0)
        check_at_least("seed", self.seed, 0)
        check_at_least("n_clusters", self.n_clusters, 0)

    @property
    def unit(self) -> bool:
        """Return whether vectors are given length 1."""
        return self.metric == "cosine" or self.normalize == "l2"

    @property
    def preparation(self) -> tuple[Hashable, ...]:
        """Return the settings that the clustered vectors depend on."""
        plain = (self.unit, self.normalize == "none", self.pca)
        if not self.umap:
            return plain
        return (
            *plain,
            self.umap_n_components,
            self.umap_n_neighbors,
            self.umap_min_dist,
            self.umap_metric,
            self.seed,
        )
