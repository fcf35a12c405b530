"""What researchers know of specimens beside their scans: columns of numbers and text by specimen id.

Metadata belong to the id of a specimen, whichever run looked at it, and are kept in the catalogue
of the workspace. `core.collection.metadata_matching` brings them in from a table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from core.collection.labels import Labels
from core.foundation import InputError, SettingError, note
from core.storage import Value
from core.workspace import Catalogue, DamagedRowError

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd

_SCHEMA = """
CREATE TABLE IF NOT EXISTS metadata (specimen_id TEXT PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS metadata_columns (name TEXT PRIMARY KEY, position INTEGER NOT NULL);
"""
_LONGEST_NAME = 100


def metadata_table(catalogue: Catalogue, ids: Sequence[str]) -> pd.DataFrame:
    """Return the metadata of specimens.

    Parameters
    ----------
    catalogue : Catalogue
        Of the workspace.
    ids : sequence of str
        N specimen ids, in the order that the rows get.

    Returns
    -------
    pandas.DataFrame
        N rows, indexed by id (`specimen_id`), a column each in the order they were brought in.
        Numbers where all values of a column are, else text; missing (`isna`) where there is no
        value. A column that is empty for all of these specimens is there, too.
    """
    import pandas as pd

    known = read_metadata(catalogue)
    nothing: dict[str, Value] = {}
    rows = [known.get(name, nothing) for name in ids]
    columns = {column: _as_column([row.get(column) for row in rows]) for column in metadata_columns(catalogue)}
    return pd.DataFrame(columns, index=pd.Index(list(ids), name="specimen_id"))


def metadata_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the columns, in the order they were brought in."""
    with _opened(catalogue) as connection:
        return tuple(row[0] for row in connection.execute("SELECT name FROM metadata_columns ORDER BY position"))


def labels_of_column(catalogue: Catalogue, column: str, ids: Sequence[str]) -> Labels:
    """Return what a column of the metadata says of specimens as their labels.

    Parameters
    ----------
    catalogue : Catalogue
        Of the workspace.
    column : str
        The name of the column.
    ids : sequence of str
        N specimen ids, in row order.

    Raises
    ------
    SettingError
        Where there is no such column.
    InputError
        Where it says nothing of these specimens.
    """
    columns = metadata_columns(catalogue)
    if column not in columns:
        raise SettingError(
            "There is no column {column!r}.",
            advice="There are {columns}." if columns else "Bring a table in with `metadata`.",
            column=column,
            columns=", ".join(columns),
        )
    known = read_metadata(catalogue)
    found = [known.get(name, {}).get(column) for name in ids]
    values = tuple(
        None if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in found
    )
    without = sum(value is None for value in values)
    if without == len(values):
        raise InputError("The column {column!r} says nothing of these specimens.", column=column)
    told = "{without} of {count} specimens have no value in the column {column!r}."
    notes = (note(told, without=without, count=len(values), column=column),) if without else ()
    return Labels(tuple(ids), values, f"column:{column}", notes)


def read_metadata(catalogue: Catalogue) -> dict[str, dict[str, Value]]:
    """Return all metadata: the values of every specimen that has any, by id and column."""
    with _opened(catalogue) as connection:
        rows = connection.execute("SELECT specimen_id, fields FROM metadata")
        return {row[0]: fields_of(row[1]) for row in rows}


def put_metadata(catalogue: Catalogue, values: Mapping[str, Mapping[str, Value | None]]) -> None:
    """Set values by id and column, all of them or, where one is wrong, none; None takes a value away.

    Columns that are not named keep what they have; new ones come behind those that are there.

    Raises
    ------
    SettingError
        Where a column has no name or a very long one, or a number is not finite.
    """
    for name, fields in values.items():
        _check(name, fields)
    with _opened(catalogue, changes=True) as connection:
        _add_columns(connection, [column for fields in values.values() for column in fields])
        for name, fields in values.items():
            row = connection.execute("SELECT fields FROM metadata WHERE specimen_id = ?", (name,)).fetchone()
            merged = {**(fields_of(row[0]) if row is not None else {}), **fields}
            text = json.dumps({column: value for column, value in merged.items() if value is not None})
            connection.execute("INSERT OR REPLACE INTO metadata VALUES (?, ?)", (name, text))


def remove_metadata_columns(catalogue: Catalogue, columns: Iterable[str]) -> None:
    """Take columns away from all specimens."""
    gone = set(columns)
    with _opened(catalogue, changes=True) as connection:
        for row in connection.execute("SELECT specimen_id, fields FROM metadata").fetchall():
            left = {column: value for column, value in fields_of(row[1]).items() if column not in gone}
            connection.execute("UPDATE metadata SET fields = ? WHERE specimen_id = ?", (json.dumps(left), row[0]))
        connection.executemany("DELETE FROM metadata_columns WHERE name = ?", [(column,) for column in gone])


def _opened(catalogue: Catalogue, *, changes: bool = False) -> AbstractContextManager[sqlite3.Connection]:
    return catalogue.transaction(_SCHEMA, changes=changes)


def fields_of(text: object) -> dict[str, Value]:
    """Return the values of a specimen by column, as a row of the catalogue holds them.

    Raises
    ------
    DamagedRowError
        Where the row holds anything else.
    """
    try:
        fields = json.loads(text) if isinstance(text, str) else None
    except (json.JSONDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or not all(isinstance(value, str | int | float) for value in fields.values()):
        raise DamagedRowError("metadata that are no columns and values")
    return fields


def _check(name: str, fields: Mapping[str, Value | None]) -> None:
    for column, value in fields.items():
        if not column.strip() or len(column) > _LONGEST_NAME:
            raise SettingError(
                "{column!r} cannot be the name of a column.",
                advice="Take 1 to {longest_name} signs.",
                column=column[:40],
                longest_name=_LONGEST_NAME,
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise SettingError(
                "{column!r} of {name} must be a finite number (got {value}).", column=column, name=name, value=value
            )


def _add_columns(connection: sqlite3.Connection, columns: Iterable[str]) -> None:
    known = {row[0] for row in connection.execute("SELECT name FROM metadata_columns")}
    new = [column for column in dict.fromkeys(columns) if column not in known]
    last = connection.execute("SELECT COALESCE(MAX(position), -1) FROM metadata_columns").fetchone()[0]
    places = [(column, last + 1 + at) for at, column in enumerate(new)]
    connection.executemany("INSERT INTO metadata_columns VALUES (?, ?)", places)


def _as_column(values: Sequence[Value | None]) -> list[Any]:
    """Return numbers, NaN between them, where all values are numbers; else text."""
    filled = [value for value in values if value is not None]
    if filled and all(isinstance(value, int | float) for value in filled):
        return [math.nan if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
