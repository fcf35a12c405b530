"""After the warm-up of a new process, maps and clusters compile nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes import PROJECT

SCRIPT = """
import numpy as np
from numba.core import event
from core.clusters.clustering import cluster
from core.clusters.settings import ClusterSettings
from core.embeddings.matrix import Embeddings
from core.maps.coordinates import MapSettings, make_map
from ui.frame.warming import warm_up_clusters_and_maps

class Heard(event.Listener):
    count = 0
    def on_start(self, event): Heard.count += 1
    def on_end(self, event): pass

event.register("numba:compile", Heard())
warm_up_clusters_and_maps()
before = Heard.count
points = np.random.default_rng(1).normal(size=(200, 24)).astype(np.float32)
embeddings = Embeddings(tuple(map(str, range(200))), points)
make_map(embeddings, MapSettings(n_neighbors=9, dimensions=3))
cluster(embeddings, ClusterSettings(pca=8, umap=True, umap_n_components=5))
print(Heard.count - before)
"""


def test_warm_up__leaves_nothing_to_compile(tmp_path: Path) -> None:
    """Nothing compiles for the first UMAP and clusters, with an empty numba cache."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == "0"
