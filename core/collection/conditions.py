"""Conditions that choose rows of the table of specimens: between numbers, one of some values, words in a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.collection.curation import SEPARATOR
from core.foundation.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

# Columns whose cells hold several values.
SEVERAL = ("tags", "sets")


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included; rows without one are left out."""

    column: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise SettingError("'low' must not be above 'high' (got {low} and {high}).", low=self.low, high=self.high)

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils it."""
        return cells.between(self.low, self.high)


@dataclass(frozen=True)
class OneOf:
    """A text that is one of `values`; in `SEVERAL`, one of the cell's values is. Empty text stands for no value."""

    column: str
    values: tuple[str, ...]

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils it."""
        texts = cells.map(as_text)
        if self.column not in SEVERAL:
            return texts.isin(self.values)
        wanted = set(self.values)
        return texts.map(lambda text: not wanted.isdisjoint(text.split(SEPARATOR))).astype(bool)


@dataclass(frozen=True)
class Contains:
    """A text with these words in it, in any order, capitals or not."""

    column: str
    words: str

    def holds(self, cells: pd.Series) -> pd.Series:
        """Return whether each cell fulfils it."""
        words = self.words.casefold().split()
        return cells.map(lambda cell: all(word in as_text(cell).casefold() for word in words)).astype(bool)


Condition = Between | OneOf | Contains


def choose_rows(table: pd.DataFrame, conditions: Iterable[Condition]) -> pd.DataFrame:
    """Return the rows that fulfil all conditions, in their order.

    Raises
    ------
    SettingError
        Where a condition is about a column that the table does not have.
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
    """Return the different values of a column of text, sorted; empty text where some cells have none."""
    texts = table[column].map(as_text)
    if column in SEVERAL:
        return sorted({value for text in texts for value in text.split(SEPARATOR)})
    return sorted(set(texts))


def as_text(cell: object) -> str:
    """Return a cell as text, a missing one as empty text."""
    return "" if cell is None or cell != cell else str(cell)
