"""Comparison of sets of views: re-ranking of the best candidates of a search.

    query ──► Searcher: best candidates by embedding ──► their view features [V, D]
                                                              │  centred or whitened
    neighbours ◄── k-reciprocal re-ranking, if asked ◄── distances between sets of views

The cost grows with the number of candidates, not with the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from core.embeddings import Embeddings, unit_rows
from core.features import read_features
from core.foundation import MissingStageError, SettingError, file_of_specimen
from core.matching.reranking import k_reciprocal
from core.matching.rotations import rotations_for_matching
from core.matching.whitening import Whitening, fit_whitening
from core.neighbours import Neighbours, Searcher, SearchSettings, ranks_of, unknown_specimen
from core.storage import Manifest
from core.workspace import RunFolder, features_made_with

MATCHES = ("pooled", "maxsim", "chamfer", "aligned")
_KEPT_SPECIMENS = 2048
_KEPT_FEATURES = 64
_MOST_SPECIMENS_LEARNED = 2000

ViewsOf = Callable[[str], Float32[np.ndarray, "v d"]]


@dataclass(frozen=True)
class MatchSettings:
    """Settings of the comparison of candidates.

    Parameters
    ----------
    match : {"pooled", "maxsim", "chamfer", "aligned"}
        `pooled` compares embeddings and changes nothing. `maxsim`: 1 - the mean similarity of
        every view to its best match, both ways (late interaction: Khattab & Zaharia 2020,
        ColBERT). `chamfer`: the mean distance to the best match, both ways (Fan, Su & Guibas 2017,
        A point set generation network). `aligned`: 1 - the mean similarity of views under the best
        rotation of the camera layout.
    candidates : int
        Number of candidates by embedding, at least the number of neighbours.
    center : bool
        Subtract the mean view of the collection first.
    whiten : int
        Number of principal axes of the whitening, which centres as well; 0 for none.
    k_reciprocal : bool
        Re-rank candidates by the neighbours that they share with the query, see
        `core.matching.k_reciprocal`.
    expand : int
        Number of nearest embeddings that are added to the query before the search, weighted by
        similarity (query expansion: Chum et al. 2007, Total recall; weights: Radenović, Tolias &
        Chum 2019); 0 for none.
    """

    match: str = "pooled"
    candidates: int = 200
    center: bool = False
    whiten: int = 0
    k_reciprocal: bool = False
    expand: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.match not in MATCHES:
            raise SettingError(
                "'match' must be one of {allowed} (got {match}).", allowed=", ".join(MATCHES), match=self.match
            )
        if self.candidates < 1:
            raise SettingError("'candidates' must be at least 1 (got {candidates}).", candidates=self.candidates)
        if self.whiten < 0:
            raise SettingError(
                "'whiten' must be at least 0 (got {whiten}).", advice="128 is a good start.", whiten=self.whiten
            )
        if self.expand < 0:
            raise SettingError(
                "'expand' must be at least 0 (got {expand}).", advice="3 to 5 are usual.", expand=self.expand
            )
        if self.match == "pooled" and (self.center or self.whiten or self.k_reciprocal):
            raise SettingError(
                "'center', 'whiten' and 'k-reciprocal' are about views, but embeddings are compared (match pooled).",
                advice="Add --match maxsim.",
            )

    @property
    def learns(self) -> bool:
        """Return whether a whitening is learned from the views of the collection."""
        return self.center or self.whiten > 0


class FeatureFolder:
    """View features of specimens in the files that `extract` and `run` write.

    The features that were read last are kept in memory.

    Parameters
    ----------
    folder : Path
        Folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read = lru_cache(_KEPT_FEATURES)(self._read_file)
        self._manifest: Manifest | None = None
        self._manifest_time = 0

    def __call__(self, specimen_id: str) -> Float32[np.ndarray, "v d"]:
        """Return the view features of a specimen.

        Raises
        ------
        MissingStageError, SpecimenError
            If they are missing or damaged, or those of a run that is being made again.
        """
        return self._read(specimen_id)

    def _read_file(self, specimen_id: str) -> Float32[np.ndarray, "v d"]:
        path = file_of_specimen(self.folder, specimen_id, ".npy")
        if not path.is_file():
            raise MissingStageError(
                "The view features of {specimen_id} are not in {folder}.",
                advice="View sets can be matched only with the features of the same run; give --features FOLDER.",
                specimen_id=specimen_id,
                folder=self.folder,
            )
        features = read_features(path)
        # After reading: a run removes the entry of a specimen before it replaces the file.
        if not self._is_of_run(specimen_id):
            raise MissingStageError(
                "The view features of {specimen_id} are not those that the embeddings were made from: the run is "
                "being made again.",
                advice="Start the run again and let it end. Until then, compare embeddings (--match pooled).",
                specimen_id=specimen_id,
            )
        return features

    def _is_of_run(self, specimen_id: str) -> bool:
        """Return whether features were made with the settings of the embeddings of their run.

        Features that are not those of a run are not checked.
        """
        run = RunFolder(self.folder.parent)
        path = self.folder / "manifest.jsonl"
        if not path.is_file() or not run.config_path.is_file():
            return True
        if self._manifest is None or self._manifest_time != path.stat().st_mtime_ns:
            self._manifest_time = path.stat().st_mtime_ns
            self._manifest = Manifest(self.folder)
        entry, expected = self._manifest.get(specimen_id), features_made_with(run.config())
        return entry is not None and entry.get("made_with", expected) == expected


class Matcher:
    """Searches in a collection that compare candidates view by view.

    Parameters
    ----------
    embeddings : Embeddings
        The collection, or the part of it that is searched.
    views_of : callable
        Returns the view features of a specimen, (v, d) float32, such as a `FeatureFolder`.
    search, settings : SearchSettings, MatchSettings
        How candidates are found, and how they are compared.
    whitening : Whitening, optional
        Learned from the views of the whole collection. If None, it is learned from the views of
        `embeddings`, provided that the settings ask for one.
    layout : (str, int), optional
        Layout and number of the views, needed for `aligned`.

    Raises
    ------
    SettingError
        If `match` is `aligned` and the views cannot be rotated onto one another.

    Examples
    --------
    >>> views = {"a": [[1, 0], [0, 1]], "b": [[1, 1], [-1, 1]], "c": [[0, 1], [1, 0]]}
    >>> sets = {name: np.array(rows, dtype=np.float32) for name, rows in views.items()}
    >>> embeddings = Embeddings(tuple(sets), np.stack([rows.mean(axis=0) for rows in sets.values()]))
    >>> matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(), MatchSettings("maxsim"))
    >>> matcher.nearest("a").ids
    ('c', 'b')
    """

    def __init__(
        self,
        embeddings: Embeddings,
        views_of: ViewsOf,
        search: SearchSettings,
        settings: MatchSettings,
        *,
        whitening: Whitening | None = None,
        layout: tuple[str, int] | None = None,
    ) -> None:
        self.embeddings, self.settings, self._topk = embeddings, settings, search.topk
        self._rotations: tuple[np.ndarray | None, np.ndarray | None] = None, None
        if settings.match == "aligned":
            if layout is None:
                raise SettingError("'match' aligned needs the layout of the views.", advice="Give --run.")
            self._rotations = rotations_for_matching(*layout), rotations_for_matching(*layout, mirrored=True)
        wide = SearchSettings(max(search.topk, settings.candidates), search.metric)
        self._searcher = Searcher(embeddings, search if settings.match == "pooled" else wide)
        self._views_of = views_of
        # Prepared views are smaller than the features, so that more of them fit into memory.
        self._set_of = lru_cache(_KEPT_SPECIMENS)(lambda name: self._prepared(views_of(name)))
        self._rank = dict(zip(embeddings.ids, ranks_of(embeddings.ids).tolist(), strict=True))
        if settings.learns and whitening is None:
            whitening = learn_whitening(embeddings.ids, views_of, settings.whiten)
        self.whitening = whitening if settings.learns else None

    def nearest(self, query_id: str, mirrored: Float32[np.ndarray, "v d"] | None = None) -> Neighbours:
        """Return the neighbours of a specimen of the collection, given by its exact id.

        Parameters
        ----------
        query_id : str
            A specimen of the collection.
        mirrored : (v, d) float32, optional
            Features of its mirrored views. The smaller of the two distances counts.
        """
        if query_id not in self.embeddings.row_of:
            raise unknown_specimen(query_id, self.embeddings.ids)
        return self._from_candidates(self._searcher.nearest(query_id), mirrored)

    def all_nearest(self, mirrored_of: ViewsOf | None = None) -> Iterator[Neighbours]:
        """Yield the neighbours of every specimen in row order.

        Parameters
        ----------
        mirrored_of : callable, optional
            Returns the features of the mirrored views of a specimen.
        """
        for candidates in self._searcher.all_nearest():
            mirrored = None if mirrored_of is None else mirrored_of(candidates.query_id)
            yield self._from_candidates(candidates, mirrored)

    def reordered(
        self, query_id: str, ids: Sequence[str], mirrored: Float32[np.ndarray, "v d"] | None = None
    ) -> tuple[str, ...]:
        """Return a whole ranking with its best candidates compared again.

        Query expansion, if asked for, orders the ranking first.

        Parameters
        ----------
        query_id : str
            A specimen of the collection.
        ids : sequence of str
            Specimens of the collection, nearest by embedding first.
        mirrored : (v, d) float32, optional
            As for `nearest`.
        """
        order = tuple(ids)
        if self.settings.expand and order:
            rows = [self.embeddings.row_of[name] for name in order]
            expanded = unit_rows(self._expanded_query(query_id, order)[None])[0]
            similarity = unit_rows(np.asarray(self.embeddings.matrix[rows])) @ expanded
            order = tuple(order[place] for place in np.argsort(-similarity, kind="stable"))
        if self.settings.match == "pooled" or not order:
            return order
        best = order[: self.settings.candidates]
        given = Neighbours(query_id, best, np.zeros(len(best), dtype=np.float32))
        return self._compare_views(self._views_of(query_id), given, mirrored, len(best)).ids + order[len(best) :]

    def nearest_to_views(
        self,
        views: Float32[np.ndarray, "v d"],
        embedding: Float[np.ndarray, " d"],
        name: str,
        mirrored: Float32[np.ndarray, "v d"] | None = None,
    ) -> Neighbours:
        """Return the neighbours of views that are not part of the collection.

        Parameters
        ----------
        views : (v, d) float32
            View features of the query.
        embedding : (d,) float
            Embedding of the query, which selects the candidates.
        name : str
            Becomes the `query_id`.
        mirrored : (v, d) float32, optional
            As for `nearest`.
        """
        candidates = self._searcher.nearest_to_vector(embedding, name)
        if self.settings.expand:
            expanded = self._expanded(embedding, candidates.ids)
            candidates = self._searcher.nearest_to_vector(expanded, name)
        if self.settings.match == "pooled":
            return candidates
        return self._compare_views(views, candidates, mirrored, self._topk)

    def _from_candidates(self, candidates: Neighbours, mirrored: np.ndarray | None) -> Neighbours:
        query_id = candidates.query_id
        if self.settings.expand:
            expanded = self._expanded_query(query_id, candidates.ids)
            candidates = self._searcher.nearest_to_vector(expanded, query_id, without=query_id)
        if self.settings.match == "pooled":
            return candidates
        return self._compare_views(self._views_of(query_id), candidates, mirrored, self._topk)

    def _expanded_query(self, query_id: str, nearest: Sequence[str]) -> np.ndarray:
        return self._expanded(np.asarray(self.embeddings.matrix[self.embeddings.row_of[query_id]]), nearest)

    def _expanded(self, embedding: np.ndarray, nearest: Sequence[str]) -> np.ndarray:
        """Return the mean of query and nearest, weighted by the cube of the similarity."""
        rows = [self.embeddings.row_of[name] for name in nearest[: self.settings.expand]]
        vectors = unit_rows(np.concatenate([embedding[None], self.embeddings.matrix[rows]])).astype(np.float64)
        weights = np.maximum(vectors @ vectors[0], 0) ** 3
        return np.asarray(weights @ vectors, dtype=np.float32)

    def _compare_views(
        self, query: np.ndarray, candidates: Neighbours, mirrored: np.ndarray | None, topk: int
    ) -> Neighbours:
        sets = [self._set_of(name) for name in candidates.ids]
        query = self._prepared(query)
        distances = self._distances_to(query, sets)
        if mirrored is not None:
            distances = np.minimum(distances, self._distances_to(self._prepared(mirrored), sets, mirrored=True))
        if self.settings.k_reciprocal and sets:
            among = [self._distances_to(one, [query, *sets]) for one in sets]
            distances = k_reciprocal(np.vstack([np.concatenate([[0.0], distances]), among]))[0, 1:]
        return self._ordered(candidates, distances, topk)

    def _distances_to(self, query: np.ndarray, sets: Sequence[np.ndarray], *, mirrored: bool = False) -> np.ndarray:
        rotations = self._rotations[1 if mirrored else 0]
        if rotations is None:
            return set_distances(query, sets, self.settings.match)
        return aligned_distances(query, sets, rotations)

    def _ordered(self, candidates: Neighbours, distances: np.ndarray, topk: int) -> Neighbours:
        apart = (np.round(distances, 6) + 0.0).astype(np.float32)  # no negative zero
        ranks = np.array([self._rank[name] for name in candidates.ids], dtype=np.int64)
        order = np.lexsort((ranks, apart))[:topk]
        return Neighbours(candidates.query_id, tuple(candidates.ids[place] for place in order), apart[order])

    def _prepared(self, views: np.ndarray) -> np.ndarray:
        return unit_rows(views) if self.whitening is None else self.whitening(views)


def learn_whitening(ids: Sequence[str], views_of: ViewsOf, whiten: int) -> Whitening:
    """Learn the whitening of a collection from a sample of its specimens.

    Parameters
    ----------
    ids : sequence of str
        The collection; at most 2000 specimens, spread evenly over it, are read.
    views_of : callable
        Returns the view features of a specimen.
    whiten : int
        Number of principal axes; 0 for centring alone.
    """
    rows = np.linspace(0, len(ids) - 1, min(_MOST_SPECIMENS_LEARNED, len(ids))).astype(np.intp)
    return fit_whitening(np.concatenate([views_of(ids[row]) for row in rows]), whiten)


def set_distances(
    query: Float32[np.ndarray, "v d"], sets: Sequence[Float32[np.ndarray, "_ d"]], match: str = "maxsim"
) -> Float64[np.ndarray, " n"]:
    """Return the distances of one set of views to others.

    Parameters
    ----------
    query : (v, d) float32
        Views of length 1.
    sets : sequence of (w, d) float32
        Views of length 1. Sets may differ in size.
    match : {"maxsim", "chamfer"}
        As in `MatchSettings`.

    Returns
    -------
    (n,) float64
        Symmetric; 0 for the same views in any order.

    Examples
    --------
    >>> views = np.eye(2, dtype=np.float32)
    >>> set_distances(views, [views[::-1], views[:1]]).tolist()
    [0.0, 0.25]
    """
    if not sets:
        return np.zeros(0)
    counts = np.array([len(views) for views in sets])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    similarity = (query @ np.concatenate(sets).T).astype(np.float64)
    forth = np.maximum.reduceat(similarity, starts, axis=1)
    back = similarity.max(axis=0)
    if match == "chamfer":
        forth, back = (np.sqrt(np.maximum(2 - 2 * np.round(part, 7), 0)) for part in (forth, back))
    mean = (forth.mean(axis=0) + np.add.reduceat(back, starts) / counts) / 2
    return np.asarray(mean if match == "chamfer" else np.maximum(1 - mean, 0))


def aligned_distances(
    query: Float32[np.ndarray, "v d"], sets: Sequence[Float32[np.ndarray, "_ d"]], rotations: Int[np.ndarray, "t v"]
) -> Float64[np.ndarray, " n"]:
    """Return the distances of one set of views to others after the best rotation.

    Parameters
    ----------
    query : (v, d) float32
        Views of length 1.
    sets : sequence of (v, d) float32
        Views of length 1, in the layout of the query.
    rotations : (t, v) int64
        Which view lies where, see `core.matching.rotations_of_views`.

    Raises
    ------
    SettingError
        If a set has another number of views than the layout.
    """
    if any(len(views) != rotations.shape[1] for views in (query, *sets)):
        raise SettingError(
            "'match' aligned compares {count} views each, but a specimen has another number.",
            advice="Photographs cannot be aligned; use --match maxsim.",
            count=rotations.shape[1],
        )
    if not sets:
        return np.zeros(0)
    similarity = np.einsum("vd,nwd->nvw", query, np.stack(sets), optimize=True).astype(np.float64)
    best = similarity[:, np.arange(rotations.shape[1]), rotations].mean(axis=2).max(axis=1)
    return np.asarray(np.maximum(1 - best, 0))


def best_pairs(
    query: Float32[np.ndarray, "v d"], other: Float32[np.ndarray, "w d"], count: int = 4
) -> list[tuple[int, int, float]]:
    """Return the pairs of views with the highest similarity.

    Parameters
    ----------
    query, other : (v, d), (w, d) float32
        View features.
    count : int
        Largest number of pairs.

    Returns
    -------
    list of (int, int, float)
        View of the query, view of the other, cosine similarity; best first. A view is in one pair
        at most, so that the pairs show different sides.
    """
    similarity = (unit_rows(query) @ unit_rows(other).T).astype(np.float64)
    pairs: list[tuple[int, int, float]] = []
    while len(pairs) < min(count, *similarity.shape):
        one, two = np.unravel_index(int(np.argmax(similarity)), similarity.shape)
        pairs.append((int(one), int(two), float(similarity[one, two])))
        similarity[one], similarity[:, two] = -np.inf, -np.inf
    return pairs
