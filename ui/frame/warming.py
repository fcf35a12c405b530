"""Load and compile in the background what clusters and maps need: imports, and functions compiled by numba."""

from __future__ import annotations

import threading
import time
from functools import cache

import numpy as np

from core.clusters import ClusterSettings, Groundwork, cluster_on, describe_members
from core.embeddings import Embeddings
from core.maps import MapSettings, find_regions, make_map, trustworthiness

# The screen that is being opened comes first.
_PATIENCE_SECONDS = 3.0
_SPECIMENS, _WIDTH = 60, 8
_BREATH = 0.05


def warm_up_clusters_and_maps() -> None:
    """Cluster and map a few made-up specimens, so that whatever that needs is loaded and compiled.

    Between its steps it lets other threads go first.
    """
    points = np.random.default_rng(0).normal(size=(_SPECIMENS, _WIDTH)).astype(np.float32)
    points += np.repeat(np.eye(4, _WIDTH, dtype=np.float32) * 6, _SPECIMENS // 4, axis=0)
    embeddings = Embeddings(tuple(f"s{row:02d}" for row in range(_SPECIMENS)), points)
    work = Groundwork(embeddings)
    clustering = cluster_on(work, ClusterSettings(pca=4, min_cluster_size=5, min_samples=2))
    time.sleep(_BREATH)
    describe_members(work, clustering)
    time.sleep(_BREATH)
    drawn = make_map(embeddings, MapSettings())
    time.sleep(_BREATH)
    trustworthiness(embeddings, drawn)
    find_regions(drawn.coordinates, ["one"] * _SPECIMENS)


@cache
def warm_up() -> None:
    """Begin once in a server, without waiting."""

    def work() -> None:
        time.sleep(_PATIENCE_SECONDS)
        warm_up_clusters_and_maps()

    threading.Thread(target=work, daemon=True, name="clusters-and-maps-warm-up").start()
