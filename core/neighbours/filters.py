"""Who may be found: part of a collection, chosen before the search."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.clusters.clustering import read_clusters
from core.collection.conditions import Between, Condition, Contains, OneOf, choose_rows
from core.embeddings.matrix import Embeddings, category_of, select_rows
from core.foundation.errors import InputError, SettingError
from core.neighbours.search import Neighbours
from core.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_CONDITION = re.compile(r"(?P<column>[^=~]+)(?P<sign>[=~])(?P<value>.*)", re.DOTALL)
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?\.\.(?P<high>{_NUMBER})?")


@dataclass(frozen=True)
class Filters:
    """Which specimens may be neighbours.

    Parameters
    ----------
    only_category : str
        A category; specimens in it and in the folders below it. All where empty.
    not_same_category : bool
        Leave out those of the queries' own categories.
    max_distance : float, optional
        Leave out what is farther.
    among : tuple of str, optional
        Only these specimens: those of a cluster, or that metadata chose (see `ids_where`).
    """

    only_category: str = ""
    not_same_category: bool = False
    max_distance: float | None = None
    among: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the distance."""
        if self.max_distance is not None and not math.isfinite(self.max_distance):
            raise SettingError(
                "'max_distance' must be a number (got {given}).", advice="0.2, say.", given=self.max_distance
            )

    @property
    def chooses(self) -> bool:
        """Return whether part of the collection is left out before the search."""
        return bool(self.only_category) or self.not_same_category or self.among is not None

    def within(self, neighbours: Neighbours) -> Neighbours:
        """Return the neighbours that are near enough."""
        if self.max_distance is None:
            return neighbours
        count = int(np.searchsorted(neighbours.distances, np.float32(self.max_distance), side="right"))
        return replace(neighbours, ids=neighbours.ids[:count], distances=neighbours.distances[:count])


def choose(embeddings: Embeddings, filters: Filters, queries: tuple[str, ...] = ()) -> Embeddings:
    """Return the part of a collection that may be found; the queries stay in it.

    Raises
    ------
    SettingError
        Where there is no such category.
    InputError
        Where nothing is left.
    """
    if not filters.chooses:
        return embeddings
    wanted = filters.only_category.strip("/")
    own = {category_of(name) for name in queries} if filters.not_same_category else set()
    categories = embeddings.categories
    inside = [not wanted or category == wanted or category.startswith(wanted + "/") for category in categories]
    if not any(inside):
        known = sorted(set(categories) - {""})
        named = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        raise SettingError(
            "There is no category {wanted!r} in this collection.", advice="It has {named}.", wanted=wanted, named=named
        )
    chosen = None if filters.among is None else set(filters.among)
    may_be_found = [
        is_in and (chosen is None or name in chosen) and category not in own and name not in queries
        for is_in, category, name in zip(inside, categories, embeddings.ids, strict=True)
    ]
    if not any(may_be_found):
        raise InputError("No other specimen is left by these filters.", advice="Take a filter away.")
    asked = set(queries)
    rows = [row for row, name in enumerate(embeddings.ids) if may_be_found[row] or name in asked]
    return select_rows(embeddings, rows)


def ids_where(table: pd.DataFrame, conditions: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of specimens whose metadata fulfil all conditions.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by specimen id, see `core.collection.metadata.metadata_table`.
    conditions : sequence of str
        `period=Miocene`, `period=Miocene|Pliocene`, `length=3..5`, `remarks~left molar`.

    Raises
    ------
    SettingError
        Where a condition is none, or about a column that is not there.
    """
    if not len(table.columns):
        raise SettingError("There are no metadata of these specimens.", advice="Bring a table in with `metadata`.")
    return tuple(map(str, choose_rows(table, [read_condition(text) for text in conditions]).index))


def table_of_file(path: Path, ids: Sequence[str]) -> pd.DataFrame:
    """Return what a table says of specimens, one of whose columns holds their ids, indexed by id.

    Raises
    ------
    InputError
        Where it cannot be read, or no column holds ids.
    """
    import pandas as pd

    table = read_table(path)
    frame = pd.DataFrame(table.rows, columns=list(table.columns), dtype=object)
    known = set(ids)
    counts = {column: int(frame[column].isin(known).sum()) for column in frame.columns}
    column = max(counts, key=counts.__getitem__, default=None)
    if column is None or not counts[column]:
        raise InputError(
            "No column of {path} holds ids of these specimens.",
            advice="Ids look like {example!r}.",
            path=path,
            example=ids[0],
        )
    return frame.drop_duplicates(column).set_index(column).reindex(list(ids)).infer_objects()


def read_condition(text: str) -> Condition:
    """Return the condition that a text stands for, see `ids_where`.

    Raises
    ------
    SettingError
        Where it stands for none.
    """
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise SettingError(
            "{text!r} is not a condition.",
            advice="Write column=value, column=one|other, column=3..5, or column~words.",
            text=text,
        )
    column, sign, value = found["column"].strip(), found["sign"], found["value"].strip()
    if sign == "~":
        return Contains(column, value)
    ends = _RANGE.fullmatch(value)
    if ends is not None:
        return Between(column, float(ends["low"] or "-inf"), float(ends["high"] or "inf"))
    try:
        return Between(column, float(value), float(value))
    except ValueError:
        return OneOf(column, tuple(part.strip() for part in value.split("|")))


def ids_in_cluster(path: Path, label: int) -> tuple[str, ...]:
    """Return the members of a cluster of a `clusters.csv`, -1 for noise.

    Raises
    ------
    SettingError
        Where there is no such cluster.
    InputError, MissingStageError
        As `core.clusters.clustering.read_clusters` does.
    """
    ids, labels, _ = read_clusters(path)
    members = tuple(name for name, one in zip(ids, labels.tolist(), strict=True) if one == label)
    if not members:
        known = ", ".join(map(str, sorted(set(labels.tolist()))[:12]))
        raise SettingError(
            "{path} has no cluster {label}.", advice="It has {known}.", path=path, label=label, known=known
        )
    return members
