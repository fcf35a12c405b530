"""Rows of the catalogue that follow their files when a workspace is moved, copied or updated."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from core.foundation import readable
from core.workspace.places import INSIDE, moved_folder, present_path, stored_path

# Files by which an input folder is recognised in a moved workspace.
_FILES_LOOKED_FOR = 50
_CHANGE = "UPDATE OR IGNORE specimens SET source = ?, path = ? WHERE source = ? AND specimen_id = ?"


def sources_of(connection: sqlite3.Connection) -> list[str]:
    """Return the input folders of all rows, by jumps through the primary key."""
    found: list[str] = []
    row = connection.execute("SELECT MIN(source) FROM specimens").fetchone()
    while row is not None and row[0] is not None:
        found.append(row[0])
        row = connection.execute("SELECT MIN(source) FROM specimens WHERE source > ?", (row[0],)).fetchone()
    return found


def make_relative(connection: sqlite3.Connection, root: Path) -> None:
    """Make the paths of earlier versions inside the workspace relative to it."""
    for source in sources_of(connection):
        if stored_path(root, source) != source:
            _move(connection, root, source, source)


def settle(connection: sqlite3.Connection, root: Path) -> None:
    """Look for the input folders inside the workspace if it was moved or copied.

    A copy without its scans goes on to read those of the original.
    """
    here = readable(str(root))
    row = connection.execute("SELECT root FROM home").fetchone()
    if row is not None and row[0] == here:
        return
    before = root if row is None else Path(row[0])
    for source in sources_of(connection):
        if not source.startswith(INSIDE) or before == root or not Path(present_path(before, source)).is_dir():
            continue
        rows = _rows(connection, source)
        if not any(_is_there(Path(present_path(root, row["path"])), row["size"]) for row in rows[:_FILES_LOOKED_FOR]):
            place = present_path(before, source)
            moved = [(place, present_path(before, row["path"]), source, row["specimen_id"]) for row in rows]
            connection.executemany(_CHANGE, moved)
            connection.execute("DELETE FROM specimens WHERE source = ?", (source,))
    connection.execute("INSERT OR REPLACE INTO home VALUES (1, ?)", (here,))


def adopt_moved(connection: sqlite3.Connection, root: Path) -> None:
    """Take the rows of folders that no longer exist for those of folders inside the workspace."""
    for source in sources_of(connection):
        if not Path(source).is_absolute() or Path(source).exists():
            continue
        rows = _rows(connection, source)[:_FILES_LOOKED_FOR]
        moved = moved_folder(root, source, lambda folder: _holds_one_of(folder, source, rows))  # noqa: B023
        if moved is not None:
            _move(connection, root, source, str(moved))


def _rows(connection: sqlite3.Connection, source: str) -> list[sqlite3.Row]:
    return connection.execute("SELECT specimen_id, path, size FROM specimens WHERE source = ?", (source,)).fetchall()


def _move(connection: sqlite3.Connection, root: Path, before: str, after: str) -> None:
    key = stored_path(root, after)
    moved = [
        (key, stored_path(root, str(_moved_path(row["path"], before, after))), before, row["specimen_id"])
        for row in _rows(connection, before)
    ]
    connection.executemany(_CHANGE, moved)
    connection.execute("DELETE FROM specimens WHERE source = ?", (before,))


def _moved_path(path: str, before: str, after: str) -> Path:
    inside = Path(path).is_relative_to(before)
    return Path(after) / Path(path).relative_to(before) if inside else Path(path)


def _holds_one_of(folder: Path, source: str, rows: Sequence[sqlite3.Row]) -> bool:
    """Return whether the file of one of these rows is in a folder, by its size."""
    return any(_is_there(_moved_path(row["path"], source, str(folder)), row["size"]) for row in rows)


def _is_there(path: Path, size: int) -> bool:
    """Return whether a folder, or a file of this size, lies at a path."""
    try:
        return path.is_dir() or path.stat().st_size == size
    except OSError:
        return False
