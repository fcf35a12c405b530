"""The progress protocol of long computations: `progress(iterable, total, label)`.

A stage wraps what it iterates over. The caller of the stage decides how progress is shown: as a bar
on a terminal, as lines in a log, in a state file that a screen reads, or not at all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TextIO, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class Progress(Protocol):
    """Pass the items of `iterable` through and report how many are done."""

    def __call__(self, iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
        """Yield every item of `iterable` unchanged and in order."""
        ...


def silent(iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
    """Pass the items through without a report.

    Examples
    --------
    >>> from core.foundation import silent
    >>> list(silent("abc", 3, "Letters"))
    ['a', 'b', 'c']
    """
    del total, label
    yield from iterable


def on_terminal(iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
    """Show a tqdm bar on a terminal, and a plain line every ten seconds elsewhere."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        started, views = time.monotonic(), 0
        for item in (bar := tqdm(iterable, total=total, desc=label, unit="specimen", leave=True)):
            yield item
            views += _views_in(item)
            bar.set_postfix_str(_rate_of(views, time.monotonic() - started).removeprefix(", "), refresh=False)
    else:
        yield from as_lines(iterable, total, label)


def as_lines(
    iterable: Iterable[T],
    total: int | None,
    label: str,
    *,
    seconds: float = 10.0,
    stream: TextIO | None = None,
) -> Iterator[T]:
    """Print `label: done/total` at most every `seconds`, and once at the end."""
    out = stream if stream is not None else sys.stderr
    of_total = f"/{total}" if total is not None else ""
    started = last = time.monotonic()
    done = views = 0
    for item in iterable:
        yield item
        done += 1
        views += _views_in(item)
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            print(
                f"{label}: {done}{of_total}, {done / (now - started):.1f}/s{_rate_of(views, now - started)}",
                file=out,
                flush=True,
            )
    taken = time.monotonic() - started
    print(f"{label}: {done}{of_total} in {taken:.1f} s{_rate_of(views, taken)}", file=out, flush=True)


def _views_in(item: object) -> int:
    """Return the number of views of an item, 0 if it has none."""
    return int(getattr(item, "n_views", 0))


def _rate_of(views: int, seconds: float) -> str:
    return f", {views / seconds:.0f} views/s" if views and seconds > 0 else ""
