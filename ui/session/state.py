"""Workspace, run and specimen that all screens of a session share."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.collection import build_specimen_table
from core.embeddings import Embeddings, read_embeddings
from core.foundation import CoreError, category_of, readable
from core.neighbours import Neighbours, Searcher, SearchSettings
from core.pipeline import unusual_settings
from core.views import ViewSettings
from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace, open_workspace
from ui.words import advice_of, as_line, language, problem_of, say

SELECTION = "selection"
_CHOSEN_NOW, _ADDRESS, _IN_ADDRESS = "chosen_now", "address", ("run", "specimen")
_KEPT = "kept_selection"
WORKSPACE_VARIABLE = "FOSSILVIT_WORKSPACE"
PROJECT = Path(__file__).resolve().parents[2]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


@dataclass(frozen=True)
class Collection:
    """A run with its embeddings, its specimens and their pictures."""

    workspace: Workspace
    run: RunFolder
    embeddings: Embeddings
    records: Mapping[str, SpecimenRecord]
    config: Mapping[str, Any]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids in row order."""
        return self.embeddings.ids

    @cached_property
    def categories(self) -> list[str]:
        """Return the different categories, sorted."""
        return sorted(set(self.embeddings.categories))

    @property
    def embeddings_key(self) -> tuple[str, int]:
        """Return folder of the run and time of its matrix, the key of cached results."""
        return str(self.run.root), self.run.matrix_path.stat().st_mtime_ns

    @property
    def config_key(self) -> tuple[str, int]:
        """Return folder of the run and time of its configuration, a key for caches."""
        return str(self.run.root), self.run.config_path.stat().st_mtime_ns

    @property
    def view_settings(self) -> ViewSettings:
        """Return the settings that the views of the run were made with."""
        known = set(ViewSettings.__dataclass_fields__)
        return ViewSettings(**{key: value for key, value in self.config["views"].items() if key in known})

    @property
    def made_by(self) -> str:
        """Return backbone and settings of the run in one line."""
        features, views = self.config.get("features", {}), self.config.get("views", {})
        made_by = say(
            "frame-made-by",
            backbone=str(features.get("backbone", "?")),
            views=views.get("views", "?"),
            size=str(views.get("size", "?")),
            pool=str(self.config.get("pool", "?")),
            engine=f"{features.get('engine', '?')} {features.get('precision', '')}".strip(),
        )
        return " · ".join([made_by, *unusual_in_words(self.config)])

    def thumbnail(self, specimen_id: str) -> Path | None:
        """Return the path of a specimen's thumbnail, None if it is unknown."""
        record = self.records.get(specimen_id)
        return self.workspace.thumbnail_of(record.sha256) if record is not None and record.sha256 else None

    def preview(self, specimen_id: str) -> Path | None:
        """Return the path of a specimen's decimated mesh, None if it is unknown."""
        record = self.records.get(specimen_id)
        return self.workspace.preview_of(record.sha256) if record is not None and record.sha256 else None

    def mesh_path(self, specimen_id: str) -> Path | None:
        """Return the mesh or point cloud of a specimen, None if there is no such file."""
        record = self.records.get(specimen_id)
        if record is None or record.kind == "photographs" or not Path(record.path).is_file():
            return None
        return Path(record.path)


def workspace() -> Workspace:
    """Return the workspace of the app, or stop the page with an error."""
    try:
        return _open(str(_workspace_path()))
    except CoreError as error:
        show_error(error)
        st.stop()


def catalogue() -> Catalogue:
    """Return the workspace's catalogue."""
    return Catalogue(workspace().catalogue_path)


def runs() -> list[RunFolder]:
    """Return the runs that have embeddings, newest first."""
    return [run for run in workspace().runs() if run.is_complete]


def collection() -> Collection:
    """Return the chosen run, or stop the page with the next step if there is none."""
    chosen = chosen_run()
    if chosen is None:
        st.info(say("frame-nothing-yet"), icon=":material/shelves:")
        if st.button(say("frame-go-to-specimens"), type="primary"):
            st.switch_page("pages/1_specimens.py")
        st.stop()
    try:
        return load_collection(chosen)
    except CoreError as error:
        show_error(error)
        st.stop()


def load_collection(run: RunFolder) -> Collection:
    """Return a run, read again only if its files changed."""
    stamp = (run.matrix_path.stat().st_mtime_ns, run.ids_path.stat().st_mtime_ns, run.config_path.stat().st_mtime_ns)
    return _load(str(workspace().root), run.name, stamp)


def chosen_run() -> RunFolder | None:
    """Return the run chosen in the sidebar, the newest if none is chosen."""
    available = runs()
    wanted = _remembered("run")
    named = next((run for run in available if run.name == wanted), None)
    return named or (available[0] if available else None)


def chosen_specimen(collection: Collection) -> str | None:
    """Return the chosen specimen, None if it does not belong to this run."""
    wanted = _remembered("specimen")
    return wanted if wanted in collection.embeddings.row_of else None


def _remembered(name: str) -> str | None:
    """Return a value of the session, in a new session that of the address."""
    if name not in st.session_state and name in st.query_params:
        st.session_state[name] = st.query_params[name]
    return st.session_state.get(name)


def choose_specimen(specimen_id: str) -> None:
    """Choose a specimen, and remember the one before."""
    st.session_state[_CHOSEN_NOW] = True
    before = st.session_state.get("specimen")
    if before and before != specimen_id:
        st.session_state.setdefault("visited", []).append(before)
    st.session_state["specimen"] = specimen_id
    st.session_state["beside"] = None


def go_back() -> None:
    """Return to the specimen chosen before."""
    visited = st.session_state.get("visited") or []
    st.session_state[_CHOSEN_NOW] = True
    if visited:
        st.session_state["specimen"] = visited.pop()
        st.session_state["beside"] = None


def choose_run(name: str) -> None:
    """Choose the run that every screen shows."""
    st.session_state[_CHOSEN_NOW] = True
    st.session_state["run"] = name


def address() -> dict[str, str]:
    """Return the parameters of the address: run, specimen, selection, language."""
    wanted = {name: str(st.session_state[name]) for name in _IN_ADDRESS if st.session_state.get(name)}
    if st.session_state.get(_KEPT):
        wanted[SELECTION] = st.session_state[_KEPT]
    return {**wanted, "lang": language()} if "lang" in st.query_params else wanted


def put_selection_in_address(token: str) -> None:
    """Put the token of a kept selection in addresses, none if it is empty."""
    st.session_state[_KEPT] = token


def follow_address() -> None:
    """Take run and specimen from the address if the browser went back or forward."""
    now, before = st.query_params.to_dict(), st.session_state.get(_ADDRESS)
    # A click is newer than the address that came with it.
    if before is None or st.session_state.pop(_CHOSEN_NOW, False):
        return
    for name in _IN_ADDRESS:
        if name in now and now[name] != before.get(name):
            st.session_state[name] = now[name]


def keep_address(collection: Collection | None) -> None:
    """Put run and specimen in the browser's address, so that a reload finds them."""
    if collection is None:
        return
    st.session_state["run"] = collection.run.name
    specimen = chosen_specimen(collection)
    wanted = address()
    if specimen is None:
        wanted.pop("specimen", None)
    # The selection alone makes no step of the browser's history; `ui.session.selection` writes it.
    if _without_selection(st.query_params.to_dict()) != _without_selection(wanted):
        st.query_params.from_dict(wanted)
    st.session_state[_ADDRESS] = wanted


def _without_selection(address: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in address.items() if name != SELECTION}


def specimen_table(collection: Collection) -> pd.DataFrame:
    """Return the table of the specimens of a run, indexed by id in row order.

    It has the columns of `core.collection.build_specimen_table`, and `cluster`, the label kept in
    the run as text, if there is one.
    """
    return _specimen_table(stamp_of(collection), collection)


def stamp_of(collection: Collection) -> tuple[object, ...]:
    """Return a key that changes with any value of `specimen_table`."""
    clusters = _clusters_path(collection.run)
    stamps = (collection.run.ids_path.stat().st_mtime_ns, clusters.stat().st_mtime_ns if clusters.is_file() else 0)
    return (str(collection.workspace.root), collection.run.name, *stamps, catalogue().revision())


def _clusters_path(run: RunFolder) -> Path:
    return run.results / "clusters.csv"


def neighbours_of(collection: Collection, specimen_id: str, settings: SearchSettings) -> Neighbours:
    """Return the neighbours of a specimen by embeddings."""
    return _searcher(
        str(collection.run.root), collection.run.matrix_path.stat().st_mtime_ns, settings, collection.embeddings
    ).nearest(specimen_id)


def show_error(error: CoreError) -> None:
    """Show an error and its advice in the language of the session."""
    problem, advice = plain(problem_of(error)), plain(advice_of(error))
    st.error(f"{problem}\n\n**{advice}**" if advice else problem)


def show_notes(notes: Iterable[str]) -> None:
    """Show notes on a result in the language of the session."""
    for note in notes:
        st.caption(f":material/info: {plain(as_line(note))}")


def unusual_in_words(config: Mapping[str, Any]) -> list[str]:
    """Return the settings of a run that differ from the defaults, in words."""
    return [say(f"frame-made-{name.replace('_', '-')}", value=plain(v)) for name, v in unusual_settings(config)]


def plain(text: str) -> str:
    """Return text with the signs of Markdown escaped, and bytes of file names that are no text as digits."""
    return _MARKDOWN.sub(r"\\\1", readable(text))


def short_name(specimen_id: str) -> str:
    """Return the last part of an id."""
    return specimen_id.rsplit("/", 1)[-1]


def category(specimen_id: str) -> str:
    """Return the category of a specimen as it is shown."""
    return category_of(specimen_id).replace("/", " › ") or say("frame-no-category")


def _workspace_path() -> Path:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workspace", type=Path)
    given, _ = parser.parse_known_args(sys.argv[1:])
    if given.workspace is not None:
        return Path(given.workspace)
    return Path(os.environ.get(WORKSPACE_VARIABLE) or PROJECT / "data")


@st.cache_resource(show_spinner=False)
def _open(path: str) -> Workspace:
    return open_workspace(Path(path))


@st.cache_resource(show_spinner=False, max_entries=8)
def _load(root: str, name: str, stamp: tuple[int, ...]) -> Collection:
    del stamp  # part of the key only
    opened = Workspace(Path(root))
    run = opened.run(name)
    config = run.config()
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    records = Catalogue(opened.catalogue_path).specimens(str(config.get("input", "")))
    return Collection(opened, run, embeddings, records, config)


@st.cache_resource(show_spinner=False, max_entries=4)
def _specimen_table(stamp: tuple[object, ...], _collection: Collection) -> pd.DataFrame:
    del stamp  # the key
    table = build_specimen_table(_collection.ids, _collection.records, Catalogue(_collection.workspace.catalogue_path))
    path = _clusters_path(_collection.run)
    if path.is_file():
        clusters = pd.read_csv(path, index_col="specimen_id", keep_default_na=False)
        numbers = clusters["cluster_id"].reindex(table.index)
        table.insert(1, "cluster", ["" if pd.isna(number) else str(int(number)) for number in numbers])
    return table


@st.cache_resource(show_spinner=False, max_entries=8)
def _searcher(root: str, stamp: int, settings: SearchSettings, _embeddings: Embeddings) -> Searcher:
    del root, stamp  # part of the key only
    return Searcher(_embeddings, settings)
