"""Neighbours as the screens ask for them: of a specimen or of a file from outside, by embedding or view by view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.foundation import CoreError
from core.matching import (
    PAINTED,
    FeatureFolder,
    MatchSettings,
    PatchReader,
    draw_pairs,
    explain,
    open_matcher,
    open_patches,
    painted_by,
    picture_of_where,
)
from core.meshes import SUFFIXES, read_mesh
from core.neighbours import Filters, Neighbours, SearchSettings, SeveralSettings, choose, search_several
from core.pipeline import Describer, Newcomer, feature_settings_of
from core.views import Views, ViewSettings, render_views
from ui.session import keep_file, keep_photographs, state
from ui.words import of_file_named, say

_OUTSIDER, _ERROR, _GIVEN = "outsider", "outsider_error", "outsiders_given"


@dataclass(frozen=True)
class Question:
    """How neighbours are asked for; the same question is answered once.

    Where `like` is given, all of these ask at once, and `unlike` tells what is not looked for.
    """

    search: SearchSettings
    match: MatchSettings
    filters: Filters
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    several: SeveralSettings = SeveralSettings()  # noqa: RUF009  # frozen

    @property
    def asks_with_several(self) -> bool:
        """Return whether more than the specimen in hand asks."""
        return len(self.like) > 1 or bool(self.like and self.unlike)


@dataclass(frozen=True)
class Outsider:
    """A file from outside that is searched with; it is not added to the collection.

    It is described as the specimens of a run are: `described_by` tells which run, and which state of it.
    """

    newcomer: Newcomer
    path: Path
    described_by: tuple[str, int]

    @property
    def mesh_path(self) -> Path | None:
        """Return where its form can be read, None where it is a photograph."""
        return self.path if self.path.suffix.lower() in SUFFIXES else None


def answer(there: state.Collection, query: str | Outsider, question: Question, *, mirror: bool = False) -> Neighbours:
    """Return the neighbours of a specimen of the collection, or of a file from outside.

    Raises
    ------
    CoreError
        Where a filter leaves nothing, or view features are missing.
    """
    own = (query,) if isinstance(query, str) else ()
    if question.asks_with_several and isinstance(query, str):
        named = (*question.like, *question.unlike)
        part = choose(there.embeddings, question.filters, named)
        found = search_several(part, question.like, question.unlike, question.search, question.several)
        return question.filters.within(found)
    category = own if question.filters.chooses else ()
    alone = replace(question, like=(), unlike=())
    matcher = _matcher(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, alone, category, there)
    mirrored = mirrored_views(there, query) if mirror else None
    if isinstance(query, str):
        found = matcher.nearest(query, mirrored)
    else:
        newcomer = query.newcomer
        found = matcher.nearest_to_views(newcomer.features, newcomer.embedding, newcomer.name, mirrored)
    return question.filters.within(found)


def mirrored_views(there: state.Collection, query: str | Outsider) -> np.ndarray | None:
    """Return the features of the query's mirrored views, or None where its file is gone."""
    path = there.mesh_path(query) if isinstance(query, str) else query.path
    if path is None:
        return None
    return _mirrored(str(there.run.root), there.run.config_path.stat().st_mtime_ns, path, there)


def ask_for_file(there: state.Collection) -> None:
    """Let the user search with a file that is not in the collection."""
    with st.popover(say("search-file"), icon=":material/upload_file:"):
        st.caption(say("search-file-help"))
        kinds = ["ply", "obj", "stl", "off", "png", "jpg", "jpeg"]
        # One that was let go of can be given again: the field is a new one then.
        key = f"outsider_file_{st.session_state.setdefault(_GIVEN, 0)}"
        files = st.file_uploader(say("search-file-choose"), type=kinds, key=key, accept_multiple_files=True)
        if not files:
            return
        forget_outsider()
        try:
            given = {Path(file.name).name: file.getvalue() for file in files}
            path = keep_photographs(given) if len(given) > 1 else keep_file(*given.popitem())
        except CoreError as error:
            st.session_state[_ERROR] = error
        else:
            _take(there, path)
        st.rerun()


def outsider_in_hand(there: state.Collection) -> Outsider | None:
    """Return the file that is searched with, described as this run describes, and show why one could not be."""
    outsider: Outsider | None = st.session_state.get(_OUTSIDER)
    if outsider is not None and outsider.described_by != _described_by(there):
        _take(there, outsider.path)
    error = st.session_state.pop(_ERROR, None)
    if error is not None:
        state.show_error(error)
    return st.session_state.get(_OUTSIDER)


def forget_outsider() -> None:
    """Return to the specimens of the collection."""
    st.session_state.pop(_OUTSIDER, None)
    st.session_state[_GIVEN] = st.session_state.get(_GIVEN, 0) + 1


def _take(there: state.Collection, path: Path) -> None:
    """Search with a file from now on; where it cannot be used, with none, and say why."""
    st.session_state.pop(_OUTSIDER, None)
    try:
        with st.spinner(say("search-file-wait")):
            st.session_state[_OUTSIDER] = _describe(there, path)
    except CoreError as error:
        st.session_state[_ERROR] = of_file_named(error, path)


def _described_by(there: state.Collection) -> tuple[str, int]:
    return str(there.run.root), there.run.config_path.stat().st_mtime_ns


def matching_views(there: state.Collection, query: str | Outsider, other: str, shown: str) -> np.ndarray | None:
    """Return a picture of the pairs of views that match best, or None where there are no meshes.

    Parameters
    ----------
    there : Collection
        The run.
    query, other : str or Outsider, str
        The two that are compared.
    shown : str
        Of `core.matching.explanation.SHOWN`: what is painted on the views.

    Raises
    ------
    CoreError
        Where features are missing, a file cannot be read any more, or the backbone cannot tell.
    """
    features = FeatureFolder(there.run.features)
    described = features(query) if isinstance(query, str) else query.newcomer.features
    pairs = explain(described, features(other), count=4)
    known = set(ViewSettings.__dataclass_fields__)
    settings = ViewSettings(**{key: value for key, value in there.config["views"].items() if key in known})
    paths = there.mesh_path(query) if isinstance(query, str) else None, there.mesh_path(other)
    if (isinstance(query, str) and paths[0] is None) or paths[1] is None:
        return None
    one = query.newcomer.views if not isinstance(query, str) else _views(paths[0], settings)
    two = _views(paths[1], settings)
    images = np.array(one.images), np.array(two.images)
    stamp = there.run.config_path.stat().st_mtime_ns
    if shown in PAINTED:
        images = painted_by(shown, _patches(str(there.run.root), stamp, there), one, two, pairs)
    elif shown == "where":
        extractor = _describer(str(there.run.root), stamp, there).extractor
        for pair in pairs:
            first, second = pair.query_view, pair.other_view
            images[0][first] = picture_of_where(extractor, one, first, features(other)[second])
            images[1][second] = picture_of_where(extractor, two, second, described[first])
    return draw_pairs(pairs, *images)


@st.cache_data(show_spinner=False, max_entries=64)
def _views(path: Path, settings: ViewSettings) -> Views:
    return render_views(read_mesh(path), settings)


def _describe(there: state.Collection, path: Path) -> Outsider:
    described_by = _described_by(there)
    # In this process: a spawned child would run the app's script once more.
    return Outsider(_describer(*described_by, there).describe(path, workers=0), path, described_by)


@st.cache_resource(show_spinner=False, max_entries=2)
def _describer(root: str, stamp: int, _there: state.Collection) -> Describer:
    del root, stamp  # part of the key only
    return Describer(_there.run)


@st.cache_resource(show_spinner=False, max_entries=16)
def _matcher(root: str, stamp: int, question: Question, own: tuple[str, ...], _there: state.Collection) -> Any:
    del root, stamp  # part of the key only
    part = choose(_there.embeddings, question.filters, own)
    run = _there.run
    return open_matcher(
        _there.embeddings, run.features, run.root / "projections", question.search, question.match, part=part
    )


@st.cache_resource(show_spinner=False, max_entries=2)
def _patches(root: str, stamp: int, _there: state.Collection) -> PatchReader:
    del root, stamp  # part of the key only
    return open_patches(feature_settings_of(_there.config["features"], None, False))


@st.cache_data(show_spinner=False, max_entries=64)
def _mirrored(root: str, stamp: int, path: Path, _there: state.Collection) -> np.ndarray:
    return _describer(root, stamp, _there).mirrored(path)
