"""Where the members of a query's class stand among all others, without putting all of them in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from numba import njit

# Distances of so many queries to all rows are held at once, in bytes.
_BYTES_AT_ONCE = 64 * 2**20
_FIELDS = 1024


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
        """Yield, for some queries at a time, the ranks of the other members of their class and their nearest rows.

        Parameters
        ----------
        queries : (q,) int
            Rows whose class has another member.
        n_nearest : int
            How many of the nearest rows are wanted, at most n - 1.

        Yields
        ------
        ranks : (h,) int64
            From 1, ascending within each query, one query after the other.
        counts : (b,) int64
            How many of them each query has.
        nearest : (b, k) int64
            Other rows, nearest first; among equals the first row is nearer, in ranks, too.
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
    """Return as many parts as there are cores, none of them empty."""
    edges = np.unique(np.linspace(0, count, (os.cpu_count() or 1) + 1).astype(int)).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


@njit(cache=True, nogil=True)
def _rank(distances, asked, codes, members, starts, ranks, nearest):  # type: ignore[no-untyped-def]
    """Write the ranks of the members of a class, query after query, and the nearest rows of each query."""
    written = 0
    near = np.empty(nearest.shape[1], dtype=distances.dtype)
    for query in range(len(asked)):
        itself = asked[query]
        of_class = members[starts[codes[itself]] : starts[codes[itself] + 1]]
        others = of_class[of_class != itself]
        away = distances[query][others]
        # A stable order leaves equals in the order of rows.
        order = np.argsort(away, kind="mergesort")
        limits, rows = away[order], others[order]
        first, last = limits[0], limits[-1]
        # Members by where they lie between the first and the last, so that a row is compared with few of them.
        per_distance = _FIELDS / (last - first) if last > first else np.float32(0)
        fields = np.zeros(_FIELDS + 2, dtype=np.int64)
        for place in range(len(rows)):
            fields[_field(limits[place] - first, per_distance) + 1] += 1
        fields = np.cumsum(fields)
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
            # It comes before all members from the first one that is further away, or as far and in a later row.
            field = _field(here - first, per_distance)
            low, high = fields[field], fields[field + 1]
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
def _field(distance, per_distance):  # type: ignore[no-untyped-def]
    """Return a place that never falls as distances grow, 0 to `_FIELDS`; 0 for what is before, or no number."""
    place = distance * per_distance
    return int(place) if 0 < place < _FIELDS + 1 else 0
