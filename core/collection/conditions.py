"""Conditions on columns that select rows of a table of specimens."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.collection.curation import SEPARATOR
from core.foundation import InputError, SettingError
from core.storage import is_number, kind_of_column, read_table

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
_CONDITION = re.compile(r"(?P<column>[^=~]+)(?P<sign>[=~])(?P<value>.*)", re.DOTALL)
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?\.\.(?P<high>{_NUMBER})?")


# Columns whose cells hold several values.
SEVERAL = ("tags", "sets")


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included.

    Cells without a number do not fulfil it.

    Parameters
    ----------
    column : str
        The name of the column.
    low, high : float
        The ends of the range.
    written : str
        The number as it was written, if there is just one; cells of text are compared with it, so
        that 007 is not 7.
    """

    column: str
    low: float
    high: float
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise SettingError("'low' must not be above 'high' (got {low} and {high}).", low=self.low, high=self.high)

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils the condition.

        Raises
        ------
        SettingError
            If the cells are text and the condition is a range.
        """
        if cells.dtype.kind in "biuf":
            return cells.between(self.low, self.high)
        if self.written:
            return cells.map(as_text) == self.written
        if cells.notna().any():
            raise SettingError(
                "The column {column!r} holds text, which no range of numbers can be compared with.",
                advice="Ask for its values, as in {column}=one|other.",
                column=self.column,
            )
        return cells.notna()


@dataclass(frozen=True)
class OneOf:
    """A text that is one of `values`.

    In the columns `SEVERAL`, one value of the cell is enough. Empty text stands for no value.
    """

    column: str
    values: tuple[str, ...]

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils the condition."""
        texts = cells.map(as_text)
        if cells.dtype.kind in "iuf":
            return texts.isin(self.values) | cells.isin([float(value) for value in self.values if is_number(value)])
        if self.column not in SEVERAL:
            return texts.isin(self.values)
        wanted = set(self.values)
        return texts.map(lambda text: not wanted.isdisjoint(text.split(SEPARATOR))).astype(bool)


@dataclass(frozen=True)
class Contains:
    """A text that contains all words, in any order and case."""

    column: str
    words: str

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils the condition."""
        words = self.words.casefold().split()
        return cells.map(lambda cell: all(word in as_text(cell).casefold() for word in words)).astype(bool)


Condition = Between | OneOf | Contains


def choose_rows(table: pd.DataFrame, conditions: Iterable[Condition]) -> pd.DataFrame:
    """Return the rows that fulfil all conditions, in their original order.

    Raises
    ------
    SettingError
        If a condition names a column that the table does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> from core.collection import Between, OneOf, choose_rows
    >>> table = pd.DataFrame({"length": [3.2, 7.5, 4.1], "side": ["left", "left", "right"]})
    >>> choose_rows(table, [Between("length", 3, 5), OneOf("side", ("left",))]).index.tolist()
    [0]
    """
    for condition in conditions:
        if condition.column not in table.columns:
            raise SettingError(
                "There is no column {column!r}.",
                advice="There are {columns}.",
                column=condition.column,
                columns=", ".join(map(str, table.columns)),
            )
        table = table[condition.holds(table[condition.column])]
    return table


def values_of(table: pd.DataFrame, column: str) -> list[str]:
    """Return the sorted unique values of a text column, with empty text for none."""
    texts = table[column].map(as_text)
    if column in SEVERAL:
        return sorted({value for text in texts for value in text.split(SEPARATOR)})
    return sorted(set(texts))


def as_text(cell: object) -> str:
    """Return a cell as text, a missing one as empty text."""
    return "" if cell is None or cell != cell else str(cell)


def ids_where(table: pd.DataFrame, conditions: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of specimens whose metadata fulfil all conditions.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by specimen id, see `core.collection.metadata_table`.
    conditions : sequence of str
        `period=Miocene`, `period=Miocene|Pliocene`, `length=3..5`, `remarks~left molar`.

    Raises
    ------
    SettingError
        If a condition cannot be read, or names a column that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> from core.collection import ids_where
    >>> table = pd.DataFrame({"period": ["Miocene", "Pliocene"], "length": [3.2, 7.5]}, index=["femur", "rib"])
    >>> ids_where(table, ["period=Miocene|Pliocene", "length=5..8"])
    ('rib',)
    """
    if not len(table.columns):
        raise SettingError("There are no metadata of these specimens.", advice="Import a table with `metadata`.")
    return tuple(map(str, choose_rows(table, [read_condition(text) for text in conditions]).index))


def table_of_file(path: Path, ids: Sequence[str]) -> pd.DataFrame:
    """Read a table with a column of specimen ids, and index it by id.

    Raises
    ------
    InputError
        If the file cannot be read, no column holds ids, or two rows contradict each other.
    """
    import pandas as pd

    table = read_table(path)
    for remark in table.notes:
        log.warning("%s", remark)
    known = set(ids)
    counts = {at: len(known.intersection(table.texts(at))) for at in range(len(table.columns))}
    named = {
        at for at in counts if kind_of_column(table.columns[at]) == "id" and 2 * counts[at] >= max(counts.values())
    }
    place = max(counts, key=lambda at: (at in named, counts[at]), default=None)
    if place is None or not counts[place]:
        raise InputError(
            "No column of {path} holds ids of these specimens.",
            advice="Ids look like {example!r}.",
            path=path,
            example=ids[0],
        )
    frame = pd.DataFrame(table.rows, columns=list(table.columns), dtype=object)
    column = table.columns[place]
    frame[column] = table.texts(place)
    frame = frame[frame[column].isin(known)].drop_duplicates()
    twice = frame[column][frame[column].duplicated()]
    if len(twice):
        raise InputError(
            "{path} has two rows with different values for {specimen}.",
            advice="Keep one of them.",
            path=path,
            specimen=twice.iloc[0],
        )
    return frame.set_index(column).reindex(list(ids)).infer_objects()


def read_condition(text: str) -> Condition:
    """Read a condition from text, see `ids_where`.

    Raises
    ------
    SettingError
        If the text is not a condition.
    """
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise SettingError(
            "{text!r} is not a condition.",
            advice="Write column=value, column=one|other, column=3..5, or column~words.",
            text=text,
        )
    column, sign, value = match["column"].strip(), match["sign"], match["value"].strip()
    if sign == "~":
        return Contains(column, value)
    ends = _RANGE.fullmatch(value)
    if ends is not None:
        return Between(column, float(ends["low"] or "-inf"), float(ends["high"] or "inf"))
    try:
        return Between(column, float(value), float(value), value)
    except ValueError:
        return OneOf(column, tuple(part.strip() for part in value.split("|")))
