"""Exact nearest neighbours under Euclidean distance, block by block: distances for clustering.

Vectors that lie near to each other are put into one block. Distances between blocks come from
matrix products, and whole pairs of blocks are passed over where the triangle inequality shows
that nothing in them can matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

T = TypeVar("T")

_BLOCK = 240
_FIRST_BLOCKS = 6
# Where all is searched in the end, looking farther at first leaves fewer pairs to be sorted later.
_FIRST_BLOCKS_EXACT = 14
_FEWEST_NEIGHBOURS = 10
_CROWD = 20
# Small enough for the distances of a block to this many others to stay in a core's own cache.
_COLUMNS_AT_ONCE = 2048
# A squared distance from float32 products is wrong by about 1e-7 of the squared lengths; lengths
# are shrunk by more than that, so that what comes out is never above the truth.
_SHRINK = 2e-6


@dataclass(frozen=True)
class Neighbourhoods:
    """The nearest other specimens of every specimen.

    Parameters
    ----------
    vectors : (n, k) float32
        The vectors; read-only.
    rows : (n, m) int64
        Rows of the m nearest others, nearest first; read-only.
    distances : (n, m) float64
        Euclidean distances to them; read-only.
    exact : bool
        Whether nearer ones cannot have been missed.
    """

    vectors: Float[np.ndarray, "n k"]
    rows: Int[np.ndarray, "n m"]
    distances: Float[np.ndarray, "n m"]
    exact: bool

    def __post_init__(self) -> None:
        """Protect the arrays from change."""
        for array in (self.vectors, self.rows, self.distances):
            array.setflags(write=False)


@dataclass(frozen=True)
class Blocks:
    """Vectors in an order in which neighbours in space are neighbours in memory, cut into blocks.

    Parameters
    ----------
    order : (n,) int64
        Row of the vector at every position.
    vectors : (n, k) float32
        The vectors in that order, less their mean.
    shrunken_squares : (n,) float32
        Their squared lengths, a little too small.
    asking, asked : (n, k + 2) float32
        The vectors with two columns more, so that one product gives squared distances at once:
        (v, |v|², 1) · (−2u, 1, |u|²).
    edges : (b + 1,) int64
        Where blocks begin, and the end of the last.
    centres : (b, k) float64
        Mean of every block.
    radii : (b,) float64
        Distance from the mean to the farthest vector of the block.
    """

    order: Int[np.ndarray, " n"]
    vectors: Float[np.ndarray, "n k"]
    shrunken_squares: Float[np.ndarray, " n"]
    asking: Float[np.ndarray, "n k2"]
    asked: Float[np.ndarray, "n k2"]
    edges: Int[np.ndarray, " b1"]
    centres: Float[np.ndarray, "b k"]
    radii: Float[np.ndarray, " b"]

    def __iter__(self) -> Iterator[slice]:
        for start, stop in zip(self.edges[:-1].tolist(), self.edges[1:].tolist(), strict=True):
            yield slice(start, stop)

    def columns(self, chosen: Int[np.ndarray, " c"] | Bool[np.ndarray, " b"]) -> Int[np.ndarray, " m"]:
        """Return the positions in the chosen blocks."""
        picked = np.zeros(self.radii.size, dtype=bool)
        picked[chosen] = True
        return np.flatnonzero(np.repeat(picked, np.diff(self.edges)))

    def beyond(self, rows: slice) -> Float[np.ndarray, "r b"]:
        """Return how far each row at least is from anything in each block."""
        vectors = self.vectors[rows].astype(np.float64)
        squares = np.einsum("ij,ij->i", vectors, vectors)[:, None]
        centre_squares = np.einsum("ij,ij->i", self.centres, self.centres)
        apart = np.sqrt(np.maximum(squares + centre_squares - 2.0 * (vectors @ self.centres.T), 0.0))
        slack = 1e-6 * (np.sqrt(squares) + np.sqrt(centre_squares) + self.radii)
        return np.asarray(apart - self.radii - slack)

    def pairs_within(
        self,
        rows: slice,
        columns: Int[np.ndarray, " m"],
        row_reach: Float[np.ndarray, " r"],
        column_reach: Float[np.ndarray, " m"] | None = None,
    ) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
        """Return pairs that may be nearer to each other than the larger of their reaches.

        Pairs are a place among the rows and a place among the columns. None that is nearer is
        left out; a few that are not come along. Nothing is nearer than a reach of 0.
        """
        row_limit = _squared_reach(row_reach)[:, None]
        column_limit = None if column_reach is None else _squared_reach(column_reach)
        owns, places = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        for start in range(0, columns.size, _COLUMNS_AT_ONCE):
            part = slice(start, start + _COLUMNS_AT_ONCE)
            limit = row_limit if column_limit is None else np.maximum(row_limit, column_limit[part])
            own, place = where_true(self.squared_distances(rows, columns[part]) < limit)
            owns.append(own)
            places.append(place + start)
        return np.concatenate(owns), np.concatenate(places)

    def squared_distances(self, rows: slice, columns: Int[np.ndarray, " m"]) -> Float[np.ndarray, "r m"]:
        """Return squared distances, float32, at most a little below the truth and never above; columns rise."""
        first, last = int(columns[0]), int(columns[-1])
        # Neighbours in memory are read where they are; others have to be brought together first.
        together = last - first + 1 == columns.size
        asked = self.asked[first : last + 1] if together else self.asked[columns]
        return np.asarray(self.asking[rows] @ asked.T)


def find_neighbourhoods(vectors: Float[np.ndarray, "n k"], count: int, *, exact: bool = True) -> Neighbourhoods:
    """Return the nearest others of every specimen under Euclidean distance.

    Parameters
    ----------
    vectors : (n, k) float
        At least two rows.
    count : int
        How many others; no more than n - 1 are returned, and no fewer than ten where there are.
    exact : bool
        Otherwise only the nearest blocks are searched, which takes a fraction of the time and
        finds most.
    """
    n_rows = vectors.shape[0]
    count = min(max(count, _FEWEST_NEIGHBOURS), n_rows - 1)
    vectors = np.array(vectors, dtype=np.float32)
    blocks = cut_into_blocks(vectors, _bisect(vectors))
    found_rows = np.empty((n_rows, count), dtype=np.int64)
    found_distances = np.empty((n_rows, count))

    def search(rows: slice) -> None:
        own, other = _candidates(blocks, rows, count, exact=exact)
        own, other = blocks.order[own], blocks.order[other]
        keep = own != other
        own, other = own[keep], other[keep]
        distances = exact_distances(vectors, own, other)
        sorting = np.lexsort((other, distances, own))
        own, other, distances = own[sorting], other[sorting], distances[sorting]
        names, starts = np.unique(own, return_index=True)
        places = starts[:, None] + np.arange(count)
        found_rows[names] = other[places]
        found_distances[names] = distances[places]

    in_threads(search, blocks)
    return Neighbourhoods(vectors, found_rows, found_distances, exact)


def _squared_reach(reach: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    # Rounded up, so that float32 does not lose what lies on the border.
    squared = (np.square(reach, dtype=np.float64) * (1 + 1e-6)).astype(np.float32)
    return np.asarray(np.where(reach > 0, squared, np.float32(-np.inf)))


def cut_into_blocks(vectors: Float[np.ndarray, "n k"], order: Int[np.ndarray, " n"]) -> Blocks:
    """Return vectors in an order, cut into blocks of about equal size."""
    # Products of long vectors that differ little would lose the difference; the mean is no part of it.
    ordered = (vectors[order] - vectors.mean(axis=0, dtype=np.float64)).astype(np.float32)
    squares = np.einsum("ij,ij->i", ordered, ordered) * np.float32(1 - _SHRINK)
    n_blocks = max(1, -(-order.size // _BLOCK))
    edges = np.linspace(0, order.size, n_blocks + 1).astype(np.int64)
    sizes = np.diff(edges)
    centres = np.add.reduceat(ordered, edges[:-1], axis=0, dtype=np.float64) / sizes[:, None]
    gaps = np.linalg.norm(ordered - np.repeat(centres, sizes, axis=0), axis=1)
    radii = np.maximum.reduceat(gaps, edges[:-1])
    ones = np.ones_like(squares)
    asking = np.column_stack([ordered, squares, ones])
    asked = np.column_stack([-2.0 * ordered, ones, squares])
    return Blocks(order, ordered, squares, asking, asked, edges, centres, radii)


def in_threads(work: Callable[[slice], T], blocks: Blocks) -> list[T]:
    """Return what `work` makes of every block, in order.

    Threads each take whole blocks and keep the matrix products inside to themselves: products
    this small lose more by being shared out than they gain.
    """
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, blocks))


def where_true(mask: Bool[np.ndarray, "r m"]) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
    """Return rows and columns of what is true; several times as fast as `np.nonzero` where little is."""
    rows, columns = np.divmod(np.flatnonzero(mask.ravel()), mask.shape[1])
    return rows, columns


def exact_distances(
    vectors: Float[np.ndarray, "n k"], one: Int[np.ndarray, " m"], other: Int[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """Return the distance of every pair of rows, from float64 differences."""
    distances = np.empty(one.size)
    for start in range(0, one.size, 65536):
        part = slice(start, start + 65536)
        between = vectors[one[part]].astype(np.float64) - vectors[other[part]]
        distances[part] = np.sqrt(np.einsum("ij,ij->i", between, between))
    return distances


def _bisect(vectors: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """Return an order made by halving along the widest axis until halves are small."""
    pieces, done = [np.arange(vectors.shape[0])], []
    while pieces:
        piece = pieces.pop()
        if piece.size <= _BLOCK:
            done.append(piece)
            continue
        axis = int(np.argmax(vectors[piece].var(axis=0)))
        half = piece.size // 2
        split = piece[np.argpartition(vectors[piece, axis], half)]
        pieces += [split[half:], split[:half]]
    return np.concatenate(done)


def _candidates(
    blocks: Blocks, rows: slice, count: int, *, exact: bool
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
    """Return pairs of positions that hold the `count` nearest of every row, and few others."""
    beyond = blocks.beyond(rows)
    order = np.argsort(beyond.min(axis=0), kind="stable")
    widths = np.cumsum(np.diff(blocks.edges)[order])
    n_first = max(_FIRST_BLOCKS_EXACT if exact else _FIRST_BLOCKS, int(np.searchsorted(widths, count + 1)) + 1)
    first = blocks.columns(order[:n_first])
    squares = blocks.squared_distances(rows, first)
    # The row itself is among them, hence one more than `count`.
    reach = np.partition(squares, min(count, first.size - 1), axis=1)[:, min(count, first.size - 1)]
    reach += 3 * _SHRINK * (blocks.shrunken_squares[rows] + blocks.shrunken_squares[first].max())
    own, place = where_true(squares <= reach[:, None])
    owns, others = [own], [first[place]]
    needed = np.any(beyond < np.sqrt(np.maximum(reach, 0.0))[:, None], axis=0)
    needed[order[:n_first]] = False
    if exact and needed.any():
        rest = blocks.columns(needed)
        own, place = blocks.pairs_within(rows, rest, np.sqrt(np.maximum(reach, 0.0)))
        owns.append(own)
        others.append(rest[place])
    own, other = np.concatenate(owns), np.concatenate(others)
    if own.size > _CROWD * count * (rows.stop - rows.start):
        return _crowded_candidates(blocks, rows, count, np.unique(other))
    return own + rows.start, other


def _crowded_candidates(
    blocks: Blocks, rows: slice, count: int, columns: Int[np.ndarray, " m"]
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
    """Return `count` others for every row where hundreds lie equally near, as copies of one scan do."""
    squares = blocks.squared_distances(rows, columns)
    squares[columns[None, :] == np.arange(rows.start, rows.stop)[:, None]] = np.inf
    chosen = np.argpartition(squares, count - 1, axis=1)[:, :count]
    own = np.repeat(np.arange(rows.start, rows.stop), count)
    return own, columns[chosen.ravel()]
