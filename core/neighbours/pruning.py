"""Pruning of pairs in half precision, for exact searches of many queries.

vectors ──► rounded to half precision ──► products of panels, less the limit of each query
                                            │  below zero: not near, whatever the rounding error
candidates for the nearest rows ◄── products in single precision of the few remaining pairs
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

from core.neighbours.half_precision import PARTS, HalfPrecisionVectors, as_tensor, bits_of, in_parts
from core.neighbours.pruning_kernels import (
    HIGHEST,
    LOWEST,
    WORDS_AT_ONCE,
    collect_candidates,
    drop_below_limits,
    initial_limits,
)

# Rows of a panel; the products of two panels fit into the cache of a core.
_PANEL = 1024
# Rows from which the first limits are estimated, spread evenly.
_SAMPLED = 2048
# Room for candidates beyond twice the number of neighbours. A query with more is left undecided.
_SPARE = 48
# Error bound of a sum of products in single precision, beyond the errors of half precision, as a
# share of the product of the lengths.
_SUMMATION_ERROR = 4e-5
# Error of a product that is rounded to half precision itself, as a share of it.
_RELATIVE_ERROR_OF_PRODUCT = np.float32(2.0**-8)


class Pruner:
    """Candidates of many queries at once, by products in half precision.

    Parameters
    ----------
    points : (n, d) float32
        Prepared vectors; not changed.
    metric : {"cosine", "euclidean", "inner_product"}
        As for `core.neighbours.NearestRows`.
    """

    def __init__(self, points: Float32[np.ndarray, "n d"], metric: str) -> None:
        self._origin, self._is_euclidean = points.mean(axis=0), metric == "euclidean"
        self._rows = self._in_half_precision(points)

    def candidates(
        self,
        queries: Float32[np.ndarray, "q d"],
        own: Int64[np.ndarray, " q"],
        count: int,
        margins: Float32[np.ndarray, " q"],
    ) -> Int32[np.ndarray, "q c"]:
        """Return every row that may be among the nearest of each query.

        Parameters
        ----------
        queries : (q, d) float32
            Prepared vectors; some ten thousand per call are fastest.
        own : (q,) int64
            The row that a query is itself, or -1. If every query is another row, a product of two
            queries serves both.
        count : int
            Number of neighbours, fewer than there are rows.
        margins : (q,) float32
            Error bounds of similarities in single precision.

        Returns
        -------
        (q, c) int32
            Candidates in no order, filled up with -1. A query with too many candidates (hundreds of
            copies) gets none and must be searched in another way.
        """
        n = len(self._rows.points)
        are_rows = len(np.unique(own[own >= 0])) == len(own)
        asked = self._rows.some(own) if are_rows else self._in_half_precision(queries)
        with ThreadPoolExecutor(os.cpu_count(), initializer=_use_one_thread) as pool:

            def panels(vectors: HalfPrecisionVectors, order: np.ndarray) -> list[_Panel]:
                """Return panels of vectors in this order, numbered by it."""
                every = np.arange(len(order))
                parts = [slice(start, start + _PANEL) for start in every[::_PANEL]]
                return list(pool.map(lambda part: _Panel(vectors, order[part], every[part]), parts))

            sample = _Panel(self._rows, np.linspace(0, n - 1, min(n, _SAMPLED)).astype(np.int64))
            learned = pool.map(partial(_initial_limits, sample, own, count), panels(asked, np.arange(len(own))))
            limits = np.concatenate(list(learned)) - margins
            # Queries with similar limits share panels, because a panel is tested by its lowest limit.
            order = np.argsort(limits, kind="stable")
            search = _Search(own[order], count, limits[order], margins[order])
            ours = panels(asked, order)
            if are_rows:
                list(pool.map(search.compare_queries, *zip(*_round_robin(ours), strict=True)))
            others = np.setdiff1d(np.arange(n), own, assume_unique=True) if are_rows else np.arange(n)
            for start in range(0, len(others), _PANEL):
                theirs = _Panel(self._rows, others[start : start + _PANEL])
                list(pool.map(partial(search.compare, theirs), ours))
        by_limit = search.candidates()
        candidates = np.empty_like(by_limit)
        candidates[order] = by_limit
        return candidates

    def _in_half_precision(self, points: np.ndarray) -> HalfPrecisionVectors:
        return HalfPrecisionVectors.of(points, self._origin, is_euclidean=self._is_euclidean)


class _Panel:
    """A block of vectors, with columns for what is added to their products."""

    def __init__(self, vectors: HalfPrecisionVectors, rows: np.ndarray, numbers: np.ndarray | None = None) -> None:
        self.rows, self.lock = rows if numbers is None else numbers, threading.Lock()
        # Rows that are already in order are not copied.
        in_order = np.arange(rows[0], rows[0] + len(rows))
        part = slice(in_order[0], in_order[-1] + 1) if np.array_equal(rows, in_order) else rows
        self._lengths, self._errors, self._shifts = vectors.lengths[part], vectors.errors[part], vectors.shifts[part]
        self.for_kernels = self.rows, vectors.points[part], vectors.offsets[part]
        self._width = width = vectors.bits.shape[1]
        # Products are tested in words of 8 bytes, several words together.
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

    def error_bounds(self, others: _Panel) -> Float32[np.ndarray, " r"]:
        """Return error bounds of products of rounded vectors (Cauchy-Schwarz)."""
        length, error = others._lengths.max(), others._errors.max()
        rounding = self._errors * length + (self._lengths + self._errors) * error
        added = np.abs(self._shifts) + np.abs(others._shifts).max()
        return np.asarray(rounding + _SUMMATION_ERROR * ((self._lengths + length) ** 2 + added), dtype=np.float32)

    def products_above(self, limits: np.ndarray, others: _Panel) -> torch.Tensor:
        """Return the similarities of all pairs less the limit of each row."""
        self._left[:, self._width : self._width + PARTS] = in_parts(self._shifts - limits)
        return torch.mm(as_tensor(self._left), as_tensor(others._right).T)


class _Search:
    """Queries, their limits and the candidates found so far."""

    def __init__(self, own: np.ndarray, count: int, limits: np.ndarray, margins: np.ndarray) -> None:
        self._own, self._limits, self._margins = own, limits, margins
        self._best = np.full((len(own), count), LOWEST)
        room = (len(own), 2 * count + _SPARE)
        self._rows, self._similarities = np.zeros(room, dtype=np.int32), np.zeros(room, dtype=np.float32)
        self._counts = np.zeros(len(own), dtype=np.int64)

    def compare_queries(self, panel: _Panel, others: _Panel) -> None:
        """Compare two panels of queries and collect candidates for both."""
        with panel.lock, nullcontext() if others is panel else others.lock:
            limits = np.minimum(self._limits[panel.rows], self._limits[others.rows].min())
            self._collect(panel, others, limits, are_queries=True)

    def compare(self, others: _Panel, panel: _Panel) -> None:
        """Compare queries with other rows and collect the rows that may be near."""
        self._collect(panel, others, self._limits[panel.rows], are_queries=False)

    def _collect(self, panel: _Panel, others: _Panel, limits: np.ndarray, *, are_queries: bool) -> None:
        if limits.min() == HIGHEST:
            return
        products = panel.products_above(limits - panel.error_bounds(others) - self._margins[panel.rows], others)
        lanes = 8 // products.element_size()
        signs = products.view(torch.int16 if lanes == 4 else torch.int32).numpy().view(np.uint64)
        state = self._best, self._limits, self._margins, self._rows, self._similarities, self._counts
        collect_candidates(signs, lanes, panel.for_kernels, others.for_kernels, self._own, are_queries, state)

    def candidates(self) -> Int32[np.ndarray, "q c"]:
        """Return the candidates of every query, none if it has too many."""
        drop_below_limits(self._rows, self._similarities, self._counts, self._limits)
        return self._rows[:, : max(1, int(self._counts.max(initial=1)))]


def _initial_limits(sample: _Panel, own: np.ndarray, count: int, panel: _Panel) -> Float32[np.ndarray, " r"]:
    """Return lower bounds of the similarity to the last neighbour, from a sample."""
    products = panel.products_above(np.zeros(len(panel.rows), np.float32), sample).float().numpy()
    limits, best = np.empty(len(panel.rows), np.float32), np.empty(count, np.float32)
    errors = panel.error_bounds(sample), _RELATIVE_ERROR_OF_PRODUCT
    initial_limits(products, sample.rows, own[panel.rows], *errors, limits, best)
    return limits


def _round_robin(panels: list[_Panel]) -> Iterator[tuple[_Panel, _Panel]]:
    """Yield all pairs of panels in rounds.

    The pairs of a round share no panel, so that they can run in parallel.
    """
    yield from ((panel, panel) for panel in panels)
    n = len(panels) + len(panels) % 2
    for round_number in range(n - 1):
        for place in range(n // 2):
            one = n - 1 if place == 0 else (round_number + place) % (n - 1)
            two = round_number if place == 0 else (round_number - place) % (n - 1)
            if max(one, two) < len(panels):
                yield panels[min(one, two)], panels[max(one, two)]


def _use_one_thread() -> None:
    """Let a thread multiply on one core, since there are as many threads as cores."""
    torch.get_num_threads()  # the first call in a thread sets how many it may use
    threadpool_limits(1, user_api="openmp")
