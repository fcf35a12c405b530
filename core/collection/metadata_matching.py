"""Which row of a table belongs to which specimen: by id, by file name or by catalogue number."""

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
# A catalogue number is a few words long, "NHMUK PV OR 37001": longer stretches of a name are none.
_MOST_WORDS = 6


@dataclass(frozen=True)
class MatchingSettings:
    """How rows find their specimens.

    Parameters
    ----------
    by : str
        `id`: a column holds specimen ids. `file`: names of files, with or without folders and
        suffix. `catalogue-number`: numbers such as "AMNH 106010" that occur in the names of the
        files, however they are written there. `auto`: whichever fits most rows.
    column : str
        The column that holds them; found where empty.
    """

    by: str = "auto"
    column: str = ""

    def __post_init__(self) -> None:
        if self.by not in WAYS:
            raise SettingError("'by' must be one of {allowed} (got {by}).", allowed=", ".join(WAYS), by=self.by)


@dataclass(frozen=True)
class LeftOut:
    """A row that was not taken: its line in the file, what it was called, and who it might be."""

    line: int
    key: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A value that differs from the one that is kept already."""

    specimen_id: str
    column: str
    before: Value
    after: Value


@dataclass(frozen=True)
class MatchedTable:
    """A table laid onto the specimens; nothing is written yet.

    Parameters
    ----------
    by, column : str
        How rows were matched, and by which column.
    values : mapping
        What the table says, by specimen id and column, empty cells left out.
    not_matched : tuple of LeftOut
        Rows that belong to no specimen.
    ambiguous : tuple of LeftOut
        Rows that may belong to several specimens, and those of which another row belongs to the
        same specimen and says something else.
    without_row : tuple of str
        Specimens that no row belongs to.
    added : int
        Values where there was none.
    changes : tuple of Change
        Values that differ from what is kept.
    notes : tuple of str
        What was odd about the file.
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
        """Return the columns that are brought in."""
        return tuple(dict.fromkeys(column for fields in self.values.values() for column in fields))


def known_specimens(workspace: Workspace) -> dict[str, str]:
    """Return the name of its file for every specimen that a workspace knows, by id.

    Those of every input folder that was ever looked at; before the first run, those of `meshes`.

    Raises
    ------
    InputError
        Where there are none.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    records = [record for source in catalogue.sources() for record in catalogue.specimens(source).values()]
    if records:
        return {record.specimen_id: Path(record.path).name for record in records}
    return {found.specimen_id: found.path.name for found in take_inventory(workspace.meshes).specimens}


def match_table(
    catalogue: Catalogue, table: Table, specimens: Mapping[str, str], settings: MatchingSettings | None = None
) -> MatchedTable:
    """Find the specimen of every row and compare what it says with what is kept; write nothing.

    Parameters
    ----------
    catalogue : Catalogue
        Of the workspace.
    table : Table
        As `core.storage.tables.read_table` gives it.
    specimens : mapping
        Names of files by specimen id; see `known_specimens`.
    settings : MatchingSettings, optional
        How rows find their specimens.

    Raises
    ------
    SettingError
        Where there is no such column.
    InputError
        Where not one row belongs to just one specimen.
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
    by, place, found = _best_match(table, specimens, settings)
    left_out = (table.columns[place],) if by == "id" else ()
    values, ambiguous = _collect(table, place, found, left_out)
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
    kept = read_metadata(catalogue)
    changes = tuple(
        Change(name, column, kept[name][column], value)
        for name, fields in values.items()
        for column, value in fields.items()
        if column in kept.get(name, {}) and kept[name][column] != value
    )
    added = sum(column not in kept.get(name, {}) for name, fields in values.items() for column in fields)
    return MatchedTable(
        source=table.source,
        by=by,
        column=table.columns[place],
        values=values,
        not_matched=tuple(LeftOut(*row) for row, names in zip(_keys(table, place), found, strict=True) if not names),
        ambiguous=ambiguous,
        without_row=tuple(name for name in specimens if name not in values),
        added=added,
        changes=changes,
        notes=table.notes,
    )


def write_matched(catalogue: Catalogue, matched: MatchedTable, *, overwrite: bool = False) -> int:
    """Keep what a table says; return how many values were written.

    Values that differ from those kept already are written only with `overwrite`.
    """
    held = set() if overwrite else {(change.specimen_id, change.column) for change in matched.changes}
    values = {
        name: {column: value for column, value in fields.items() if (name, column) not in held}
        for name, fields in matched.values.items()
    }
    put_metadata(catalogue, {name: fields for name, fields in values.items() if fields})
    return matched.added + (len(matched.changes) if overwrite else 0)


_Found = list[tuple[str, ...]]


def _best_match(table: Table, specimens: Mapping[str, str], settings: MatchingSettings) -> tuple[str, int, _Found]:
    """Return the way, the column's place and the specimens of every row that fit most rows."""
    places = [table.columns.index(settings.column)] if settings.column else range(len(table.columns))
    best: tuple[str, int, _Found] = (settings.by, 0, [() for _ in table.rows])
    most = (0, 0)
    for by in (*WAYS[1:],) if settings.by == "auto" else (settings.by,):
        look_up = _LOOK_UPS[by](specimens)
        for place in places:
            found = [look_up(str(row[place])) if row[place] is not None else () for row in table.rows]
            rank = (len({names for names in found if len(names) == 1}), sum(map(bool, found)))
            if rank > most:
                most, best = rank, (by, place, found)
        if most[0] == len(table.rows):
            break
    return best


def _by_id(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    ids = {_same(name): name for name in specimens}

    def look_up(key: str) -> tuple[str, ...]:
        found = ids.get(_same(key.replace("\\", "/")))
        return () if found is None else (found,)

    return look_up


def _by_file(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """Look for a path's end: as many of its folders are compared as were given."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name, file in specimens.items():
        for known in {_same(file), _same(_stem(file)), _same(PurePosixPath(name).name)}:
            by_name[known].append(name)

    def look_up(key: str) -> tuple[str, ...]:
        path = PurePosixPath(key.replace("\\", "/"))
        found = by_name.get(_same(path.name)) or by_name.get(_same(_stem(path.name))) or []
        folder = _same("/".join(part for part in path.parent.parts if part not in (".", "/")))
        inside = [
            name for name in found if folder and f"/{_same(str(PurePosixPath(name).parent))}".endswith(f"/{folder}")
        ]
        return tuple(inside or found)

    return look_up


def _by_catalogue_number(specimens: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """Look for the words and numbers of a key, side by side in the name of a file."""
    stretches: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    whole: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, file in specimens.items():
        words = _words(_stem(file))
        whole[words].append(name)
        inside = {words[a:b] for a in range(len(words)) for b in range(a + 1, min(a + _MOST_WORDS, len(words)) + 1)}
        for stretch in inside:
            stretches[stretch].append(name)

    def look_up(key: str) -> tuple[str, ...]:
        words = _words(key)
        if not any(word.isdigit() for word in words):
            return ()  # a name of a taxon is no catalogue number
        return tuple(whole.get(words) or stretches.get(words) or ())

    return look_up


_LOOK_UPS: dict[str, Callable[[Mapping[str, str]], Callable[[str], tuple[str, ...]]]] = {
    "id": _by_id,
    "file": _by_file,
    "catalogue-number": _by_catalogue_number,
}


def _collect(
    table: Table, place: int, found: _Found, left_out: tuple[str, ...]
) -> tuple[dict[str, dict[str, Value]], tuple[LeftOut, ...]]:
    """Return the values by id, and the rows that are ambiguous."""
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    ambiguous: dict[int, tuple[str, ...]] = {}
    for at, names in enumerate(found):
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
    """Return the cells of a row that say something."""
    cells = zip(table.columns, table.rows[row], strict=True)
    return {column: value for column, value in cells if value is not None and column not in left_out}


def _keys(table: Table, place: int) -> list[tuple[int, str]]:
    cells: Iterable[Value | None] = (row[place] for row in table.rows)
    return [(line, "" if cell is None else str(cell)) for line, cell in zip(table.lines, cells, strict=True)]


def _same(text: str) -> str:
    """Return text so that spellings that look alike are the same."""
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def _stem(file: str) -> str:
    path = PurePosixPath(file)
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def _words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in small letters, zeros before a number left out."""
    found: Sequence[str] = _WORD.findall(_same(text))
    return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in found)
