"""The cache folder: converted networks and compiled functions."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

CACHE_VARIABLE = "FOSSILVIT_CACHE"


def cache_folder() -> Path:
    """Return the folder in `FOSSILVIT_CACHE`, else the cache folder of the user."""
    given = os.environ.get(CACHE_VARIABLE, "")
    return Path(given) if given else user_cache_path("fossilvit-explorer", appauthor=False)
