"""Files from outside the collection that serve as the query of a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.embeddings import Embeddings
from core.foundation import CoreError
from core.meshes import SUFFIXES, is_mesh
from core.pipeline import Describer, Newcomer
from core.storage import IMAGE_SUFFIXES
from ui.session import keep_file, keep_photographs, state
from ui.words import of_file_named, say

_QUERY_FILE, _ERROR, _FIELD_NUMBER = "outsider", "outsider_error", "outsiders_given"


@dataclass(frozen=True)
class QueryFile:
    """A file from outside the collection that is the query.

    It is not added to the collection. It is described as the specimens of a run are:
    `described_by` holds the folder of that run and the time of its configuration.
    """

    newcomer: Newcomer
    path: Path
    described_by: tuple[str, int]

    @property
    def mesh_path(self) -> Path | None:
        """Return the file if it holds a surface, None if it is a photograph."""
        return self.path if is_mesh(self.path) else None


def ask_for_file(collection: state.Collection) -> None:
    """Let the user search with a file that is not in the collection."""
    with st.popover(say("search-file"), icon=":material/upload_file:"):
        st.caption(say("search-file-help"))
        kinds = [suffix.lstrip(".") for suffix in (*SUFFIXES, *IMAGE_SUFFIXES)]
        # Each file closed gives the field a new key, so that the same file can be given again.
        key = f"outsider_file_{st.session_state.setdefault(_FIELD_NUMBER, 0)}"
        files = st.file_uploader(say("search-file-choose"), type=kinds, key=key, accept_multiple_files=True)
        if not files:
            return
        forget_query_file()
        try:
            given = {Path(file.name).name: file.getvalue() for file in files}
            path = keep_photographs(given) if len(given) > 1 else keep_file(*given.popitem())
        except CoreError as error:
            st.session_state[_ERROR] = error
        else:
            _use(collection, path)
        st.rerun()


def current_query_file(collection: state.Collection) -> QueryFile | None:
    """Return the file that is the query, described by this run.

    If the file could not be described, the reason is shown.
    """
    query: QueryFile | None = st.session_state.get(_QUERY_FILE)
    if query is not None and query.described_by != collection.config_key:
        _use(collection, query.path)
    error = st.session_state.pop(_ERROR, None)
    if error is not None:
        state.show_error(error)
    return st.session_state.get(_QUERY_FILE)


def embedding_of_query_file(collection: state.Collection) -> Embeddings | None:
    """Return the embedding of the file that is the query under its name, one row."""
    query = current_query_file(collection)
    return None if query is None else Embeddings((query.path.name,), query.newcomer.embedding[None].copy())


def show_query_file(query: QueryFile) -> None:
    """Show the name of the file that is the query, with a button that closes it."""
    words, close = st.columns([6, 1], vertical_alignment="center")
    words.info(say("search-with-file", name=state.plain(query.path.name)), icon=":material/upload_file:")
    close.button(say("search-close-file"), on_click=forget_query_file, width="stretch")


def forget_query_file() -> None:
    """Return to the specimens of the collection."""
    st.session_state.pop(_QUERY_FILE, None)
    st.session_state[_FIELD_NUMBER] = st.session_state.get(_FIELD_NUMBER, 0) + 1


def describer(collection: state.Collection) -> Describer:
    """Return the describer of the run, loaded once."""
    return _describer(collection.config_key, collection)


def _use(collection: state.Collection, path: Path) -> None:
    """Make a file the query, or keep the error if it cannot be described."""
    st.session_state.pop(_QUERY_FILE, None)
    try:
        with st.spinner(say("search-file-wait")):
            # In this process: a spawned child would run the app's script once more.
            newcomer = describer(collection).describe(path, workers=0)
            st.session_state[_QUERY_FILE] = QueryFile(newcomer, path, collection.config_key)
    except CoreError as error:
        st.session_state[_ERROR] = of_file_named(error, path)


@st.cache_resource(show_spinner=False, max_entries=2)
def _describer(key: tuple[str, int], _collection: state.Collection) -> Describer:
    del key  # part of the key only
    return Describer(_collection.run)
