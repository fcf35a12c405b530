"""The cache folder: converted networks and compiled functions.

An entry is a folder of files with their SHA-256. It appears under its name when it is complete, and
its files are never changed afterwards: a process reads them whole and checks them.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from core.storage.fingerprints import sha256_of_bytes, sha256_of_file

CACHE_VARIABLE = "FOSSILVIT_CACHE"
_DESCRIPTION = "made_from.json"
_SECONDS_TO_WAIT = 600.0

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder in `FOSSILVIT_CACHE`, else the cache folder of the user."""
    given = os.environ.get(CACHE_VARIABLE, "")
    return Path(given) if given else user_cache_path("fossilvit-explorer", appauthor=False)


def read_cached(entry: Path, names: Sequence[str]) -> dict[str, bytes] | None:
    """Return the content of files of an entry, None if one is missing or damaged.

    The files are read, not mapped: a mapped file that is cut by another process ends this one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.storage import keep_cached, read_cached
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     entry = Path(folder) / "entry"
    ...     keep_cached(entry, lambda new: (new / "a").write_bytes(b"content"), {})
    ...     read_cached(entry, ["a"])
    {'a': b'content'}
    """
    try:
        sums = json.loads((entry / _DESCRIPTION).read_text(encoding="utf-8"))["sha256"]
        content = {name: (entry / name).read_bytes() for name in names}
        is_sound = all(sums[name] == sha256_of_bytes(data) for name, data in content.items())
    except FileNotFoundError:
        is_sound = not entry.exists()
        content = {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        is_sound = False
    if not is_sound:
        log.info("%s is damaged or was made by an earlier version.", entry)
    return content if is_sound and content else None


def keep_cached(entry: Path, write: Callable[[Path], object], about: Mapping[str, object]) -> None:
    """Write an entry in a temporary folder, then rename it in place of a damaged one.

    Parameters
    ----------
    entry : Path
        The folder of the entry.
    write : callable
        Writes the files into the folder that it is given.
    about : mapping
        What the entry was made from, for people who look into the folder.

    Raises
    ------
    OSError
        If the disk is full, or the folder cannot be written.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_prefix_of(entry), dir=entry.parent, ignore_cleanup_errors=True) as name:
        new = Path(name) / "new"
        new.mkdir()
        write(new)
        sums = {path.name: sha256_of_file(path) for path in sorted(new.iterdir())}
        description = json.dumps({**about, "sha256": sums}, indent=2, sort_keys=True) + "\n"
        (new / _DESCRIPTION).write_text(description, encoding="utf-8")
        with suppress(FileNotFoundError):
            entry.rename(Path(name) / "old")
        new.rename(entry)


@contextmanager
def cache_lock(entry: Path) -> Iterator[None]:
    """Let one process at a time make an entry, where the file system has locks.

    The remainders of processes that were killed while they made the entry are removed.
    """
    lock = FileLock(entry.with_name(f"{entry.name}.lock"))
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_SECONDS_TO_WAIT)
    except (OSError, NotImplementedError, Timeout) as error:
        log.info("%s is made without a lock (%s).", entry, error)
        yield
        return
    try:
        for left in entry.parent.glob(f"{_prefix_of(entry)}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def _prefix_of(entry: Path) -> str:
    return f".{entry.name}-"
