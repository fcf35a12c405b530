"""Neighbours as the screens ask for them: of a specimen or of a file from outside, by embedding or view by view."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.errors import CoreError
from core.explanation import draw_pairs, explain
from core.filters import Filters, choose
from core.matching import FeatureFolder, Matcher, MatchSettings
from core.meshes import read_mesh
from core.neighbours import Neighbours, SearchSettings
from core.newcomers import Describer, Newcomer
from core.storage import write_bytes
from core.views import ViewSettings, render_views
from ui import state


@dataclass(frozen=True)
class Question:
    """How neighbours are asked for; the same question is answered once."""

    search: SearchSettings
    match: MatchSettings
    filters: Filters


@dataclass(frozen=True)
class Outsider:
    """A file from outside that is searched with; it is not added to the collection."""

    newcomer: Newcomer
    path: Path


def answer(there: state.Collection, query: str | Outsider, question: Question) -> Neighbours:
    """Return the neighbours of a specimen of the collection, or of a file from outside.

    Raises
    ------
    CoreError
        Where a filter leaves nothing, or view features are missing.
    """
    own = (query,) if isinstance(query, str) else ()
    category = own if question.filters.not_same_category else ()
    matcher = _matcher(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, question, category, there)
    if isinstance(query, str):
        found = matcher.nearest(query)
    else:
        found = matcher.nearest_to_views(query.newcomer.features, query.newcomer.embedding, query.newcomer.name)
    return question.filters.within(found)


def ask_for_file(there: state.Collection) -> None:
    """Let the user search with a file that is not in the collection."""
    with st.popover("Search with a file …", icon=":material/upload_file:"):
        st.caption(
            "A mesh, a point cloud or a photograph. It goes through the settings of this run, stays on this machine "
            "and is not added to the collection."
        )
        file = st.file_uploader("File", type=["ply", "obj", "stl", "off", "png", "jpg", "jpeg"], key="outsider_file")
        if file is None or st.session_state.get("outsider_name") == file.file_id:
            return
        st.session_state["outsider_name"] = file.file_id
        try:
            with st.spinner("Rendering it and extracting features …"):
                st.session_state["outsider"] = _describe(there, Path(file.name).name, file.getvalue())
        except CoreError as error:
            st.session_state["outsider_error"] = error
        st.rerun()


def outsider_in_hand() -> Outsider | None:
    """Return the file that is searched with, and show why the last one could not be."""
    error = st.session_state.pop("outsider_error", None)
    if error is not None:
        state.show_error(error)
    return st.session_state.get("outsider")


def forget_outsider() -> None:
    """Return to the specimens of the collection."""
    st.session_state.pop("outsider", None)


def matching_views(there: state.Collection, query: str, other: str) -> np.ndarray | None:
    """Return a picture of the pairs of views that match best, or None where there are no meshes.

    Raises
    ------
    CoreError
        Where features are missing or a file cannot be read any more.
    """
    paths = [there.mesh_path(name) for name in (query, other)]
    if paths[0] is None or paths[1] is None:
        return None
    features = FeatureFolder(there.run.features)
    pairs = explain(features(query), features(other), count=4)
    known = set(ViewSettings.__dataclass_fields__)
    settings = ViewSettings(**{key: value for key, value in there.config["views"].items() if key in known})
    return draw_pairs(pairs, _views(paths[0], settings), _views(paths[1], settings))


@st.cache_data(show_spinner=False, max_entries=64)
def _views(path: Path, settings: ViewSettings) -> np.ndarray:
    return render_views(read_mesh(path), settings).images


def _describe(there: state.Collection, name: str, data: bytes) -> Outsider:
    path = own_folder() / name
    write_bytes(path, data)
    describer = _describer(str(there.run.root), there.run.config_path.stat().st_mtime_ns, there)
    # In this process: a spawned child would run the app's script once more.
    return Outsider(describer.describe(path, workers=0), path)


@st.cache_resource(show_spinner=False)
def own_folder() -> Path:
    """Return a folder outside of every collection for files that are only looked at."""
    return Path(tempfile.mkdtemp(prefix="fossilvit-"))


@st.cache_resource(show_spinner=False, max_entries=2)
def _describer(root: str, stamp: int, _there: state.Collection) -> Describer:
    del root, stamp  # part of the key only
    return Describer(_there.run)


@st.cache_resource(show_spinner=False, max_entries=16)
def _matcher(root: str, stamp: int, question: Question, own: tuple[str, ...], _there: state.Collection) -> Any:
    del root, stamp  # part of the key only
    part = choose(_there.embeddings, question.filters, own)
    return Matcher(part, FeatureFolder(_there.run.features), question.search, question.match)
