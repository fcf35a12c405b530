"""The folder of functions that Numba has compiled, chosen before Numba is imported."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import psutil

VARIABLE = "NUMBA_CACHE_DIR"


def place_compiled_code() -> None:
    """Give Numba a folder that can be written, if it would find none itself.

    Numba keeps compiled functions beside their source or in the cache folder of the user. In a
    read-only installation without a writable home it fails when it is imported. It then gets a folder
    in `FOSSILVIT_CACHE`, or one of this user alone in the folder for temporary files.
    """
    if os.environ.get(VARIABLE) or _numba_finds_a_folder():
        return
    for folder in _folders():
        if folder is not None and _can_be_made(folder):
            os.environ[VARIABLE] = str(folder)
            return


def _numba_finds_a_folder() -> bool:
    from platformdirs import user_cache_path

    try:
        return _can_be_made(user_cache_path("numba", appauthor=False))
    except (OSError, RuntimeError):  # there is no home folder
        return False


def _folders() -> tuple[Path | None, ...]:
    given = os.environ.get("FOSSILVIT_CACHE", "")
    return (Path(given) / "numba" if given else None, _own_temporary_folder())


def _own_temporary_folder() -> Path | None:
    """Return a folder for temporary files that no other user can write into, made if it is missing.

    Compiled functions are loaded by `pickle`, so that a folder of another user must not be taken.
    """
    try:
        user = psutil.Process().uids().real if hasattr(psutil.Process, "uids") else None
        folder = Path(tempfile.gettempdir()) / f"fossilvit-numba-{user or 0}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        is_own = stat.S_ISDIR(status.st_mode) and (
            user is None or (status.st_uid == user and not status.st_mode & 0o022)
        )
        return folder if is_own else Path(tempfile.mkdtemp(prefix="fossilvit-numba-"))
    except OSError:
        return None


def _can_be_made(folder: Path) -> bool:
    """Return whether a folder is writable, or can be made, without making it."""
    for place in (folder, *folder.parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False
