"""Metadata of specimens: columns of numbers and text by specimen id.

Metadata belong to the id of a specimen and not to a run. They are kept in the catalogue of the
workspace. `core.collection.match_table` imports them from a table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from core.collection.labels import Labels
from core.foundation import InputError, SettingError, note
from core.storage import Value, as_plain
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
        The catalogue of the workspace.
    ids : sequence of str
        N specimen ids, in the order of the rows.

    Returns
    -------
    pandas.DataFrame
        N rows, indexed by id (`specimen_id`), with the columns in the order of import. A column
        has numbers if all its values are numbers, else text; cells without a value are missing
        (`isna`). Columns that are empty for all of these specimens are included.
    """
    import pandas as pd

    known = read_metadata(catalogue)
    nothing: dict[str, Value] = {}
    rows = [known.get(name, nothing) for name in ids]
    columns = {column: _as_column([row.get(column) for row in rows]) for column in metadata_columns(catalogue)}
    return pd.DataFrame(columns, index=pd.Index(list(ids), name="specimen_id"))


def metadata_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the columns, in the order of import."""
    with _opened(catalogue) as connection:
        return tuple(row[0] for row in connection.execute("SELECT name FROM metadata_columns ORDER BY position"))


def labels_of_column(catalogue: Catalogue, column: str, ids: Sequence[str]) -> Labels:
    """Return a column of the metadata as labels.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue of the workspace.
    column : str
        The name of the column.
    ids : sequence of str
        N specimen ids, in row order.

    Raises
    ------
    SettingError
        If there is no such column.
    InputError
        If it has no values for these specimens.
    """
    columns = metadata_columns(catalogue)
    if column not in columns:
        raise SettingError(
            "There is no column {column!r}.",
            advice="There are {columns}." if columns else "Import a table with `metadata`.",
            column=column,
            columns=", ".join(columns),
        )
    known = read_metadata(catalogue)
    cells = [known.get(name, {}).get(column) for name in ids]
    values = tuple(
        None if value is None else as_plain(value) if isinstance(value, float) else str(value) for value in cells
    )
    without = sum(value is None for value in values)
    if without == len(values):
        raise InputError("The column {column!r} has no values for these specimens.", column=column)
    sentence = "{without} of {count} specimens have no value in the column {column!r}."
    notes = (note(sentence, without=without, count=len(values), column=column),) if without else ()
    return Labels(tuple(ids), values, f"column:{column}", notes)


def read_metadata(catalogue: Catalogue) -> dict[str, dict[str, Value]]:
    """Return all metadata, by specimen id and column."""
    with _opened(catalogue) as connection:
        rows = connection.execute("SELECT specimen_id, fields FROM metadata")
        return {row[0]: fields_of(row[1]) for row in rows}


def put_metadata(catalogue: Catalogue, values: Mapping[str, Mapping[str, Value | None]]) -> None:
    """Set values by specimen id and column.

    None removes a value. If one value is not valid, none is written. Columns that are not named keep their values. New
    columns follow the existing ones.

    Raises
    ------
    SettingError
        If a column has no name or a very long one, or a number is not finite.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import metadata_table, put_metadata
    >>> from core.workspace import Catalogue
    >>> catalogue = Catalogue(Path(tempfile.mkdtemp(), "catalogue.sqlite"))
    >>> put_metadata(catalogue, {"femur": {"length": 3.2, "side": "left"}, "rib": {"length": 7.5}})
    >>> metadata_table(catalogue, ["rib", "femur"])["length"].tolist()
    [7.5, 3.2]
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
    """Remove columns from all specimens."""
    removed = set(columns)
    with _opened(catalogue, changes=True) as connection:
        for row in connection.execute("SELECT specimen_id, fields FROM metadata").fetchall():
            remaining = {column: value for column, value in fields_of(row[1]).items() if column not in removed}
            connection.execute("UPDATE metadata SET fields = ? WHERE specimen_id = ?", (json.dumps(remaining), row[0]))
        connection.executemany("DELETE FROM metadata_columns WHERE name = ?", [(column,) for column in removed])


def _opened(catalogue: Catalogue, *, changes: bool = False) -> AbstractContextManager[sqlite3.Connection]:
    return catalogue.transaction(_SCHEMA, changes=changes)


def fields_of(text: object) -> dict[str, Value]:
    """Read the values of a specimen by column from a row of the catalogue.

    Raises
    ------
    DamagedRowError
        If the row is not a JSON object of columns and values.
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
                advice="Use 1 to {longest_name} characters.",
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
    """Return numbers if all values are numbers, else text.

    Missing values are NaN in numbers and None in text.
    """
    filled = [value for value in values if value is not None]
    if filled and all(isinstance(value, int | float) for value in filled):
        return [math.nan if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
