"""How fast a stage goes and how long it will take, said only when it can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

WINDOW_SECONDS = 90.0
FEWEST_ITEMS = 5
_FEWEST_SECONDS = 4.0
_SECONDS_BETWEEN_MARKS = 2.0
_PATIENCE = 3.0


class Counted(Protocol):
    """A stage that counts what it has done."""

    @property
    def done(self) -> int:
        """Return how many items are through."""
        ...

    @property
    def total(self) -> int | None:
        """Return how many there are, where that is known."""
        ...

    @property
    def updated(self) -> float:
        """Return when the last item came through, in seconds since 1970."""
        ...

    @property
    def marks(self) -> Sequence[Sequence[float]]:
        """Return (time, items done) of the recent past, oldest first."""
        ...


@dataclass(frozen=True)
class Pace:
    """What can be said of a stage.

    Parameters
    ----------
    rate : float or None
        Items a second over the last minute and a half; None while it is still being estimated.
    seconds_left : float or None
        At that rate; None where the rate or the number of items is not known.
    """

    rate: float | None
    seconds_left: float | None


def with_mark(marks: Sequence[Sequence[float]], now: float, done: int) -> list[list[float]]:
    """Return marks with one more, less those that are too old to matter.

    The first is set when the first item is through, so that opening the backbone does not count.
    Kept are a minute and a half, and longer where fewer than five items came through in that time.
    """
    kept = [list(mark) for mark in marks]
    if done == 0 or (kept and now - kept[-1][0] < _SECONDS_BETWEEN_MARKS):
        return kept
    kept.append([now, float(done)])
    while len(kept) > 2 and kept[1][0] < now - WINDOW_SECONDS and kept[1][1] <= done - FEWEST_ITEMS:
        kept.pop(0)
    return kept


def pace_of(stage: Counted, now: float) -> Pace:
    """Return how fast a stage goes; where nothing has come for long, that slows the rate, too.

    Parameters
    ----------
    stage : Counted
        What is known of it.
    now : float
        Seconds since 1970.
    """
    if not stage.marks:
        return Pace(None, None)
    began, done_then = stage.marks[0]
    done, seconds = stage.done - done_then, stage.updated - began
    if done < FEWEST_ITEMS or seconds < _FEWEST_SECONDS:
        return Pace(None, None)
    if now - stage.updated > _PATIENCE * seconds / done:
        seconds = now - began
    rate = done / seconds
    return Pace(rate, None if stage.total is None else max(stage.total - stage.done, 0) / rate)


def time_left(stages: Iterable[Counted], now: float) -> float | None:
    """Return the seconds until all stages that are at work are through; None while one cannot tell.

    Stages work side by side, so that the slowest decides.
    """
    at_work = [stage for stage in stages if stage.total is not None and stage.done < stage.total]
    left = [pace_of(stage, now).seconds_left for stage in at_work]
    known = [seconds for seconds in left if seconds is not None]
    return max(known) if known and len(known) == len(left) else None
