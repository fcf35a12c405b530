"""Ranks of the members of a query's class, without sorting all others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from core.foundation import njit

# Memory of the distances of a block of queries to all rows, in bytes.
_BYTES_AT_ONCE = 64 * 2**20
_BINS = 1024


class Ranks:
    """Ranks of the members of classes, by distance.

    Parameters
    ----------
    vectors : (n, d) float32
        Points; their Euclidean distances are compared.
    codes : (n,) int
        Class of every row, from 0.
    """

    def __init__(self, vectors: Float[np.ndarray, "n d"], codes: Int[np.ndarray, " n"]) -> None:
        self._vectors, self._codes = vectors, codes.astype(np.int64)
        self._squares = np.einsum("nd,nd->n", vectors, vectors)
        # Class by class, rows ascending within each.
        self._members = np.argsort(codes, kind="stable").astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(codes))]).astype(np.int64)

    def of(
        self, queries: Int[np.ndarray, " q"], n_nearest: int
    ) -> Iterator[tuple[Int[np.ndarray, " h"], Int[np.ndarray, " b"], Int[np.ndarray, "b k"]]]:
        """Yield ranks of class members and nearest rows, block by block of queries.

        Parameters
        ----------
        queries : (q,) int
            Rows with another member of their class.
        n_nearest : int
            Number of nearest rows, at most n - 1.

        Yields
        ------
        ranks : (h,) int64
            Ranks from 1, ascending within each query, one query after the other.
        counts : (b,) int64
            Number of ranks of each query.
        nearest : (b, k) int64
            Other rows, nearest first. At equal distances the first row is nearer, also in ranks.
        """
        sizes = np.diff(self._starts)
        at_once = max(1, _BYTES_AT_ONCE // max(4 * len(self._vectors), 1))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, queries.size, at_once):
                asked = queries[start : start + at_once].astype(np.int64)
                distances = self._squares[None, :] - 2.0 * (self._vectors[asked] @ self._vectors.T)
                counts = sizes[self._codes[asked]] - 1
                ranks = np.empty(int(counts.sum()), dtype=np.int64)
                nearest = np.empty((asked.size, n_nearest), dtype=np.int64)
                list(pool.map(self._ranker(distances, asked, counts, ranks, nearest), _parts(asked.size)))
                yield ranks, counts, nearest

    def _ranker(
        self, distances: np.ndarray, asked: np.ndarray, counts: np.ndarray, ranks: np.ndarray, nearest: np.ndarray
    ) -> Callable[[slice], None]:
        ends = np.cumsum(counts)

        def rank(part: slice) -> None:
            before = ends[part.start] - counts[part.start]
            itself = distances[part], asked[part]
            _rank(*itself, self._codes, self._members, self._starts, ranks[before : ends[part.stop - 1]], nearest[part])

        return rank


def _parts(count: int) -> list[slice]:
    """Return slices of queries, at most one per core and none empty."""
    edges = np.unique(np.linspace(0, count, (os.cpu_count() or 1) + 1).astype(int)).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


@njit(cache=True, nogil=True)
def _rank(distances, asked, codes, members, starts, ranks, nearest):  # type: ignore[no-untyped-def]
    """Write the ranks of class members and the nearest rows of each query."""
    written = 0
    near = np.empty(nearest.shape[1], dtype=distances.dtype)
    for query in range(len(asked)):
        itself = asked[query]
        of_class = members[starts[codes[itself]] : starts[codes[itself] + 1]]
        others = of_class[of_class != itself]
        away = distances[query][others]
        # A stable sort leaves ties in row order.
        order = np.argsort(away, kind="mergesort")
        limits, rows = away[order], others[order]
        first, last = limits[0], limits[-1]
        # Members are binned by distance, so that a row is compared with few of them.
        per_distance = _BINS / (last - first) if last > first else np.float32(0)
        bins = np.zeros(_BINS + 2, dtype=np.int64)
        for place in range(len(rows)):
            bins[_bin(limits[place] - first, per_distance) + 1] += 1
        bins = np.cumsum(bins)
        before = np.zeros(len(rows) + 1, dtype=np.int64)
        kept = 0
        for row in range(distances.shape[1]):
            here = distances[query, row]
            if row == itself:
                continue
            if kept < len(near) or here < near[kept - 1]:
                kept = min(kept + 1, len(near))
                place = kept - 1
                while place > 0 and here < near[place - 1]:
                    near[place], nearest[query, place] = near[place - 1], nearest[query, place - 1]
                    place -= 1
                near[place], nearest[query, place] = here, row
            if here > last:
                continue
            # The row precedes all members from the first that is farther, or as far in a later row.
            number = _bin(here - first, per_distance)
            low, high = bins[number], bins[number + 1]
            while low < high:
                middle = (low + high) // 2
                if limits[middle] > here or (limits[middle] == here and rows[middle] > row):
                    high = middle
                else:
                    low = middle + 1
            before[low] += 1
        ranks[written : written + len(rows)] = np.cumsum(before[:-1]) + 1
        written += len(rows)


@njit(cache=True, nogil=True)
def _bin(distance, per_distance):  # type: ignore[no-untyped-def]
    """Return a bin from 0 to `_BINS` that never decreases with distance.

    Distances below the first member, and NaN, are in bin 0.
    """
    place = distance * per_distance
    return int(place) if 0 < place < _BINS + 1 else 0
