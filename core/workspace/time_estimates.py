"""Rate of a stage and time left, once enough items are done for an estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

WINDOW_SECONDS = 90.0
MIN_ITEMS = 5
_MIN_SECONDS = 4.0
_SECONDS_BETWEEN_MARKS = 2.0
# A stage counts as stalled after three times the mean interval between its items.
_STALL_FACTOR = 3.0


class StageCounts(Protocol):
    """The counts of a stage from which its rate is estimated."""

    @property
    def done(self) -> int:
        """Return the number of items done."""
        ...

    @property
    def total(self) -> int | None:
        """Return the number of all items, if known."""
        ...

    @property
    def updated(self) -> float:
        """Return the time of the last item, in seconds since 1970."""
        ...

    @property
    def marks(self) -> Sequence[Sequence[float]]:
        """Return recent pairs (time, items done), oldest first."""
        ...


@dataclass(frozen=True)
class TimeEstimate:
    """The rate of a stage and the time it still needs.

    Parameters
    ----------
    rate : float or None
        Items per second over the last 90 seconds; None as long as there are too few items.
    seconds_left : float or None
        Time left at that rate; None if the rate or the number of items is unknown.
    """

    rate: float | None
    seconds_left: float | None


def with_mark(marks: Sequence[Sequence[float]], now: float, done: int) -> list[list[float]]:
    """Return the marks with a new one, without those that are out of date.

    The first mark is set when the first item is done, so that the loading of the backbone does not
    count. Marks of the last 90 seconds are kept, and older ones if fewer than five items were done
    in that time.
    """
    kept = [list(mark) for mark in marks]
    if done == 0 or (kept and now - kept[-1][0] < _SECONDS_BETWEEN_MARKS):
        return kept
    kept.append([now, float(done)])
    while len(kept) > 2 and kept[1][0] < now - WINDOW_SECONDS and kept[1][1] <= done - MIN_ITEMS:
        kept.pop(0)
    return kept


def estimate_time(stage: StageCounts, now: float) -> TimeEstimate:
    """Estimate the rate of a stage and the time it still needs.

    If the last item was long ago, the time since then lowers the rate.

    Parameters
    ----------
    stage : StageCounts
        The counts of the stage.
    now : float
        Seconds since 1970.

    Examples
    --------
    >>> from core.workspace import StageProgress, estimate_time
    >>> stage = StageProgress("Features", 50, 100, 0.0, 110.0, marks=[[10.0, 0.0], [110.0, 50.0]])
    >>> estimate_time(stage, now=110.0)
    TimeEstimate(rate=0.5, seconds_left=100.0)
    """
    if not stage.marks:
        return TimeEstimate(None, None)
    start, done_at_start = stage.marks[0]
    done, seconds = stage.done - done_at_start, stage.updated - start
    if done < MIN_ITEMS or seconds < _MIN_SECONDS:
        return TimeEstimate(None, None)
    if now - stage.updated > _STALL_FACTOR * seconds / done:
        seconds = now - start
    rate = done / seconds
    return TimeEstimate(rate, None if stage.total is None else max(stage.total - stage.done, 0) / rate)


def time_left(stages: Iterable[StageCounts], now: float) -> float | None:
    """Return the seconds until all unfinished stages are done.

    Stages work in parallel, so that the slowest one decides. The result is None if the time of any
    stage is unknown.

    Examples
    --------
    >>> from core.workspace import StageProgress, time_left
    >>> stage = StageProgress("Features", 50, 100, 0.0, 110.0, marks=[[10.0, 0.0], [110.0, 50.0]])
    >>> time_left([stage], now=110.0)
    100.0
    """
    unfinished = [stage for stage in stages if stage.total is not None and stage.done < stage.total]
    left = [estimate_time(stage, now).seconds_left for stage in unfinished]
    known = [seconds for seconds in left if seconds is not None]
    return max(known) if known and len(known) == len(left) else None
