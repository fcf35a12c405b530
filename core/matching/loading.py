"""Matchers of collections on disk, and rankings by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.embeddings import Embeddings
from core.matching.rotations import layout_beside
from core.matching.view_sets import FeatureFolder, Matcher, MatchSettings
from core.matching.whitening_files import open_whitening
from core.neighbours import Ranking, SearchSettings


def open_matcher(
    embeddings: Embeddings,
    features: Path,
    whitening_folder: Path,
    search: SearchSettings,
    settings: MatchSettings,
    *,
    part: Embeddings | None = None,
    given: Path | None = None,
) -> Matcher:
    """Return a matcher of a collection, with its whitening and camera layout.

    Parameters
    ----------
    embeddings : Embeddings
        The whole collection.
    features, whitening_folder : Path
        Folders of its view features, and of the whitening that was learned from them.
    search, settings : SearchSettings, MatchSettings
        How candidates are found, and how they are compared.
    part : Embeddings, optional
        The part of the collection that is searched; all of it if None.
    given : Path, optional
        A whitening file that is used as it is.

    Raises
    ------
    CoreError
        If view features or the whitening are missing or do not fit.
    """
    views_of = FeatureFolder(features)
    whitening = open_whitening(embeddings, views_of, settings, whitening_folder, given)
    layout = layout_beside(features) if settings.match == "aligned" else None
    return Matcher(embeddings if part is None else part, views_of, search, settings, whitening=whitening, layout=layout)


def ranking_by(matcher: Matcher, mirrored_of: Callable[[str], np.ndarray] | None = None) -> Ranking | None:
    """Return the ranking by a matcher, or None if it is that of the embeddings.

    Parameters
    ----------
    matcher : Matcher
        A matcher of all specimens that are ranked.
    mirrored_of : callable, optional
        Returns the features of the mirrored views of a specimen.
    """
    if matcher.settings.match == "pooled" and not matcher.settings.expand:
        return None

    def reorder(query_id: str, ids: Sequence[str]) -> Sequence[str]:
        return matcher.reordered(query_id, ids, None if mirrored_of is None else mirrored_of(query_id))

    return Ranking(reorder, about_matching(matcher, mirror=mirrored_of is not None))


def about_matching(matcher: Matcher, *, mirror: bool) -> dict[str, object]:
    """Return the settings of a matcher as they are recorded with results."""
    learned = None if matcher.whitening is None else matcher.whitening.fingerprint
    return {**asdict(matcher.settings), "mirror": mirror, "projection": learned}
