"""Manifests: the specimens that a stage has finished in a folder, and their files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.foundation import CoreError, WorkspaceError, file_of_specimen
from core.storage.durability import is_blank, sync_file, sync_files, sync_folder, sync_folders
from core.storage.files import encoded_json, not_writable, write_bytes
from core.storage.fingerprints import fingerprint, sha256_of_file

FilesOf = Callable[[str, Mapping[str, Any]], Iterable[Path]]
# Specimens whose files are synced together while a stage works.
SYNCED_TOGETHER = 128
# Stands in a manifest while a stage works, so that one that did not end is seen.
_OPEN = {"id": "", "fingerprint": None}


class Manifest:
    """The finished specimens of one folder, one line of JSON each.

    While a stage works, lines are only appended, so that a killed process loses at most its current
    line. When the stage is done, the lines are sorted by id, so that the same work leaves the same
    bytes.

    A line keeps size and hash of the files of its specimen. These are synced in groups, after their
    lines are appended: a power failure can leave lines whose files are empty, cut or zeroed. A file
    is hashed before it counts as finished if the stage that wrote it did not end, or if the file
    changed after the manifest. Otherwise its size decides.

    Parameters
    ----------
    folder : Path
        The folder that holds the manifest and the files.
    files : str or callable
        The suffix of the one file of a specimen, or a function that returns the files of an id and
        its entry. If empty, files are not checked.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.storage import Manifest
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Manifest(Path(folder)).add("Molars/a", "fingerprint of settings and file")
    ...     Manifest(Path(folder)).is_done("Molars/a", "fingerprint of settings and file")
    True
    """

    def __init__(self, folder: Path, files: str | FilesOf = "") -> None:
        self.folder = folder
        self.path = folder / "manifest.jsonl"
        self._files_of = _with_suffix(folder, files) if isinstance(files, str) else files
        self._checks_files = bool(files)
        self._entries: dict[str, dict[str, Any]] = {}
        self._was_open = self._is_open = self._has_hashed = False
        self._written_at = 0
        # Ids whose files were checked or written by this object, and files that are not synced yet.
        self._sound: set[str] = set()
        self._unsynced: set[Path] = set()
        self._folders: set[Path] = set()
        self._n_unsynced = 0
        if self.path.is_file():
            self._written_at = _last_change(self.path)
            # Not splitlines(): an id may hold a character that Unicode counts as a line end.
            for line in _read(self.path).decode("utf-8", "replace").split("\n"):
                with suppress(json.JSONDecodeError, RecursionError, KeyError, TypeError):
                    self._take(json.loads(line))

    def _take(self, entry: dict[str, Any]) -> None:
        if entry["fingerprint"] is None:
            self._was_open = self._was_open or entry["id"] == ""
            self._entries.pop(entry["id"], None)
        elif isinstance(entry["id"], str):
            self._entries[entry["id"]] = entry

    def __len__(self) -> int:
        """Return the number of finished specimens."""
        return len(self._entries)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the finished specimens, sorted."""
        return sorted(self._entries)

    @property
    def was_interrupted(self) -> bool:
        """Return whether the stage that wrote the manifest last did not end."""
        return self._was_open

    def get(self, specimen_id: str) -> Mapping[str, Any] | None:
        """Return the entry of a specimen, or None."""
        return self._entries.get(specimen_id)

    def is_done(self, specimen_id: str, made_from: str) -> bool:
        """Return whether a specimen was finished from exactly these settings and inputs.

        Its files have to be as they were written.
        """
        entry = self._entries.get(specimen_id)
        return entry is not None and entry.get("fingerprint") == made_from and self.is_sound(specimen_id)

    def is_sound(self, specimen_id: str, *, hashed: bool = False) -> bool:
        """Return whether the files of a finished specimen are as they were written.

        Parameters
        ----------
        specimen_id : str
            The specimen.
        hashed : bool
            Whether the files are hashed in any case.
        """
        entry = self._entries.get(specimen_id)
        if entry is None:
            return False
        if not self._checks_files or (specimen_id in self._sound and not hashed):
            return True
        is_sound = self._matches(specimen_id, entry, hashed=hashed)
        if is_sound:
            self._sound.add(specimen_id)
        return is_sound

    def _matches(self, specimen_id: str, entry: Mapping[str, Any], *, hashed: bool) -> bool:
        paths = self._paths(specimen_id, entry)
        if "sha256" not in entry:  # of an earlier version of this program
            return bool(paths) and not any(map(is_blank, paths))
        try:
            if sum(path.stat().st_size for path in paths) != entry.get("bytes"):
                return False
            if not hashed and not self._was_open and max(map(_last_change, paths)) <= self._written_at:
                return True
            self._has_hashed = True
            return bool(_hash_of(paths) == entry["sha256"])
        except (OSError, ValueError):
            return False

    def add(self, specimen_id: str, made_from: str, **facts: object) -> None:
        """Record a finished specimen, whose files are written."""
        self._add([self._entry(specimen_id, made_from, facts)])

    def add_all(self, specimen_ids: Iterable[str], made_from: str) -> None:
        """Record specimens that were finished together."""
        self._add([self._entry(name, made_from, {}) for name in specimen_ids])

    def _entry(self, specimen_id: str, made_from: str, facts: Mapping[str, object]) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": specimen_id, "fingerprint": made_from, **facts}
        if self._checks_files:
            paths = self._paths(specimen_id, entry)
            try:
                entry["bytes"], entry["sha256"] = sum(path.stat().st_size for path in paths), _hash_of(paths)
            except OSError as error:
                raise not_writable(paths[0] if paths else self.path, error) from error
            self._unsynced.update(paths)
        return entry

    def _add(self, entries: list[dict[str, Any]]) -> None:
        self._append(*entries)
        self._entries.update((entry["id"], entry) for entry in entries)
        self._sound.update(entry["id"] for entry in entries)
        self._n_unsynced += len(entries)
        if self._n_unsynced >= SYNCED_TOGETHER:
            self._sync()

    def forget(self, specimen_id: str) -> None:
        """Record that a specimen is no longer finished.

        Call it before the files of the specimen are rewritten or removed. Otherwise a process that
        is killed in between leaves files that do not match their entry.
        """
        self._sound.discard(specimen_id)
        if self._entries.pop(specimen_id, None) is not None:
            self._append({"id": specimen_id, "fingerprint": None})

    def files(self, specimen_id: str) -> list[Path]:
        """Return the files of a finished specimen, whether they exist or not."""
        entry = self._entries.get(specimen_id)
        return [] if entry is None or not self._checks_files else self._paths(specimen_id, entry)

    def _sync(self, *, with_names: bool = False) -> None:
        """Wait until the files of the added specimens, and their lines, are on the disk.

        A file whose name is lost is made again, so that names are synced at the end alone.
        """
        unsynced, self._unsynced, self._n_unsynced = self._unsynced, set(), 0
        self._folders.update(path.parent for path in unsynced)
        try:
            if unsynced:
                sync_files(unsynced)
            if with_names and self._folders:
                sync_folders(self._folders, self.folder)
                self._folders.clear()
            if self._is_open:
                sync_file(self.path)
        except OSError as error:
            raise not_writable(self.path, error) from error

    def keep_only(self, specimen_ids: Iterable[str]) -> None:
        """Forget every other specimen, sync the files, and sort the manifest by id.

        A specimen whose files are damaged is forgotten as well.
        """
        wanted = set(specimen_ids)
        self._entries = {name: self._entries[name] for name in self.ids if name in wanted and self.is_sound(name)}
        self._sync(with_names=True)
        data = b"".join(_as_line(entry) for entry in self._entries.values())
        if not self.path.is_file() or self.path.read_bytes() != data:
            write_bytes(self.path, data)
        elif self._has_hashed:  # so that the next process need not hash these files
            with suppress(OSError):
                os.utime(self.path)
        self._is_open = self._was_open = self._has_hashed = False
        self._written_at = _last_change(self.path)

    def _paths(self, specimen_id: str, entry: Mapping[str, Any]) -> list[Path]:
        try:
            return list(self._files_of(specimen_id, entry))
        except (CoreError, TypeError, ValueError):  # a damaged entry
            return []

    def _append(self, *entries: Mapping[str, Any]) -> None:
        opens = not self._is_open
        lines = b"".join(map(_as_line, ((_OPEN, *entries) if opens and not self._was_open else entries)))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                has_lines = stream.tell() > 0
                stream.write((b"\n" if has_lines and not self._ends_with_newline() else b"") + lines)
            # Before files change: after a power failure the old lines alone would look complete.
            if opens:
                sync_file(self.path)
            if opens and not has_lines:
                sync_folder(self.folder)
        except OSError as error:
            raise not_writable(self.path, error) from error
        self._is_open = True

    def _ends_with_newline(self) -> bool:
        with self.path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"


def _with_suffix(folder: Path, suffix: str) -> FilesOf:
    return lambda specimen_id, _: [file_of_specimen(folder, specimen_id, suffix)]


def _hash_of(paths: list[Path]) -> str:
    """Return the SHA-256 of one file, or a fingerprint of those of several."""
    hashes = [sha256_of_file(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else fingerprint(hashes)


def _last_change(path: Path) -> int:
    """Return the time of the last change of a file or its name, in nanoseconds.

    The time of a rename counts as well: a file that takes the place of another may be older.
    """
    status = path.stat()
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            "{path} cannot be read ({reason}).",
            advice="Check the permissions of that folder.",
            path=path,
            reason=error.strerror or error,
        ) from error


def _as_line(entry: Mapping[str, Any]) -> bytes:
    return encoded_json(entry, sort_keys=True) + b"\n"
