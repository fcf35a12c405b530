"""In the background, after the first screen: what clusters and maps need is loaded, so that nobody waits for it."""

from __future__ import annotations

import threading
import time
from functools import cache

from core.warming import warm_up_clusters_and_maps

# The screen that is being opened comes first.
_PATIENCE_SECONDS = 3.0


@cache
def warm_up() -> None:
    """Begin once in a server, without waiting."""

    def work() -> None:
        time.sleep(_PATIENCE_SECONDS)
        warm_up_clusters_and_maps()

    threading.Thread(target=work, daemon=True, name="clusters-and-maps-warm-up").start()
