"""Tests of k-reciprocal re-ranking, against a calculation by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.foundation import SettingError
from core.matching import k_reciprocal


def line(*places: float) -> np.ndarray:
    """Return the distances of points on a line."""
    points = np.array(places, dtype=np.float64)
    return np.abs(points[:, None] - points)


def test_k_reciprocal__brings_members_of_a_group_nearer_than_a_bystander() -> None:
    """The bystander is as near to the query as its group, but shares no neighbours with it."""
    distances = line(0, 0.9, 1.0, 1.1, -1.0, -9, -9.1, -9.2)
    ranked = k_reciprocal(distances, k1=3, k2=2)
    assert distances[0, 2] == distances[0, 4]
    assert ranked[0, 2] < ranked[0, 4]


def test_k_reciprocal__keeps_the_distance_at_a_share_of_1() -> None:
    """A share of 1 is the distance itself, divided by the largest of its row."""
    distances = line(0, 1, 3, 7)
    assert np.allclose(k_reciprocal(distances, share=1.0), distances / distances.max(axis=1, keepdims=True))


def test_k_reciprocal__agrees_with_a_calculation_by_hand() -> None:
    """Two pairs far apart, k1 = k2 = 1: each is described by its own pair."""
    ranked = k_reciprocal(line(0, 1, 10, 11), k1=1, k2=1, share=0.0)
    # Nearest of 0 is 1 at 1/11 of its farthest; of 1 it is 0 at 1/10.
    first = np.array([1, np.exp(-1 / 11)]) / (1 + np.exp(-1 / 11))
    second = np.array([np.exp(-1 / 10), 1]) / (1 + np.exp(-1 / 10))
    common = np.minimum(first, second).sum()
    assert ranked[0, 1] == pytest.approx(1 - common / (2 - common))
    assert np.allclose(ranked[:2, 2:], 1)
    assert np.allclose(np.diag(ranked), 0)


def test_k_reciprocal__says_what_is_allowed() -> None:
    """What was given."""
    with pytest.raises(SettingError, match=r"'share' from 0 to 1 \(got 1, 1, 2.0\)"):
        k_reciprocal(line(0, 1), 1, 1, 2.0)
