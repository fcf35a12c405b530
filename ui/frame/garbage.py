"""Memory of the server: garbage is collected now and then, not after every run of a screen.

Streamlit would collect after every run (`runner.postScriptGC`), which `.streamlit/config.toml`
switches off: it holds up every tab for as long as a screen takes to draw. Python's own collections
of what has lived for long become rare in a process with many objects, so one is made here.
"""

from __future__ import annotations

import gc
import threading
import time

_SECONDS = 60.0
_lock = threading.Lock()
_collected = time.monotonic()


def collect_garbage() -> bool:
    """Collect garbage if the last time is a minute ago, whichever session asks; return whether it did."""
    global _collected
    with _lock:
        if time.monotonic() - _collected < _SECONDS:
            return False
        _collected = time.monotonic()
    gc.collect()
    return True
