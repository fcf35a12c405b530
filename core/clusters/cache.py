"""What clusterings of the same embeddings share, computed once: the work behind sliders and sweeps."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from core.clusters.hdbscan.neighbourhoods import Neighbourhoods, find_neighbourhoods
from core.clusters.hdbscan.trees import NOISE, ClusterTree, Grouping, cut_tree, grow_tree
from core.clusters.methods import group_by_branches, group_by_count, group_recursively
from core.clusters.settings import ClusterSettings
from core.embeddings import Embeddings, PrincipalComponents, Spectrum, fit_spectrum, keep_components, normalise_rows
from core.foundation import InputError, note
from core.maps import fit_umap

_KEPT_AT_MOST = 24

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """The vectors that are clustered, under Euclidean distance.

    Parameters
    ----------
    vectors : (n, k) float32
        After normalising, PCA and UMAP, as far as they were asked for.
    pca : PrincipalComponents or None
        What PCA found.
    notes : tuple of str
        What was done otherwise than asked.
    """

    vectors: Float[np.ndarray, "n k"]
    pca: PrincipalComponents | None
    notes: tuple[str, ...]


class Groundwork:
    """What clusterings of the same embeddings share, computed once and kept.

    A slider that changes `min_cluster_size`, the selection method or epsilon reuses the tree;
    one that changes `min_samples` reuses the neighbours; one that changes PCA reuses the
    spectrum. What comes out is the same as from `cluster` alone. Safe to use from several threads.

    Parameters
    ----------
    embeddings : Embeddings
        What is clustered.

    Raises
    ------
    InputError
        Where there are no embeddings.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        if len(embeddings) == 0:
            raise InputError("There are no embeddings to cluster.", advice="Run `python -m core pool` first.")
        self.embeddings = embeddings
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.RLock()

    def group(self, settings: ClusterSettings) -> Grouping:
        """Return the groups of the prepared vectors, not yet numbered by size."""
        prepared = self.prepare(settings)
        return self._too_small(prepared, settings) or self._group(settings)

    def prepare(self, settings: ClusterSettings) -> Prepared:
        """Normalise, reduce by PCA and by UMAP, as the settings ask."""
        return self._keep(("prepared", *settings.preparation), lambda: self._prepare(settings))

    def neighbourhoods(self, settings: ClusterSettings) -> Neighbourhoods:
        """Return what the spanning tree of the prepared vectors is guessed from, at least two specimens."""
        exact = settings.min_samples > 1
        # A power of two, so that most moves of `min_samples` find what they need.
        count = max(8, 1 << (settings.min_samples - 1).bit_length()) if exact else 0
        key = ("neighbourhoods", count, *settings.preparation)
        return self._keep(key, lambda: find_neighbourhoods(self.prepare(settings).vectors, count, exact=exact))

    def tree(self, settings: ClusterSettings) -> ClusterTree:
        """Return the single-linkage tree of the prepared vectors, at least two specimens."""
        key = ("tree", settings.min_samples, *settings.preparation)
        return self._keep(key, lambda: grow_tree(self.neighbourhoods(settings), settings.min_samples))

    def spectrum(self, settings: ClusterSettings) -> Spectrum:
        """Return all principal directions of the normalised vectors, whatever number of them is kept."""
        vectors = normalise_rows(self.embeddings.matrix, "l2" if settings.unit else "none")
        return self._keep(("spectrum", settings.unit), lambda: fit_spectrum(vectors))

    def has_tree(self, settings: ClusterSettings) -> bool:
        """Return whether these settings grow a tree: by density, from enough specimens that differ."""
        vectors = self.prepare(settings).vectors
        enough = vectors.shape[0] >= max(2, settings.min_cluster_size)
        return settings.method.startswith("hdbscan") and enough and bool(np.ptp(vectors, axis=0).any())

    def _group(self, settings: ClusterSettings) -> Grouping:
        vectors = self.prepare(settings).vectors
        if settings.method in ("kmeans", "gmm", "agglomerative"):
            return group_by_count(vectors, settings)
        if settings.method == "hdbscan-branches":
            return group_by_branches(vectors, settings)
        grouping = cut_tree(
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
            spectrum: Spectrum = self._keep(("spectrum", unit), lambda: fit_spectrum(vectors))
            pca = keep_components(spectrum, vectors, settings.pca)
            notes.extend(pca.notes)
        if settings.umap:
            vectors = _umap_vectors(vectors, pca, settings, notes)
        elif pca is not None:
            vectors = pca.coordinates
        return Prepared(vectors, pca, tuple(notes))

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > _KEPT_AT_MOST:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]  # type: ignore[return-value]  # the key names the kind of what is kept


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
