"""Searches with several specimens: near their mean, near any, away from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.embeddings import Embeddings, unit_rows
from core.foundation import SettingError
from core.neighbours.search import Neighbours, Searcher, SearchSettings, resolve_id

COMBINATIONS = ("mean", "any")
# Weight of the unlike specimens against the like ones (Rocchio 1971: below 1).
_WEIGHT_OF_UNLIKE = 0.5


@dataclass(frozen=True)
class SeveralSettings:
    """Settings of a combined query.

    Parameters
    ----------
    combine : {"mean", "any"}
        `mean` searches near the mean direction of the queries, `any` near each of them.
    """

    combine: str = "mean"

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.combine not in COMBINATIONS:
            raise SettingError(
                "'combine' must be one of {allowed} (got {combine}).",
                allowed=", ".join(COMBINATIONS),
                combine=self.combine,
            )


def search_several(
    embeddings: Embeddings,
    like: Sequence[str],
    unlike: Sequence[str] = (),
    settings: SearchSettings | None = None,
    several: SeveralSettings | None = None,
) -> Neighbours:
    """Return the specimens that are near some specimens and not near others.

    The mean direction of the unlike specimens is subtracted from the query with half the weight
    (relevance feedback: Rocchio 1971).

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    like, unlike : sequence of str
        Specimen ids, or ends of them; `like` must name at least one.
    settings : SearchSettings, optional
        Number of neighbours; the metric must be cosine.
    several : SeveralSettings, optional
        How the queries are combined.

    Returns
    -------
    Neighbours
        Without the specimens of the query; `query_id` is `a + b - c`.

    Raises
    ------
    UnknownSpecimenError
        If an id fits no specimen, or several.
    SettingError
        If `like` is empty, a specimen is in both sequences, or the metric is not cosine.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], dtype=np.float32)
    >>> search_several(Embeddings(("a", "b", "c", "d"), vectors), ["a", "b"]).ids
    ('c', 'd')
    """
    settings, several = settings or SearchSettings(), several or SeveralSettings()
    if settings.metric != "cosine":
        raise SettingError(
            "Several queries are combined by direction: 'metric' must be cosine (got {metric}).", metric=settings.metric
        )
    liked = tuple(dict.fromkeys(resolve_id(name, embeddings.ids) for name in like))
    disliked = tuple(dict.fromkeys(resolve_id(name, embeddings.ids) for name in unlike))
    if not liked:
        raise SettingError("No specimen is named that neighbours should be like.", advice="Give at least one --query.")
    if set(liked) & set(disliked):
        both = sorted(set(liked) & set(disliked))[0]
        raise SettingError(
            "{both} is given as like and as unlike at once.", advice="Take it away on one side.", both=both
        )
    wanted = _directions(embeddings, liked)
    if several.combine == "mean":
        wanted = wanted.mean(axis=0, keepdims=True)
    if disliked:
        wanted = wanted - _WEIGHT_OF_UNLIKE * _directions(embeddings, disliked).mean(axis=0)
    named = {*liked, *disliked}
    searcher = Searcher(embeddings, SearchSettings(settings.topk + len(named)))
    nearest: dict[str, float] = {}
    for vector in wanted.astype(np.float32):
        neighbours = searcher.nearest_to_vector(vector, "")
        for name, distance in zip(neighbours.ids, neighbours.distances.tolist(), strict=True):
            if name not in named:
                nearest[name] = min(distance, nearest.get(name, np.inf))
    ids = tuple(sorted(nearest, key=lambda name: (nearest[name], name))[: settings.topk])
    name = " - ".join((" + ".join(liked), *disliked))
    return Neighbours(name, ids, np.array([nearest[name] for name in ids], dtype=np.float32))


def _directions(embeddings: Embeddings, ids: Sequence[str]) -> np.ndarray:
    rows = [embeddings.row_of[name] for name in ids]
    return unit_rows(np.asarray(embeddings.matrix[rows])).astype(np.float64)
