"""Clustering against `hdbscan` itself: ratios of times measured in one run.

Run `python benchmarks/bench_clusters.py`; it takes a few minutes, nearly all of them spent in
`hdbscan`. `--specimens 5000` is quicker and says less.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import hdbscan
import numpy as np
from sklearn.metrics import adjusted_rand_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.clusters import (
    ClusteringCache,
    ClusterSettings,
    SweepSettings,
    cluster,
    cluster_on,
    number_by_size,
    run_sweep,
)
from core.embeddings import Embeddings

T = TypeVar("T")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=20_000)
    parser.add_argument("--swept", type=int, default=5_000)
    options = parser.parse_args()
    cluster(synthetic_embeddings(200, 16))  # what is imported and started once is no part of any figure
    fresh_fit_and_slider(options.specimens)
    sweep_against_each(options.swept)


def fresh_fit_and_slider(n_specimens: int) -> None:
    """Compare a first fit, and changed settings after it, with `HDBSCAN.fit`."""
    embeddings = synthetic_embeddings(n_specimens, 64)
    settings = ClusterSettings(pca=0)
    cache = ClusteringCache(embeddings)
    ours, found = timed(lambda: cluster_on(cache, settings))
    vectors = cache.prepare(settings).vectors.astype(np.float64)
    theirs, plain = timed(lambda: plain_hdbscan(vectors, settings))
    agreement = adjusted_rand_score(plain, found.labels)
    print(f"fresh fit, {n_specimens} x 64: {theirs / ours:.1f} times as fast as hdbscan, adjusted Rand {agreement:.4f}")
    careful = replace(settings, min_samples=5)
    ours, found = timed(lambda: cluster(embeddings, careful))
    theirs, plain = timed(lambda: plain_hdbscan(vectors, careful))
    agreement = adjusted_rand_score(plain, found.labels)
    print(f"the same, min_samples 5: {theirs / ours:.1f} times as fast as hdbscan, adjusted Rand {agreement:.4f}")
    for changes in ({"min_cluster_size": 15}, {"cluster_selection_method": "eom"}, {"cluster_selection_epsilon": 0.3}):
        moved = replace(settings, **changes)
        ours, found = timed(lambda moved=moved: cluster_on(cache, moved))
        theirs, plain = timed(lambda moved=moved: plain_hdbscan(vectors, moved))
        same = np.array_equal(found.labels, number_by_size(embeddings.ids, plain)[0])
        named = ", ".join(f"{name} {value}" for name, value in changes.items())
        print(
            f"slider, {n_specimens}: {named}: {theirs / ours:.0f} times as fast as a fresh hdbscan, same labels: {same}"
        )
    first, _ = timed(lambda: cluster_on(cache, replace(settings, min_cluster_size=11)))
    later = min(
        timed(lambda size=size: cluster_on(cache, replace(settings, min_cluster_size=size)))[0] for size in (12, 13)
    )
    print(f"slider, {n_specimens}: the first move takes {first / later:.1f} times a later one")


def sweep_against_each(n_specimens: int) -> None:
    """Compare a sweep of 96 settings with separate fits of some, scaled to all."""
    embeddings = synthetic_embeddings(n_specimens, 384)
    settings = SweepSettings()
    combinations = settings.combinations()
    shared, _ = timed(lambda: run_sweep(embeddings, settings))
    sample = combinations[:: max(1, len(combinations) // 12)]
    alone, _ = timed(lambda: [plain_fit(embeddings, one) for one in sample])
    ratio = alone * len(combinations) / len(sample) / shared
    print(f"sweep of {len(combinations)} settings, {n_specimens} x 384: {ratio:.1f} times as fast as fitting each")


def plain_fit(embeddings: Embeddings, settings: ClusterSettings) -> np.ndarray:
    """Normalise, reduce and fit without this project."""
    from sklearn.decomposition import PCA

    rows = embeddings.matrix / np.linalg.norm(embeddings.matrix, axis=1, keepdims=True)
    vectors = PCA(settings.pca, random_state=settings.seed).fit_transform(rows)
    return plain_hdbscan(vectors.astype(np.float64), settings)


def plain_hdbscan(vectors: np.ndarray, settings: ClusterSettings) -> np.ndarray:
    """Return hdbscan's labels with its own choice of algorithm."""
    model = hdbscan.HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=settings.min_samples,
        cluster_selection_method=settings.cluster_selection_method,
        cluster_selection_epsilon=float(settings.cluster_selection_epsilon),
    )
    return np.asarray(model.fit(vectors).labels_)


def synthetic_embeddings(n_specimens: int, width: int, groups: int = 120, seed: int = 0) -> Embeddings:
    """Return unit vectors in groups of twelve intrinsic dimensions, a tenth of them noise."""
    rng = np.random.default_rng(seed)
    spectrum = 1 / np.sqrt(np.arange(1, width + 1))
    inner = min(12, width)
    centres = rng.normal(size=(groups, width)) * spectrum
    directions = rng.normal(size=(groups, inner, width)) * spectrum / np.sqrt(inner)
    group = rng.choice(groups, size=n_specimens, p=rng.dirichlet(np.full(groups, 2.0)))
    points = centres[group] + 0.1 * rng.normal(size=(n_specimens, width)) * spectrum
    for number in range(groups):
        rows = np.flatnonzero(group == number)
        points[rows] += 0.7 * rng.normal(size=(rows.size, inner)) @ directions[number]
    strewn = rng.random(n_specimens) < 0.1
    points[strewn] = rng.normal(size=(int(strewn.sum()), width)) * spectrum
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return Embeddings(tuple(f"{row:06d}" for row in range(n_specimens)), points.astype(np.float32))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a function takes, and its result."""
    started = time.perf_counter()
    outcome = work()
    return time.perf_counter() - started, outcome


if __name__ == "__main__":
    main()
