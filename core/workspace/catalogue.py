"""The catalogue of a workspace: specimens and jobs in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.foundation import NewerVersionError, Reason, WorkspaceError, readable, sentences_from_json
from core.workspace.places import present_path, stored_path
from core.workspace.records import (
    ACTIVE,
    KINDS,
    QUEUED,
    DamagedRowError,
    JobRecord,
    SpecimenRecord,
    as_job,
    as_record,
)
from core.workspace.relocation import adopt_moved, make_relative, settle, sources_of

FORMAT_VERSION = 1
# Time that a connection waits for another one.
_TIMEOUT_SECONDS = 30.0
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
    stamp TEXT NOT NULL DEFAULT '',
    beside TEXT NOT NULL DEFAULT '',
    own_sha256 TEXT NOT NULL DEFAULT '',
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
CREATE TABLE IF NOT EXISTS revisions (number INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS job_orders (
    job_id INTEGER PRIMARY KEY,
    arguments TEXT NOT NULL,
    place REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS home (id INTEGER PRIMARY KEY CHECK (id = 1), root TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reasons (text TEXT PRIMARY KEY, sentences TEXT NOT NULL);
"""
_PATHS = ("source", "path")
_LATER_COLUMNS = ("stamp", "beside", "own_sha256")
_JOBS = "SELECT jobs.*, job_orders.arguments, job_orders.place FROM jobs LEFT JOIN job_orders USING (job_id)"


class Catalogue:
    """The SQLite file of a workspace.

    Every call opens and closes its own connection.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.workspace import Catalogue, SpecimenRecord
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     catalogue = Catalogue(Path(folder) / "catalogue.sqlite")
    ...     catalogue.put_specimens([SpecimenRecord("meshes", "Molars/a", "meshes/Molars/a.ply", n_faces=1200)])
    ...     catalogue.specimens("meshes")["Molars/a"].n_faces
    1200
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = path.parent.resolve()
        with self._open() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > FORMAT_VERSION:
                raise NewerVersionError(
                    "{path} was written by a newer version of this program (format {version}, here {format_version}).",
                    advice="Update FossilViT Explorer.",
                    path=path,
                    version=version,
                    format_version=FORMAT_VERSION,
                )
            connection.executescript(_SCHEMA)
            _add_columns(connection)
            make_relative(connection, self._root)
            settle(connection, self._root)
            if version < FORMAT_VERSION:  # writing it again would block readers
                connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def put_specimens(self, records: Iterable[SpecimenRecord]) -> None:
        """Store records of specimens in place of earlier ones."""
        names = list(SpecimenRecord.__dataclass_fields__)
        marks = ", ".join("?" for _ in names)
        statement = f"INSERT OR REPLACE INTO specimens ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 our own names
        rows = [tuple(self._as_stored(name, vars(record)[name]) for name in names) for record in records]
        with self._open() as connection:
            connection.executemany(statement, rows)
            _keep_reasons(connection, (row[names.index(name)] for row in rows for name in ("error", "notes")))

    def specimens(self, source: str, *, only_failed: bool = False) -> dict[str, SpecimenRecord]:
        """Return the specimens of an input folder by id, or only the failed ones."""
        condition = "source = ? AND error != ''" if only_failed else "source = ?"
        statement = f"SELECT {', '.join(KINDS)} FROM specimens WHERE {condition} ORDER BY specimen_id"  # noqa: S608
        checked: set[tuple[type, ...]] = set()
        with self._open() as connection:
            connection.row_factory = None
            rows = connection.execute(statement, (self._stored(source),))
            records = [as_record(row, checked) for row in rows]
        # A path in the workspace is found where the workspace is now.
        return {record.specimen_id: self._with_present_path(record, source) for record in records}

    def sources(self) -> list[str]:
        """Return the input folders of all specimens."""
        with self._open() as connection:
            return sorted(present_path(self._root, source) for source in sources_of(connection))

    def forget_missing(self, source: str, present: Iterable[str]) -> None:
        """Remove the specimens of an input folder that are no longer present."""
        key = self._stored(source)
        with self._open() as connection:
            known = {row[0] for row in connection.execute("SELECT specimen_id FROM specimens WHERE source=?", (key,))}
            gone = [(key, name) for name in known - set(present)]
            connection.executemany("DELETE FROM specimens WHERE source = ? AND specimen_id = ?", gone)

    def adopt_moved_sources(self) -> None:
        """Take the rows of input folders that were moved with the workspace.

        Rows of earlier versions hold absolute paths. A folder that no longer exists is taken for one
        inside the workspace if its last parts and the size of one of its files are the same.
        """
        with self._open() as connection:
            adopt_moved(connection, self._root)

    def _stored(self, text: str) -> str:
        return stored_path(self._root, text)

    def _as_stored(self, name: str, value: Any) -> Any:
        if name in _PATHS:
            return self._stored(value)
        # A reason holds the sentences that are stored beside it.
        return readable(value) if isinstance(value, str) and not isinstance(value, Reason) else value

    def _with_present_path(self, record: SpecimenRecord, source: str) -> SpecimenRecord:
        path = present_path(self._root, record.path)
        return record if (path, source) == (record.path, record.source) else replace(record, source=source, path=path)

    def queue_job(self, run_name: str, arguments: Sequence[str]) -> int:
        """Add a job to the end of the queue and return its number."""
        with self._open() as connection:
            cursor = connection.execute(
                "INSERT INTO jobs (run_name, state, created) VALUES (?, ?, ?)", (run_name, QUEUED, time.time())
            )
            job_id = int(cursor.lastrowid or 0)
            connection.execute(
                "INSERT INTO job_orders (job_id, arguments, place) "
                "VALUES (?, ?, (SELECT COALESCE(MAX(place), 0) + 1 FROM job_orders))",
                (job_id, json.dumps(list(arguments))),
            )
            return job_id

    def claim_queued_job(self) -> JobRecord | None:
        """Take the next job from the queue, if no other job is active.

        Only one caller is given the job, and has to start it.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(f"{_JOBS} WHERE state = ? ORDER BY place, job_id LIMIT 1", (QUEUED,)).fetchone()
            active = connection.execute("SELECT 1 FROM jobs WHERE state IN (?, ?) LIMIT 1", ACTIVE).fetchone()
            if row is None or active is not None:
                return None
            # `created` is the time from which the job waits for its process.
            connection.execute(
                "UPDATE jobs SET state = 'waiting', created = ? WHERE job_id = ?", (time.time(), row["job_id"])
            )
        return self.job(int(row["job_id"]))

    def queued_jobs(self) -> list[JobRecord]:
        """Return the queued jobs in order, the next one first."""
        with self._open() as connection:
            rows = connection.execute(f"{_JOBS} WHERE state = ? ORDER BY place, job_id", (QUEUED,)).fetchall()
            return [as_job(dict(row)) for row in rows]

    def put_first(self, job_id: int) -> None:
        """Move a queued job to the front of the queue."""
        with self._open() as connection:
            connection.execute(
                "UPDATE job_orders SET place = (SELECT MIN(place) FROM job_orders) - 1 WHERE job_id = ?", (job_id,)
            )

    def drop_queued_job(self, job_id: int, message: str) -> bool:
        """Cancel a queued job, and return whether it was still queued."""
        with self._open() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished = ?, message = ? WHERE job_id = ? AND state = ?",
                (time.time(), message, job_id, QUEUED),
            )
            return cursor.rowcount > 0

    def active_jobs(self) -> list[JobRecord]:
        """Return the jobs that are starting or running, newest first."""
        with self._open() as connection:
            rows = connection.execute(f"{_JOBS} WHERE state IN (?, ?) ORDER BY job_id DESC", ACTIVE).fetchall()
            return [as_job(dict(row)) for row in rows]

    def note_process(self, job_id: int, pid: int, pid_started: float) -> None:
        """Record the process of a job.

        The start time distinguishes it from a later process with the same number.
        """
        with self._open() as connection:
            connection.execute("UPDATE jobs SET pid = ?, pid_started = ? WHERE job_id = ?", (pid, pid_started, job_id))

    def begin_job(self, job_id: int) -> None:
        """Record that a job is running."""
        with self._open() as connection:
            connection.execute("UPDATE jobs SET state = 'running' WHERE job_id = ? AND state = 'waiting'", (job_id,))

    def end_job(self, job_id: int, state: str, message: str = "") -> None:
        """Record how a job ended, if it has not ended before."""
        with self._open() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, finished = ?, message = ? WHERE job_id = ? AND state IN (?, ?)",
                (state, time.time(), message, job_id, *ACTIVE),
            )
            _keep_reasons(connection, [message])

    def put_progress(self, job_id: int, stages: Iterable[Mapping[str, Any]]) -> None:
        """Store the counts of the stages of a job."""
        with self._open() as connection:
            connection.execute("UPDATE jobs SET progress = ? WHERE job_id = ?", (json.dumps(list(stages)), job_id))

    def jobs(self, limit: int = 20) -> list[JobRecord]:
        """Return the jobs, newest first."""
        with self._open() as connection:
            rows = connection.execute(f"{_JOBS} ORDER BY job_id DESC LIMIT ?", (limit,)).fetchall()
            return [as_job(dict(row)) for row in rows]

    def job(self, job_id: int) -> JobRecord | None:
        """Return a job by its number, or None."""
        with self._open() as connection:
            row = connection.execute(f"{_JOBS} WHERE job_id = ?", (job_id,)).fetchone()
            return as_job(dict(row)) if row is not None else None

    def reasons(self, texts: Iterable[str]) -> dict[str, Reason]:
        """Return the recorded sentences of errors, notes and messages, by their text."""
        reasons = {}
        with self._open() as connection:
            for text in dict.fromkeys(texts):
                row = connection.execute("SELECT sentences FROM reasons WHERE text = ?", (text,)).fetchone()
                if row is not None:
                    with suppress(KeyError, TypeError, AttributeError):
                        reasons[text] = Reason(text, sentences_from_json(json.loads(row[0])))
        return reasons

    def revision(self) -> int:
        """Return a number that grows with every change of metadata, sets, tags or notes."""
        with self._open() as connection:
            return int(connection.execute("SELECT COALESCE(MAX(number), 0) FROM revisions").fetchone()[0])

    @contextmanager
    def transaction(self, schema: str = "", *, changes: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction.

        Parameters
        ----------
        schema : str
            Statements that create the tables of the transaction if they are missing.
        changes : bool
            Whether the transaction changes what screens show: it then raises `revision` and locks
            out other writers from its beginning.
        """
        with self._open() as connection:
            connection.executescript(schema)
            if changes:
                # Locks out other writers, so that what is read next stays valid.
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO revisions DEFAULT VALUES")
            yield connection

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction.

        Readers and one writer do not block each other.
        """
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(self.path, timeout=_TIMEOUT_SECONDS)
            connection.row_factory = sqlite3.Row
            _write_ahead(connection)
            with connection:
                yield connection
        # SQLite does not check text, so that damaged text is found only when it is decoded.
        except (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError, DamagedRowError) as error:
            raise WorkspaceError(
                "The catalogue {path} cannot be used ({reason}).",
                advice="Check the free space and permissions; where the file is damaged, `python -m core repair "
                "--workspace {parent}` makes it again from your files.",
                path=self.path,
                reason=error,
                parent=self.path.parent,
            ) from error
        finally:
            if connection is not None:
                connection.close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, which lets readers and a writer work at once.

    A new file is locked while another connection does the same.
    """
    until = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:  # SQLite does not wait for this change itself
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _add_columns(connection: sqlite3.Connection) -> None:
    """Add the columns that catalogues of earlier versions lack."""
    known = {row[1] for row in connection.execute("PRAGMA table_info(specimens)")}
    for name in _LATER_COLUMNS:
        if name not in known:
            # Another process may add it at the same time.
            with suppress(sqlite3.OperationalError):
                connection.execute(f"ALTER TABLE specimens ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")


def _keep_reasons(connection: sqlite3.Connection, texts: Iterable[str]) -> None:
    """Store the sentences of those texts that are reasons."""
    rows = [
        (str(text), json.dumps(text.sentences.as_json(), ensure_ascii=False))
        for text in texts
        if isinstance(text, Reason)
    ]
    connection.executemany("INSERT OR REPLACE INTO reasons VALUES (?, ?)", rows)
