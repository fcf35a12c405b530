"""The catalogue of a workspace: specimens, their state and errors, and jobs, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError

FORMAT_VERSION = 1
_GOING_ON = ("waiting", "running")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS specimens (
    source TEXT NOT NULL,
    specimen_id TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT -1,
    mtime_ns INTEGER NOT NULL DEFAULT -1,
    sha256 TEXT NOT NULL DEFAULT '',
    n_vertices INTEGER NOT NULL DEFAULT 0,
    n_faces INTEGER NOT NULL DEFAULT 0,
    extent_x REAL NOT NULL DEFAULT 0,
    extent_y REAL NOT NULL DEFAULT 0,
    extent_z REAL NOT NULL DEFAULT 0,
    notes TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, specimen_id)
);
CREATE TABLE IF NOT EXISTS jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_name TEXT NOT NULL,
    state TEXT NOT NULL,
    pid INTEGER NOT NULL DEFAULT 0,
    pid_started REAL NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    finished REAL NOT NULL DEFAULT 0,
    progress TEXT NOT NULL DEFAULT '[]',
    message TEXT NOT NULL DEFAULT ''
);
"""


@dataclass(frozen=True)
class SpecimenRecord:
    """What is known of a specimen's file; lengths are in the units of the file."""

    source: str
    specimen_id: str
    path: str
    kind: str = ""
    size: int = -1
    mtime_ns: int = -1
    sha256: str = ""
    n_vertices: int = 0
    n_faces: int = 0
    extent_x: float = 0.0
    extent_y: float = 0.0
    extent_z: float = 0.0
    notes: str = ""
    error: str = ""


@dataclass(frozen=True)
class StageProgress:
    """How far one stage of a job is."""

    label: str
    done: int
    total: int | None
    started: float
    updated: float

    @property
    def rate(self) -> float:
        """Return items a second since the stage began; 0 before the first."""
        return self.done / (self.updated - self.started) if self.updated > self.started else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the time left at this rate, or None where it cannot be said."""
        if self.total is None or self.rate <= 0:
            return None
        return (self.total - self.done) / self.rate


@dataclass(frozen=True)
class JobRecord:
    """A piece of long work in a child process."""

    job_id: int
    run_name: str
    state: str
    pid: int
    pid_started: float
    created: float
    finished: float
    stages: tuple[StageProgress, ...] = field(default=())
    message: str = ""

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state not in _GOING_ON


class Catalogue:
    """The SQLite file of a workspace; every call opens and closes its own connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > FORMAT_VERSION:
                raise WorkspaceError(
                    f"{path} was written by a newer version of this program (format {version}, here {FORMAT_VERSION}).",
                    advice="Update FossilViT Explorer.",
                )
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def put_specimens(self, records: Iterable[SpecimenRecord]) -> None:
        """Store what is known of specimens, replacing what was known."""
        names = list(SpecimenRecord.__dataclass_fields__)
        marks = ", ".join("?" for _ in names)
        statement = f"INSERT OR REPLACE INTO specimens ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 our own names
        with self._open() as connection:
            connection.executemany(statement, [tuple(vars(record)[name] for name in names) for record in records])

    def specimens(self, source: str) -> dict[str, SpecimenRecord]:
        """Return the specimens of an input folder by id."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM specimens WHERE source = ? ORDER BY specimen_id", (source,))
            return {row["specimen_id"]: SpecimenRecord(**dict(row)) for row in rows}

    def sources(self) -> list[str]:
        """Return the input folders that were ever looked at."""
        with self._open() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT source FROM specimens ORDER BY source")]

    def forget_missing(self, source: str, present: Iterable[str]) -> None:
        """Forget the specimens of an input folder that are no longer there."""
        with self._open() as connection:
            known = {
                row[0] for row in connection.execute("SELECT specimen_id FROM specimens WHERE source=?", (source,))
            }
            gone = [(source, name) for name in known - set(present)]
            connection.executemany("DELETE FROM specimens WHERE source = ? AND specimen_id = ?", gone)

    def add_job(self, run_name: str) -> int:
        """Note a job that is about to start and return its number."""
        with self._open() as connection:
            cursor = connection.execute(
                "INSERT INTO jobs (run_name, state, created) VALUES (?, 'waiting', ?)", (run_name, time.time())
            )
            return int(cursor.lastrowid or 0)

    def note_process(self, job_id: int, pid: int, pid_started: float) -> None:
        """Note which process works on a job; the time tells it from a later process of the same number."""
        with self._open() as connection:
            connection.execute("UPDATE jobs SET pid = ?, pid_started = ? WHERE job_id = ?", (pid, pid_started, job_id))

    def begin_job(self, job_id: int) -> None:
        """Note that a job is at work."""
        with self._open() as connection:
            connection.execute("UPDATE jobs SET state = 'running' WHERE job_id = ? AND state = 'waiting'", (job_id,))

    def end_job(self, job_id: int, state: str, message: str = "") -> None:
        """Note how a job ended; what ended once stays as it is."""
        with self._open() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, finished = ?, message = ? WHERE job_id = ? AND state IN (?, ?)",
                (state, time.time(), message, job_id, *_GOING_ON),
            )

    def put_progress(self, job_id: int, stages: Iterable[Mapping[str, Any]]) -> None:
        """Store how far the stages of a job are."""
        with self._open() as connection:
            connection.execute("UPDATE jobs SET progress = ? WHERE job_id = ?", (json.dumps(list(stages)), job_id))

    def jobs(self, limit: int = 20) -> list[JobRecord]:
        """Return the newest jobs first."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM jobs ORDER BY job_id DESC LIMIT ?", (limit,)).fetchall()
        return [_as_job(dict(row)) for row in rows]

    def job(self, job_id: int) -> JobRecord | None:
        """Return a job by its number."""
        with self._open() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return _as_job(dict(row)) if row is not None else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction; readers and one writer never block each other."""
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(self.path, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise WorkspaceError(
                f"The catalogue {self.path} cannot be used ({error}).",
                advice="Check the free space and permissions; where the file is damaged, move it away: "
                "the next run makes it again from your files.",
            ) from error
        finally:
            if connection is not None:
                connection.close()


def _as_job(row: dict[str, Any]) -> JobRecord:
    stages = tuple(StageProgress(**stage) for stage in json.loads(row.pop("progress")))
    return JobRecord(stages=stages, **row)
