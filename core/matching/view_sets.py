"""Sets of views compared view by view: the best pooled candidates of a search, looked at again.

    query ──► Searcher: the best candidates by embedding ──► their view features [V, D]
                                                                  │  centred or half-whitened
    neighbours ◄── k-reciprocal re-ranking, if asked ◄── distances between sets of views

Its cost grows with the number of candidates, not with the collection.
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
from core.matching.rotations import turns_for_matching
from core.matching.whitening import Projection, fit_projection
from core.neighbours import Neighbours, Searcher, SearchSettings, ranks_of, unknown_specimen

MATCHES = ("pooled", "maxsim", "chamfer", "aligned")
_KEPT_SPECIMENS = 2048
_KEPT_FEATURES = 64
_LEARNED_FROM = 2000

ViewsOf = Callable[[str], Float32[np.ndarray, "v d"]]


@dataclass(frozen=True)
class MatchSettings:
    """How the candidates of a search are compared.

    Parameters
    ----------
    match : {"pooled", "maxsim", "chamfer", "aligned"}
        `pooled` compares embeddings and changes nothing. `maxsim`: 1 - the mean similarity of
        every view to its best match, both ways (late interaction: Khattab & Zaharia 2020,
        ColBERT). `chamfer`: the mean distance to it, both ways (Fan, Su & Guibas 2017, A point
        set generation network).
    candidates : int
        How many of the best by embedding are compared; never fewer than are asked for.
    center : bool
        Take the mean of the collection's views out first.
    whiten : int
        Principal axes that are kept, half-whitened (see `core.matching.whitening`); 0 for no whitening.
        Centres, too.
    k_reciprocal : bool
        Let candidates that share the query's neighbours come nearer, see `core.matching.reranking`.
    expand : int
        How many of the nearest by embedding are added to the query, each the more the nearer it
        is, before candidates are looked for (query expansion: Chum et al. 2007, Total recall;
        weights: Radenović, Tolias & Chum 2019); 0 for none.
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
        """Return whether something is learned from the views of the collection."""
        return self.center or self.whiten > 0


class FeatureFolder:
    """View features of specimens as `extract` and `run` leave them; a few that were read last are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read = lru_cache(_KEPT_FEATURES)(self._read_anew)

    def __call__(self, specimen_id: str) -> Float32[np.ndarray, "v d"]:
        """Return the view features of a specimen.

        Raises
        ------
        MissingStageError, SpecimenError
            Where they are missing or damaged.
        """
        return self._read(specimen_id)

    def _read_anew(self, specimen_id: str) -> Float32[np.ndarray, "v d"]:
        path = file_of_specimen(self.folder, specimen_id, ".npy")
        if not path.is_file():
            raise MissingStageError(
                "The view features of {specimen_id} are not in {folder}.",
                advice="View sets can be matched only with the features of the same run; give --features FOLDER.",
                specimen_id=specimen_id,
                folder=self.folder,
            )
        return read_features(path)


class Matcher:
    """A collection made ready for searches that end by comparing sets of views.

    Parameters
    ----------
    embeddings : Embeddings
        The collection, or the part of it that may be found.
    views_of : callable
        Gives the view features of a specimen, (v, d) float32; a `FeatureFolder`, say.
    search, settings : SearchSettings, MatchSettings
        How candidates are found, and how they are compared.
    projection : Projection, optional
        What was learned from the views of the whole collection (see `core.matching.whitening_files`); learned
        from these embeddings' own where None and settings ask for it.
    layout : (str, int), optional
        Layout and number of the views, needed for `aligned`; see `core.matching.rotations.layout_beside`.

    Raises
    ------
    SettingError
        Where `aligned` is asked for views that cannot be turned onto one another.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        views_of: ViewsOf,
        search: SearchSettings,
        settings: MatchSettings,
        *,
        projection: Projection | None = None,
        layout: tuple[str, int] | None = None,
    ) -> None:
        self.embeddings, self.settings, self._topk = embeddings, settings, search.topk
        self._turns: tuple[np.ndarray | None, np.ndarray | None] = None, None
        if settings.match == "aligned":
            if layout is None:
                raise SettingError("'match' aligned needs to know how the views lie.", advice="Give --run.")
            self._turns = turns_for_matching(*layout), turns_for_matching(*layout, mirrored=True)
        wide = SearchSettings(max(search.topk, settings.candidates), search.metric)
        self._searcher = Searcher(embeddings, search if settings.match == "pooled" else wide)
        self._views_of = views_of
        # Views as they are compared, which are smaller than what they are made from.
        self._set_of = lru_cache(_KEPT_SPECIMENS)(lambda name: self._made_ready(views_of(name)))
        self._rank = dict(zip(embeddings.ids, ranks_of(embeddings.ids).tolist(), strict=True))
        if settings.learns and projection is None:
            projection = learn_projection(embeddings.ids, views_of, settings.whiten)
        self.projection = projection if settings.learns else None

    def nearest(self, query_id: str, mirrored: Float32[np.ndarray, "v d"] | None = None) -> Neighbours:
        """Return the neighbours of a specimen of the collection, given by its exact id.

        Parameters
        ----------
        query_id : str
            A specimen of the collection.
        mirrored : (v, d) float32, optional
            Features of its mirrored views: a specimen that matches these better counts by them.
        """
        if query_id not in self.embeddings.row_of:
            raise unknown_specimen(query_id, self.embeddings.ids)
        return self._from_candidates(self._searcher.nearest(query_id), mirrored)

    def all_nearest(self, mirrored_of: ViewsOf | None = None) -> Iterator[Neighbours]:
        """Yield the neighbours of every specimen in row order.

        Parameters
        ----------
        mirrored_of : callable, optional
            Gives the features of the mirrored views of a specimen.
        """
        for candidates in self._searcher.all_nearest():
            mirrored = None if mirrored_of is None else mirrored_of(candidates.query_id)
            yield self._from_candidates(candidates, mirrored)

    def reordered(
        self, query_id: str, ids: Sequence[str], mirrored: Float32[np.ndarray, "v d"] | None = None
    ) -> tuple[str, ...]:
        """Return a whole ranking in its new order: the query expanded, the best candidates compared again.

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
            likeness = (
                unit_rows(np.asarray(self.embeddings.matrix[rows])) @ unit_rows(self._joined(query_id, order)[None])[0]
            )
            order = tuple(order[place] for place in np.argsort(-likeness, kind="stable"))
        if self.settings.match == "pooled" or not order:
            return order
        best = order[: self.settings.candidates]
        given = Neighbours(query_id, best, np.zeros(len(best), dtype=np.float32))
        return self._look_again(self._views_of(query_id), given, mirrored, len(best)).ids + order[len(best) :]

    def nearest_to_views(
        self,
        views: Float32[np.ndarray, "v d"],
        embedding: Float[np.ndarray, " d"],
        name: str,
        mirrored: Float32[np.ndarray, "v d"] | None = None,
    ) -> Neighbours:
        """Return the neighbours of views that are no part of the collection; `embedding` finds the candidates."""
        candidates = self._searcher.nearest_to_vector(embedding, name)
        if self.settings.expand:
            joined = self._expanded(embedding, candidates.ids)
            candidates = self._searcher.nearest_to_vector(joined, name)
        if self.settings.match == "pooled":
            return candidates
        return self._look_again(views, candidates, mirrored, self._topk)

    def _from_candidates(self, candidates: Neighbours, mirrored: np.ndarray | None) -> Neighbours:
        query_id = candidates.query_id
        if self.settings.expand:
            joined = self._joined(query_id, candidates.ids)
            candidates = self._searcher.nearest_to_vector(joined, query_id, without=query_id)
        if self.settings.match == "pooled":
            return candidates
        return self._look_again(self._views_of(query_id), candidates, mirrored, self._topk)

    def _joined(self, query_id: str, nearest: Sequence[str]) -> np.ndarray:
        return self._expanded(np.asarray(self.embeddings.matrix[self.embeddings.row_of[query_id]]), nearest)

    def _expanded(self, embedding: np.ndarray, nearest: Sequence[str]) -> np.ndarray:
        """Return the query and its nearest in one, weighed by the third power of their similarity."""
        rows = [self.embeddings.row_of[name] for name in nearest[: self.settings.expand]]
        vectors = unit_rows(np.concatenate([embedding[None], self.embeddings.matrix[rows]])).astype(np.float64)
        weights = np.maximum(vectors @ vectors[0], 0) ** 3
        return np.asarray(weights @ vectors, dtype=np.float32)

    def _look_again(
        self, query: np.ndarray, candidates: Neighbours, mirrored: np.ndarray | None, topk: int
    ) -> Neighbours:
        sets = [self._set_of(name) for name in candidates.ids]
        query = self._made_ready(query)
        distances = self._apart(query, sets)
        if mirrored is not None:
            distances = np.minimum(distances, self._apart(self._made_ready(mirrored), sets, mirrored=True))
        if self.settings.k_reciprocal and sets:
            among = [self._apart(one, [query, *sets]) for one in sets]
            distances = k_reciprocal(np.vstack([np.concatenate([[0.0], distances]), among]))[0, 1:]
        return self._ordered(candidates, distances, topk)

    def _apart(self, query: np.ndarray, sets: Sequence[np.ndarray], *, mirrored: bool = False) -> np.ndarray:
        turns = self._turns[1 if mirrored else 0]
        if turns is None:
            return set_distances(query, sets, self.settings.match)
        return aligned_distances(query, sets, turns)

    def _ordered(self, candidates: Neighbours, distances: np.ndarray, topk: int) -> Neighbours:
        apart = (np.round(distances, 6) + 0.0).astype(np.float32)  # no negative zero
        ranks = np.array([self._rank[name] for name in candidates.ids], dtype=np.int64)
        order = np.lexsort((ranks, apart))[:topk]
        return Neighbours(candidates.query_id, tuple(candidates.ids[place] for place in order), apart[order])

    def _made_ready(self, views: np.ndarray) -> np.ndarray:
        return unit_rows(views) if self.projection is None else self.projection(views)


def learn_projection(ids: Sequence[str], views_of: ViewsOf, whiten: int) -> Projection:
    """Learn the mean view of a collection and, if asked, the spread, from specimens spread evenly over it."""
    rows = np.linspace(0, len(ids) - 1, min(_LEARNED_FROM, len(ids))).astype(np.intp)
    return fit_projection(np.concatenate([views_of(ids[row]) for row in rows]), whiten)


def set_distances(
    query: Float32[np.ndarray, "v d"], sets: Sequence[Float32[np.ndarray, "_ d"]], match: str = "maxsim"
) -> Float64[np.ndarray, " n"]:
    """Return the distance of one set of views to others.

    Parameters
    ----------
    query : (v, d) float32
        Views of length 1.
    sets : sequence of (w, d) float32
        Views of length 1; sets may differ in size.
    match : {"maxsim", "chamfer"}
        As `MatchSettings` has it.

    Returns
    -------
    (n,) float64
        0 for the same views, whatever their order; symmetric.
    """
    if not sets:
        return np.zeros(0)
    counts = np.array([len(views) for views in sets])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    likeness = (query @ np.concatenate(sets).T).astype(np.float64)
    forth = np.maximum.reduceat(likeness, starts, axis=1)
    back = likeness.max(axis=0)
    if match == "chamfer":
        forth, back = (np.sqrt(np.maximum(2 - 2 * np.round(part, 7), 0)) for part in (forth, back))
    mean = (forth.mean(axis=0) + np.add.reduceat(back, starts) / counts) / 2
    return np.asarray(mean if match == "chamfer" else np.maximum(1 - mean, 0))


def aligned_distances(
    query: Float32[np.ndarray, "v d"], sets: Sequence[Float32[np.ndarray, "_ d"]], turns: Int[np.ndarray, "t v"]
) -> Float64[np.ndarray, " n"]:
    """Return the distance of one set of views to others after the best common turn of all views.

    Parameters
    ----------
    query : (v, d) float32
        Views of length 1.
    sets : sequence of (v, d) float32
        Views of length 1, laid out as the query's.
    turns : (t, v) int64
        Which view lies where, see `core.matching.rotations`.

    Raises
    ------
    SettingError
        Where a set has another number of views than the layout.
    """
    if any(len(views) != turns.shape[1] for views in (query, *sets)):
        raise SettingError(
            "'match' aligned compares {turns} views each, but a specimen has another number.",
            advice="Photographs cannot be aligned; take --match maxsim.",
            turns=turns.shape[1],
        )
    if not sets:
        return np.zeros(0)
    likeness = np.einsum("vd,nwd->nvw", query, np.stack(sets), optimize=True).astype(np.float64)
    best = likeness[:, np.arange(turns.shape[1]), turns].mean(axis=2).max(axis=1)
    return np.asarray(np.maximum(1 - best, 0))


def best_pairs(
    query: Float32[np.ndarray, "v d"], other: Float32[np.ndarray, "w d"], count: int = 4
) -> list[tuple[int, int, float]]:
    """Return the pairs of views that match best: view of the query, view of the other, similarity.

    Every view stands in one pair at most, so that the pairs show different sides.
    """
    likeness = (unit_rows(query) @ unit_rows(other).T).astype(np.float64)
    pairs: list[tuple[int, int, float]] = []
    while len(pairs) < min(count, *likeness.shape):
        one, two = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
        pairs.append((int(one), int(two), float(likeness[one, two])))
        likeness[one], likeness[:, two] = -np.inf, -np.inf
    return pairs
