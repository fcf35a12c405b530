"""Most pairs of vectors ruled out by their first coordinates: exact search without most of its products.

vectors ──► turned to their principal axes ──► the first few coordinates, and the length of the rest
                                                 │  one product: nobody is nearer than this says
who could be among the nearest ◄── whole products of the few that are not ruled out
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64
from numba import njit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

_SAMPLED_QUERIES = 48
_SAMPLED_ROWS = 8192
# What a number of a whole product costs beside one of the product of all with all.
_COST_OF_A_LATE_PRODUCT = 4.0
# Reading the bound of a pair, in numbers of a product.
_COST_OF_A_LOOK = 12.0
_SHARES = (1 / 24, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3)
_BOUNDS_AT_ONCE = 2_000_000
# A query with more candidates than one row in so many is compared with all rows at once.
_EASY_SHARE = 40
_CANDIDATES = 256
_HEAP = 16
# Less than any likeness; infinities are slow to compare.
_NOTHING = np.float32(-3e38)


@dataclass(frozen=True)
class Shortened:
    """Vectors turned so that their first coordinates tell most of them.

    Parameters
    ----------
    axes : (d, d) float32
        Principal axes, the widest first; read-only.
    turned : (n, d) float32
        The vectors along them; read-only.
    offsets : (n,) float32
        Added to the likeness of every row: 0, or minus half its square for euclidean distances.
    short, middle : int
        How many coordinates are compared with all, and after how many more a pair is judged again.
    """

    axes: Float32[np.ndarray, "d d"]
    turned: Float32[np.ndarray, "n d"]
    offsets: Float32[np.ndarray, " n"]
    short: int
    middle: int

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.axes, self.turned, self.offsets):
            array.setflags(write=False)

    def candidates(
        self,
        queries: Float32[np.ndarray, "q d"],
        own: Int64[np.ndarray, " q"],
        count: int,
        margins: Float32[np.ndarray, " q"],
    ) -> Int64[np.ndarray, "q c"]:
        """Return every row that may be among the nearest of some queries.

        Parameters
        ----------
        queries : (q, d) float32
            As they are compared; some thousand together.
        own : (q,) int64
            The row that a query is itself, or -1.
        count : int
            How many neighbours are wanted, fewer than there are rows.
        margins : (q,) float32
            By how much a likeness may be off by rounding.

        Returns
        -------
        (q, c) int64
            Candidates in no order, -1 where there is none. A query that has too many (hundreds of
            copies) has none at all, and must be looked for in another way.
        """
        found = np.full((len(queries), _CANDIDATES), -1, dtype=np.int64)
        is_hard = np.zeros(len(queries), dtype=bool)
        step = max(32, _BOUNDS_AT_ONCE // len(self.turned))
        blocks = [slice(start, start + step) for start in range(0, len(queries), step)]

        def look(block: slice) -> None:
            asked = queries[block] @ self.axes
            bounds = self._with_rest(asked, None) @ self._columns
            asked_for = own[block], margins[block], count, self.short, self.middle, self._most
            there = (bounds, asked, self.turned, *self._rests(asked), *self._own_rests, self.offsets)
            _look(*there, *asked_for, found[block], is_hard[block])

        # A product a thread: threads that share one product wait for one another.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(look, blocks))
        hard = np.flatnonzero(is_hard)
        if hard.size:
            whole = replace(self, short=self.turned.shape[1], middle=self.turned.shape[1])
            late = whole.candidates(queries[hard], own[hard], count, margins[hard])
            found[hard, : late.shape[1]] = late
        return found[:, : max(1, int((found >= 0).sum(axis=1).max(initial=1)))]

    @cached_property
    def _columns(self) -> Float32[np.ndarray, "s n"]:
        return np.ascontiguousarray(self._with_rest(self.turned, self.offsets).T)

    @cached_property
    def _own_rests(self) -> tuple[np.ndarray, np.ndarray]:
        return self._rests(self.turned)

    @property
    def _most(self) -> int:
        return max(_CANDIDATES, len(self.turned) // _EASY_SHARE) if self.is_shorter else len(self.turned)

    @property
    def is_shorter(self) -> bool:
        """Return whether bounds are of fewer coordinates than there are."""
        return bool(self.short < self.turned.shape[1])

    def _with_rest(self, turned: np.ndarray, offsets: np.ndarray | None) -> np.ndarray:
        """Return the first coordinates, the length of the rest, and what is added to a product."""
        out = np.empty((len(turned), self.short + 2), dtype=np.float32)
        out[:, :-2] = turned[:, : self.short]
        out[:, -2] = np.linalg.norm(turned[:, self.short :], axis=1)
        out[:, -1] = 1.0 if offsets is None else offsets
        return out

    def _rests(self, turned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (
            np.linalg.norm(turned[:, self.short :], axis=1),
            np.linalg.norm(turned[:, self.middle :], axis=1),
        )


def shorten(points: Float32[np.ndarray, "n d"], metric: str, count: int) -> Shortened:
    """Turn vectors to their principal axes, and choose how many coordinates rule most pairs out.

    The product of two vectors is at most that of their first coordinates and the product of the
    lengths of what is left (Cauchy & Schwarz). How many coordinates are worth while is measured
    on a sample.

    Parameters
    ----------
    points : (n, d) float32
        As they are compared.
    metric : {"cosine", "euclidean", "inner_product"}
        As for `core.nearest.NearestRows`.
    count : int
        How many neighbours will be asked for.

    Returns
    -------
    Shortened
        Of all coordinates where fewer would rule out too few pairs to gain anything.
    """
    n, width = points.shape
    sample = points[:: max(1, n // _SAMPLED_ROWS)]
    axes = np.linalg.eigh(sample.T.astype(np.float64) @ sample)[1][:, ::-1].astype(np.float32)
    squares = np.einsum("nd,nd->n", points, points)
    offsets = -squares / 2 if metric == "euclidean" else np.zeros(n, dtype=np.float32)
    turned = points @ axes
    asked = turned[:: max(1, n // _SAMPLED_QUERIES)][:_SAMPLED_QUERIES]
    best, choice = float(n * (width + _COST_OF_A_LOOK)), width
    whole = asked @ turned.T + offsets
    least = np.partition(whole, n - min(n, count + 1), axis=1)[:, n - min(n, count + 1), None]
    for share in _SHARES:
        short = max(4, 8 * round(width * share / 8))
        rests = np.linalg.norm(turned[:, short:], axis=1)
        bounds = asked[:, :short] @ turned[:, :short].T + np.linalg.norm(asked[:, short:], axis=1)[:, None] * rests
        left = (bounds + offsets >= least).sum(axis=1)
        late = np.where(left > n // _EASY_SHARE, n * width, _COST_OF_A_LATE_PRODUCT * left * (width - short))
        cost = n * (short + 2 + _COST_OF_A_LOOK) + float(late.mean())
        if short < width and cost < best:
            best, choice = cost, short
    return Shortened(axes, turned, offsets, choice, min(width, 2 * choice))


@njit(cache=True, nogil=True, fastmath={"nsz", "contract", "reassoc"})
def _look(  # type: ignore[no-untyped-def]
    bounds,
    queries,
    points,
    query_rests,
    query_middle_rests,
    rests,
    middle_rests,
    offsets,
    own,
    margins,
    count,
    short,
    middle,
    most,
    found,
    is_hard,
):
    """Write the rows that may be among the nearest of some queries; none where they are too many."""
    width, n = points.shape[1], len(points)
    best = np.empty(count, np.float32)
    places = np.empty(count, np.int64)
    likeness = np.empty(found.shape[1], np.float32)
    n_heaps = (n + _HEAP - 1) // _HEAP
    tops = np.empty(n_heaps, np.float32)
    firsts = np.empty(2 * count, np.float32)
    heaps = np.empty(2 * count, np.int64)
    for query in range(len(queries)):
        asked, bound_of, itself, margin = queries[query], bounds[query], own[query], margins[query]
        if itself >= 0:
            bound_of[itself] = _NOTHING
        _highest(bound_of, tops)
        # The best of the best heaps give a first limit: so many are at least as near.
        firsts[:] = _NOTHING
        heaps[:] = -1
        for heap in range(n_heaps):
            if tops[heap] > firsts[-1]:
                _insert(firsts, heaps, tops[heap], heap)
        best[:] = _NOTHING
        for heap in heaps:
            for row in range(heap, n if heap >= 0 else -1, n_heaps):
                if bound_of[row] == tops[heap] and tops[heap] > _NOTHING:
                    value = _product(asked, points[row], 0, width) + offsets[row]
                    if value > best[-1]:
                        _insert(best, places, value, row)
                    break
        limit = best[-1] - margin
        best[:] = _NOTHING
        kept = 0
        if _reaching(bound_of, limit) > most:
            is_hard[query] = True
            continue
        for heap in range(n_heaps):
            if tops[heap] < limit:
                continue
            for row in range(heap, n, n_heaps):
                bound = bound_of[row]
                if bound < limit or row == itself:
                    continue
                bound -= query_rests[query] * rests[row]
                bound += _product(asked, points[row], short, middle)
                if bound + query_middle_rests[query] * middle_rests[row] < limit:
                    continue
                bound += _product(asked, points[row], middle, width)
                if bound < limit:
                    continue
                if bound > best[-1]:
                    _insert(best, places, bound, row)
                    limit = max(limit, best[-1] - margin)
                if kept == len(likeness):
                    kept = _drop(found[query], likeness, kept, limit)
                if kept < len(likeness):
                    found[query, kept] = row
                    likeness[kept] = bound
                kept += 1
                if kept > len(likeness):
                    break
            if kept > len(likeness):
                break
        kept = _drop(found[query], likeness, kept, limit) if kept <= len(likeness) else 0
        found[query, kept:] = -1


@njit(cache=True, nogil=True, fastmath=True)
def _highest(values, tops):  # type: ignore[no-untyped-def]
    """Write the highest of every heap: each takes one of every so many values, which is fast to look through."""
    n_heaps = len(tops)
    for place in range(n_heaps):
        tops[place] = values[place]
    for first in range(n_heaps, len(values), n_heaps):
        for place in range(min(n_heaps, len(values) - first)):
            tops[place] = max(tops[place], values[first + place])


@njit(cache=True, nogil=True, fastmath=True)
def _reaching(values, limit):  # type: ignore[no-untyped-def]
    """Return how many values reach a limit."""
    count = np.int32(0)
    for value in values:
        count += np.int32(value >= limit)
    return count


@njit(cache=True, nogil=True, fastmath={"nsz", "contract", "reassoc"})
def _product(one, other, start, stop):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for place in range(start, stop):
        total += one[place] * other[place]
    return total


@njit(cache=True, nogil=True)
def _insert(best, places, value, place):  # type: ignore[no-untyped-def]
    """Put a value into its place of a falling sequence; the last falls out."""
    at = len(best) - 1
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        places[at] = places[at - 1]
        at -= 1
    best[at] = value
    places[at] = place


@njit(cache=True, nogil=True)
def _drop(rows, likeness, count, limit):  # type: ignore[no-untyped-def]
    """Move what reaches the limit to the front; return how many these are."""
    kept = 0
    for place in range(count):
        if likeness[place] >= limit:
            rows[kept] = rows[place]
            likeness[kept] = likeness[place]
            kept += 1
    return kept
