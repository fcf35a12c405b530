"""Matching of table rows to specimens, by id, file name or catalogue number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.collection.column_choice import Choice, choose_column
from core.collection.inventory import take_inventory
from core.collection.known import specimens_in_use
from core.collection.matching_ways import Match
from core.collection.metadata import put_metadata, read_metadata
from core.foundation import InputError, SettingError
from core.storage import Table, Value, as_plain
from core.workspace import Catalogue, Workspace

WAYS = ("auto", "id", "file", "catalogue-number")
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class MatchingSettings:
    """Settings of the matching of rows to specimens.

    Parameters
    ----------
    by : str
        `id`: a column holds specimen ids. `file`: names of files, with or without folders and
        suffix. `catalogue-number`: numbers such as "AMNH 106010" that occur in the names of the
        files, however they are written there. `auto`: exact ids if there are any, else the way
        that matches most rows.
    column : str
        The column to match by; if empty, the column that matches most rows. A column of numbers is
        taken only if it is given here, or if its name says what it holds, such as `id`.
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
        Rows that may belong to several specimens, and rows whose specimen another row names, too,
        with other values or in another spelling.
    without_row : tuple of str
        Specimens without a row.
    added : int
        Number of values that are new.
    changes : tuple of Change
        Values that differ from the stored ones.
    notes : tuple of str
        Remarks on the file and on the choice of the column, in sentences.
    is_exact : bool
        Whether every matched row has the id of its specimen as it is written, and no other column
        has as many ids. If not, the matches should be looked at before they are written.
    examples : tuple of (str, str)
        Up to three matched rows: the text in the matched column and the specimen; those that are
        not exact come first.
    n_rows : int
        Number of rows of the table.
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
    is_exact: bool = True
    examples: tuple[tuple[str, str], ...] = ()
    n_rows: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns to import."""
        return tuple(dict.fromkeys(column for fields in self.values.values() for column in fields))


def known_specimens(workspace: Workspace) -> dict[str, str]:
    """Return file names by specimen id, of all specimens of a workspace.

    These are the specimens of the input folders of earlier runs, as `specimens_in_use` returns them.
    If their files are all gone, as on a disk that is not connected, these are the specimens that the
    catalogue keeps; before the first run, those of the folder `meshes`.

    Raises
    ------
    InputError
        If there are no specimens.
    """
    known = specimens_in_use(workspace)
    records = known.records or known.missing
    if records or known.gone:
        names = {name: Path(record.path).name for name, record in records.items()}
        return names if known.records else {**dict.fromkeys(known.gone, ""), **names}
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
    choice = choose_column(table, specimens, settings.by, settings.column)
    values, ambiguous = _collect(table, choice)
    if not values:
        raise _nothing_fits(table, specimens, choice, len(ambiguous))
    stored = read_metadata(catalogue)
    changes = tuple(
        Change(name, column, stored[name][column], value)
        for name, fields in values.items()
        for column, value in fields.items()
        if column in stored.get(name, {}) and stored[name][column] != value
    )
    added = sum(column not in stored.get(name, {}) for name, fields in values.items() for column in fields)
    keys = _keys(table, choice.place)
    return MatchedTable(
        source=table.source,
        by=choice.by,
        column=table.columns[choice.place],
        values=values,
        not_matched=tuple(LeftOut(*row) for row, match in zip(keys, choice.matches, strict=True) if not match.names),
        ambiguous=ambiguous,
        without_row=tuple(name for name in specimens if name not in values),
        added=added,
        changes=changes,
        notes=(*table.notes, *choice.notes),
        is_exact=choice.is_exact,
        examples=_examples(choice, keys, values),
        n_rows=len(table.rows),
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


def _nothing_fits(table: Table, specimens: Mapping[str, str], choice: Choice, n_ambiguous: int) -> InputError:
    sentence = (
        "No row of {source} belongs to just one specimen ({rows} rows, {specimens} specimens, "
        "{ambiguous} rows that may belong to several)."
    )
    found = {"source": table.source, "rows": len(table.rows), "specimens": len(specimens), "ambiguous": n_ambiguous}
    example = next(iter(specimens), "folder/name")
    if choice.passed_over:
        return InputError(
            sentence,
            advice="The column {column!r} holds numbers; if they tell the specimens, name it as the column. "
            "Ids here look like {example!r}.",
            column=choice.passed_over,
            example=example,
            **found,
        )
    return InputError(
        sentence,
        advice="Name the column that holds ids, file names or catalogue numbers. Ids here look like {example!r}.",
        example=example,
        **found,
    )


def _examples(choice: Choice, keys: list[tuple[int, str]], values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return a few matched rows, the least exact first."""
    pairs = [
        (-match.level, key, match.names[0])
        for (_, key), match in zip(keys, choice.matches, strict=True)
        if _is_matched(match) and match.names[0] in values
    ]
    return tuple((key, name) for _, key, name in sorted(pairs, key=lambda pair: pair[0])[:_MOST_EXAMPLES])


def _is_matched(match: Match) -> bool:
    return len(match.names) == 1 and not match.is_contested


def _collect(table: Table, choice: Choice) -> tuple[dict[str, dict[str, Value]], tuple[LeftOut, ...]]:
    """Return the values by id, and the rows that are ambiguous."""
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    ambiguous: dict[int, tuple[str, ...]] = {}
    for at, match in enumerate(choice.matches):
        if _is_matched(match):
            rows_of[match.names[0]].append(at)
        elif match.names:
            ambiguous[at] = match.names
    keys = _keys(table, choice.place)
    values: dict[str, dict[str, Value]] = {}
    for name, rows in rows_of.items():
        fields = [_fields(table, row, choice, keys[row][1]) for row in rows]
        if all(one == fields[0] for one in fields):
            values[name] = fields[0]
        else:
            ambiguous.update(dict.fromkeys(rows, (name,)))
    return values, tuple(LeftOut(*keys[at], names) for at, names in sorted(ambiguous.items()))


def _fields(table: Table, row: int, choice: Choice, key: str) -> dict[str, Value]:
    """Return the cells of a row that have a value, the text that tells the specimen as it is written."""
    cells = dict(zip(table.columns, table.rows[row], strict=True))
    column = table.columns[choice.place]
    told = cells.pop(column)
    fields = {name: value for name, value in cells.items() if value is not None}
    if choice.by == "id" or told is None:
        return fields
    kept = told if isinstance(told, str) or as_plain(told) == key else key
    return {
        name: kept if name == column else fields[name] for name in table.columns if name == column or name in fields
    }


def _keys(table: Table, place: int) -> list[tuple[int, str]]:
    return list(zip(table.lines, table.texts(place), strict=True))
