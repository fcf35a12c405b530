"""Selections of the screens, kept for a while and found by their address.

A selection has an unguessable token, which is part of the address of its browser tab. Only the
session that made a token writes under it. Another session that opens the address starts with the
same specimens and writes under a new token, so that no tab overwrites the selection of another.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Sequence

from core.workspace.catalogue import Catalogue

MOST_SELECTIONS = 200
MOST_BYTES = 32_000_000
_TOKEN = re.compile(r"[0-9a-f]{32}")
_SCHEMA = "CREATE TABLE IF NOT EXISTS selections (token TEXT PRIMARY KEY, ids TEXT NOT NULL, changed REAL NOT NULL);"
# The newest selections are kept, up to a number of selections and a size in bytes.
_PRUNE = """
DELETE FROM selections WHERE token IN (
    SELECT token FROM (
        SELECT token,
               ROW_NUMBER() OVER (ORDER BY changed DESC, rowid DESC) AS place,
               SUM(LENGTH(CAST(ids AS BLOB))) OVER (ORDER BY changed DESC, rowid DESC) AS bytes
        FROM selections
    ) WHERE place > ? OR bytes > ?
)
"""


def new_token() -> str:
    """Return a new unguessable token."""
    return secrets.token_hex(16)


def write_selection(catalogue: Catalogue, token: str, specimen_ids: Sequence[str]) -> None:
    """Store ids under a token in place of earlier ones.

    The oldest selections are removed.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue that holds the selections.
    token : str
        From `new_token`.
    specimen_ids : sequence of str
        In the order of selection.

    Raises
    ------
    WorkspaceError
        If the workspace cannot be written.
    """
    ids = json.dumps(list(specimen_ids), ensure_ascii=False)
    with catalogue.transaction(_SCHEMA) as connection:
        connection.execute("INSERT OR REPLACE INTO selections VALUES (?, ?, ?)", (token, ids, time.time()))
        connection.execute(_PRUNE, (MOST_SELECTIONS, MOST_BYTES))


def read_selection(catalogue: Catalogue, token: str) -> tuple[str, ...]:
    """Return the ids of a token, in the order of selection.

    There are none if the token is unknown or malformed, or its row is damaged.

    Raises
    ------
    WorkspaceError
        If the workspace cannot be read.
    """
    if not _TOKEN.fullmatch(token):
        return ()
    with catalogue.transaction(_SCHEMA) as connection:
        row = connection.execute("SELECT ids FROM selections WHERE token = ?", (token,)).fetchone()
    try:
        ids = json.loads(row[0]) if row is not None else []
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(dict.fromkeys(name for name in ids if isinstance(name, str))) if isinstance(ids, list) else ()
