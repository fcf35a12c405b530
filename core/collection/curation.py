"""Named sets, tags and notes, kept in the catalogue by specimen id.

They belong to the id and not to a run, so that no run changes them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from core.foundation import SettingError
from core.workspace import Catalogue

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd

SEPARATOR = "; "
LONGEST_NAME = 80
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sets (name TEXT PRIMARY KEY, changed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS set_members (
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    specimen_id TEXT NOT NULL,
    PRIMARY KEY (name, specimen_id)
);
CREATE TABLE IF NOT EXISTS tags (specimen_id TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (specimen_id, tag));
CREATE TABLE IF NOT EXISTS remarks (specimen_id TEXT PRIMARY KEY, text TEXT NOT NULL, changed REAL NOT NULL);
"""


class Curation:
    """The sets, tags and notes of a workspace.

    Every call is one transaction.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue of the workspace.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import Curation
    >>> from core.workspace import Catalogue
    >>> curation = Curation(Catalogue(Path(tempfile.mkdtemp(), "catalogue.sqlite")))
    >>> curation.put_set("damaged", ["rib", "femur"])
    >>> curation.add_tag("cast", ["femur"])
    >>> curation.members("damaged"), curation.tags()
    (('rib', 'femur'), {'femur': ('cast',)})
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def sets(self) -> dict[str, tuple[str, ...]]:
        """Return the ids of every named set in order of insertion, sets by name."""
        with self._opened() as connection:
            found: dict[str, list[str]] = {row[0]: [] for row in connection.execute("SELECT name FROM sets")}
            for row in connection.execute("SELECT name, specimen_id FROM set_members ORDER BY name, position"):
                found[row[0]].append(row[1])
        return {name: tuple(found[name]) for name in sorted(found, key=str.casefold)}

    def members(self, name: str) -> tuple[str, ...]:
        """Return the ids of a set in order of insertion.

        Raises
        ------
        SettingError
            If there is no such set.
        """
        sets = self.sets()
        if name not in sets:
            raise SettingError(
                "There is no set {name!r}.", advice="There are: {sets}.", name=name, sets=", ".join(sets) or "none"
            )
        return sets[name]

    def put_set(self, name: str, ids: Iterable[str], *, replace: bool = False) -> None:
        """Save ids as a named set.

        Raises
        ------
        SettingError
            If the name is not valid, or is taken and `replace` is False.
        """
        name = _checked(name, "set")
        with self._opened(changes=True) as connection:
            taken = connection.execute("SELECT 1 FROM sets WHERE name = ?", (name,)).fetchone() is not None
            if taken and not replace:
                raise SettingError(
                    "There is a set {name!r} already.", advice="Take another name, or replace it.", name=name
                )
            connection.execute("INSERT OR REPLACE INTO sets VALUES (?, ?)", (name, time.time()))
            connection.execute("DELETE FROM set_members WHERE name = ?", (name,))
            members = [(name, place, specimen_id) for place, specimen_id in enumerate(dict.fromkeys(ids))]
            connection.executemany("INSERT INTO set_members VALUES (?, ?, ?)", members)

    def remove_set(self, name: str) -> None:
        """Remove a named set, but not its specimens."""
        with self._opened(changes=True) as connection:
            connection.execute("DELETE FROM sets WHERE name = ?", (name,))
            connection.execute("DELETE FROM set_members WHERE name = ?", (name,))

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Return the tags of every specimen that has any, sorted, by id."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        with self._opened() as connection:
            for row in connection.execute("SELECT specimen_id, tag FROM tags ORDER BY specimen_id, tag"):
                found[row[0]].append(row[1])
        return {name: tuple(its) for name, its in found.items()}

    def add_tag(self, tag: str, ids: Iterable[str]) -> None:
        """Add a tag to specimens.

        Raises
        ------
        SettingError
            If the tag is not valid.
        """
        tag = _checked(tag, "tag")
        with self._opened(changes=True) as connection:
            connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(name, tag) for name in ids])

    def remove_tag(self, tag: str, ids: Iterable[str]) -> None:
        """Remove a tag from specimens."""
        with self._opened(changes=True) as connection:
            connection.executemany("DELETE FROM tags WHERE specimen_id = ? AND tag = ?", [(name, tag) for name in ids])

    def notes(self) -> dict[str, str]:
        """Return the note of every specimen that has one, by id."""
        with self._opened() as connection:
            return {row[0]: row[1] for row in connection.execute("SELECT specimen_id, text FROM remarks")}

    def put_note(self, specimen_id: str, text: str) -> None:
        """Replace the note on a specimen, or remove it if the text is empty."""
        with self._opened(changes=True) as connection:
            if text.strip():
                row = (specimen_id, text.strip(), time.time())
                connection.execute("INSERT OR REPLACE INTO remarks VALUES (?, ?, ?)", row)
            else:
                connection.execute("DELETE FROM remarks WHERE specimen_id = ?", (specimen_id,))

    def table(self, ids: Sequence[str]) -> pd.DataFrame:
        """Return the tags, sets and notes of specimens as text.

        Parameters
        ----------
        ids : sequence of str
            N specimen ids, in the order of the rows.

        Returns
        -------
        pandas.DataFrame
            N rows indexed by id; `tags` and `sets` joined by semicolons, `notes`; empty text
            if there is none.
        """
        import pandas as pd

        tags, notes = self.tags(), self.notes()
        sets_of: defaultdict[str, list[str]] = defaultdict(list)
        for name, members in self.sets().items():
            for specimen_id in members:
                sets_of[specimen_id].append(name)
        columns = {
            "tags": [SEPARATOR.join(tags.get(name, ())) for name in ids],
            "sets": [SEPARATOR.join(sets_of.get(name, ())) for name in ids],
            "notes": [notes.get(name, "") for name in ids],
        }
        return pd.DataFrame(columns, index=pd.Index(list(ids), name="specimen_id"))

    def _opened(self, *, changes: bool = False) -> AbstractContextManager[sqlite3.Connection]:
        return self._catalogue.transaction(_SCHEMA, changes=changes)


def _checked(name: str, what: str) -> str:
    """Return a name without surplus blanks, or raise a `SettingError`."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or ";" in name or not name.isprintable():
        raise SettingError(
            "{name!r} cannot be the name of a {what}.",
            advice="Use 1 to {longest_name} printable characters, without a semicolon.",
            name=name[:40],
            what=what,
            longest_name=LONGEST_NAME,
        )
    return name
