"""Rankings of neighbours in another order than that of embedding distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranking:
    """An order of neighbours other than that of embedding distances.

    `core.matching.ranking_by` makes one.

    Parameters
    ----------
    reorder : callable
        Takes the id of a query and the ids of all others, nearest by embedding first. Returns these
        in the new order.
    about : mapping
        The settings behind the order, recorded with results.
    """

    reorder: Callable[[str, Sequence[str]], Sequence[str]]
    about: Mapping[str, object]
