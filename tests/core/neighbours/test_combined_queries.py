"""Tests of searches with several specimens."""

from __future__ import annotations

import numpy as np
import pytest

from core.embeddings import Embeddings
from core.foundation import SettingError, UnknownSpecimenError
from core.neighbours import SearchSettings, SeveralSettings, find_neighbours, search_several

ANGLES = {"a": 0, "b": 60, "between": 30, "near_a": -8, "far": 170, "also_far": -150}
COLLECTION = Embeddings(
    tuple(ANGLES), np.array([[np.cos(np.radians(t)), np.sin(np.radians(t))] for t in ANGLES.values()], np.float32)
)


def test_search_several__of_one_is_a_search() -> None:
    """The same ids and distances."""
    alone, several = find_neighbours(COLLECTION, "a"), search_several(COLLECTION, ["a"])
    assert several.ids == alone.ids
    assert np.allclose(several.distances, alone.distances, atol=1e-6)


def test_search_several__looks_near_the_mean_or_near_any() -> None:
    """Between the two, or beside one of them, without the specimens of the query."""
    assert search_several(COLLECTION, ["a", "b"], settings=SearchSettings(1)).ids == ("between",)
    found = search_several(COLLECTION, ["a", "b"], settings=SearchSettings(2), several=SeveralSettings("any"))
    assert found.ids == ("near_a", "between")
    assert found.query_id == "a + b"


def test_search_several__keeps_away_from_what_is_unlike() -> None:
    """Like a but not like b: on the other side of a."""
    found = search_several(COLLECTION, ["a"], ["b"], SearchSettings(3))
    assert found.ids == ("near_a", "between", "also_far")
    assert found.query_id == "a - b"


@pytest.mark.parametrize(
    ("like", "unlike", "prose"),
    [([], [], "Give at least one --query"), (["a"], ["a"], "a is given as like and as unlike at once")],
)
def test_search_several__says_what_cannot_be(like: list[str], unlike: list[str], prose: str) -> None:
    """Nothing to look for, or a contradiction."""
    with pytest.raises(SettingError, match=prose):
        search_several(COLLECTION, like, unlike)


def test_search_several__says_what_is_allowed() -> None:
    """Cosine only, a known way to combine and known ids."""
    with pytest.raises(SettingError, match="must be cosine"):
        search_several(COLLECTION, ["a"], settings=SearchSettings(metric="euclidean"))
    with pytest.raises(SettingError, match="'combine' must be one of mean, any"):
        SeveralSettings("both")
    with pytest.raises(UnknownSpecimenError, match="no specimen 'zz'"):
        search_several(COLLECTION, ["a"], ["zz"])
