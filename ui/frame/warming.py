"""Imports and numba compilation for clusters and maps, ahead in the background."""

from __future__ import annotations

import threading
import time
from functools import cache

import numpy as np

from core.clusters import ClusteringCache, ClusterSettings, cluster_on, describe_members
from core.embeddings import Embeddings
from core.maps import MapSettings, find_regions, make_map, trustworthiness

# The screen that opens first gets the processor.
_PATIENCE_SECONDS = 3.0
_SPECIMENS, _WIDTH = 60, 8
_BREATH = 0.05


def warm_up_clusters_and_maps() -> None:
    """Cluster and map a few synthetic points, to load and compile all modules.

    Between its steps it sleeps, so that other threads go first.
    """
    points = np.random.default_rng(0).normal(size=(_SPECIMENS, _WIDTH)).astype(np.float32)
    points += np.repeat(np.eye(4, _WIDTH, dtype=np.float32) * 6, _SPECIMENS // 4, axis=0)
    embeddings = Embeddings(tuple(f"s{row:02d}" for row in range(_SPECIMENS)), points)
    clustering_cache = ClusteringCache(embeddings)
    clustering = cluster_on(clustering_cache, ClusterSettings(pca=4, min_cluster_size=5, min_samples=2))
    time.sleep(_BREATH)
    describe_members(clustering_cache, clustering)
    time.sleep(_BREATH)
    drawn = make_map(embeddings, MapSettings())
    time.sleep(_BREATH)
    trustworthiness(embeddings, drawn)
    find_regions(drawn.coordinates, ["one"] * _SPECIMENS)


@cache
def warm_up() -> None:
    """Start the warm-up in a thread, once in a server."""

    def work() -> None:
        time.sleep(_PATIENCE_SECONDS)
        warm_up_clusters_and_maps()

    threading.Thread(target=work, daemon=True, name="clusters-and-maps-warm-up").start()
