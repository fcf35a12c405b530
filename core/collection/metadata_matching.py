"""Matching of table rows to specimens, by id, file name or catalogue number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.collection.inventory import take_inventory
from core.collection.metadata import put_metadata, read_metadata
from core.foundation import InputError, SettingError
from core.meshes import SUFFIXES
from core.storage import Table, Value
from core.workspace import Catalogue, Workspace

WAYS = ("auto", "id", "file", "catalogue-number")
_WORD = re.compile(r"[^\W\d_]+|\d+")
# A catalogue number has a few words, as in "NHMUK PV OR 37001"; longer word sequences are none.
_MOST_WORDS = 6


@dataclass(frozen=True)
class MatchingSettings:
    """Settings of the matching of rows to specimens.

    Parameters
    ----------
    by : str
        `id`: a column holds specimen ids. `file`: names of files, with or without folders and
        suffix. `catalogue-number`: numbers such as "AMNH 106010" that occur in the names of the
        files, however they are written there. `auto`: the way that matches most rows.
    column : str
        The column to match by; if empty, the column that matches most rows.
    """

    by: str = "auto"
    column: str = ""

    def __post_init__(self) -> None:
        if self.by not in WAYS:
            raise SettingError("'by' must be one of {allowed} (got {by}).", allowed=", ".join(WAYS), by=self.by)


@dataclass(frozen=True)
class LeftOut:
    """A row that was left out.

    Parameters
    ----------
    line : int
        Its line in the file.
    key : str
        Its text in the matched column.
    candidates : tuple of str
        Ids of the specimens that it may belong to.
    """

    line: int
    key: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A value that differs from the stored one."""

    specimen_id: str
    column: str
    before: Value
    after: Value


@dataclass(frozen=True)
class MatchedTable:
    """A table matched to the specimens, not written yet.

    Parameters
    ----------
    by, column : str
        The way of matching, and the matched column.
    values : mapping
        Values of the table by specimen id and column, without empty cells.
    not_matched : tuple of LeftOut
        Rows that belong to no specimen.
    ambiguous : tuple of LeftOut
        Rows that may belong to several specimens, and rows that contradict another row of the same
        specimen.
    without_row : tuple of str
        Specimens without a row.
    added : int
        Number of values that are new.
    changes : tuple of Change
        Values that differ from the stored ones.
    notes : tuple of str
        Remarks on the file, in sentences.
    """

    source: str
    by: str
    column: str
    values: Mapping[str, Mapping[str, Value]]
    not_matched: tuple[LeftOut, ...]
    ambiguous: tuple[LeftOut, ...]
    without_row: tuple[str, ...]
    added: int
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns to import."""
        return tuple(dict.fromkeys(column for fields in self.values.values() for column in fields))


def known_specimens(workspace: Workspace) -> dict[str, str]:
    """Return file names by specimen id, of all specimens of a workspace.

    These are the specimens of all input folders of earlier runs; before the first run, those of
    the folder `meshes`.

    Raises
    ------
    InputError
        If there are no specimens.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    records = [record for source in catalogue.sources() for record in catalogue.specimens(source).values()]
    if records:
        return {record.specimen_id: Path(record.path).name for record in records}
    return {specimen.specimen_id: specimen.path.name for specimen in take_inventory(workspace.meshes).specimens}


def match_table(
    catalogue: Catalogue, table: Table, specimens: Mapping[str, str], settings: MatchingSettings | None = None
) -> MatchedTable:
    r"""Match every row to a specimen and compare its values with the stored ones.

    Nothing is written.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue of the workspace.
    table : Table
        A table from `core.storage.read_table`.
    specimens : mapping
        File names by specimen id; see `known_specimens`.
    settings : MatchingSettings, optional
        Settings of the matching.

    Raises
    ------
    SettingError
        If there is no such column.
    InputError
        If no row belongs to exactly one specimen.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import match_table
    >>> from core.storage import read_table
    >>> from core.workspace import Catalogue
    >>> folder = Path(tempfile.mkdtemp())
    >>> text = "number,length\nAMNH 106010,3.2\nAMNH 7,4.1\n"
    >>> _ = (folder / "table.csv").write_text(text, encoding="utf-8")
    >>> specimens = {"Tarsius/amnh_106010_m1": "amnh_106010_m1.ply"}
    >>> matched = match_table(Catalogue(folder / "catalogue.sqlite"), read_table(folder / "table.csv"), specimens)
    >>> matched.by, matched.values["Tarsius/amnh_106010_m1"]["length"], [row.key for row in matched.not_matched]
    ('catalogue-number', 3.2, ['AMNH 7'])
    """
    settings = settings or MatchingSettings()
    if settings.column and settings.column not in table.columns:
        raise SettingError(
            "{source} has no column {column!r}.",
            advice="It has {columns}.",
            source=table.source,
            column=settings.column,
            columns=", ".join(table.columns),
        )
    by, place, matches = _best_match(table, specimens, settings)
    left_out = (table.columns[place],) if by == "id" else ()
    values, ambiguous = _collect(table, place, matches, left_out)
    if not values:
        raise InputError(
            "No row of {source} belongs to just one specimen ({rows} rows, {specimens} specimens, "
            "{ambiguous} rows that may belong to several).",
            advice="Name the column that holds ids, file names or catalogue numbers. Ids here look like {example!r}.",
            source=table.source,
            rows=len(table.rows),
            specimens=len(specimens),
            ambiguous=len(ambiguous),
            example=next(iter(specimens), "folder/name"),
        )
    stored = read_metadata(catalogue)
    changes = tuple(
        Change(name, column, stored[name][column], value)
        for name, fields in values.items()
        for column, value in fields.items()
        if column in stored.get(name, {}) and stored[name][column] != value
    )
    added = sum(column not in stored.get(name, {}) for name, fields in values.items() for column in fields)
    return MatchedTable(
        source=table.source,
        by=by,
        column=table.columns[place],
        values=values,
        not_matched=tuple(LeftOut(*row) for row, names in zip(_keys(table, place), matches, strict=True) if not names),
        ambiguous=ambiguous,
        without_row=tuple(name for name in specimens if name not in values),
        added=added,
        changes=changes,
        notes=table.notes,
    )


def write_matched(catalogue: Catalogue, matched: MatchedTable, *, overwrite: bool = False) -> int:
    """Store the values of a matched table, and return the number of written values.

    Values that differ from the stored ones are written only with `overwrite`.
    """
    unchanged = set() if overwrite else {(change.specimen_id, change.column) for change in matched.changes}
    values = {
        name: {column: value for column, value in fields.items() if (name, column) not in unchanged}
        for name, fields in matched.values.items()
    }
    put_metadata(catalogue, {name: fields for name, fields in values.items() if fields})
    return matched.added + (len(matched.changes) if overwrite else 0)


_Matches = list[tuple[str, ...]]


def _best_match(table: Table, specimens: Mapping[str, str], settings: MatchingSettings) -> tuple[str, int, _Matches]:
    """Return the best way of matching, its column index and the matches of each row."""
    places = [table.columns.index(settings.column)] if settings.column else range(len(table.columns))
    best: tuple[str, int, _Matches] = (settings.by, 0, [() for _ in table.rows])
    most = (0, 0)
    for by in (*WAYS[1:],) if settings.by == "auto" else (settings.by,):
        look_up = _LOOK_UPS[by](specimens)
        for place in places:
            matches = [look_up(str(row[place])) if row[place] is not None else () for row in table.rows]
            rank = (len({names for names in matches if len(names) == 1}), sum(map(bool, matches)))
            if rank > most:
                most, best = rank, (by, place, matches)
        if most[0] == len(table.rows):
            break
    return best


def _by_id(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    ids = {_normalised(name): name for name in specimens}

    def look_up(key: str) -> tuple[str, ...]:
        found = ids.get(_normalised(key.replace("\\", "/")))
        return () if found is None else (found,)

    return look_up


def _by_file(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """Return a look-up by file name, and by as many of its folders as are given."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name, file in specimens.items():
        for known in {_normalised(file), _normalised(_stem(file)), _normalised(PurePosixPath(name).name)}:
            by_name[known].append(name)

    def look_up(key: str) -> tuple[str, ...]:
        path = PurePosixPath(key.replace("\\", "/"))
        found = by_name.get(_normalised(path.name)) or by_name.get(_normalised(_stem(path.name))) or []
        folder = _normalised("/".join(part for part in path.parent.parts if part not in (".", "/")))
        inside = [
            name
            for name in found
            if folder and f"/{_normalised(str(PurePosixPath(name).parent))}".endswith(f"/{folder}")
        ]
        return tuple(inside or found)

    return look_up


def _by_catalogue_number(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """Return a look-up by the adjacent words and numbers in the name of a file."""
    by_sequence: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    by_whole_name: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, file in specimens.items():
        words = _words(_stem(file))
        by_whole_name[words].append(name)
        inside = {words[a:b] for a in range(len(words)) for b in range(a + 1, min(a + _MOST_WORDS, len(words)) + 1)}
        for sequence in inside:
            by_sequence[sequence].append(name)

    def look_up(key: str) -> tuple[str, ...]:
        words = _words(key)
        if not any(word.isdigit() for word in words):
            return ()  # a taxon name is not a catalogue number
        return tuple(by_whole_name.get(words) or by_sequence.get(words) or ())

    return look_up


_LOOK_UPS: dict[str, Callable[[Mapping[str, str]], Callable[[str], tuple[str, ...]]]] = {
    "id": _by_id,
    "file": _by_file,
    "catalogue-number": _by_catalogue_number,
}


def _collect(
    table: Table, place: int, matches: _Matches, left_out: tuple[str, ...]
) -> tuple[dict[str, dict[str, Value]], tuple[LeftOut, ...]]:
    """Return the values by id, and the rows that are ambiguous."""
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    ambiguous: dict[int, tuple[str, ...]] = {}
    for at, names in enumerate(matches):
        if len(names) == 1:
            rows_of[names[0]].append(at)
        elif names:
            ambiguous[at] = names
    values: dict[str, dict[str, Value]] = {}
    for name, rows in rows_of.items():
        fields = [_fields(table, row, left_out) for row in rows]
        if all(one == fields[0] for one in fields):
            values[name] = fields[0]
        else:
            ambiguous.update(dict.fromkeys(rows, (name,)))
    keys = _keys(table, place)
    return values, tuple(LeftOut(*keys[at], names) for at, names in sorted(ambiguous.items()))


def _fields(table: Table, row: int, left_out: tuple[str, ...]) -> dict[str, Value]:
    """Return the cells of a row that have a value."""
    cells = zip(table.columns, table.rows[row], strict=True)
    return {column: value for column, value in cells if value is not None and column not in left_out}


def _keys(table: Table, place: int) -> list[tuple[int, str]]:
    cells: Iterable[Value | None] = (row[place] for row in table.rows)
    return [(line, "" if cell is None else str(cell)) for line, cell in zip(table.lines, cells, strict=True)]


def _normalised(text: str) -> str:
    """Return text with equivalent characters and case unified (NFKC)."""
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def _stem(file: str) -> str:
    path = PurePosixPath(file)
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def _words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in lower case, without leading zeros."""
    found: Sequence[str] = _WORD.findall(_normalised(text))
    return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in found)
