"""Filters that restrict a collection before a search."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from core.embeddings import Embeddings, select_rows
from core.foundation import InputError, SettingError, category_of
from core.neighbours.search import Neighbours


@dataclass(frozen=True)
class Filters:
    """Conditions that neighbours must meet.

    Parameters
    ----------
    only_category : str
        A category, with the folders below it; all categories if empty.
    not_same_category : bool
        Leave out specimens of the queries' own categories.
    max_distance : float, optional
        Leave out specimens that are farther.
    among : tuple of str, optional
        Only these specimens, for example those of a cluster or of a condition (see
        `core.collection.ids_where`).
    """

    only_category: str = ""
    not_same_category: bool = False
    max_distance: float | None = None
    among: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the distance."""
        if self.max_distance is not None and not math.isfinite(self.max_distance):
            raise SettingError(
                "'max_distance' must be a number (got {given}).", advice="For example 0.2.", given=self.max_distance
            )

    @property
    def is_active(self) -> bool:
        """Return whether specimens are left out before the search."""
        return bool(self.only_category) or self.not_same_category or self.among is not None

    def within(self, neighbours: Neighbours) -> Neighbours:
        """Return the neighbours within the largest distance."""
        if self.max_distance is None:
            return neighbours
        count = int(np.searchsorted(neighbours.distances, np.float32(self.max_distance), side="right"))
        return replace(neighbours, ids=neighbours.ids[:count], distances=neighbours.distances[:count])


def apply_filters(embeddings: Embeddings, filters: Filters, queries: tuple[str, ...] = ()) -> Embeddings:
    """Return the part of a collection that filters leave, with the queries.

    Raises
    ------
    SettingError
        If there is no such category.
    InputError
        If nothing is left.

    Examples
    --------
    >>> embeddings = Embeddings(("Molars/a", "Molars/b", "Shells/c"), np.eye(3, dtype=np.float32))
    >>> apply_filters(embeddings, Filters("Molars")).ids
    ('Molars/a', 'Molars/b')
    """
    if not filters.is_active:
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
