"""Asking with several specimens at once: like these, any of these, not like those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.embeddings import Embeddings, unit_rows
from core.foundation import SettingError
from core.neighbours.search import Neighbours, Searcher, SearchSettings, resolve_id

COMBINATIONS = ("mean", "any")
# How much what is unlike counts against what is alike (Rocchio 1971 has such weights below 1).
_AGAINST = 0.5


@dataclass(frozen=True)
class SeveralSettings:
    """How several queries become one.

    Parameters
    ----------
    combine : {"mean", "any"}
        `mean` looks near the mean of the queries' directions; `any` takes what is near to at
        least one of them.
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
    """Return the specimens that are like some and not like others.

    Directions of what is unlike are subtracted from those of what is alike, half as strongly
    (relevance feedback: Rocchio 1971).

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    like, unlike : sequence of str
        Specimen ids, or ends of them; at least one is liked.
    settings : SearchSettings, optional
        Number of neighbours; the metric must be cosine.
    several : SeveralSettings, optional
        How several queries become one.

    Returns
    -------
    Neighbours
        None of the specimens that were named; `query_id` is `a + b - c`.

    Raises
    ------
    UnknownSpecimenError
        Where an id fits none, or several.
    SettingError
        Where nothing is liked, one stands on both sides, or the metric is another.
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
        wanted = wanted - _AGAINST * _directions(embeddings, disliked).mean(axis=0)
    named = {*liked, *disliked}
    searcher = Searcher(embeddings, SearchSettings(settings.topk + len(named)))
    nearest: dict[str, float] = {}
    for vector in wanted.astype(np.float32):
        found = searcher.nearest_to_vector(vector, "")
        for name, distance in zip(found.ids, found.distances.tolist(), strict=True):
            if name not in named:
                nearest[name] = min(distance, nearest.get(name, np.inf))
    ids = tuple(sorted(nearest, key=lambda name: (nearest[name], name))[: settings.topk])
    name = " - ".join((" + ".join(liked), *disliked))
    return Neighbours(name, ids, np.array([nearest[name] for name in ids], dtype=np.float32))


def _directions(embeddings: Embeddings, ids: Sequence[str]) -> np.ndarray:
    rows = [embeddings.row_of[name] for name in ids]
    return unit_rows(np.asarray(embeddings.matrix[rows])).astype(np.float64)
