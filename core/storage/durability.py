"""Files and folders on the disk: what a power failure does not take away.

A written file stays in the memory of the system for a while. After a power failure it can be empty,
cut or full of zeros although it was renamed to its final name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# A file system commits the files that wait at once together: many threads wait as long as one.
_WAITING_TOGETHER = 16
# A file system, for example of another machine, may not know how to sync a folder.
_NOT_SUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF)
_FIRST_BYTES = 64


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk.

    Raises
    ------
    OSError
        If the disk is full or fails.
    """
    # Windows syncs only files that are open for writing.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises
    ------
    OSError
        If the disk is full or fails.
    """
    if os.name == "nt":  # folders cannot be opened, and names are written through
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(handle)


def sync_files(paths: Collection[Path]) -> None:
    """Wait until the content of files is on the disk.

    Files that are gone are left out.

    Raises
    ------
    OSError
        If the disk is full or fails.
    """
    with ThreadPoolExecutor(_WAITING_TOGETHER, thread_name_prefix="sync") as pool:
        list(pool.map(_sync_if_there, paths))


def sync_folders(folders: Iterable[Path], root: Path) -> None:
    """Wait until the names in folders, and in those from `root` down to them, are on the disk.

    Raises
    ------
    OSError
        If the disk is full or fails.
    """
    with ThreadPoolExecutor(_WAITING_TOGETHER, thread_name_prefix="sync") as pool:
        list(pool.map(sync_folder, _with_parents(folders, root)))


def _sync_if_there(path: Path) -> None:
    try:
        sync_file(path)
    except FileNotFoundError:
        return


def _with_parents(folders: Iterable[Path], root: Path) -> list[Path]:
    """Return the existing folders and those above them, up to `root`."""
    found: set[Path] = {root}
    for folder in folders:
        while folder not in found and folder.is_relative_to(root):
            found.add(folder)
            folder = folder.parent
    return sorted(folder for folder in found if folder.is_dir())


def is_blank(path: Path) -> bool:
    """Return whether a file is missing, empty, or begins with zeros.

    No file of this program begins with zeros, but a file that a power failure damaged does.
    """
    try:
        with path.open("rb") as stream:
            return not stream.read(_FIRST_BYTES).strip(b"\0")
    except OSError:
        return True
