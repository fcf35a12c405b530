"""Who is like whom: exact nearest neighbours of specimens among embeddings."""

from __future__ import annotations

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
    """A collection made ready for many searches: rows normalised once."""

    def __init__(self, embeddings: Embeddings, settings: SearchSettings) -> None:
        self.embeddings, self.settings = embeddings, settings
        self._points = _prepared(embeddings.matrix, settings.metric)
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
        return self._pick(self._distances(query)[0], name, itself=-1)

    def _of_rows(self, rows: np.ndarray) -> Iterator[Neighbours]:
        distances = self._distances(self._points[rows])
        for index, row in enumerate(rows):
            yield self._pick(distances[index], self.embeddings.ids[row], itself=int(row))

    def _distances(self, queries: np.ndarray) -> np.ndarray:
        products = queries @ self._points.T
        if self.settings.metric == "cosine":
            return np.clip(1 - products, 0, 2)
        if self.settings.metric == "inner_product":
            return -products
        squared = (queries**2).sum(axis=1)[:, None] + (self._points**2).sum(axis=1)[None] - 2 * products
        return np.sqrt(np.maximum(squared, 0))

    def _pick(self, distances: np.ndarray, name: str, itself: int) -> Neighbours:
        """Take the nearest; every specimen as near as the last one competes by its id."""
        if itself >= 0:
            distances[itself] = np.inf
        k = min(self.settings.topk, len(distances) - (itself >= 0))
        if k == 0:
            return Neighbours(name, (), np.zeros(0, dtype=np.float32))
        limit = np.partition(distances, k - 1)[k - 1]
        candidates = np.flatnonzero(distances <= limit)
        order = np.lexsort((self._id_rank[candidates], distances[candidates]))
        chosen = candidates[order[:k]]
        ids = tuple(self.embeddings.ids[row] for row in chosen)
        return Neighbours(name, ids, distances[chosen].astype(np.float32))


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
        raise UnknownSpecimenError(
            f"{len(ending)} specimen ids end with {query!r}: {', '.join(ending[:3])}{', …' if len(ending) > 3 else ''}.",
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


def write_neighbours(path: Path, neighbours: Neighbours) -> None:
    """Write `query_id,neighbor_id,distance`, nearest first."""
    write_csv(path, COLUMNS, neighbours.rows)


def file_name_of_search(query_id: str) -> str:
    """Return `knn_<query id>.csv` with `/` as `__`."""
    return f"knn_{query_id.replace('/', '__')}.csv"


def _prepared(matrix: np.ndarray, metric: str) -> np.ndarray:
    if metric != "cosine":
        return np.ascontiguousarray(matrix, dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)
