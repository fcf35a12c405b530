"""Estimates of rates and times left."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.workspace import StageProgress, estimate_time, time_left
from core.workspace.time_estimates import with_mark


def after(seconds_an_item: list[float], total: int, *, loading: float = 20.0, label: str = "Features") -> StageProgress:
    """Return a stage whose items took these seconds, after the backbone was loaded."""
    now, marks = 1000.0 + loading, []
    for done, seconds in enumerate(seconds_an_item, start=1):
        now += seconds
        marks = with_mark(marks, now, done)
    return StageProgress(label, len(seconds_an_item), total, 1000.0, now, marks)


def test_estimate_time__says_nothing_at_first() -> None:
    """No estimate before the first item, after a few items, or after a moment."""
    for stage in (after([], 100), after([2.0] * 5, 100), after([0.01] * 50, 100)):
        assert estimate_time(stage, stage.updated).rate is None
        assert time_left([stage], stage.updated) is None


def test_estimate_time__leaves_out_the_loading_of_the_backbone() -> None:
    """A minute of loading does not count as slow work."""
    stage = after([0.5] * 60, 100, loading=60.0)
    estimate = estimate_time(stage, stage.updated)
    assert estimate.rate == pytest.approx(2.0, rel=0.05)
    assert estimate.seconds_left == pytest.approx(20.0, rel=0.05)


def test_estimate_time__follows_within_its_window() -> None:
    """Large specimens after small ones: two minutes later only the large ones count."""
    stage = after([0.2] * 500 + [2.0] * 75, 1000)
    assert estimate_time(stage, stage.updated).rate == pytest.approx(0.5, rel=0.1)


def test_estimate_time__is_right_within_a_quarter_for_uneven_work() -> None:
    """Specimens whose times vary as those of real scans do."""
    rng = np.random.default_rng(1)
    times = rng.lognormal(0.0, 0.8, 400).tolist()
    for done in (120, 200, 300):
        stage = after(times[:done], 400)
        left = estimate_time(stage, stage.updated).seconds_left
        assert left == pytest.approx(sum(times[done:]), rel=0.25)


def test_estimate_time__lowers_the_rate_of_a_stalled_stage() -> None:
    """The rate of a stalled stage falls, that of a short pause does not."""
    stage = after([1.0] * 60, 100)
    fresh, later = estimate_time(stage, stage.updated + 2.0), estimate_time(stage, stage.updated + 300.0)
    assert fresh.rate == pytest.approx(1.0, rel=0.05)
    assert later.rate is not None
    assert later.rate < 0.25


def test_with_mark__keeps_a_short_memory() -> None:
    """Marks are few for any duration, and cover at least five items at any speed."""
    marks: list[list[float]] = []
    for second in range(20_000):
        marks = with_mark(marks, float(second), second + 1)
    assert len(marks) < 60
    slow: list[list[float]] = []
    for item in itertools.count(1):
        slow = with_mark(slow, item * 300.0, item)
        if item == 40:
            break
    assert slow[-1][1] - slow[0][1] >= 5
    assert len(slow) < 10


def test_time_left__is_that_of_the_slowest() -> None:
    """The slowest stage decides, an unknown one gives None, a finished one is ignored."""
    fast, slow = after([0.5] * 60, 100), after([1.0] * 60, 100, label="Rendering")
    through = after([1.0] * 60, 60, label="Neighbours")
    now = max(fast.updated, slow.updated)
    assert time_left([fast, slow, through], now) == pytest.approx(40.0, rel=0.1)
    assert time_left([fast, after([], 100)], now) is None
    assert time_left([through], now) is None
