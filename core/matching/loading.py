"""A collection on disk made ready to be matched view by view, and its whole ranking in that order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.embeddings import Embeddings
from core.matching.rotations import layout_beside
from core.matching.view_sets import FeatureFolder, Matcher, MatchSettings
from core.matching.whitening_files import projection_of
from core.neighbours import Ranking, SearchSettings


def open_matcher(
    embeddings: Embeddings,
    features: Path,
    projections: Path,
    search: SearchSettings,
    settings: MatchSettings,
    *,
    part: Embeddings | None = None,
    given: Path | None = None,
) -> Matcher:
    """Return what compares a collection view by view, with what was learned from its views and how they lie.

    Parameters
    ----------
    embeddings : Embeddings
        The whole collection.
    features, projections : Path
        Folders of its view features, and of what was learned from them.
    search, settings : SearchSettings, MatchSettings
        How candidates are found, and how they are compared.
    part : Embeddings, optional
        Whoever may be found, where not all may.
    given : Path, optional
        A projection that is taken as it is.

    Raises
    ------
    CoreError
        Where view features or the projection are missing or do not fit.
    """
    views_of = FeatureFolder(features)
    projection = projection_of(embeddings, views_of, settings, projections, given)
    layout = layout_beside(features) if settings.match == "aligned" else None
    return Matcher(
        embeddings if part is None else part, views_of, search, settings, projection=projection, layout=layout
    )


def ranking_by(matcher: Matcher, mirrored_of: Callable[[str], np.ndarray] | None = None) -> Ranking | None:
    """Return what puts the whole ranking of a query in a matcher's order, or None where embeddings decide.

    Parameters
    ----------
    matcher : Matcher
        Knows all specimens that are ranked.
    mirrored_of : callable, optional
        Gives the features of the mirrored views of a specimen.
    """
    if matcher.settings.match == "pooled" and not matcher.settings.expand:
        return None

    def reorder(query_id: str, ids: Sequence[str]) -> Sequence[str]:
        return matcher.reordered(query_id, ids, None if mirrored_of is None else mirrored_of(query_id))

    return Ranking(reorder, about_matching(matcher, mirror=mirrored_of is not None))


def about_matching(matcher: Matcher, *, mirror: bool) -> dict[str, object]:
    """Return what must be recorded with neighbours that were compared again, in words and numbers."""
    learned = None if matcher.projection is None else matcher.projection.fingerprint
    return {**asdict(matcher.settings), "mirror": mirror, "projection": learned}
