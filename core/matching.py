"""Sets of views compared view by view: the best pooled candidates of a search, looked at again.

    query ──► Searcher: the best candidates by embedding ──► their view features [V, D]
                                                                  │  centred or half-whitened
    neighbours ◄── k-reciprocal re-ranking, if asked ◄── distances between sets of views

Its cost grows with the number of candidates, not with the collection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64

from core.embeddings import Embeddings
from core.errors import MissingStageError, SettingError
from core.nearest import ranks_of
from core.neighbours import Neighbours, Searcher, SearchSettings, unknown_specimen
from core.reranking import k_reciprocal
from core.stages import read_features
from core.storage import file_of_specimen
from core.whitening import Projection, fit_projection, unit_rows

MATCHES = ("pooled", "maxsim", "chamfer")
_KEPT_SPECIMENS = 2048
_LEARNED_FROM = 2000

ViewsOf = Callable[[str], Float32[np.ndarray, "v d"]]


@dataclass(frozen=True)
class MatchSettings:
    """How the candidates of a search are compared.

    Parameters
    ----------
    match : {"pooled", "maxsim", "chamfer"}
        `pooled` compares embeddings and changes nothing. `maxsim`: 1 - the mean similarity of
        every view to its best match, both ways (late interaction: Khattab & Zaharia 2020,
        ColBERT). `chamfer`: the mean distance to it, both ways (Fan, Su & Guibas 2017, A point
        set generation network).
    candidates : int
        How many of the best by embedding are compared; never fewer than are asked for.
    center : bool
        Take the mean of the collection's views out first.
    whiten : int
        Principal axes that are kept, half-whitened (see `core.whitening`); 0 for no whitening.
        Centres, too.
    k_reciprocal : bool
        Let candidates that share the query's neighbours come nearer, see `core.reranking`.
    """

    match: str = "pooled"
    candidates: int = 200
    center: bool = False
    whiten: int = 0
    k_reciprocal: bool = False

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.match not in MATCHES:
            raise SettingError(f"'match' must be one of {', '.join(MATCHES)} (got {self.match}).")
        if self.candidates < 1:
            raise SettingError(f"'candidates' must be at least 1 (got {self.candidates}).")
        if self.whiten < 0:
            raise SettingError(f"'whiten' must be at least 0 (got {self.whiten}).", advice="128 is a good start.")
        if self.match == "pooled" and (self.center or self.whiten or self.k_reciprocal):
            raise SettingError(
                "'center', 'whiten' and 'k-reciprocal' are about views, but embeddings are compared (match pooled).",
                advice="Add --match maxsim.",
            )


class FeatureFolder:
    """View features of specimens as `extract` and `run` leave them; what was read last is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: OrderedDict[str, Float32[np.ndarray, "v d"]] = OrderedDict()

    def __call__(self, specimen_id: str) -> Float32[np.ndarray, "v d"]:
        """Return the view features of a specimen.

        Raises
        ------
        MissingStageError, SpecimenError
            Where they are missing or damaged.
        """
        if specimen_id not in self._kept:
            path = file_of_specimen(self.folder, specimen_id, ".npy")
            if not path.is_file():
                raise MissingStageError(
                    f"The view features of {specimen_id} are not in {self.folder}.",
                    advice="View sets can be matched only with the features of the same run; give --features FOLDER.",
                )
            self._kept[specimen_id] = read_features(path)
            while len(self._kept) > _KEPT_SPECIMENS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(specimen_id)
        return self._kept[specimen_id]


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
    """

    def __init__(
        self, embeddings: Embeddings, views_of: ViewsOf, search: SearchSettings, settings: MatchSettings
    ) -> None:
        self.embeddings, self.settings, self._topk = embeddings, settings, search.topk
        wide = SearchSettings(max(search.topk, settings.candidates), search.metric)
        self._searcher = Searcher(embeddings, search if settings.match == "pooled" else wide)
        self._views_of = views_of
        self._rank = dict(zip(embeddings.ids, ranks_of(embeddings.ids).tolist(), strict=True))
        self.projection = self._learn() if settings.center or settings.whiten else None

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
        candidates = self._searcher.nearest(query_id)
        if self.settings.match == "pooled":
            return candidates
        return self._look_again(self._views_of(query_id), candidates, mirrored)

    def nearest_to_views(
        self,
        views: Float32[np.ndarray, "v d"],
        embedding: Float[np.ndarray, " d"],
        name: str,
        mirrored: Float32[np.ndarray, "v d"] | None = None,
    ) -> Neighbours:
        """Return the neighbours of views that are no part of the collection; `embedding` finds the candidates."""
        candidates = self._searcher.nearest_to_vector(embedding, name)
        return candidates if self.settings.match == "pooled" else self._look_again(views, candidates, mirrored)

    def _look_again(self, query: np.ndarray, candidates: Neighbours, mirrored: np.ndarray | None) -> Neighbours:
        sets = [self._made_ready(self._views_of(name)) for name in candidates.ids]
        query = self._made_ready(query)
        distances = set_distances(query, sets, self.settings.match)
        if mirrored is not None:
            other_side = set_distances(self._made_ready(mirrored), sets, self.settings.match)
            distances = np.minimum(distances, other_side)
        if self.settings.k_reciprocal and sets:
            among = [set_distances(one, [query, *sets], self.settings.match) for one in sets]
            distances = k_reciprocal(np.vstack([np.concatenate([[0.0], distances]), among]))[0, 1:]
        return self._ordered(candidates, distances)

    def _ordered(self, candidates: Neighbours, distances: np.ndarray) -> Neighbours:
        apart = (np.round(distances, 6) + 0.0).astype(np.float32)  # no negative zero
        ranks = np.array([self._rank[name] for name in candidates.ids], dtype=np.int64)
        order = np.lexsort((ranks, apart))[: self._topk]
        return Neighbours(candidates.query_id, tuple(candidates.ids[place] for place in order), apart[order])

    def _made_ready(self, views: np.ndarray) -> np.ndarray:
        return unit_rows(views) if self.projection is None else self.projection(views)

    def _learn(self) -> Projection:
        """Learn from the views of specimens spread evenly over the collection."""
        count = min(_LEARNED_FROM, len(self.embeddings))
        rows = np.linspace(0, len(self.embeddings) - 1, count).astype(np.intp)
        views = [self._views_of(self.embeddings.ids[row]) for row in rows]
        return fit_projection(np.concatenate(views), self.settings.whiten)


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
