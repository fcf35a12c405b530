"""Hypothesis strategies for all tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.embeddings import Embeddings

# Names as in real collections: scripts of both directions, emoji, punctuation of CSV.
ODD_NAMES = (
    "amnh106010",
    "Zähne, links",
    'the "holotype"',
    "ضرس",
    "שן",
    "臼歯",
    "🦷",
    "=1+1",
    "a;b\tc",
    "M1.v2",
    " padded ",
    "naïve",
    "nai\u0308ve",
    "x\u2028y",
    "tail\u0085",
)
_PART = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/\\\ufeff"),
        min_size=1,
        max_size=12,
    ),
).filter(lambda part: part not in (".", "..") and "\t" not in part)


def specimen_ids() -> st.SearchStrategy[str]:
    """Draw an id of one to three parts."""
    return st.lists(_PART, min_size=1, max_size=3).map("/".join)


def id_lists(min_size: int = 1, max_size: int = 12) -> st.SearchStrategy[list[str]]:
    """Draw different ids."""
    return st.lists(specimen_ids(), min_size=min_size, max_size=max_size, unique=True)


@st.composite
def collections(draw: st.DrawFn, max_size: int = 12, max_width: int = 4) -> Embeddings:
    """Draw embeddings of small whole numbers, with many equal distances."""
    ids = draw(id_lists(max_size=max_size))
    width = draw(st.integers(1, max_width))
    rows = st.lists(st.integers(-2, 2), min_size=width, max_size=width)
    values = draw(st.lists(rows, min_size=len(ids), max_size=len(ids)))
    return Embeddings(tuple(ids), np.array(values, dtype=np.float32))


def json_values() -> st.SearchStrategy[Any]:
    """Draw any value that JSON can hold."""
    plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    return st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
