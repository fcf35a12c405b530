"""Garbage collection once a minute instead of after every run of a screen.

Streamlit would collect after every run (`runner.postScriptGC`), which `.streamlit/config.toml`
switches off: it holds up every tab for as long as a screen takes to draw. Python collects its
oldest generation rarely in a process with many objects, so it is collected here.
"""

from __future__ import annotations

import gc
import threading
import time

_SECONDS = 60.0
_lock = threading.Lock()
_collected = time.monotonic()


def collect_garbage() -> bool:
    """Collect garbage if the last time is a minute ago, in any session.

    Returns
    -------
    bool
        Whether garbage was collected.
    """
    global _collected
    with _lock:
        if time.monotonic() - _collected < _SECONDS:
            return False
        _collected = time.monotonic()
    gc.collect()
    return True
