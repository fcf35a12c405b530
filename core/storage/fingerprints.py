"""Fingerprints of settings and files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path


def fingerprint(*parts: object) -> str:
    """Return a fingerprint of settings and inputs: 32 hexadecimal digits.

    Equal parts have equal fingerprints. Mappings are sorted by key, so that the order of settings
    does not matter.

    Examples
    --------
    >>> from core.storage import fingerprint
    >>> fingerprint({"views": 12, "size": 224})
    '2504c41154df71d3e3c8791364ad1382'
    >>> fingerprint({"size": 224, "views": 12}) == fingerprint({"views": 12, "size": 224})
    True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    # The name of a file may hold bytes that are no text.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp_of_files(paths: Iterable[Path]) -> str:
    """Return a fingerprint of the status of files, which are not read.

    It holds name, size, time of the last change, inode and time of the last change of the status of
    each file, as far as the system has them. It changes if a file is replaced by one of the same size
    and an older time, and if two files swap their names.

    Raises
    ------
    OSError
        If a file does not exist.
    """
    stats = [(path.name, path.stat()) for path in paths]
    return fingerprint([[name, s.st_size, s.st_mtime_ns, s.st_ino, s.st_ctime_ns] for name, s in stats])
