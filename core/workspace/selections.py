"""What is selected on a screen, kept for a while so that opening its address again finds it.

A selection has a token of its own, which nobody guesses, and stands in the address of its browser
tab. Only the session that made a token writes under it: whoever else opens the address begins with
the same specimens and keeps changes under another token, so that no tab overwrites another's.
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
# The newest stay as long as there are not too many of them, nor too much in them.
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
    """Return a token that nobody else has."""
    return secrets.token_hex(16)


def keep_selection(catalogue: Catalogue, token: str, specimen_ids: Sequence[str]) -> None:
    """Keep ids under a token in place of those before; the oldest selections are forgotten.

    Parameters
    ----------
    catalogue : Catalogue
        Where they are kept.
    token : str
        As `new_token` gives it.
    specimen_ids : sequence of str
        In the order they were taken.

    Raises
    ------
    WorkspaceError
        Where the workspace cannot be written.
    """
    ids = json.dumps(list(specimen_ids), ensure_ascii=False)
    with catalogue.transaction(_SCHEMA) as connection:
        connection.execute("INSERT OR REPLACE INTO selections VALUES (?, ?, ?)", (token, ids, time.time()))
        connection.execute(_PRUNE, (MOST_SELECTIONS, MOST_BYTES))


def kept_selection(catalogue: Catalogue, token: str) -> tuple[str, ...]:
    """Return the ids kept under a token, in their order; none where it is unknown or damaged, or is no token.

    Raises
    ------
    WorkspaceError
        Where the workspace cannot be read.
    """
    if not _TOKEN.fullmatch(token):
        return ()
    with catalogue.transaction(_SCHEMA) as connection:
        row = connection.execute("SELECT ids FROM selections WHERE token = ?", (token,)).fetchone()
    try:
        found = json.loads(row[0]) if row is not None else []
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str))) if isinstance(found, list) else ()
