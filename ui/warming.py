"""In the background, after the first screen: what clusters and maps need is loaded, so that nobody waits for it."""

from __future__ import annotations

import threading
import time
from functools import cache

from core.layouts import MANY_FOR_UMAP
from core.warming import warm_up_clusters_and_maps

# The screen that is being opened comes first.
_PATIENCE_SECONDS = 3.0


def warm_up(n_specimens: int) -> None:
    """Begin once in a server, without waiting; once more where a collection is larger than those before.

    Parameters
    ----------
    n_specimens : int
        How many specimens the run has that is looked at.
    """
    _begin(n_specimens >= MANY_FOR_UMAP)


@cache
def _begin(for_many: bool) -> None:
    def work() -> None:
        time.sleep(_PATIENCE_SECONDS)
        warm_up_clusters_and_maps(for_many=for_many)

    threading.Thread(target=work, daemon=True, name="clusters-and-maps-warm-up").start()
