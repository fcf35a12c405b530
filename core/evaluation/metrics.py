"""Measures of retrieval, from the ranks of the members of each query's class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

MEASURES = ("NN", "first_tier", "second_tier", "E", "DCG", "mAP")
# Numbers of nearest neighbours that vote, in addition to the one of the settings.
VOTES = (1, 3, 5, 10)
_E_DEPTH = 32
_QUERIES_AT_ONCE = 256
# Above this number of specimens, ranks are computed without sorting all others.
_MANY = 3000


def measures_of_ranks(
    ranks: Int[np.ndarray, " h"], totals: Int[np.ndarray, " q"], n_results: int, depths: Sequence[int]
) -> Float[np.ndarray, "q m"]:
    """Return every measure of queries from the ranks of the members of their classes.

    Parameters
    ----------
    ranks : (h,) int
        Ranks of the members among all other specimens, from 1, ascending within each query, one
        query after the other.
    totals : (q,) int
        Number of members of each query, at least 1.
    n_results : int
        Number of ranked specimens of a query, without the query itself.
    depths : sequence of int
        The k of every P@k.

    Returns
    -------
    (q, m) float64
        Columns as in `MEASURES`, then P@k.

    Examples
    --------
    >>> measures = measures_of_ranks(np.array([1, 3]), np.array([2]), n_results=5, depths=[5])
    >>> dict(zip([*MEASURES, "P@5"], measures[0].round(3).tolist()))["mAP"]
    0.833
    """
    starts = np.cumsum(totals) - totals
    gains = 1.0 / np.log2(np.maximum(np.arange(1, n_results + 1), 2))

    def hits_within(depth: Int[np.ndarray, " q"] | int) -> Int[np.ndarray, " q"]:
        last = np.repeat(np.broadcast_to(depth, totals.shape), totals)
        return np.asarray(np.add.reduceat(ranks <= last, starts, dtype=np.int64))

    early = hits_within(_E_DEPTH)
    hits = np.arange(1, ranks.size + 1) - np.repeat(starts, totals)
    columns = [
        ranks[starts] == 1,
        hits_within(totals) / totals,
        hits_within(2 * totals) / totals,
        # The harmonic mean of early/depth and early/total.
        2.0 * early / (min(_E_DEPTH, n_results) + totals),
        np.add.reduceat(gains[ranks - 1], starts) / np.cumsum(gains)[totals - 1],
        np.add.reduceat(hits / ranks, starts) / totals,
        *(hits_within(depth) / min(depth, n_results) for depth in depths),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


@dataclass(frozen=True)
class QueryMeasures:
    """Measures of queries, with their neighbours and votes.

    Parameters
    ----------
    values : (q, m) float64
        Every measure of every query: `MEASURES`, then P@k.
    nearest, voted : (q,) int
        Nearest row of every query, and the majority class of its nearest rows.
    vote_accuracies : dict of int to float
        Share of queries with the right majority class among their k nearest rows.
    """

    values: Float[np.ndarray, "q m"]
    nearest: Int[np.ndarray, " q"]
    voted: Int[np.ndarray, " q"]
    vote_accuracies: dict[int, float]


def measure_queries(
    vectors: Float[np.ndarray, "n d"],
    codes: Int[np.ndarray, " n"],
    queries: Int[np.ndarray, " q"],
    depths: Sequence[int],
    n_votes: int,
    reorder: Callable[[int, list[int]], list[int]] | None = None,
) -> QueryMeasures:
    """Return the measures of queries by Euclidean distance.

    Parameters
    ----------
    vectors : (n, d) float32
        Points; at equal distances the first row is nearer.
    codes : (n,) int
        Class of every row, from 0.
    queries : (q,) int
        Rows with another member of their class.
    depths : sequence of int
        The k of every P@k.
    n_votes : int
        Number of nearest rows that vote; votes are also counted for `VOTES`.
    reorder : callable, optional
        Takes a query and all other rows, nearest first. Returns these in another order.
    """
    n_results = len(codes) - 1
    voters = sorted({*VOTES, n_votes})
    n_nearest = min(voters[-1], n_results)
    if reorder is None and len(codes) > _MANY:
        from core.evaluation.ranks import Ranks  # compiled, which few rows do not need

        parts = Ranks(vectors, codes).of(queries, n_nearest)
    else:
        parts = _by_order(vectors, codes, queries, n_nearest, reorder)
    values, nearest, voted = [], [], []
    right, start = dict.fromkeys(voters, 0), 0
    for ranks, totals, near in parts:
        own = codes[queries[start : start + len(totals)]]
        start += len(totals)
        values.append(measures_of_ranks(ranks, totals, n_results, depths))
        nearest.append(near[:, 0])
        for count in voters:
            votes = _vote(codes[near[:, :count]])
            right[count] += int((votes == own).sum())
            if count == n_votes:
                voted.append(votes)
    accuracies = {count: number / queries.size for count, number in right.items()}
    return QueryMeasures(np.concatenate(values), np.concatenate(nearest), np.concatenate(voted), accuracies)


def _by_order(
    vectors: Float[np.ndarray, "n d"],
    codes: Int[np.ndarray, " n"],
    queries: Int[np.ndarray, " q"],
    n_nearest: int,
    reorder: Callable[[int, list[int]], list[int]] | None,
) -> Iterator[tuple[Int[np.ndarray, " h"], Int[np.ndarray, " b"], Int[np.ndarray, "b k"]]]:
    """Yield what `core.evaluation.ranks.Ranks.of` does, by sorting all others."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for start in range(0, queries.size, _QUERIES_AT_ONCE):
        asked = queries[start : start + _QUERIES_AT_ONCE]
        distances = squares[None, :] - 2.0 * (vectors[asked] @ vectors.T)
        distances[np.arange(asked.size), asked] = -np.inf
        # Rows are in id order, so a stable sort leaves ties in id order.
        order = np.argsort(distances, axis=1, kind="stable")[:, 1:]
        if reorder is not None:
            pairs = zip(asked.tolist(), order.tolist(), strict=True)
            order = np.array([reorder(query, row) for query, row in pairs], dtype=np.intp).reshape(order.shape)
        relevant = codes[order] == codes[asked][:, None]
        # Copied, because a view would keep the whole order in memory.
        yield np.nonzero(relevant)[1] + 1, np.count_nonzero(relevant, axis=1), order[:, :n_nearest].copy()


def _vote(neighbours: Int[np.ndarray, "q k"]) -> Int[np.ndarray, " q"]:
    """Return the commonest code of each row, the first one among equals."""
    counts = (neighbours[:, :, None] == neighbours[:, None, :]).sum(axis=2)
    winners = np.argmax(counts, axis=1)
    return np.asarray(neighbours[np.arange(neighbours.shape[0]), winners])
