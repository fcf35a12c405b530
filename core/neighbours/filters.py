"""Who may be found: part of a collection, chosen before the search."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from core.embeddings import Embeddings, select_rows
from core.foundation import InputError, SettingError, category_of
from core.neighbours.search import Neighbours


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
