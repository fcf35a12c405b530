"""Exact nearest-neighbour search over embeddings."""

from __future__ import annotations

import csv
import difflib
import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from core.embeddings import Embeddings
from core.foundation import SettingError, UnknownSpecimenError
from core.neighbours.exact import NEIGHBOUR_METRICS, NearestRows, ranks_of
from core.storage import write_csv

COLUMNS = ("query_id", "neighbor_id", "distance")
# A collection up to this size is searched in one block, so that a product of two queries serves
# both. Larger collections are searched in smaller blocks, so that memory is bounded.
BLOCK_ROWS = 32_768
# In bytes; file systems allow 255.
_LONGEST_NAME = 240

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a nearest-neighbour search.

    Parameters
    ----------
    topk : int
        Number of neighbours of a query; fewer if the collection is smaller.
    metric : {"cosine", "euclidean", "inner_product"}
        Cosine distance is 1 - similarity. Inner products are negated, so that smaller is always
        nearer.
    """

    topk: int = 10
    metric: str = "cosine"

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.topk < 1:
            raise SettingError("'topk' must be at least 1 (got {topk}).", topk=self.topk)
        if self.metric not in NEIGHBOUR_METRICS:
            raise SettingError(
                "'metric' must be one of {allowed} (got {metric}).",
                allowed=", ".join(NEIGHBOUR_METRICS),
                metric=self.metric,
            )


@dataclass(frozen=True)
class Neighbours:
    """The nearest specimens of one query, nearest first.

    Parameters
    ----------
    query_id : str
        The query, which is never among its neighbours.
    ids : tuple of str
        Neighbours, at equal distances in id order.
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
    """Exact searches in one collection.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    settings : SearchSettings
        Number of neighbours and metric.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> searcher = Searcher(Embeddings(("a", "b", "c"), vectors), SearchSettings(topk=1))
    >>> [(found.query_id, found.ids) for found in searcher.all_nearest()]
    [('a', ('c',)), ('b', ('c',)), ('c', ('a',))]
    """

    def __init__(self, embeddings: Embeddings, settings: SearchSettings) -> None:
        self.embeddings, self.settings = embeddings, settings
        self._rows = NearestRows(embeddings.matrix, settings.metric, ranks_of(embeddings.ids))
        self._names = np.array(embeddings.ids, dtype=object)

    def nearest(self, query_id: str) -> Neighbours:
        """Return the neighbours of a specimen of the collection, given by its exact id."""
        row = self.embeddings.row_of.get(query_id)
        if row is None:
            raise unknown_specimen(query_id, self.embeddings.ids)
        return next(self.nearest_of_rows(np.array([row])))

    def all_nearest(self) -> Iterator[Neighbours]:
        """Yield the neighbours of every specimen in row order, in bounded memory."""
        n = len(self.embeddings)
        # A product of two queries of a block serves both; this gains little if a block is a small part.
        step = BLOCK_ROWS if n <= BLOCK_ROWS else BLOCK_ROWS // 2 if n <= 2 * BLOCK_ROWS else BLOCK_ROWS // 8
        for start in range(0, n, step):
            yield from self.nearest_of_rows(np.arange(start, min(start + step, n)))

    def nearest_to_vector(
        self, vector: Float[np.ndarray, " d"], name: str, *, without: str | None = None
    ) -> Neighbours:
        """Return the neighbours of an embedding that is not part of the collection.

        Parameters
        ----------
        vector : (d,) float
            The embedding.
        name : str
            Becomes the `query_id`.
        without : str, optional
            A specimen that is left out, such as the one that the embedding was made from.

        Raises
        ------
        SettingError
            If it has another number of dimensions than the collection.
        """
        if vector.shape != (self.embeddings.matrix.shape[1],):
            raise SettingError(
                "The query has {size} dimensions, the collection {dimensions}.",
                advice="Both must come from the same backbone and tokens.",
                size=vector.size,
                dimensions=self.embeddings.matrix.shape[1],
            )
        topk = self.settings.topk + (without is not None)
        rows, distances = self._rows.of_vectors(vector.astype(np.float32)[None], topk)
        is_other = rows[0] != self.embeddings.row_of.get(without or "", -1)
        kept = np.flatnonzero(is_other)[: self.settings.topk]
        return Neighbours(name, tuple(self._names[rows[0, kept]].tolist()), distances[0, kept])

    def nearest_of_rows(self, queries: Int[np.ndarray, " q"]) -> Iterator[Neighbours]:
        """Yield the neighbours of several rows, a few thousand per call for speed."""
        rows, distances = self._rows.of_rows(queries, self.settings.topk)
        for query, names, apart in zip(queries.tolist(), self._names[rows].tolist(), distances, strict=True):
            yield Neighbours(self.embeddings.ids[query], tuple(names), apart)


def find_neighbours(embeddings: Embeddings, query: str, settings: SearchSettings | None = None) -> Neighbours:
    """Return the nearest specimens of one specimen.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    query : str
        A specimen id, or an ending that only one id has.
    settings : SearchSettings, optional
        Number of neighbours and metric.

    Raises
    ------
    UnknownSpecimenError
        If no id, or more than one, fits; the message names the nearest ids.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> found = find_neighbours(Embeddings(("Molars/a", "Molars/b", "Shells/c"), vectors), "a")
    >>> found.rows
    [('Molars/a', 'Shells/c', '0.292893'), ('Molars/a', 'Molars/b', '1.000000')]
    """
    name = resolve_id(query, embeddings.ids)
    return Searcher(embeddings, settings or SearchSettings()).nearest(name)


def resolve_id(query: str, ids: tuple[str, ...]) -> str:
    """Return the id that equals the query, or the only one that ends with it.

    Raises
    ------
    UnknownSpecimenError
        If no id, or more than one, fits.

    Examples
    --------
    >>> resolve_id("b", ("Molars/a", "Molars/b"))
    'Molars/b'
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
            "{ending} specimen ids end with {query!r}: {named}.",
            advice="Give more of the id, so that only one fits.",
            ending=len(ending),
            query=query,
            named=named,
        )
    raise unknown_specimen(query, ids)


def unknown_specimen(query: str, ids: tuple[str, ...]) -> UnknownSpecimenError:
    """Return the error of an unknown id, with the ids most similar to it."""
    folded: dict[str, str] = {}
    for name in ids:
        folded.setdefault(name.casefold(), name)
        folded.setdefault(name.rsplit("/", 1)[-1].casefold(), name)
    close = difflib.get_close_matches(query.casefold(), list(folded), n=6, cutoff=0.3)
    near = list(dict.fromkeys(folded[key] for key in close))[:3]
    return UnknownSpecimenError(
        "There is no specimen {query!r} in this collection of {count}.",
        advice="The nearest ids are {near}." if near else "ids.txt lists every id.",
        query=query,
        count=len(ids),
        near=", ".join(near),
    )


def write_neighbours(path: Path, neighbours: Neighbours, *, overwrite: bool = True, sync: bool = True) -> bool:
    """Write `query_id,neighbor_id,distance`, nearest first.

    Parameters
    ----------
    path : Path
        The CSV.
    neighbours : Neighbours
        What is written; distances have six decimals.
    overwrite : bool
        Write even if the file already holds the same rows.
    sync : bool
        As in `core.storage.write_atomically`.

    Returns
    -------
    bool
        Whether the file was written.
    """
    if not overwrite and path.is_file():
        with suppress(csv.Error), path.open(encoding="utf-8", errors="replace", newline="") as stream:
            rows = list(csv.reader(stream))
            if rows == [list(COLUMNS), *(list(row) for row in neighbours.rows)]:
                return False
            other = rows[1][0] if len(rows) > 1 and rows[1] else neighbours.query_id
            if other != neighbours.query_id:
                # The names of files write `/` as `__`.
                told = "%s held the neighbours of %s; they are replaced by those of %s."
                log.warning(told, path, other, neighbours.query_id)
    write_csv(path, COLUMNS, neighbours.rows, sync=sync)
    return True


def file_name_of_search(query_id: str) -> str:
    """Return `knn_<query id>.csv`, with `/` as `__`.

    Long names, as of several queries, are cut and end with a hash.

    Examples
    --------
    >>> file_name_of_search("Molars/a")
    'knn_Molars__a.csv'
    """
    name = query_id.replace("/", "__")
    if len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        name = f"{name[:50]}… {hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"knn_{name}.csv"
