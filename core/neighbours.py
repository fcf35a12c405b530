"""Who is like whom: exact nearest neighbours of specimens among embeddings."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from core.embeddings import Embeddings
from core.errors import SettingError, UnknownSpecimenError
from core.storage import write_csv

METRICS = ("cosine", "euclidean", "inner_product")
COLUMNS = ("query_id", "neighbor_id", "distance")
# Rows of one block of distances: 512 × 100,000 float32 are 200 MB.
BLOCK_ROWS = 512
# How far a sum of products in single precision may be off, as a share of the lengths multiplied;
# errors grow with the root of the number of dimensions: 2e-6 at a thousand.
_ROUNDING = 4e-6


@dataclass(frozen=True)
class SearchSettings:
    """How neighbours are found.

    Parameters
    ----------
    topk : int
        Number of neighbours of a query; fewer where the collection is smaller.
    metric : {"cosine", "euclidean", "inner_product"}
        Cosine distance is 1 - similarity; inner product is given negated, so that smaller is
        always nearer.
    """

    topk: int = 10
    metric: str = "cosine"

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.topk < 1:
            raise SettingError(f"'topk' must be at least 1 (got {self.topk}).")
        if self.metric not in METRICS:
            raise SettingError(f"'metric' must be one of {', '.join(METRICS)} (got {self.metric}).")


@dataclass(frozen=True)
class Neighbours:
    """The nearest specimens of one query, nearest first.

    Parameters
    ----------
    query_id : str
        Never among the neighbours itself.
    ids : tuple of str
        Neighbours; equal distances are in id order.
    distances : (k,) float32
        In the metric of the search.
    """

    query_id: str
    ids: tuple[str, ...]
    distances: Float[np.ndarray, " k"]

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Return the rows of the CSV, distances with six decimals."""
        return [(self.query_id, name, f"{d:.6f}") for name, d in zip(self.ids, self.distances, strict=True)]


class Searcher:
    """A collection made ready for many searches: rows normalised once.

    A matrix product finds who could be among the nearest; their distances are then computed one
    by one in double precision, so that equal embeddings are equally far, and a specimen has the
    same neighbours whether it is searched alone or with all others.
    """

    def __init__(self, embeddings: Embeddings, settings: SearchSettings) -> None:
        self.embeddings, self.settings = embeddings, settings
        self._points = _prepared(embeddings.matrix, settings.metric)
        self._squares = np.einsum("nd,nd->n", self._points, self._points)
        self._lengths = np.sqrt(self._squares)
        self._id_rank = np.empty(len(embeddings), dtype=np.int64)
        self._id_rank[np.argsort(np.asarray(embeddings.ids, dtype=object), kind="stable")] = np.arange(len(embeddings))

    def nearest(self, query_id: str) -> Neighbours:
        """Return the neighbours of a specimen of the collection, given by its exact id."""
        row = self.embeddings.row_of.get(query_id)
        if row is None:
            raise unknown_specimen(query_id, self.embeddings.ids)
        return next(self._of_rows(np.array([row])))

    def all_nearest(self) -> Iterator[Neighbours]:
        """Yield the neighbours of every specimen in row order, in bounded memory."""
        for start in range(0, len(self.embeddings), BLOCK_ROWS):
            yield from self._of_rows(np.arange(start, min(start + BLOCK_ROWS, len(self.embeddings))))

    def nearest_to_vector(self, vector: Float[np.ndarray, " d"], name: str) -> Neighbours:
        """Return the neighbours of an embedding that is not part of the collection."""
        if vector.shape != (self.embeddings.matrix.shape[1],):
            raise SettingError(
                f"The query has {vector.size} dimensions, the collection {self.embeddings.matrix.shape[1]}.",
                advice="Both must come from the same backbone and tokens.",
            )
        query = _prepared(vector.astype(np.float32)[None], self.settings.metric)
        return self._pick(query[0], self._estimates(query)[0], name, itself=-1)

    def _of_rows(self, rows: np.ndarray) -> Iterator[Neighbours]:
        queries = self._points[rows]
        estimates = self._estimates(queries)
        for index, row in enumerate(rows):
            yield self._pick(queries[index], estimates[index], self.embeddings.ids[row], itself=int(row))

    def _estimates(self, queries: np.ndarray) -> np.ndarray:
        """Return what orders the collection as the distance does, but for rounding: squares for euclidean."""
        products: np.ndarray = queries @ self._points.T
        if self.settings.metric == "euclidean":
            own = np.einsum("qd,qd->q", queries, queries)
            return np.asarray(own[:, None] + self._squares[None] - 2 * products)
        return -products

    def _pick(self, query: np.ndarray, estimates: np.ndarray, name: str, itself: int) -> Neighbours:
        """Take the nearest; every specimen that may be as near as the last one competes for its place."""
        if itself >= 0:
            estimates[itself] = np.inf
        k = min(self.settings.topk, len(estimates) - (itself >= 0))
        if k == 0:
            return Neighbours(name, (), np.zeros(0, dtype=np.float32))
        rounding = _ROUNDING * (self._lengths + np.linalg.norm(query)) ** 2
        limit = np.partition(estimates + rounding, k - 1)[k - 1]
        candidates = np.flatnonzero(estimates - rounding <= limit)
        distances = self._distances(query, candidates)
        order = np.lexsort((self._id_rank[candidates], distances))[:k]
        ids = tuple(self.embeddings.ids[row] for row in candidates[order])
        return Neighbours(name, ids, distances[order])

    def _distances(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the distances of some rows; each depends on the two embeddings alone."""
        points, query = self._points[rows].astype(np.float64), query.astype(np.float64)
        if self.settings.metric == "euclidean":
            distances = np.sqrt(((points - query) ** 2).sum(axis=1))
        elif self.settings.metric == "inner_product":
            distances = -(points * query).sum(axis=1)
        else:
            # Rounded to what single precision knows of a similarity: a copy of a specimen is at 0.
            distances = np.clip(np.round(1 - (points * query).sum(axis=1), 7), 0, 2)
        return np.asarray(distances, dtype=np.float32)


def search(embeddings: Embeddings, query: str, settings: SearchSettings | None = None) -> Neighbours:
    """Return the nearest specimens of one specimen.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    query : str
        A specimen id, or the end of one where only one id ends like that.
    settings : SearchSettings, optional
        Number of neighbours and metric.

    Raises
    ------
    UnknownSpecimenError
        Where no id, or more than one, fits; the message names the nearest ids.
    """
    name = resolve_id(query, embeddings.ids)
    return Searcher(embeddings, settings or SearchSettings()).nearest(name)


def resolve_id(query: str, ids: tuple[str, ...]) -> str:
    """Return the id that is meant: itself, or the only one that ends with it.

    Raises
    ------
    UnknownSpecimenError
        Where no id, or more than one, fits.
    """
    if query in ids:
        return query
    ending = [name for name in ids if query and name.endswith(query)]
    if len(ending) == 1:
        return ending[0]
    if ending:
        whole = [name for name in ending if name.endswith("/" + query)]
        if len(whole) == 1:
            return whole[0]
        named = ", ".join(ending[:3]) + (", …" if len(ending) > 3 else "")
        raise UnknownSpecimenError(
            f"{len(ending)} specimen ids end with {query!r}: {named}.",
            advice="Give more of the id, so that only one fits.",
        )
    raise unknown_specimen(query, ids)


def unknown_specimen(query: str, ids: tuple[str, ...]) -> UnknownSpecimenError:
    """Return the error that names the ids most like a query."""
    folded: dict[str, str] = {}
    for name in ids:
        folded.setdefault(name.casefold(), name)
        folded.setdefault(name.rsplit("/", 1)[-1].casefold(), name)
    close = difflib.get_close_matches(query.casefold(), list(folded), n=6, cutoff=0.3)
    near = list(dict.fromkeys(folded[key] for key in close))[:3]
    advice = f"The nearest ids are {', '.join(near)}." if near else "ids.txt lists every id."
    return UnknownSpecimenError(f"There is no specimen {query!r} in this collection of {len(ids)}.", advice=advice)


def write_neighbours(path: Path, neighbours: Neighbours, *, overwrite: bool = True) -> bool:
    """Write `query_id,neighbor_id,distance`, nearest first; return whether it had to be written.

    Without `overwrite` a file that says the same already is left as it is.
    """
    if not overwrite and path.is_file():
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            if list(csv.reader(stream)) == [list(COLUMNS), *(list(row) for row in neighbours.rows)]:
                return False
    write_csv(path, COLUMNS, neighbours.rows)
    return True


def file_name_of_search(query_id: str) -> str:
    """Return `knn_<query id>.csv` with `/` as `__`."""
    return f"knn_{query_id.replace('/', '__')}.csv"


def _prepared(matrix: np.ndarray, metric: str) -> np.ndarray:
    if metric != "cosine":
        return np.ascontiguousarray(matrix, dtype=np.float32)
    wide = matrix.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1), dtype=np.float32)
