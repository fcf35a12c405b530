"""A ranking of neighbours in another order than that of embedding distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranking:
    """Another order of neighbours than that of the distances of embeddings, see `core.matching.view_sets`.

    Parameters
    ----------
    reorder : callable
        Takes the id of a query and the ids of all others, nearest by embedding first, and returns
        these in their new order.
    about : mapping
        What made the order, to be recorded.
    """

    reorder: Callable[[str, Sequence[str]], Sequence[str]]
    about: Mapping[str, object]
