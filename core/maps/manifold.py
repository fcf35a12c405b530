"""Coordinates by UMAP, t-SNE, PaCMAP and principal components."""

from __future__ import annotations

import importlib
import sys
import warnings
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.embeddings import fit_pca
from core.foundation import note
from core.neighbours import NearestRows

_FEWEST = 4
_COMPILED_BY_UMAP = {
    "umap.umap_": ("smooth_knn_dist", "compute_membership_strengths"),
    "umap.layouts": ("clip", "_nb_optimize_layout_euclidean_single_epoch"),
}
_FEWEST_FOR_PACMAP = 12
_SEARCHED_AT_ONCE = 4096


def fit_umap(
    vectors: Float[np.ndarray, "n d"],
    *,
    dimensions: int,
    n_neighbors: int,
    min_dist: float | int,
    metric: str,
    seed: int,
) -> tuple[Float[np.ndarray, "n k"], tuple[str, ...]]:
    """Return UMAP coordinates, float32, and notes on deviations from the settings.

    Below four specimens, or if all are equal, the coordinates are principal components. With a seed
    UMAP runs on one thread and is reproducible. It is given exact nearest neighbours, because its
    own search among many is approximate and is compiled anew in every process, which takes some
    twenty seconds.
    """
    n_rows = vectors.shape[0]
    if n_rows < _FEWEST or not np.ptp(vectors, axis=0).any():
        told = "UMAP needs at least {fewest} specimens that differ; principal components are shown instead."
        return pca_coordinates(vectors, dimensions), (note(told, fewest=_FEWEST),)
    notes = []
    if n_neighbors > n_rows - 1:
        told = "UMAP was asked for {asked} neighbours; {count} specimens allow {allowed}."
        notes.append(note(told, asked=n_neighbors, count=n_rows, allowed=n_rows - 1))
    n_neighbors = min(n_neighbors, n_rows - 1)
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    model = _umap_class()(
        n_components=dimensions,
        n_neighbors=n_neighbors,
        precomputed_knn=_neighbours_for_umap(vectors, n_neighbors, metric),
        min_dist=min_dist,
        metric=metric,
        random_state=seed,
        n_jobs=1,
        # The spectral initialisation solves for one eigenvector more than there are dimensions.
        init="spectral" if n_rows > dimensions + 2 else "random",
    )
    with warnings.catch_warnings():
        # The spectral initialisation warns if the graph is not connected, which does no harm. UMAP also
        # warns that it cannot transform new specimens, which it is not used for.
        warnings.simplefilter("ignore", UserWarning)
        coordinates = model.fit_transform(vectors)
    return np.asarray(coordinates, dtype=np.float32), tuple(notes)


def _neighbours_for_umap(
    vectors: Float[np.ndarray, "n d"], count: int, metric: str
) -> tuple[Int[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    """Return `count` nearest rows of every row, itself included, and distances."""
    n_rows = vectors.shape[0]
    near = NearestRows(vectors, metric, np.arange(n_rows))
    rows = np.empty((n_rows, count), dtype=np.int32)
    distances = np.zeros((n_rows, count), dtype=np.float32)
    rows[:, 0] = np.arange(n_rows)
    for start in range(0, n_rows, _SEARCHED_AT_ONCE):
        block = slice(start, start + _SEARCHED_AT_ONCE)
        rows[block, 1:], distances[block, 1:] = near.of_rows(rows[block, 0], count - 1)
    return rows, distances


def fit_tsne(
    vectors: Float[np.ndarray, "n d"], *, dimensions: int, perplexity: int, seed: int
) -> tuple[Float[np.ndarray, "n k"], tuple[str, ...]]:
    """Return t-SNE coordinates (van der Maaten & Hinton, 2008), float32, and notes."""
    n_rows = vectors.shape[0]
    if n_rows < _FEWEST or not np.ptp(vectors, axis=0).any():
        told = "t-SNE needs at least {fewest} specimens that differ; principal components are shown instead."
        return pca_coordinates(vectors, dimensions), (note(told, fewest=_FEWEST),)
    from sklearn.manifold import TSNE

    allowed = min(float(perplexity), (n_rows - 1) / 3)
    notes: tuple[str, ...] = ()
    if allowed < perplexity:
        told = "t-SNE was asked for perplexity {asked}; {count} specimens allow {allowed:.1f}."
        notes = (note(told, asked=perplexity, count=n_rows, allowed=allowed),)
    start = pca_coordinates(vectors, dimensions)
    # Principal components as the initialisation preserve the global structure (Kobak & Berens, 2019).
    start = start / max(float(start[:, 0].std()), 1e-12) * 1e-4
    model = TSNE(dimensions, perplexity=allowed, init=start, random_state=seed)
    # Several threads sum in a different order each time; one thread is reproducible.
    with threadpool_limits(limits=1):
        return np.asarray(model.fit_transform(vectors), dtype=np.float32), notes


def fit_pacmap(
    vectors: Float[np.ndarray, "n d"], *, dimensions: int, n_neighbors: int, metric: str, seed: int
) -> tuple[Float[np.ndarray, "n k"], tuple[str, ...]]:
    """Return PaCMAP coordinates (Wang, Huang, Rudin & Shaposhnik, 2021) and notes.

    Coordinates are float32.
    """
    n_rows = vectors.shape[0]
    if n_rows < _FEWEST_FOR_PACMAP or not np.ptp(vectors, axis=0).any():
        told = "PaCMAP needs at least {fewest} specimens that differ; principal components are shown instead."
        return pca_coordinates(vectors, dimensions), (note(told, fewest=_FEWEST_FOR_PACMAP),)
    count = min(n_neighbors, n_rows // 4)
    notes: tuple[str, ...] = ()
    if count < n_neighbors:
        told = "PaCMAP was asked for {asked} neighbours; {count} specimens allow {allowed}."
        notes = (note(told, asked=n_neighbors, count=n_rows, allowed=count),)
    _prepare_numba()
    with warnings.catch_warnings():
        # PaCMAP warns that a seed was given, which is intended.
        warnings.simplefilter("ignore", UserWarning)
        from pacmap import PaCMAP

        model = PaCMAP(
            dimensions,
            n_neighbors=count,
            distance="angular" if metric == "cosine" else "euclidean",
            random_state=seed,
            apply_pca=vectors.shape[1] > 100,
        )
        with threadpool_limits(limits=1):
            coordinates = model.fit_transform(np.array(vectors, dtype=np.float32))
    return np.asarray(coordinates, dtype=np.float32), notes


def pca_coordinates(vectors: Float[np.ndarray, "n d"], dimensions: int) -> Float[np.ndarray, "n k"]:
    """Return the first principal components, float32, filled up with zeros."""
    coordinates = np.zeros((vectors.shape[0], dimensions), dtype=np.float32)
    if vectors.shape[0] > 1:
        components = fit_pca(vectors, dimensions).coordinates
        coordinates[:, : components.shape[1]] = components
    return coordinates


def _umap_class() -> Any:
    _prepare_numba()
    with warnings.catch_warnings():
        # UMAP warns on import that its TensorFlow part is missing, which is not used.
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP
    _keep_compiled()
    return UMAP


@cache
def _keep_compiled() -> None:
    """Cache functions of UMAP on disk, which every process would compile for seconds."""
    for module, names in _COMPILED_BY_UMAP.items():
        for name in names:
            function = getattr(importlib.import_module(module), name, None)
            if function is not None:
                with suppress(RuntimeError):  # no writable folder: compiled in each process
                    function.enable_caching()


def _prepare_numba() -> None:
    # numba takes half a second to import.
    from core.foundation import guarded_numba

    numba = guarded_numba()
    if sys.platform == "linux":
        # Open3D ships an older TBB than numba accepts. OpenMP is safe to call from several threads.
        numba.config.THREADING_LAYER_PRIORITY = ["omp", "workqueue", "tbb"]
