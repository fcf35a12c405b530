"""Manifests: the specimens that a stage has finished in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.foundation import WorkspaceError
from core.storage.files import not_writable, write_bytes


class Manifest:
    """The finished specimens of one folder, one line of JSON each.

    While a stage works, lines are only appended, so that a killed process loses at most its current
    line. When the stage is done, the lines are sorted by id, so that the same work leaves the same
    bytes.

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

    def __init__(self, folder: Path) -> None:
        self.path = folder / "manifest.jsonl"
        self._entries: dict[str, dict[str, Any]] = {}
        if self.path.is_file():
            # Not splitlines(): an id may hold a character that Unicode counts as a line end.
            for line in _read(self.path).decode("utf-8", "replace").split("\n"):
                with suppress(json.JSONDecodeError, RecursionError, KeyError, TypeError):
                    entry = json.loads(line)
                    if entry["fingerprint"] is None:
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

    def get(self, specimen_id: str) -> Mapping[str, Any] | None:
        """Return the entry of a specimen, or None."""
        return self._entries.get(specimen_id)

    def is_done(self, specimen_id: str, made_from: str) -> bool:
        """Return whether a specimen was finished from exactly these settings and inputs."""
        entry = self._entries.get(specimen_id)
        return entry is not None and entry.get("fingerprint") == made_from

    def add(self, specimen_id: str, made_from: str, **facts: object) -> None:
        """Record a finished specimen on disk."""
        entry = {"id": specimen_id, "fingerprint": made_from, **facts}
        self._append(entry)
        self._entries[specimen_id] = entry

    def add_all(self, specimen_ids: Iterable[str], made_from: str) -> None:
        """Record specimens that were finished together."""
        entries = [{"id": name, "fingerprint": made_from} for name in specimen_ids]
        self._append(*entries)
        self._entries.update((entry["id"], entry) for entry in entries)

    def forget(self, specimen_id: str) -> None:
        """Record that a specimen is no longer finished.

        Call it before the files of the specimen are rewritten or removed. Otherwise a process that
        is killed in between leaves files that do not match their entry.
        """
        if self._entries.pop(specimen_id, None) is not None:
            self._append({"id": specimen_id, "fingerprint": None})

    def _append(self, *entries: Mapping[str, Any]) -> None:
        line = b"".join(map(_as_line, entries))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                is_cut = stream.tell() > 0 and not self._ends_with_newline()
                stream.write((b"\n" if is_cut else b"") + line)
        except OSError as error:
            raise not_writable(self.path, error) from error

    def keep_only(self, specimen_ids: Iterable[str]) -> None:
        """Forget every other specimen and sort the file by id."""
        wanted = set(specimen_ids)
        self._entries = {name: self._entries[name] for name in self.ids if name in wanted}
        data = b"".join(_as_line(entry) for entry in self._entries.values())
        if not self.path.is_file() or self.path.read_bytes() != data:
            write_bytes(self.path, data)

    def _ends_with_newline(self) -> bool:
        with self.path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"


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
    return (json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")
