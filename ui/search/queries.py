"""Neighbours of a specimen, of several or of a file, by embeddings or by views."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.matching import MatchSettings, open_matcher
from core.neighbours import Filters, Neighbours, SearchSettings, SeveralSettings, apply_filters, search_several
from ui.search.query_files import QueryFile, describer
from ui.session import state


@dataclass(frozen=True)
class Question:
    """The settings of a search.

    If `like` is given, all of these are the query together, and results are kept away from
    `unlike`. With `mirror`, the mirror image of the query is compared, too.
    """

    search: SearchSettings
    match: MatchSettings
    filters: Filters
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    several: SeveralSettings = SeveralSettings()  # noqa: RUF009  # frozen
    mirror: bool = False

    @property
    def asks_with_several(self) -> bool:
        """Return whether the query is more than one specimen."""
        return len(self.like) > 1 or bool(self.like and self.unlike)


def answer(collection: state.Collection, query: str | QueryFile, question: Question) -> Neighbours:
    """Return the neighbours of a specimen of the collection, or of a file.

    Raises
    ------
    CoreError
        If a filter leaves nothing, or view features are missing.
    """
    if question.asks_with_several and isinstance(query, str):
        named = (*question.like, *question.unlike)
        part = apply_filters(collection.embeddings, question.filters, named)
        found = search_several(part, question.like, question.unlike, question.search, question.several)
        return question.filters.within(found)
    own = (query,) if isinstance(query, str) and question.filters.is_active else ()
    alone = replace(question, like=(), unlike=(), mirror=False)
    matcher = _matcher(collection.embeddings_key, alone, own, collection)
    mirrored = mirrored_views(collection, query) if question.mirror else None
    if isinstance(query, str):
        found = matcher.nearest(query, mirrored)
    else:
        newcomer = query.newcomer
        found = matcher.nearest_to_views(newcomer.features, newcomer.embedding, newcomer.name, mirrored)
    return question.filters.within(found)


def mirrored_views(collection: state.Collection, query: str | QueryFile) -> np.ndarray | None:
    """Return the features of the query's mirrored views, None if its file is missing."""
    path = collection.mesh_path(query) if isinstance(query, str) else query.path
    return None if path is None else _mirrored(collection.config_key, path, collection)


@st.cache_resource(show_spinner=False, max_entries=16)
def _matcher(key: tuple[str, int], question: Question, own: tuple[str, ...], _collection: state.Collection) -> Any:
    del key  # part of the key only
    part = apply_filters(_collection.embeddings, question.filters, own)
    run = _collection.run
    return open_matcher(
        _collection.embeddings, run.features, run.root / "projections", question.search, question.match, part=part
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _mirrored(key: tuple[str, int], path: Path, _collection: state.Collection) -> np.ndarray:
    del key  # part of the key only
    return describer(_collection).mirrored(path)
