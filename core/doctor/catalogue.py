"""A new catalogue in the place of a damaged one, with every row that can still be read and makes sense."""

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
    """Put a new catalogue in the place of the damaged one, with what of that can still be read."""
    path = workspace.catalogue_path
    done = []
    kept = _kept_aside(path) if path.is_file() else None
    if kept is not None:
        done.append(f"The damaged catalogue is kept as {kept.name}.")
    found: dict[str, int] = {}

    def build(temporary: Path) -> None:
        _with_all_tables(temporary)
        if kept is not None:
            found.update(_salvage(kept, temporary))
        # The log of the damaged catalogue must not be taken for that of the new one.
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)

    write_atomically(path, build)
    for table, rows in found.items():
        if rows:
            done.append(f"{rows} rows of {table!r} were read from it.")
    done.append("A new catalogue was written.")
    return done


def _kept_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    for side in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            shutil.copyfile(path.with_name(path.name + side), aside.with_name(aside.name + side))
    return aside


def _with_all_tables(path: Path) -> None:
    catalogue = Catalogue(path)
    metadata_columns(catalogue)
    Curation(catalogue).tags()


def _salvage(damaged: Path, new: Path) -> dict[str, int]:
    """Copy every row that can be read and makes sense; return how many of each table."""
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
    """Return the tables of a catalogue, each with the words that make it."""
    words = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    found: dict[str, str] = {}
    with suppress(sqlite3.Error, UnicodeDecodeError):
        for name, sql in connection.execute(words):
            if str(name).isidentifier() and str(sql).startswith("CREATE TABLE"):
                found[name] = sql
    return found


def _make_other_tables(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make the tables that other parts of the program added to the damaged catalogue."""
    for name in _tables(source).keys() - _tables(target).keys():
        with suppress(sqlite3.Error):
            target.execute(_tables(source)[name])


def _rows(source: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    """Yield the rows before the damage, then those behind it, from the end; none twice."""
    seen: set[int] = set()
    for order in ("ASC", "DESC"):
        # A damaged file breaks off in the middle, or holds text that is none.
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
    if not all(is_sound(row[name]) for (its, name), is_sound in _SOUND.items() if its == table and name in row):
        return False
    marks = ", ".join("?" for _ in row)
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 our own names
    with suppress(sqlite3.Error, OverflowError):
        return target.execute(statement, tuple(row.values())).rowcount > 0
    return False


def _are_fields(text: object) -> bool:
    try:
        fields_of(text)
    except DamagedRowError:
        return False
    return True


def _is_list(text: object) -> bool:
    try:
        return isinstance(json.loads(str(text)), list)
    except (json.JSONDecodeError, RecursionError):
        return False


_SOUND = {("metadata", "fields"): _are_fields, ("jobs", "progress"): _is_list, ("job_orders", "arguments"): _is_list}
