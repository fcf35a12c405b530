"""Recovery of a damaged catalogue: every valid row is copied into a new one."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from core.collection import Curation, fields_of, metadata_columns
from core.storage import write_atomically
from core.workspace import Catalogue, DamagedRowError, Workspace

_KINDS: dict[str, type | tuple[type, ...]] = {"TEXT": str, "INTEGER": int, "REAL": (int, float)}


def rebuild_catalogue(workspace: Workspace) -> list[str]:
    """Replace a damaged catalogue by a new one with every valid row of it.

    Returns
    -------
    list of str
        What was done, in sentences.
    """
    path = workspace.catalogue_path
    done = []
    copy = _copy_of(path) if path.is_file() else None
    if copy is not None:
        done.append(f"The damaged catalogue is kept as {copy.name}.")
    rows_of: dict[str, int] = {}

    def build(temporary: Path) -> None:
        _make_tables(temporary)
        if copy is not None:
            rows_of.update(_copy_rows(copy, temporary))
        # SQLite would apply the log of the damaged catalogue to the new one.
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)

    write_atomically(path, build)
    for table, rows in rows_of.items():
        if rows:
            done.append(f"{rows} rows of {table!r} were read from it.")
    done.append("A new catalogue was written.")
    return done


def _copy_of(path: Path) -> Path:
    """Copy a catalogue and its logs beside it, and return the path of the copy."""
    number = 1
    while (copy := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    for side in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            shutil.copyfile(path.with_name(path.name + side), copy.with_name(copy.name + side))
    return copy


def _make_tables(path: Path) -> None:
    catalogue = Catalogue(path)
    metadata_columns(catalogue)
    Curation(catalogue).tags()


def _copy_rows(damaged: Path, new: Path) -> dict[str, int]:
    """Copy every valid row, and return the number of rows by table."""
    copied = {}
    with closing(sqlite3.connect(new)) as target, closing(sqlite3.connect(damaged)) as source, target:
        _make_other_tables(source, target)
        for table in _tables(target):
            kinds = {row[1]: row[2] for row in target.execute(f"PRAGMA table_info({table})")}
            copied[table] = sum(
                _put_row(target, table, {name: row[name] for name in kinds if name in row}, kinds)
                for row in _rows(source, table)
            )
    return copied


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the tables of a catalogue with their `CREATE TABLE` statements."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables: dict[str, str] = {}
    with suppress(sqlite3.Error, UnicodeDecodeError):
        for name, sql in connection.execute(query):
            if str(name).isidentifier() and str(sql).startswith("CREATE TABLE"):
                tables[name] = sql
    return tables


def _make_other_tables(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make the tables that other modules added to the damaged catalogue."""
    for name in _tables(source).keys() - _tables(target).keys():
        with suppress(sqlite3.Error):
            target.execute(_tables(source)[name])


def _rows(source: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    """Yield the rows before the damage, then those after it from the end, each once."""
    seen: set[int] = set()
    for order in ("ASC", "DESC"):
        # Reading a damaged file fails in the middle, or at text that cannot be decoded.
        with suppress(sqlite3.Error, UnicodeDecodeError, OverflowError):
            cursor = source.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid {order}")  # noqa: S608 our own names
            names = [column[0] for column in cursor.description[1:]]
            for number, *row in cursor:
                if number in seen:
                    break
                seen.add(number)
                yield dict(zip(names, row, strict=True))


def _put_row(target: sqlite3.Connection, table: str, row: dict[str, object], kinds: dict[str, str]) -> bool:
    if not row or any(not isinstance(value, _KINDS.get(kinds[name], object)) for name, value in row.items()):
        return False
    if not all(is_valid(row[name]) for (its, name), is_valid in _VALID.items() if its == table and name in row):
        return False
    marks = ", ".join("?" for _ in row)
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 our own names
    with suppress(sqlite3.Error, OverflowError):
        return target.execute(statement, tuple(row.values())).rowcount > 0
    return False


def _holds_fields(text: object) -> bool:
    try:
        fields_of(text)
    except DamagedRowError:
        return False
    return True


def _holds_list(text: object) -> bool:
    try:
        return isinstance(json.loads(str(text)), list)
    except (json.JSONDecodeError, RecursionError):
        return False


_VALID = {
    ("metadata", "fields"): _holds_fields,
    ("jobs", "progress"): _holds_list,
    ("job_orders", "arguments"): _holds_list,
}
