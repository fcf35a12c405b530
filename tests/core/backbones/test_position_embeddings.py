"""Position embeddings: constants, prefix and slopes survive another grid."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st

from core.backbones.position_embeddings import resample_positions
from core.foundation import WeightsError


@given(old=st.integers(2, 12), new=st.integers(1, 14), registers=st.booleans())
def test_resample_positions__keeps_constants_and_what_is_in_front(old: int, new: int, registers: bool) -> None:
    """A constant grid stays constant, and the class position is not changed."""
    front, grid = torch.full((1, 1, 3), 7.0), torch.full((1, old * old, 3), 2.0)
    moved = resample_positions(torch.cat([front, grid], 1), 1 + new * new, 1, registers=registers)
    assert moved.shape == (1, 1 + new * new, 3)
    assert torch.equal(moved[:, :1], front)
    torch.testing.assert_close(moved[:, 1:], torch.full((1, new * new, 3), 2.0))


@given(st.integers(2, 9), st.booleans())
def test_resample_positions__leaves_the_same_grid_alone(side: int, registers: bool) -> None:
    """Positions of the same grid are returned as they are."""
    positions = torch.randn(1, side * side, 4)
    assert resample_positions(positions, side * side, 0, registers=registers) is positions


@pytest.mark.parametrize("registers", [False, True])
def test_resample_positions__keeps_rows_and_columns_apart(registers: bool) -> None:
    """Values that grow along rows still do, and stay equal along columns."""
    rows = torch.arange(37.0).repeat_interleave(37).reshape(1, -1, 1)
    moved = resample_positions(rows, 16 * 16, 0, registers=registers).reshape(16, 16)
    assert (moved.diff(dim=0) > 0).all()
    torch.testing.assert_close(moved, moved[:, :1].expand(16, 16))


@pytest.mark.parametrize(("old", "new"), [(10, 16), (16, 10)])
def test_resample_positions__needs_square_grids(old: int, new: int) -> None:
    """A number of positions that is no square is an error."""
    with pytest.raises(WeightsError, match="not a square grid"):
        resample_positions(torch.zeros(1, old, 2), new, 0, registers=False)
