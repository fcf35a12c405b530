"""Labels of specimens, from a CSV or from the categories."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from core.foundation import InputError, SettingError, category_of, few_of, joined, note
from core.storage import read_cells

_ID_HEADERS = ("specimen_id", "specimen", "id")
_LABEL_HEADERS = ("label", "taxon", "class", "category")
_MOST_TITLE_LINES = 30


@dataclass(frozen=True)
class Labels:
    """Labels of specimens.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, in row order of the embeddings they belong to.
    values : tuple of str or None
        Label of every specimen; None if it has none.
    source : str
        Source of the labels, for reports.
    notes : tuple of str
        Remarks on the labels, in sentences.
    """

    ids: tuple[str, ...]
    values: tuple[str | None, ...]
    source: str
    notes: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the different labels, sorted."""
        return tuple(sorted({value for value in self.values if value is not None}))

    @cached_property
    def codes(self) -> Int[np.ndarray, " n"]:
        """Return the index into `names` of every specimen's label, -1 for none."""
        place = {name: number for number, name in enumerate(self.names)}
        return np.array([-1 if value is None else place[value] for value in self.values], dtype=np.int64)

    @property
    def n_labelled(self) -> int:
        """Return the number of specimens that have a label."""
        return sum(value is not None for value in self.values)


def resolve_labels(given: str, ids: Sequence[str]) -> Labels:
    """Return the labels that the flag `--labels` names.

    Parameters
    ----------
    given : str
        `category` for the whole category, `category:1` for its first folder (also
        `category:top`), `category:2` for the first two, …; or the path of a CSV.
    ids : sequence of str
        Specimen ids, in row order.

    Raises
    ------
    SettingError
        If the level after `category:` is not a number above 0.
    InputError
        If the CSV cannot be read, or has none of the specimens.

    Examples
    --------
    >>> from core.collection import resolve_labels
    >>> resolve_labels("category:1", ["Teeth/Molars/m1", "Femora/f1"]).values
    ('Teeth', 'Femora')
    """
    word, _, level = given.partition(":")
    if word != "category" or (not level and given != "category"):
        return read_labels(Path(given), ids)
    if not level:
        return labels_of_categories(ids)
    if level == "top":
        return labels_of_categories(ids, 1)
    if not level.isdecimal() or int(level) < 1:
        raise SettingError(
            "'labels' asks for the category level {level!r}.",
            advice="Give category, category:top, or category:1, category:2 and so on for the first folders.",
            level=level,
        )
    return labels_of_categories(ids, int(level))


def labels_of_categories(ids: Sequence[str], level: int | None = None) -> Labels:
    """Return the categories as labels, or their first `level` folders.

    Specimens that are in no folder have no label.

    Raises
    ------
    InputError
        If no specimen is in a folder.

    Examples
    --------
    >>> from core.collection import labels_of_categories
    >>> labels_of_categories(["Teeth/Molars/m1", "loose"]).values
    ('Teeth/Molars', None)
    """
    values = tuple("/".join(category_of(name).split("/")[:level]) or None for name in ids)
    without = sum(value is None for value in values)
    if without == len(values):
        raise InputError(
            "No specimen lies in a folder, so there are no categories to use as labels.",
            advice="Put specimens into folders by taxon, or give a CSV with the columns specimen_id,label.",
        )
    sentence = "{without} of {count} specimens lie in no folder and have no label."
    notes = (note(sentence, without=without, count=len(values)),) if without else ()
    source = "category" if level is None else f"category:{level}"
    return Labels(tuple(ids), values, source, notes)


def read_labels(path: Path, ids: Sequence[str]) -> Labels:
    r"""Read labels from a CSV or Excel file `specimen_id,label`, with or without a header.

    The encoding may be UTF-8, UTF-16, Windows-1252 or Shift-JIS. The separator may be a comma,
    semicolon or tab. Ids are compared as they are written; `\` in an unknown id is read as `/`.

    Raises
    ------
    InputError
        If the file is missing, is in another encoding, has fewer than two columns, or
        has none of the specimens.
    """
    if not path.is_file():
        raise InputError(
            "The labels {path!r} are not there.",
            advice="Give the path of a CSV with the columns specimen_id,label, or the word category.",
            path=str(path),
        )
    rows, noted = read_cells(path)
    known = set(ids)
    pairs, notes = _pairs(path, rows, known)
    notes = [*noted, *notes]
    given, conflicts, repeated = _collect(pairs)
    unknown = [name for name in given if name not in known]
    if len(unknown) == len(given):
        raise InputError(
            "None of the {count} ids in {path} is in the collection: {named}; the collection has ids like {example!r}."
            if ids
            else "None of the {count} ids in {path} is in the collection: {named}.",
            advice="Ids are paths below the input folder, no suffix.",
            count=len(unknown),
            path=path,
            named=few_of(unknown),
            example=ids[0] if ids else "",
        )
    values = tuple(given.get(name) for name in ids)
    notes += _notes_on(unknown, conflicts, repeated, values, ids)
    return Labels(tuple(ids), values, str(path), tuple(notes))


def _pairs(path: Path, rows: list[list[str]], known: set[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return ids and labels, and a note on lines above the header."""
    at, id_column, label_column = _header(rows, known)
    notes: list[str] = []
    if at > 0:
        notes.append(note("{file}: {count} lines above the header were left out.", file=path.name, count=at))
    rows = rows[at + 1 :]
    if not rows:
        raise InputError("{path} holds no labels.", advice="Give a CSV with the columns specimen_id,label.", path=path)
    last = max(id_column, label_column)
    short = next((row for row in rows if len(row) <= last), None)
    if short is not None:
        raise InputError(
            "{path} has a line with {short} column: {ids!r}.",
            advice="Every line needs specimen_id,label.",
            path=path,
            short=len(short),
            ids=",".join(short),
        )
    # An id as it is written comes first: only on Windows is a backslash always a separator.
    pairs = [(row[id_column], row[label_column]) for row in rows]
    return [(name if name in known else name.replace("\\", "/"), label) for name, label in pairs], notes


def _header(rows: list[list[str]], known: set[str]) -> tuple[int, int, int]:
    """Return the place of the header, -1 for none, and of the columns of ids and labels."""
    for at, row in enumerate(rows[:_MOST_TITLE_LINES]):
        if row[0] in known:
            break
        names = [cell.lower() for cell in row]
        is_header = names[0] in _ID_HEADERS or any(cell in _LABEL_HEADERS for cell in names[1:])
        if _is_plainly_header(names) or (is_header and at == 0):
            id_column = next((names.index(name) for name in _ID_HEADERS if name in names), 0)
            others = [place for place in range(max(len(names), 2)) if place != id_column]
            named = (names.index(name) for name in _LABEL_HEADERS if name in names)
            return at, id_column, next(named, others[0])
    return -1, 0, 1


def _is_plainly_header(names: list[str]) -> bool:
    """Return whether a line names both ids and labels."""
    return any(name in _ID_HEADERS for name in names) and any(name in _LABEL_HEADERS for name in names)


def _collect(pairs: list[tuple[str, str]]) -> tuple[dict[str, str | None], list[str], int]:
    given: dict[str, str | None] = {}
    conflicts: list[str] = []
    repeated = 0
    for name, label in pairs:
        value = label or None
        if name not in given:
            given[name] = value
        elif given[name] == value:
            repeated += 1
        elif name not in conflicts:
            conflicts.append(name)
    for name in conflicts:
        given[name] = None
    return given, conflicts, repeated


def _notes_on(
    unknown: list[str],
    conflicts: list[str],
    repeated: int,
    values: tuple[str | None, ...],
    ids: Sequence[str],
) -> list[str]:
    notes = []
    if unknown:
        near = difflib.get_close_matches(unknown[0], ids, n=1)
        ignored = note(
            "{count} labelled ids are not in the collection and were ignored: {named}.",
            count=len(unknown),
            named=few_of(unknown),
        )
        notes.append(joined([ignored, *(note("Did you mean {near}?", near=one) for one in near)]))
    if repeated:
        notes.append(note("{count} lines repeat an earlier line.", count=repeated))
    if conflicts:
        sentence = "{count} ids have two different labels and were left unlabelled: {named}."
        notes.append(note(sentence, count=len(conflicts), named=few_of(conflicts)))
    without = sum(value is None for value in values)
    if without:
        sentence = "{without} of {count} specimens have no label and are left out."
        notes.append(note(sentence, without=without, count=len(values)))
    return notes
