"""Unit vectors: length one, the same direction, zeros left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from core.embeddings import normalise_rows, unit_rows
from core.foundation import SettingError

ROWS = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 9), st.integers(1, 7)), elements=st.floats(-1e6, 1e6, width=32)
)


@given(ROWS)
def test_unit_rows__gives_every_row_length_one_or_zero(rows: np.ndarray) -> None:
    """A row without direction stays zero instead of becoming NaN."""
    units = unit_rows(rows)
    assert units.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(units.astype(np.float64), axis=1), rows.any(axis=1), rtol=1e-6)


@given(ROWS)
def test_normalise_rows__l2_is_unit_rows(rows: np.ndarray) -> None:
    """Clusters and maps use one, neighbours the other, with the same bits."""
    assert normalise_rows(rows).tobytes() == unit_rows(rows).tobytes()
    assert normalise_rows(rows, "none").tobytes() == rows.tobytes()


def test_normalise_rows__names_what_is_allowed() -> None:
    """An unknown word is refused in a sentence."""
    with pytest.raises(SettingError, match="'normalize' must be one of l2, none"):
        normalise_rows(np.eye(2, dtype=np.float32), "l1")
