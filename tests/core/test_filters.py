"""Filters: applied before the search, so that as many neighbours are found as were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from core.embeddings import Embeddings
from core.errors import InputError, SettingError
from core.filters import Filters, choose
from core.neighbours import Neighbours, SearchSettings, search

IDS = ("Molars/Tarsius/a", "Molars/Tarsius/b", "Molars/Mirza/c", "Shells/d", "Shells/e", "loose")
COLLECTION = Embeddings(IDS, np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(), IDS),
        (Filters("Molars"), IDS[:3]),
        (Filters("Molars/Tarsius/"), IDS[:2]),
        (Filters("Shells"), ("Molars/Tarsius/a", "Shells/d", "Shells/e")),
        (Filters(not_same_category=True), ("Molars/Tarsius/a", "Molars/Mirza/c", "Shells/d", "Shells/e", "loose")),
        (Filters("Molars", not_same_category=True), ("Molars/Tarsius/a", "Molars/Mirza/c")),
    ],
)
def test_choose__leaves_who_may_be_found_and_the_query(filters: Filters, left: tuple[str, ...]) -> None:
    """The query stays, so that it can be searched with; it never finds itself."""
    part = choose(COLLECTION, filters, ("Molars/Tarsius/a",))
    assert part.ids == left
    assert set(search(part, "Molars/Tarsius/a", SearchSettings(9)).ids) == set(left) - {"Molars/Tarsius/a"}


def test_choose__says_what_is_there() -> None:
    """A category that is not there, and filters that leave nobody."""
    with pytest.raises(SettingError, match=r"There is no category 'Molar' .* It has Molars/Mirza, Molars/Tarsius"):
        choose(COLLECTION, Filters("Molar"))
    with pytest.raises(InputError, match="No other specimen is left"):
        choose(COLLECTION, Filters("Shells", not_same_category=True), ("Shells/d",))


def test_filters__leave_out_what_is_far() -> None:
    """Up to the distance and at it."""
    found = Neighbours("q", ("a", "b", "c"), np.array([0.1, 0.2, 0.3], np.float32))
    assert Filters(max_distance=0.2).within(found).ids == ("a", "b")
    assert Filters(max_distance=0.0).within(found).ids == ()
    assert Filters().within(found) is found
