"""Cache of the steps that clusterings of the same embeddings share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from core.clusters.hdbscan.neighbourhoods import Neighbourhoods, find_neighbourhoods
from core.clusters.hdbscan.trees import NOISE, Grouping, SingleLinkageTree, extract_clusters, single_linkage_tree
from core.clusters.methods import group_by_branches, group_by_count, group_recursively
from core.clusters.settings import ClusterSettings
from core.embeddings import Embeddings, PrincipalComponents, Spectrum, fit_spectrum, keep_components, normalise_rows
from core.foundation import InputError, note
from core.maps import fit_umap

_MOST_ENTRIES = 24

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """The vectors that are clustered, under Euclidean distance.

    Parameters
    ----------
    vectors : (n, k) float32
        After normalising, PCA and UMAP, as far as they were asked for.
    pca : PrincipalComponents or None
        The principal components; None without PCA.
    notes : tuple of str
        What was done differently from the settings.
    """

    vectors: Float[np.ndarray, "n k"]
    pca: PrincipalComponents | None
    notes: tuple[str, ...]


class ClusteringCache:
    """Steps that clusterings of the same embeddings share, computed once.

    A change of `min_cluster_size`, the selection method or epsilon reuses the single-linkage tree.
    A change of `min_samples` reuses the nearest neighbours. A change of PCA reuses the spectrum.
    The results are those of `cluster`. Several threads may use one cache.

    Parameters
    ----------
    embeddings : Embeddings
        The embeddings to cluster.

    Raises
    ------
    InputError
        If there are no embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import ClusteringCache, ClusterSettings, cluster_on
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(8, axis=0)
    >>> cache = ClusteringCache(Embeddings(tuple(f"bone{row:02d}" for row in range(16)), points))
    >>> cluster_on(cache, ClusterSettings(pca=0, min_cluster_size=4)).sizes
    (8, 8)
    >>> cluster_on(cache, ClusterSettings(pca=0, min_cluster_size=10)).n_clusters
    0
    """

    def __init__(self, embeddings: Embeddings) -> None:
        if len(embeddings) == 0:
            raise InputError("There are no embeddings to cluster.", advice="Run `python -m core pool` first.")
        self.embeddings = embeddings
        self._entries: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.RLock()

    def group(self, settings: ClusterSettings) -> Grouping:
        """Return the groups of the prepared vectors, not yet numbered by size."""
        prepared = self.prepare(settings)
        return self._too_small(prepared, settings) or self._group(settings)

    def prepare(self, settings: ClusterSettings) -> Prepared:
        """Return the vectors after normalisation, PCA and UMAP, as the settings say."""
        return self._cached(("prepared", *settings.preparation), lambda: self._prepare(settings))

    def neighbourhoods(self, settings: ClusterSettings) -> Neighbourhoods:
        """Return the nearest neighbours of each of at least two prepared vectors."""
        exact = settings.min_samples > 1
        # A power of two, so that most changes of `min_samples` need no new search.
        count = max(8, 1 << (settings.min_samples - 1).bit_length()) if exact else 0
        key = ("neighbourhoods", count, *settings.preparation)
        return self._cached(key, lambda: find_neighbourhoods(self.prepare(settings).vectors, count, exact=exact))

    def tree(self, settings: ClusterSettings) -> SingleLinkageTree:
        """Return the single-linkage tree of at least two prepared vectors."""
        key = ("tree", settings.min_samples, *settings.preparation)
        return self._cached(key, lambda: single_linkage_tree(self.neighbourhoods(settings), settings.min_samples))

    def spectrum(self, settings: ClusterSettings) -> Spectrum:
        """Return all principal directions of the normalised vectors."""
        vectors = normalise_rows(self.embeddings.matrix, "l2" if settings.unit else "none")
        return self._cached(("spectrum", settings.unit), lambda: fit_spectrum(vectors))

    def has_tree(self, settings: ClusterSettings) -> bool:
        """Return whether these settings use a tree on enough different specimens."""
        vectors = self.prepare(settings).vectors
        enough = vectors.shape[0] >= max(2, settings.min_cluster_size)
        return settings.method.startswith("hdbscan") and enough and bool(np.ptp(vectors, axis=0).any())

    def _group(self, settings: ClusterSettings) -> Grouping:
        vectors = self.prepare(settings).vectors
        if settings.method in ("kmeans", "gmm", "agglomerative"):
            return group_by_count(vectors, settings)
        if settings.method == "hdbscan-branches":
            return group_by_branches(vectors, settings)
        grouping = extract_clusters(
            self.tree(settings),
            settings.min_cluster_size,
            settings.cluster_selection_method,
            settings.cluster_selection_epsilon,
        )
        return group_recursively(vectors, settings, grouping) if settings.method == "hdbscan-recursive" else grouping

    def _too_small(self, prepared: Prepared, settings: ClusterSettings) -> Grouping | None:
        n_specimens = prepared.vectors.shape[0]
        if settings.method.startswith("hdbscan") and n_specimens < settings.min_cluster_size:
            told = note(
                "There are fewer specimens ({count}) than 'min_cluster_size' ({least}), "
                "so there can be no cluster; choose a smaller one.",
                count=n_specimens,
                least=settings.min_cluster_size,
            )
            return Grouping(np.full(n_specimens, NOISE), np.zeros(n_specimens), (), (told,))
        if not np.ptp(prepared.vectors, axis=0).any():
            told = note("All embeddings are the same, so all specimens are one cluster.")
            return Grouping(np.zeros(n_specimens, dtype=np.int64), np.ones(n_specimens), (1.0,), (told,))
        return None

    def _prepare(self, settings: ClusterSettings) -> Prepared:
        notes: list[str] = []
        unit = settings.unit
        if unit and settings.normalize == "none":
            notes.append(
                note("Cosine compares directions, so lengths were set to 1; metric euclidean lets them count.")
            )
        vectors = normalise_rows(self.embeddings.matrix, "l2" if unit else "none")
        pca = None
        if settings.pca > 0 and len(self.embeddings) > 1:
            spectrum: Spectrum = self._cached(("spectrum", unit), lambda: fit_spectrum(vectors))
            pca = keep_components(spectrum, vectors, settings.pca)
            notes.extend(pca.notes)
        if settings.umap:
            vectors = _umap_vectors(vectors, pca, settings, notes)
        elif pca is not None:
            vectors = pca.coordinates
        return Prepared(vectors, pca, tuple(notes))

    def _cached(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._entries:
                self._entries[key] = make()
                while len(self._entries) > _MOST_ENTRIES:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
            return self._entries[key]  # type: ignore[return-value]  # the key says which type is cached


def _umap_vectors(
    vectors: Float[np.ndarray, "n d"],
    pca: PrincipalComponents | None,
    settings: ClusterSettings,
    notes: list[str],
) -> Float[np.ndarray, "n k"]:
    if pca is not None:
        vectors = pca.with_origin() if settings.umap_metric == "cosine" else pca.coordinates
    coordinates, umap_notes = fit_umap(
        vectors,
        dimensions=settings.umap_n_components,
        n_neighbors=settings.umap_n_neighbors,
        min_dist=settings.umap_min_dist,
        metric=settings.umap_metric,
        seed=settings.seed,
    )
    notes.extend(umap_notes)
    return coordinates
