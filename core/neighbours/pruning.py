"""Most pairs of vectors ruled out by products of half as many bits: exact search of many at once.

vectors ──► rounded to half precision ──► products of panels of them, less the limit of either
                                            │  below zero: not near, whatever rounding did
who could be among the nearest ◄── products in single precision of the few pairs that are left
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import numpy as np
import torch
from jaxtyping import Float32, Int32, Int64
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.neighbours.half_precision import PARTS, Rounded, as_tensor, bits_of, in_parts
from core.neighbours.pruning_kernels import NEVER, NOTHING, WORDS_AT_ONCE, drop, first_limits, look

# Rows of a panel: the products of two panels stay in the cache of a core.
_PANEL = 1024
# Limits are first learned from so many rows, spread evenly.
_SAMPLED = 2048
# Room for candidates beyond twice what is asked for; whoever has more is somebody else's task.
_SPARE = 48
# How far sums of products may be off beyond what rounding the numbers explains, as a share of the
# lengths multiplied; they are summed in single precision.
_SUMMING = 4e-5
# How far a product may be off once it is rounded itself, as a share of it.
_RESULT = np.float32(2.0**-8)


class Screen:
    """Vectors made ready for searches of many queries at once.

    Parameters
    ----------
    points : (n, d) float32
        As they are compared; not changed.
    metric : {"cosine", "euclidean", "inner_product"}
        As for `core.neighbours.exact.NearestRows`.
    """

    def __init__(self, points: Float32[np.ndarray, "n d"], metric: str) -> None:
        self._origin, self._is_euclidean = points.mean(axis=0), metric == "euclidean"
        self._rows = self._rounded(points)

    def candidates(
        self,
        queries: Float32[np.ndarray, "q d"],
        own: Int64[np.ndarray, " q"],
        count: int,
        margins: Float32[np.ndarray, " q"],
    ) -> Int32[np.ndarray, "q c"]:
        """Return every row that may be among the nearest of some queries.

        Parameters
        ----------
        queries : (q, d) float32
            As they are compared; some ten thousand together.
        own : (q,) int64
            The row that a query is itself, or -1. Where every query is another row, products among
            them serve both.
        count : int
            How many neighbours are wanted, fewer than there are rows.
        margins : (q,) float32
            By how much a likeness in single precision may be off.

        Returns
        -------
        (q, c) int32
            Candidates in no order, -1 where there is none. A query that has too many (hundreds of
            copies) has none at all, and must be looked for in another way.
        """
        n = len(self._rows.points)
        are_rows = len(np.unique(own[own >= 0])) == len(own)
        asked = self._rows.some(own) if are_rows else self._rounded(queries)
        with ThreadPoolExecutor(os.cpu_count(), initializer=_multiply_alone) as pool:

            def panels(vectors: Rounded, order: np.ndarray) -> list[_Panel]:
                """Return panels of vectors in an order, in which they have their new numbers."""
                every = np.arange(len(order))
                parts = [slice(start, start + _PANEL) for start in every[::_PANEL]]
                return list(pool.map(lambda part: _Panel(vectors, order[part], every[part]), parts))

            sample = _Panel(self._rows, np.linspace(0, n - 1, min(n, _SAMPLED)).astype(np.int64))
            learned = pool.map(partial(_first_limits, sample, own, count), panels(asked, np.arange(len(own))))
            limits = np.concatenate(list(learned)) - margins
            # Those whose limits are alike share panels: a panel is looked through by its lowest limit.
            order = np.argsort(limits, kind="stable")
            search = _Search(own[order], count, limits[order], margins[order])
            ours = panels(asked, order)
            if are_rows:
                list(pool.map(search.compare_queries, *zip(*_everyone_with_everyone(ours), strict=True)))
            others = np.setdiff1d(np.arange(n), own, assume_unique=True) if are_rows else np.arange(n)
            for start in range(0, len(others), _PANEL):
                theirs = _Panel(self._rows, others[start : start + _PANEL])
                list(pool.map(partial(search.compare, theirs), ours))
        sorted_ones = search.found()
        found = np.empty_like(sorted_ones)
        found[order] = sorted_ones
        return found

    def _rounded(self, points: np.ndarray) -> Rounded:
        return Rounded.of(points, self._origin, is_euclidean=self._is_euclidean)


class _Panel:
    """Some vectors side by side, with room for what is added to their products."""

    def __init__(self, vectors: Rounded, rows: np.ndarray, numbers: np.ndarray | None = None) -> None:
        self.rows, self.lock = rows if numbers is None else numbers, threading.Lock()
        # What lies side by side already is not copied.
        in_order = np.arange(rows[0], rows[0] + len(rows))
        part = slice(in_order[0], in_order[-1] + 1) if np.array_equal(rows, in_order) else rows
        self._lengths, self._errors, self._shifts = vectors.lengths[part], vectors.errors[part], vectors.shifts[part]
        self.for_kernels = self.rows, vectors.points[part], vectors.offsets[part]
        self._width = width = vectors.bits.shape[1]
        # Products are looked through in words of 8 bytes, some together.
        together = WORDS_AT_ONCE * 8 // vectors.bits.itemsize
        self._left, self._right = (
            np.zeros((n, width + 2 * PARTS), vectors.bits.dtype)
            for n in (len(rows), together * -(-len(rows) // together))
        )
        for side in (self._left, self._right[: len(rows)]):
            side[:, :width] = vectors.bits[part]
        self._left[:, width + PARTS :] = bits_of(np.ones(1, np.float32))
        self._right[: len(rows), width : width + PARTS] = bits_of(np.ones(1, np.float32))
        self._right[: len(rows), width + PARTS :] = in_parts(self._shifts)

    def off_by(self, others: _Panel) -> Float32[np.ndarray, " r"]:
        """Return by how much products of rounded vectors may be off at most, by Cauchy & Schwarz."""
        length, error = others._lengths.max(), others._errors.max()
        rounding = self._errors * length + (self._lengths + self._errors) * error
        added = np.abs(self._shifts) + np.abs(others._shifts).max()
        return np.asarray(rounding + _SUMMING * ((self._lengths + length) ** 2 + added), dtype=np.float32)

    def less(self, least: np.ndarray, others: _Panel) -> torch.Tensor:
        """Return by how much likeness to others is more than something for each of these."""
        self._left[:, self._width : self._width + PARTS] = in_parts(self._shifts - least)
        return torch.mm(as_tensor(self._left), as_tensor(others._right).T)


class _Search:
    """Queries, their limits, and who was found so far."""

    def __init__(self, own: np.ndarray, count: int, limits: np.ndarray, margins: np.ndarray) -> None:
        self._own, self._limits, self._margins = own, limits, margins
        self._best = np.full((len(own), count), NOTHING)
        room = (len(own), 2 * count + _SPARE)
        self._rows, self._alike = np.zeros(room, dtype=np.int32), np.zeros(room, dtype=np.float32)
        self._kept = np.zeros(len(own), dtype=np.int64)

    def compare_queries(self, panel: _Panel, others: _Panel) -> None:
        """Compare queries with one another, for both."""
        with panel.lock, nullcontext() if others is panel else others.lock:
            limits = np.minimum(self._limits[panel.rows], self._limits[others.rows].min())
            self._look(panel, others, limits, are_queries=True)

    def compare(self, others: _Panel, panel: _Panel) -> None:
        """Compare queries with others, and keep who may be near."""
        self._look(panel, others, self._limits[panel.rows], are_queries=False)

    def _look(self, panel: _Panel, others: _Panel, limits: np.ndarray, *, are_queries: bool) -> None:
        if limits.min() == NEVER:
            return
        products = panel.less(limits - panel.off_by(others) - self._margins[panel.rows], others)
        lanes = 8 // products.element_size()
        signs = products.view(torch.int16 if lanes == 4 else torch.int32).numpy().view(np.uint64)
        state = self._best, self._limits, self._margins, self._rows, self._alike, self._kept
        look(signs, lanes, panel.for_kernels, others.for_kernels, self._own, are_queries, state)

    def found(self) -> Int32[np.ndarray, "q c"]:
        """Return the candidates of every query that has not too many."""
        drop(self._rows, self._alike, self._kept, self._limits)
        return self._rows[:, : max(1, int(self._kept.max(initial=1)))]


def _first_limits(sample: _Panel, own: np.ndarray, count: int, panel: _Panel) -> Float32[np.ndarray, " r"]:
    """Return a first limit for the queries of a panel: so many of a sample are at least as near."""
    products = panel.less(np.zeros(len(panel.rows), np.float32), sample).float().numpy()
    limits, room = np.empty(len(panel.rows), np.float32), np.empty(count, np.float32)
    first_limits(products, sample.rows, own[panel.rows], panel.off_by(sample), _RESULT, limits, room)
    return limits


def _everyone_with_everyone(panels: list[_Panel]) -> Iterator[tuple[_Panel, _Panel]]:
    """Yield all pairs in the rounds of a tournament, so that those of a round can be looked at side by side."""
    yield from ((panel, panel) for panel in panels)
    n = len(panels) + len(panels) % 2
    for turn in range(n - 1):
        for place in range(n // 2):
            one = n - 1 if place == 0 else (turn + place) % (n - 1)
            two = turn if place == 0 else (turn - place) % (n - 1)
            if max(one, two) < len(panels):
                yield panels[min(one, two)], panels[max(one, two)]


def _multiply_alone() -> None:
    """Let a thread multiply by itself: there are as many of them as cores."""
    torch.get_num_threads()  # the first call in a thread sets how many it may use
    threadpool_limits(1, user_api="openmp")
