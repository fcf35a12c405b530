"""The nearest rows of a matrix, exactly: who could be among them is found fast, then looked at closely."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float32, Int

if TYPE_CHECKING:
    from core.neighbours.pruning import Screen

NEIGHBOUR_METRICS = ("cosine", "euclidean", "inner_product")
# Rows that are made ready together where the matrix is not kept ready: 100 MB at 384 dimensions.
_ROWS_AT_ONCE = 65_536
# Few enough for what is needed in between to stay in the cache.
_ROWS_KEPT_AT_ONCE = 1024
_ROWS_SETTLED_AT_ONCE = 1024
# A matrix up to this size is kept ready, so that many searches do not each normalise it again.
_KEPT_BYTES = 512_000_000
# Up to so many rows a plain product is as fast, and faiss need not be imported.
_FEW_ROWS = 4096
# How many more than asked for are looked at closely before anything else is tried.
_SPARE = 10
_MOST_CANDIDATES = 2048
_CLOSE_LOOKS_AT_ONCE = 64
_ESTIMATES_AT_ONCE = 16_000_000
# From so many pairs on, products in half precision gain more than PyTorch takes to be imported.
_MANY_PAIRS = 100_000_000
_MOST_SCREENED = 64
# How far a sum of products in single precision may be off, as a share of the lengths multiplied;
# errors grow with the root of the number of dimensions: 2e-6 at a thousand.
_ROUNDING = 4e-6


class NearestRows:
    """A matrix made ready for exact searches in bounded memory, also where it is memory-mapped.

    Products in single precision (faiss, Johnson, Douze & Jégou 2019, where there are many rows;
    in half precision where there are many queries, see `core.neighbours.pruning`) find who could be among
    the nearest. Their distances are then computed one by one in double
    precision, so that equal rows are equally far and a row has the same neighbours whether it is
    searched alone or with all others. Where rounding leaves it open who is nearer, more are
    looked at closely, in the end all.

    Parameters
    ----------
    matrix : (n, d) float
        Not changed; at most 512 MB of it are held in memory a second time.
    metric : {"cosine", "euclidean", "inner_product"}
        Cosine distance is 1 - similarity; inner products are negated.
    ranks : (n,) int
        Decide between rows at the same distance, lower first.
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
        self._screen: Screen | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._matrix)

    def prepared(self, vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m d"]:
        """Return vectors as they are compared: of length 1 for cosine, float32."""
        if self._metric != "cosine":
            return np.ascontiguousarray(vectors, dtype=np.float32)
        wide = vectors.astype(np.float64)
        norms = np.linalg.norm(wide, axis=1, keepdims=True)
        return np.asarray(wide / np.where(norms > 0, norms, 1), dtype=np.float32)

    def of_rows(
        self, rows: Int[np.ndarray, " q"], topk: int
    ) -> tuple[Int[np.ndarray, "q k"], Float32[np.ndarray, "q k"]]:
        """Return the nearest other rows of some rows, and their distances, nearest first."""
        return self._nearest(self._points(rows), np.asarray(rows, dtype=np.int64), min(topk, len(self) - 1))

    def of_vectors(
        self, vectors: Float[np.ndarray, "q d"], topk: int
    ) -> tuple[Int[np.ndarray, "q k"], Float32[np.ndarray, "q k"]]:
        """Return the nearest rows of vectors that are no rows, and their distances, nearest first."""
        nobody = np.full(len(vectors), -1, dtype=np.int64)
        return self._nearest(self.prepared(vectors), nobody, min(topk, len(self)))

    def between(self, rows: Int[np.ndarray, " q"], others: Int[np.ndarray, " q"]) -> Float32[np.ndarray, " q"]:
        """Return the distance of each row to another one."""
        found = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _CLOSE_LOOKS_AT_ONCE):
            part = slice(start, start + _CLOSE_LOOKS_AT_ONCE)
            found[part] = self._distances(self._points(rows[part]), others[part, None])[:, 0]
        return found

    def _nearest(self, queries: np.ndarray, own: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.zeros((len(queries), k), dtype=np.int64)
        distances = np.zeros((len(queries), k), dtype=np.float32)
        if k == 0:
            return rows, distances
        waiting = np.arange(len(queries))
        count = k + 1 + _SPARE
        is_worth_while = len(queries) * len(self) >= _MANY_PAIRS and k <= _MOST_SCREENED
        if self._kept is not None and len(self) > _FEW_ROWS and is_worth_while:
            waiting = self._by_screen(self._kept, queries, own, rows, distances)
        if len(self) > _FEW_ROWS:
            while waiting.size and count <= min(_MOST_CANDIDATES, len(self)):
                settled = self._by_candidates(queries, own, waiting, count, rows, distances)
                waiting = waiting[~settled]
                count *= 8
        step = max(1, _ESTIMATES_AT_ONCE // len(self))
        for start in range(0, waiting.size, step):
            part = waiting[start : start + step]
            for place, estimates in zip(part, self._estimates(queries[part]), strict=True):
                rows[place], distances[place] = self._pick(queries[place], estimates, int(own[place]), k)
        return rows, distances

    def _by_screen(
        self, points: np.ndarray, queries: np.ndarray, own: np.ndarray, rows: np.ndarray, distances: np.ndarray
    ) -> np.ndarray:
        """Fill in what a screen leaves, see `core.neighbours.pruning`; return which queries are left."""
        from core.neighbours.pruning import Screen  # compiled: not for those who ask for one
        from core.neighbours.pruning_kernels import settle

        k = rows.shape[1]
        if self._screen is None:
            self._screen = Screen(points, self._metric)
        lengths = np.sqrt(np.einsum("qd,qd->q", queries, queries)) + self._lengths.max()
        margins = (2 * _ROUNDING * lengths**2).astype(np.float32)
        candidates = self._screen.candidates(queries, own, k, margins)
        is_open = np.zeros(len(queries), dtype=bool)
        given = points, queries, own, candidates, self._ranks, NEIGHBOUR_METRICS.index(self._metric)
        starts = range(0, len(queries), _ROWS_SETTLED_AT_ONCE)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda start: settle(*given, start, _ROWS_SETTLED_AT_ONCE, rows, distances, is_open), starts))
        return np.flatnonzero(is_open)

    def _nearest_of(
        self, queries: np.ndarray, own: np.ndarray, candidates: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest among candidates, and their distances."""
        found = self._distances(queries, candidates)
        found[(candidates == own[:, None]) | (candidates < 0)] = np.inf
        order = np.lexsort((self._ranks[candidates], found), axis=-1)[:, :k]
        return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(found, order, axis=1)

    def _by_candidates(
        self,
        queries: np.ndarray,
        own: np.ndarray,
        waiting: np.ndarray,
        count: int,
        rows: np.ndarray,
        distances: np.ndarray,
    ) -> np.ndarray:
        """Fill in what `count` candidates each decide; return which of those waiting it decides."""
        k = rows.shape[1]
        estimates, candidates = self._candidates(queries[waiting], count)
        settled = np.empty(waiting.size, dtype=bool)
        for start in range(0, waiting.size, _CLOSE_LOOKS_AT_ONCE):
            part = slice(start, start + _CLOSE_LOOKS_AT_ONCE)
            asked, some = waiting[part], candidates[part]
            rows[asked], distances[asked] = self._nearest_of(queries[asked], own[asked], some, k)
            last = distances[asked, -1].astype(np.float64)
            settled[part] = self._as_estimate(last) + self._margin(queries[asked], last) < estimates[part].max(axis=1)
        return settled

    def _candidates(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return estimates and rows of the `count` that seem nearest, as faiss finds them block by block."""
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
        """Return what orders all rows as the distance does, but for rounding: squares for euclidean."""
        products = np.concatenate([queries @ points.T for _, points in self._blocks()], axis=1)
        if self._metric == "euclidean":
            own = np.einsum("qd,qd->q", queries, queries)
            return np.asarray(own[:, None] + self._squares[None] - 2 * products)
        return -products

    def _pick(self, query: np.ndarray, estimates: np.ndarray, itself: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the nearest; every row that may be as near as the last one competes for its place."""
        if itself >= 0:
            estimates[itself] = np.inf
        rounding = _ROUNDING * (self._lengths + np.linalg.norm(query)) ** 2
        limit = np.partition(estimates + rounding, k - 1)[k - 1]
        candidates = np.flatnonzero(estimates - rounding <= limit)
        distances = np.empty(candidates.size, dtype=np.float32)
        for start in range(0, candidates.size, _MOST_CANDIDATES):
            part = slice(start, start + _MOST_CANDIDATES)
            distances[part] = self._distances(query[None], candidates[None, part])[0]
        order = np.lexsort((self._ranks[candidates], distances))[:k]
        return candidates[order], distances[order]

    def _distances(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the distance of every query to its own rows; each depends on the two vectors alone."""
        points, wide = self._points(rows).astype(np.float64), queries.astype(np.float64)
        if self._metric == "euclidean":
            points -= wide[:, None]
            distances = np.sqrt(np.einsum("qkd,qkd->qk", points, points))
        else:
            products = np.einsum("qkd,qd->qk", points, wide)
            # Rounded to what single precision knows of a similarity: a copy is at 0.
            is_cosine = self._metric == "cosine"
            distances = np.clip(np.round(1 - products, 7), 0, 2) if is_cosine else -products
        return np.asarray(distances + 0.0, dtype=np.float32)  # no negative zero

    def _as_estimate(self, distances: np.ndarray) -> np.ndarray:
        if self._metric == "euclidean":
            return np.asarray(distances**2)
        return distances - 1 if self._metric == "cosine" else distances

    def _margin(self, queries: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return by how much the estimate of a row that may be as near as the last can be off."""
        own = np.linalg.norm(queries, axis=1).astype(np.float64)
        # By the triangle inequality a longer one is farther than the last in euclidean distance.
        longest = own + last if self._metric == "euclidean" else float(self._lengths.max())
        return np.asarray(_ROUNDING * 1.001 * (own + longest) ** 2)

    def _points(self, rows: np.ndarray) -> np.ndarray:
        if self._kept is not None:
            is_all = rows.shape == (len(self),) and np.array_equal(rows, np.arange(len(self)))
            return self._kept if is_all else np.asarray(self._kept[rows])
        flat = self.prepared(np.asarray(self._matrix[rows.ravel()]))
        return flat.reshape(*rows.shape, -1)

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first row and the prepared rows of every block; all at once where they are kept."""
        if self._kept is not None:
            yield from [(0, self._kept)] if len(self) else []
            return
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield start, self.prepared(np.asarray(self._matrix[start : start + _ROWS_AT_ONCE]))


def ranks_of(ids: Any) -> Int[np.ndarray, " n"]:
    """Return the place of every id in their order."""
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[np.argsort(np.asarray(ids, dtype=object), kind="stable")] = np.arange(len(ids))
    return ranks
