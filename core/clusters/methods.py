"""Clustering methods besides plain HDBSCAN."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.clusters.hdbscan.neighbourhoods import find_neighbourhoods
from core.clusters.hdbscan.trees import NOISE, Grouping, extract_clusters, single_linkage_tree
from core.clusters.settings import ClusterSettings
from core.foundation import SettingError, note

_COUNTS_TO_TRY = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_SILHOUETTE_SAMPLE = 2000
_MOST_FOR_AGGLOMERATIVE = 12_000
_LARGE_SHARE, _LARGE_FACTOR = 0.2, 5
_MOST_IN_ONE_CHILD, _MOST_NOISE_WITHIN = 0.8, 0.5


def group_by_count(vectors: Float[np.ndarray, "n k"], settings: ClusterSettings) -> Grouping:
    """Group vectors into a given or chosen number of groups.

    The methods are `kmeans`, `gmm` and `agglomerative`.

    k-means (Lloyd, 1982; k-means++ starts, Arthur & Vassilvitskii, 2007), Gaussian mixtures
    with diagonal covariances (Dempster, Laird & Rubin, 1977), Ward's hierarchical clustering
    (Ward, 1963). None of them leaves noise. Without `n_clusters` the number is chosen: by the
    best silhouette (Rousseeuw, 1987), for mixtures by the lowest BIC (Schwarz, 1978).

    Raises
    ------
    SettingError
        If there are more clusters than specimens, or too many specimens for all pairs.
    """
    n_rows = vectors.shape[0]
    if settings.n_clusters > n_rows:
        raise SettingError(
            "'n_clusters' must be at most the number of specimens, {n_rows} (got {n_clusters}).",
            advice="Ask for fewer clusters.",
            n_rows=n_rows,
            n_clusters=settings.n_clusters,
        )
    if settings.method == "agglomerative" and n_rows > _MOST_FOR_AGGLOMERATIVE:
        raise SettingError(
            "agglomerative compares all pairs and takes at most {most_for_agglomerative} specimens (got {n_rows}).",
            advice="Use hdbscan or kmeans.",
            most_for_agglomerative=_MOST_FOR_AGGLOMERATIVE,
            n_rows=n_rows,
        )
    rows = np.asarray(vectors, dtype=np.float64)
    # Several threads sum in varying order; a single thread gives the same result every time.
    with threadpool_limits(limits=1):
        if settings.n_clusters:
            return _grouped(rows, settings, settings.n_clusters, ())
        return _best_count(rows, settings)


def group_recursively(vectors: Float[np.ndarray, "n k"], settings: ClusterSettings, grouping: Grouping) -> Grouping:
    """Cluster again within clusters that are far larger than the others.

    A cluster is divided if it holds more than a fifth of all specimens and more than five times
    the median cluster size. Its parts replace it if there are at least two, the largest holds less
    than 80 % of it, less than half becomes noise, and the silhouette of the clustering rises.
    Labels are not used.
    """
    labels, probabilities = grouping.labels.copy(), grouping.probabilities.copy()
    persistence = list(grouping.persistence or ())
    tried: set[int] = set()
    notes = list(grouping.notes)
    while (label := _largest_to_split(labels, tried)) is not None:
        tried.add(label)
        rows = np.flatnonzero(labels == label)
        children = _cluster_within(vectors[rows], settings)
        if not _improves_on_parent(vectors, labels, rows, children, settings.seed):
            continue
        first_new = int(labels.max()) + 1
        inside = children.labels >= 0
        labels[rows] = np.where(inside, children.labels + first_new, NOISE)
        probabilities[rows] = children.probabilities
        persistence += list(children.persistence or ())
        parts = int(children.labels.max()) + 1
        notes.append(note("A cluster of {size} specimens was split into {parts}.", size=rows.size, parts=parts))
    return _renumbered(labels, probabilities, persistence, notes)


def group_by_branches(vectors: Float[np.ndarray, "n k"], settings: ClusterSettings) -> Grouping:
    """Cluster with HDBSCAN, then divide clusters into branches.

    Clusters with three or more arms are divided by FLASC (Bot, Peeters, Liesenborgs & Aerts,
    2023), as implemented in `hdbscan`. Branches are no smaller than `min_cluster_size`.
    """
    import hdbscan

    model = hdbscan.HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=settings.min_samples,
        cluster_selection_method=settings.cluster_selection_method,
        cluster_selection_epsilon=float(settings.cluster_selection_epsilon),
        branch_detection_data=True,
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    ).fit(np.asarray(vectors, dtype=np.float64))
    if model.labels_.max() < 0:
        return Grouping(model.labels_.astype(np.int64), model.probabilities_, None, ("No group stood out.",))
    with warnings.catch_warnings():
        # hdbscan 0.8.44 calls np.maximum in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        detector = hdbscan.BranchDetector(min_cluster_size=settings.min_cluster_size).fit(model)
    found, before = int(detector.labels_.max()) + 1, int(model.labels_.max()) + 1
    sentence = "{before} clusters came apart into {found} with their branches."
    notes = (note(sentence, before=before, found=found),) if found > before else ()
    labels = np.asarray(detector.labels_, dtype=np.int64)
    return Grouping(labels, np.nan_to_num(np.asarray(detector.probabilities_, dtype=np.float64)), None, notes)


def silhouette(
    vectors: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], seed: int, sample: int = _SILHOUETTE_SAMPLE
) -> float:
    """Return the mean silhouette of at most `sample` specimens in clusters.

    It is 0 if there are fewer than two clusters.
    """
    from sklearn.metrics import silhouette_score

    rows = np.flatnonzero(labels >= 0)
    if rows.size > sample:
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    n_labels = np.unique(labels[rows]).size
    if n_labels < 2 or n_labels >= rows.size:
        return 0.0
    return float(silhouette_score(np.asarray(vectors[rows], dtype=np.float64), labels[rows]))


def _best_count(rows: Float[np.ndarray, "n k"], settings: ClusterSettings) -> Grouping:
    counts = [count for count in _COUNTS_TO_TRY if count < rows.shape[0]]
    if not counts:
        return _grouped(rows, settings, 1, ("There are too few specimens to choose a number of clusters.",))
    best, best_score = None, -np.inf
    for count in counts:
        model = _fit(rows, settings, count)
        labels = _labels_of(model, rows)
        score = -model.bic(rows) if settings.method == "gmm" else silhouette(rows, labels, settings.seed)
        if score > best_score:
            best, best_score = count, score
    by = "BIC" if settings.method == "gmm" else "silhouette"
    chosen = best if best is not None else counts[0]
    return _grouped(rows, settings, chosen, (f"{chosen} clusters were chosen by {by}; set 'n_clusters' to decide.",))


def _grouped(rows: Float[np.ndarray, "n k"], settings: ClusterSettings, count: int, notes: tuple[str, ...]) -> Grouping:
    model = _fit(rows, settings, count)
    labels = _labels_of(model, rows)
    strength = model.predict_proba(rows).max(axis=1) if settings.method == "gmm" else _nearness(rows, labels)
    return Grouping(labels, np.asarray(strength, dtype=np.float64), None, notes)


def _fit(rows: Float[np.ndarray, "n k"], settings: ClusterSettings, count: int) -> Any:
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    if settings.method == "agglomerative":
        return AgglomerativeClustering(count).fit(rows)
    with warnings.catch_warnings():
        # Copies of one scan can give fewer different points than clusters, which is harmless.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if settings.method == "kmeans":
            return KMeans(count, n_init=5, random_state=settings.seed).fit(rows)
        return GaussianMixture(count, covariance_type="diag", random_state=settings.seed).fit(rows)


def _labels_of(model: Any, rows: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    labels = model.labels_ if hasattr(model, "labels_") else model.predict(rows)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _nearness(rows: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the strength of each assignment, 0 to 1.

    It is 1 − (distance to the own centre / distance to the next centre).
    """
    centres = np.stack([rows[labels == label].mean(axis=0) for label in range(int(labels.max()) + 1)])
    if centres.shape[0] == 1:
        return np.ones(rows.shape[0])
    squares = (rows**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * rows @ centres.T
    away = np.sqrt(np.maximum(squares, 0))
    own = away[np.arange(rows.shape[0]), labels]
    away[np.arange(rows.shape[0]), labels] = np.inf
    others = away.min(axis=1)
    return np.asarray(np.clip(1 - own / np.where(others > 0, others, 1.0), 0.0, 1.0))


def _largest_to_split(labels: Int[np.ndarray, " n"], tried: set[int]) -> int | None:
    found, sizes = np.unique(labels[labels >= 0], return_counts=True)
    if found.size == 0:
        return None
    limit = max(_LARGE_SHARE * labels.size, _LARGE_FACTOR * float(np.median(sizes)) if found.size > 1 else 0.0)
    for place in np.argsort(-sizes, kind="stable").tolist():
        if sizes[place] > limit and int(found[place]) not in tried:
            return int(found[place])
    return None


def _cluster_within(vectors: Float[np.ndarray, "m k"], settings: ClusterSettings) -> Grouping:
    tree = single_linkage_tree(find_neighbourhoods(vectors, settings.min_samples), settings.min_samples)
    return extract_clusters(
        tree, settings.min_cluster_size, settings.cluster_selection_method, settings.cluster_selection_epsilon
    )


def _improves_on_parent(
    vectors: Float[np.ndarray, "n k"],
    labels: Int[np.ndarray, " n"],
    rows: Int[np.ndarray, " m"],
    children: Grouping,
    seed: int,
) -> bool:
    inside: Bool[np.ndarray, " m"] = children.labels >= 0
    sizes = np.bincount(children.labels[inside]) if inside.any() else np.zeros(0, dtype=np.int64)
    if sizes.size < 2 or sizes.max() >= _MOST_IN_ONE_CHILD * rows.size or inside.mean() <= _MOST_NOISE_WITHIN:
        return False
    after = labels.copy()
    after[rows] = np.where(inside, children.labels + labels.max() + 1, NOISE)
    return silhouette(vectors, after, seed) > silhouette(vectors, labels, seed)


def _renumbered(
    labels: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, " n"], persistence: list[float], notes: list[str]
) -> Grouping:
    """Return consecutive labels, without the gaps of clusters that were divided."""
    remaining = np.unique(labels[labels >= 0])
    new = np.full(int(labels.max(initial=NOISE)) + 2, NOISE, dtype=np.int64)
    new[remaining] = np.arange(remaining.size)
    return Grouping(new[labels], probabilities, tuple(persistence[label] for label in remaining.tolist()), tuple(notes))
