"""Exact nearest-neighbour search in the rows of a matrix."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int

from core.embeddings import unit_rows

if TYPE_CHECKING:
    from core.neighbours.pruning import Pruner

NEIGHBOUR_METRICS = ("cosine", "euclidean", "inner_product")
# Rows of a block if the prepared matrix is not held in memory: 100 MB at 384 dimensions.
_ROWS_AT_ONCE = 65_536
# Small enough that intermediate arrays stay in the processor's cache.
_ROWS_KEPT_AT_ONCE = 1024
_ROWS_RANKED_AT_ONCE = 1024
# The prepared matrix is held in memory up to this size, so that each search need not normalise it.
_KEPT_BYTES = 512_000_000
# Up to this number of rows a matrix product is as fast as faiss, which then need not be imported.
_FEW_ROWS = 4096
# Candidates beyond the number of neighbours in the first attempt.
_SPARE = 10
_MOST_CANDIDATES = 2048
_QUERIES_RANKED_AT_ONCE = 64
_ESTIMATES_AT_ONCE = 16_000_000
# From this number of pairs on, half precision saves more time than the import of PyTorch takes.
_MANY_PAIRS = 100_000_000
_MOST_NEIGHBOURS_OF_PRUNING = 64
# Error bound of a sum of products in single precision, as a share of the product of the lengths.
# Errors grow with the root of the number of dimensions: 2e-6 at a thousand.
_SINGLE_PRECISION_ERROR = 4e-6


class NearestRows:
    """Exact nearest rows of a matrix, in bounded memory.

    Products in single precision select candidates (faiss, Johnson, Douze & Jégou 2019, if there
    are many rows; half precision if there are many queries as well, see
    `core.neighbours.pruning`). The distances of candidates are computed one by one in double
    precision. Equal rows therefore have equal distances, and a row has the same neighbours
    whether it is searched alone or with all others. If rounding errors leave the order open, more
    candidates are computed, in the end all rows.

    Parameters
    ----------
    matrix : (n, d) float
        Not changed. It may be memory-mapped; a copy of at most 512 MB is held in memory.
    metric : {"cosine", "euclidean", "inner_product"}
        Cosine distance is 1 - similarity; inner products are negated.
    ranks : (n,) int
        Order of rows at the same distance, lower first.

    Examples
    --------
    >>> points = np.array([[0, 0], [3, 4], [0, 1]], dtype=np.float32)
    >>> rows, distances = NearestRows(points, "euclidean", np.arange(3)).of_rows(np.array([0]), topk=2)
    >>> rows.tolist(), distances.tolist()
    ([[2, 1]], [[1.0, 5.0]])
    """

    def __init__(self, matrix: Float[np.ndarray, "n d"], metric: str, ranks: Int[np.ndarray, " n"]) -> None:
        self._matrix, self._metric, self._ranks = matrix, metric, ranks
        n, d = matrix.shape
        self._kept: np.ndarray | None = None
        if n * d * 4 <= _KEPT_BYTES:
            self._kept = np.empty((n, d), dtype=np.float32)
            kept = self._kept

            def keep(start: int) -> None:
                part = slice(start, start + _ROWS_KEPT_AT_ONCE)
                kept[part] = self.prepared(matrix[part])

            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(keep, range(0, n, _ROWS_KEPT_AT_ONCE)))
        self._squares = np.concatenate(
            [np.einsum("nd,nd->n", points, points) for _, points in self._blocks()] or [np.zeros(0, np.float32)]
        )
        self._lengths = np.sqrt(self._squares)
        self._pruner: Pruner | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._matrix)

    def prepared(self, vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m d"]:
        """Return vectors as they are compared: float32, of length 1 for cosine."""
        if self._metric != "cosine":
            return np.ascontiguousarray(vectors, dtype=np.float32)
        return unit_rows(vectors)

    def of_rows(
        self, rows: Int[np.ndarray, " q"], topk: int
    ) -> tuple[Int[np.ndarray, "q k"], Float32[np.ndarray, "q k"]]:
        """Return the nearest other rows of some rows and their distances, nearest first."""
        return self._nearest(self._points(rows), np.asarray(rows, dtype=np.int64), min(topk, len(self) - 1))

    def of_vectors(
        self, vectors: Float[np.ndarray, "q d"], topk: int
    ) -> tuple[Int[np.ndarray, "q k"], Float32[np.ndarray, "q k"]]:
        """Return the nearest rows of other vectors and their distances, nearest first."""
        no_row = np.full(len(vectors), -1, dtype=np.int64)
        return self._nearest(self.prepared(vectors), no_row, min(topk, len(self)))

    def between(self, rows: Int[np.ndarray, " q"], others: Int[np.ndarray, " q"]) -> Float32[np.ndarray, " q"]:
        """Return the distances of pairs of rows."""
        distances = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _QUERIES_RANKED_AT_ONCE):
            part = slice(start, start + _QUERIES_RANKED_AT_ONCE)
            distances[part] = self._distances(self._points(rows[part]), others[part, None])[:, 0]
        return distances

    def _nearest(self, queries: np.ndarray, own: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.zeros((len(queries), k), dtype=np.int64)
        distances = np.zeros((len(queries), k), dtype=np.float32)
        if k == 0:
            return rows, distances
        pending = np.arange(len(queries))
        count = k + 1 + _SPARE
        is_worth_pruning = len(queries) * len(self) >= _MANY_PAIRS and k <= _MOST_NEIGHBOURS_OF_PRUNING
        if self._kept is not None and len(self) > _FEW_ROWS and is_worth_pruning:
            pending = self._by_pruning(self._kept, queries, own, rows, distances)
        if len(self) > _FEW_ROWS:
            while pending.size and count <= min(_MOST_CANDIDATES, len(self)):
                is_decided = self._by_candidates(queries, own, pending, count, rows, distances)
                pending = pending[~is_decided]
                count *= 8
        step = max(1, _ESTIMATES_AT_ONCE // len(self))
        for start in range(0, pending.size, step):
            part = pending[start : start + step]
            for place, estimates in zip(part, self._estimates(queries[part]), strict=True):
                rows[place], distances[place] = self._pick(queries[place], estimates, int(own[place]), k)
        return rows, distances

    def _by_pruning(
        self, points: np.ndarray, queries: np.ndarray, own: np.ndarray, rows: np.ndarray, distances: np.ndarray
    ) -> np.ndarray:
        """Fill in neighbours by pruning and return the undecided queries."""
        from core.neighbours.pruning import Pruner  # compiled and slow to import: for many queries only
        from core.neighbours.pruning_kernels import rank_candidates

        k = rows.shape[1]
        if self._pruner is None:
            self._pruner = Pruner(points, self._metric)
        lengths = np.sqrt(np.einsum("qd,qd->q", queries, queries)) + self._lengths.max()
        margins = (2 * _SINGLE_PRECISION_ERROR * lengths**2).astype(np.float32)
        candidates = self._pruner.candidates(queries, own, k, margins)
        is_undecided = np.zeros(len(queries), dtype=bool)
        given = points, queries, own, candidates, self._ranks, NEIGHBOUR_METRICS.index(self._metric)
        written = rows, distances, is_undecided

        def rank(start: int) -> None:
            rank_candidates(*given, start, _ROWS_RANKED_AT_ONCE, *written)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(rank, range(0, len(queries), _ROWS_RANKED_AT_ONCE)))
        return np.flatnonzero(is_undecided)

    def _nearest_of(
        self, queries: np.ndarray, own: np.ndarray, candidates: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest candidates of every query and their distances."""
        distances = self._distances(queries, candidates)
        distances[(candidates == own[:, None]) | (candidates < 0)] = np.inf
        order = np.lexsort((self._ranks[candidates], distances), axis=-1)[:, :k]
        return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(distances, order, axis=1)

    def _by_candidates(
        self,
        queries: np.ndarray,
        own: np.ndarray,
        pending: np.ndarray,
        count: int,
        rows: np.ndarray,
        distances: np.ndarray,
    ) -> np.ndarray:
        """Fill in neighbours from candidates and return which queries are decided."""
        k = rows.shape[1]
        estimates, candidates = self._candidates(queries[pending], count)
        is_decided = np.empty(pending.size, dtype=bool)
        for start in range(0, pending.size, _QUERIES_RANKED_AT_ONCE):
            part = slice(start, start + _QUERIES_RANKED_AT_ONCE)
            asked, some = pending[part], candidates[part]
            rows[asked], distances[asked] = self._nearest_of(queries[asked], own[asked], some, k)
            last = distances[asked, -1].astype(np.float64)
            limits = self._as_estimate(last) + self._margin(queries[asked], last)
            is_decided[part] = limits < estimates[part].max(axis=1)
        return is_decided

    def _candidates(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return estimates and rows of candidates, searched by faiss block by block."""
        import faiss

        kind = faiss.METRIC_L2 if self._metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        sign = np.float32(1 if self._metric == "euclidean" else -1)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for start, points in self._blocks():
            values, rows = faiss.knn(queries, points, min(count, len(points)), metric=kind)
            found.append((sign * values, np.where(rows >= 0, rows + start, -1)))
            if len(found) > 1:
                estimates, places = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
                kept = min(count, estimates.shape[1])
                nearest = np.argpartition(estimates, kept - 1, axis=1)[:, :kept]
                found = [(np.take_along_axis(estimates, nearest, 1), np.take_along_axis(places, nearest, 1))]
        return found[0]

    def _estimates(self, queries: np.ndarray) -> np.ndarray:
        """Return distances but for an offset and rounding, squared for euclidean."""
        products = np.concatenate([queries @ points.T for _, points in self._blocks()], axis=1)
        if self._metric == "euclidean":
            own = np.einsum("qd,qd->q", queries, queries)
            return np.asarray(own[:, None] + self._squares[None] - 2 * products)
        return -products

    def _pick(self, query: np.ndarray, estimates: np.ndarray, itself: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest of all rows that may be as near as the last neighbour."""
        if itself >= 0:
            estimates[itself] = np.inf
        errors = _SINGLE_PRECISION_ERROR * (self._lengths + np.linalg.norm(query)) ** 2
        limit = np.partition(estimates + errors, k - 1)[k - 1]
        candidates = np.flatnonzero(estimates - errors <= limit)
        distances = np.empty(candidates.size, dtype=np.float32)
        for start in range(0, candidates.size, _MOST_CANDIDATES):
            part = slice(start, start + _MOST_CANDIDATES)
            distances[part] = self._distances(query[None], candidates[None, part])[0]
        order = np.lexsort((self._ranks[candidates], distances))[:k]
        return candidates[order], distances[order]

    def _distances(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the distances of every query to its own rows.

        Each distance depends on its two vectors alone.
        """
        points, wide = self._points(rows).astype(np.float64), queries.astype(np.float64)
        if self._metric == "euclidean":
            points -= wide[:, None]
            distances = np.sqrt(np.einsum("qkd,qkd->qk", points, points))
        else:
            products = np.einsum("qkd,qd->qk", points, wide)
            # Rounded to the precision of a similarity of float32 vectors, so that a copy is at 0.
            is_cosine = self._metric == "cosine"
            distances = np.clip(np.round(1 - products, 7), 0, 2) if is_cosine else -products
        return np.asarray(distances + 0.0, dtype=np.float32)  # no negative zero

    def _as_estimate(self, distances: np.ndarray) -> np.ndarray:
        if self._metric == "euclidean":
            return np.asarray(distances**2)
        return distances - 1 if self._metric == "cosine" else distances

    def _margin(self, queries: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the error bound of estimates of rows as near as the last neighbour."""
        own = np.linalg.norm(queries, axis=1).astype(np.float64)
        # By the triangle inequality a longer row is farther than the last in euclidean distance.
        longest = own + last if self._metric == "euclidean" else float(self._lengths.max())
        return np.asarray(_SINGLE_PRECISION_ERROR * 1.001 * (own + longest) ** 2)

    def _points(self, rows: np.ndarray) -> np.ndarray:
        if self._kept is not None:
            is_all = rows.shape == (len(self),) and np.array_equal(rows, np.arange(len(self)))
            return self._kept if is_all else np.asarray(self._kept[rows])
        flat = self.prepared(np.asarray(self._matrix[rows.ravel()]))
        return flat.reshape(*rows.shape, -1)

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first row and the prepared rows of every block.

        A matrix that is held in memory is one block.
        """
        if self._kept is not None:
            yield from [(0, self._kept)] if len(self) else []
            return
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield start, self.prepared(np.asarray(self._matrix[start : start + _ROWS_AT_ONCE]))


def ranks_of(ids: Sequence[str]) -> Int[np.ndarray, " n"]:
    """Return the rank of every id in sorted order.

    Examples
    --------
    >>> ranks_of(["b", "c", "a"]).tolist()
    [1, 2, 0]
    """
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[np.argsort(np.asarray(ids, dtype=object), kind="stable")] = np.arange(len(ids))
    return ranks
