"""Conditions on columns select the matching rows."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from core.collection import Between, Contains, OneOf, choose_rows, values_of
from core.foundation import SettingError

TABLE = pd.DataFrame(
    {
        "size": [1.0, 2.0, None, 4.0],
        "taxon": ["Tarsius syrichta", "Lemur", None, "tarsius"],
        "tags": ["left; worn", "", "worn", "leftover"],
    },
    index=["a", "b", "c", "d"],
)


def test_choose_rows__numbers_texts_and_tags() -> None:
    """All conditions hold together.

    A missing number fulfils none.
    """
    assert list(choose_rows(TABLE, []).index) == ["a", "b", "c", "d"]
    assert list(choose_rows(TABLE, [Between("size", 1, 2)]).index) == ["a", "b"]
    assert list(choose_rows(TABLE, [OneOf("taxon", ("Lemur", ""))]).index) == ["b", "c"]
    assert list(choose_rows(TABLE, [OneOf("tags", ("worn",))]).index) == ["a", "c"]
    assert list(choose_rows(TABLE, [OneOf("tags", ("left",))]).index) == ["a"]
    assert list(choose_rows(TABLE, [Contains("taxon", "SYR tars")]).index) == ["a"]
    assert list(choose_rows(TABLE, [Contains("taxon", "tarsius"), Between("size", 3, 9)]).index) == ["d"]


def test_values_of__each_tag_by_itself() -> None:
    """The values of a column include the missing one."""
    assert values_of(TABLE, "tags") == ["", "left", "leftover", "worn"]
    assert values_of(TABLE, "taxon") == ["", "Lemur", "Tarsius syrichta", "tarsius"]


@given(st.lists(st.floats(-9, 9)), st.floats(-9, 9), st.floats(-9, 9))
def test_between__is_what_it_says(numbers: list[float], one: float, other: float) -> None:
    """Exactly the numbers within are chosen, in their order."""
    low, high = sorted([one, other])
    chosen = choose_rows(pd.DataFrame({"x": pd.Series(numbers, dtype=float)}), [Between("x", low, high)])
    assert list(chosen["x"]) == [number for number in numbers if low <= number <= high]


def test_choose_rows__names_what_there_is() -> None:
    """An unknown column and a reversed range are errors."""
    with pytest.raises(SettingError, match=r"no column 'mass'.*size, taxon, tags"):
        choose_rows(TABLE, [OneOf("mass", ("1",))])
    with pytest.raises(SettingError, match=r"'low' must not be above 'high' \(got 2 and 1\)"):
        Between("size", 2, 1)
