"""Exact k-nearest neighbours under Euclidean distance, for clustering.

Vectors that lie near each other share a block. Distances between blocks come from matrix products.
A pair of blocks is skipped if the triangle inequality shows that none of its vectors can be a
neighbour.
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

_BLOCK_SIZE = 240
_FIRST_BLOCKS = 6
# In an exact search, a wider first step leaves fewer candidate pairs to sort later.
_FIRST_BLOCKS_EXACT = 14
_FEWEST_NEIGHBOURS = 10
# Candidates per wanted neighbour above which many of them must be equally near.
_MANY_TIES = 20
# The distances of a block to this many vectors fit into the cache of a processor core.
_COLUMNS_AT_ONCE = 2048
# A squared distance from float32 products has an error of about 1e-7 of the squared lengths. The
# lengths are reduced by more than that, so that the result is a lower bound.
_SHRINK = 2e-6


@dataclass(frozen=True)
class Neighbourhoods:
    """The k-nearest neighbours of every specimen.

    Parameters
    ----------
    vectors : (n, k) float32
        The vectors; read-only.
    rows : (n, m) int64
        Rows of the m nearest other specimens, nearest first; read-only.
    distances : (n, m) float64
        Euclidean distances to them; read-only.
    exact : bool
        Whether these are the true nearest neighbours; otherwise some may be missing.
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
    """Vectors in blocks of contiguous memory that lie near each other in space.

    Parameters
    ----------
    order : (n,) int64
        Row of the vector at every position.
    vectors : (n, k) float32
        The vectors in that order, less their mean.
    reduced_squares : (n,) float32
        Lower bounds of their squared lengths.
    queries, references : (n, k + 2) float32
        The vectors with two more columns, so that one product gives squared distances:
        (v, |v|², 1) · (−2u, 1, |u|²).
    edges : (b + 1,) int64
        First position of every block, and the end of the last.
    centres : (b, k) float64
        Mean of every block.
    radii : (b,) float64
        Distance from the mean to the farthest vector of the block.
    """

    order: Int[np.ndarray, " n"]
    vectors: Float[np.ndarray, "n k"]
    reduced_squares: Float[np.ndarray, " n"]
    queries: Float[np.ndarray, "n k2"]
    references: Float[np.ndarray, "n k2"]
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

    def lower_bounds(self, rows: slice) -> Float[np.ndarray, "r b"]:
        """Return lower bounds of the distance from each row to each block."""
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
        row_radii: Float[np.ndarray, " r"],
        column_radii: Float[np.ndarray, " m"] | None = None,
    ) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
        """Return pairs that may be nearer to each other than the larger of their radii.

        A pair is an index into the rows and an index into the columns. All nearer pairs are
        included, and a few others. No pair is nearer than a radius of 0.
        """
        row_limit = _squared_upper_bounds(row_radii)[:, None]
        column_limit = None if column_radii is None else _squared_upper_bounds(column_radii)
        owns, places = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        for start in range(0, columns.size, _COLUMNS_AT_ONCE):
            part = slice(start, start + _COLUMNS_AT_ONCE)
            limit = row_limit if column_limit is None else np.maximum(row_limit, column_limit[part])
            own, place = true_positions(self.squared_distances(rows, columns[part]) < limit)
            owns.append(own)
            places.append(place + start)
        return np.concatenate(owns), np.concatenate(places)

    def squared_distances(self, rows: slice, columns: Int[np.ndarray, " m"]) -> Float[np.ndarray, "r m"]:
        """Return float32 lower bounds of squared distances to ascending columns."""
        first, last = int(columns[0]), int(columns[-1])
        # Contiguous columns are a view; others have to be copied.
        contiguous = last - first + 1 == columns.size
        references = self.references[first : last + 1] if contiguous else self.references[columns]
        return np.asarray(self.queries[rows] @ references.T)


def find_neighbourhoods(vectors: Float[np.ndarray, "n k"], count: int, *, exact: bool = True) -> Neighbourhoods:
    """Return the k-nearest neighbours of every specimen under Euclidean distance.

    Parameters
    ----------
    vectors : (n, k) float
        At least two rows.
    count : int
        Number of neighbours; at least ten and at most n - 1 are returned.
    exact : bool
        If False, only the nearest blocks are searched, which takes a fraction of the time and
        finds most neighbours.
    """
    n_rows = vectors.shape[0]
    count = min(max(count, _FEWEST_NEIGHBOURS), n_rows - 1)
    vectors = np.array(vectors, dtype=np.float32)
    blocks = cut_into_blocks(vectors, _bisection_order(vectors))
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


def _squared_upper_bounds(radii: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    # Rounded up, so that float32 does not exclude pairs at exactly this distance.
    squared = (np.square(radii, dtype=np.float64) * (1 + 1e-6)).astype(np.float32)
    return np.asarray(np.where(radii > 0, squared, np.float32(-np.inf)))


def cut_into_blocks(vectors: Float[np.ndarray, "n k"], order: Int[np.ndarray, " n"]) -> Blocks:
    """Return vectors in an order, cut into blocks of about equal size."""
    # Products of long vectors with small differences lose precision, so the mean is subtracted.
    ordered = (vectors[order] - vectors.mean(axis=0, dtype=np.float64)).astype(np.float32)
    squares = np.einsum("ij,ij->i", ordered, ordered) * np.float32(1 - _SHRINK)
    n_blocks = max(1, -(-order.size // _BLOCK_SIZE))
    edges = np.linspace(0, order.size, n_blocks + 1).astype(np.int64)
    sizes = np.diff(edges)
    centres = np.add.reduceat(ordered, edges[:-1], axis=0, dtype=np.float64) / sizes[:, None]
    gaps = np.linalg.norm(ordered - np.repeat(centres, sizes, axis=0), axis=1)
    radii = np.maximum.reduceat(gaps, edges[:-1])
    ones = np.ones_like(squares)
    queries = np.column_stack([ordered, squares, ones])
    references = np.column_stack([-2.0 * ordered, ones, squares])
    return Blocks(order, ordered, squares, queries, references, edges, centres, radii)


def in_threads(function: Callable[[slice], T], blocks: Blocks) -> list[T]:
    """Return the result of a function for every block, in order.

    Each thread takes whole blocks and computes their matrix products alone, because products of
    this size are slower if BLAS distributes them over threads.
    """
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, blocks))


def true_positions(mask: Bool[np.ndarray, "r m"]) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
    """Return the rows and columns of true values.

    If few values are true, this is several times as fast as `np.nonzero`.
    """
    rows, columns = np.divmod(np.flatnonzero(mask.ravel()), mask.shape[1])
    return rows, columns


def exact_distances(
    vectors: Float[np.ndarray, "n k"], one: Int[np.ndarray, " m"], other: Int[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """Return the distance of every pair of rows, from float64 differences."""
    distances = np.empty(one.size)
    for start in range(0, one.size, 65536):
        part = slice(start, start + 65536)
        difference = vectors[one[part]].astype(np.float64) - vectors[other[part]]
        distances[part] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distances


def _bisection_order(vectors: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """Return an order by repeated bisection along the axis of largest variance."""
    pieces, done = [np.arange(vectors.shape[0])], []
    while pieces:
        piece = pieces.pop()
        if piece.size <= _BLOCK_SIZE:
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
    """Return pairs of positions that include the `count` nearest of every row."""
    bounds = blocks.lower_bounds(rows)
    order = np.argsort(bounds.min(axis=0), kind="stable")
    widths = np.cumsum(np.diff(blocks.edges)[order])
    n_first = max(_FIRST_BLOCKS_EXACT if exact else _FIRST_BLOCKS, int(np.searchsorted(widths, count + 1)) + 1)
    first = blocks.columns(order[:n_first])
    squares = blocks.squared_distances(rows, first)
    # The row itself is among them, hence one more than `count`.
    limit = np.partition(squares, min(count, first.size - 1), axis=1)[:, min(count, first.size - 1)]
    limit += 3 * _SHRINK * (blocks.reduced_squares[rows] + blocks.reduced_squares[first].max())
    own, place = true_positions(squares <= limit[:, None])
    owns, others = [own], [first[place]]
    radii = np.sqrt(np.maximum(limit, 0.0))
    needed = np.any(bounds < radii[:, None], axis=0)
    needed[order[:n_first]] = False
    if exact and needed.any():
        rest = blocks.columns(needed)
        own, place = blocks.pairs_within(rows, rest, radii)
        owns.append(own)
        others.append(rest[place])
    own, other = np.concatenate(owns), np.concatenate(others)
    if own.size > _MANY_TIES * count * (rows.stop - rows.start):
        return _candidates_with_ties(blocks, rows, count, np.unique(other))
    return own + rows.start, other


def _candidates_with_ties(
    blocks: Blocks, rows: slice, count: int, columns: Int[np.ndarray, " m"]
) -> tuple[Int[np.ndarray, " c"], Int[np.ndarray, " c"]]:
    """Return `count` others for every row if hundreds are equally near.

    Copies of one scan lead to such ties.
    """
    squares = blocks.squared_distances(rows, columns)
    squares[columns[None, :] == np.arange(rows.start, rows.stop)[:, None]] = np.inf
    chosen = np.argpartition(squares, count - 1, axis=1)[:, :count]
    own = np.repeat(np.arange(rows.start, rows.stop), count)
    return own, columns[chosen.ravel()]
