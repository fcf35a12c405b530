"""A record of the changes to files and of their syncs, and what an outage may leave of them."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.storage import TEMPORARY_PREFIX, Manifest
from core.workspace import Catalogue

CATALOGUE = "catalogue.sqlite"
LAST_WRITTEN = ("manifest.jsonl", "embeddings.json")


@dataclass
class Change:
    """A change of one kind: name, content, file synced, folder synced, catalogue."""

    kind: str
    path: Path
    inode: int = 0
    data: bytes | None = None


@dataclass
class Recorder:
    """Records the changes below a folder, in order.

    A transaction of the catalogue is on the disk when it is committed: SQLite syncs by itself.
    """

    root: Path
    changes: list[Change] = field(default_factory=list)
    before: dict[Path, bytes] = field(default_factory=dict)
    inodes_before: dict[Path, int] = field(default_factory=dict)

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin to record; nothing is synced any more."""
        for path in self.root.rglob("*"):
            if path.is_file():
                self.before[path], self.inodes_before[path] = path.read_bytes(), path.stat().st_ino
        replace, unlink, append, put = Path.replace, Path.unlink, Manifest._append, Catalogue.put_specimens

        def recorded_replace(path: Path, target: Path) -> Path:
            answer = replace(path, target)
            self._note("name", answer, answer.stat().st_ino, answer.read_bytes())
            return answer

        def recorded_unlink(path: Path, missing_ok: bool = False) -> None:
            was_there = path.exists()
            unlink(path, missing_ok=missing_ok)
            if was_there:
                self._note("name", path)

        def recorded_append(manifest: Manifest, *entries: Any) -> None:
            was_there = manifest.path.exists()
            append(manifest, *entries)
            status, data = manifest.path.stat(), manifest.path.read_bytes()
            self._note("content" if was_there else "name", manifest.path, status.st_ino, data)

        def recorded_put(catalogue: Catalogue, records: Any) -> None:
            put(catalogue, records)
            with sqlite3.connect(catalogue.path) as connection:
                self._note("catalogue", catalogue.path, 0, connection.serialize())
            connection.close()

        monkeypatch.setattr(Path, "replace", recorded_replace)
        monkeypatch.setattr(Path, "unlink", recorded_unlink)
        monkeypatch.setattr(Manifest, "_append", recorded_append)
        monkeypatch.setattr(Catalogue, "put_specimens", recorded_put)
        monkeypatch.setattr(os, "fsync", self._synced)

    def _synced(self, handle: int) -> None:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            self.changes.append(Change("folder synced", self.root, status.st_ino))
        else:
            data = os.pread(handle, status.st_size, 0)
            self.changes.append(Change("file synced", self.root, status.st_ino, data))

    def _note(self, kind: str, path: Path, inode: int = 0, data: bytes | None = None) -> None:
        if path.is_relative_to(self.root) and not path.name.startswith(TEMPORARY_PREFIX):
            self.changes.append(Change(kind, path, inode, data))

    def left_by_outage(self, moment: int, rng: np.random.Generator) -> dict[Path, bytes]:
        """Return the files that an outage after this many changes may leave.

        Of the names in a folder that is not synced, the last changes may be lost. A file that is
        not synced may be whole, empty, cut, or zeroed.
        """
        names, synced = dict(self.inodes_before), {self.inodes_before[path]: data for path, data in self.before.items()}
        content, waiting, catalogue = dict(synced), defaultdict(list), None
        folders = {folder.stat().st_ino: folder for folder in (self.root, *self.root.rglob("*")) if folder.is_dir()}
        for change in self.changes[:moment]:
            if change.kind == "catalogue":
                catalogue = change.data
            elif change.kind == "file synced":
                synced[change.inode] = content[change.inode] = change.data or b""
            elif change.kind == "folder synced":
                for path, inode in waiting.pop(folders.get(change.inode), ()):
                    names[path] = inode
            else:
                if change.data is not None:
                    content[change.inode] = change.data
                if change.kind == "name":
                    waiting[change.path.parent].append((change.path, change.inode))
        for changes in waiting.values():
            for path, inode in changes[: int(rng.integers(0, len(changes) + 1))]:
                names[path] = inode
        left = {path: damaged(content[i], synced.get(i), rng) for path, i in names.items() if i}
        if catalogue is not None:
            left[self.root / CATALOGUE] = catalogue
        return left


def damaged(data: bytes, synced: bytes | None, rng: np.random.Generator) -> bytes:
    """Return what may be left of a file of which only a part, or an earlier state, is synced."""
    if synced == data:
        return data
    kept = synced if synced is not None and data.startswith(synced) else b""
    rest = data[len(kept) :]
    cut = int(rng.integers(0, len(rest) + 1))
    return kept + [rest, rest[:cut], bytes(len(rest)), rest[:cut] + bytes(len(rest) - cut), b""][int(rng.integers(5))]


def put(files: dict[Path, bytes], root: Path, target: Path) -> None:
    """Write files below another folder, manifests last, so that no file is younger than its manifest."""
    for path in sorted(files, key=lambda path: path.name in LAST_WRITTEN):
        place = target / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files[path])
