"""What every screen shares: the workspace, the run that is looked at, the specimen chosen."""

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
from core.foundation import CoreError, category_of, top_category_of
from core.neighbours import Neighbours, Searcher, SearchSettings
from core.pipeline import unusual_settings
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
    """A run as the screens see it: embeddings, facts about specimens, pictures."""

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
    def made_by(self) -> str:
        """Return in a line which backbone and settings made this run."""
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
        """Return the small picture of a specimen, where there is one."""
        record = self.records.get(specimen_id)
        return self.workspace.thumbnail_of(record.sha256) if record is not None and record.sha256 else None

    def preview(self, specimen_id: str) -> Path | None:
        """Return where the decimated mesh of a specimen is kept."""
        record = self.records.get(specimen_id)
        return self.workspace.preview_of(record.sha256) if record is not None and record.sha256 else None

    def mesh_path(self, specimen_id: str) -> Path | None:
        """Return the file of a specimen, where it is a mesh or point cloud that is still there."""
        record = self.records.get(specimen_id)
        if record is None or record.kind == "photographs" or not Path(record.path).is_file():
            return None
        return Path(record.path)


def workspace() -> Workspace:
    """Return the workspace that the app was started with, or stop with what to do."""
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
    """Return the run that is looked at, or stop with the next step where there is none."""
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
    """Return a run, read again only where its files changed."""
    stamp = (run.matrix_path.stat().st_mtime_ns, run.ids_path.stat().st_mtime_ns, run.config_path.stat().st_mtime_ns)
    return _load(str(workspace().root), run.name, stamp)


def chosen_run() -> RunFolder | None:
    """Return the run chosen in the sidebar; the newest where none is."""
    available = runs()
    wanted = _remembered("run")
    named = next((run for run in available if run.name == wanted), None)
    return named or (available[0] if available else None)


def chosen_specimen(there: Collection) -> str | None:
    """Return the specimen that is looked at, where it belongs to this run."""
    wanted = _remembered("specimen")
    return wanted if wanted in there.embeddings.row_of else None


def _remembered(name: str) -> str | None:
    """Return what the session holds; a new one takes it from the browser's address, once."""
    if name not in st.session_state and name in st.query_params:
        st.session_state[name] = st.query_params[name]
    return st.session_state.get(name)


def choose_specimen(specimen_id: str) -> None:
    """Make a specimen the one that is looked at, and remember where we came from."""
    st.session_state[_CHOSEN_NOW] = True
    before = st.session_state.get("specimen")
    if before and before != specimen_id:
        st.session_state.setdefault("visited", []).append(before)
    st.session_state["specimen"] = specimen_id
    st.session_state["beside"] = None


def go_back() -> None:
    """Return to the specimen that was looked at before."""
    visited = st.session_state.get("visited") or []
    st.session_state[_CHOSEN_NOW] = True
    if visited:
        st.session_state["specimen"] = visited.pop()
        st.session_state["beside"] = None


def choose_run(name: str) -> None:
    """Make a run the one that every screen shows."""
    st.session_state[_CHOSEN_NOW] = True
    st.session_state["run"] = name


def address() -> dict[str, str]:
    """Return what the browser's address says behind the screen: run, specimen, selection, a language given there."""
    wanted = {name: str(st.session_state[name]) for name in _IN_ADDRESS if st.session_state.get(name)}
    if st.session_state.get(_KEPT):
        wanted[SELECTION] = st.session_state[_KEPT]
    return {**wanted, "lang": language()} if "lang" in st.query_params else wanted


def put_selection_in_address(token: str) -> None:
    """Let addresses name the selection that is kept under a token from now on; none where it is empty."""
    st.session_state[_KEPT] = token


def follow_address() -> None:
    """Take run and specimen from the address where the browser went back or forward."""
    now, before = st.query_params.to_dict(), st.session_state.get(_ADDRESS)
    # A click is newer than the address that came with it.
    if before is None or st.session_state.pop(_CHOSEN_NOW, False):
        return
    for name in _IN_ADDRESS:
        if name in now and now[name] != before.get(name):
            st.session_state[name] = now[name]


def keep_address(there: Collection | None) -> None:
    """Let the browser's address say which run and specimen are shown, so that a reload finds them."""
    if there is None:
        return
    st.session_state["run"] = there.run.name
    specimen = chosen_specimen(there)
    wanted = address()
    if specimen is None:
        wanted.pop("specimen", None)
    # The selection alone makes no new step for the browser's back button; `ui.session.selection` puts it there.
    if _without_selection(st.query_params.to_dict()) != _without_selection(wanted):
        st.query_params.from_dict(wanted)
    st.session_state[_ADDRESS] = wanted


def _without_selection(address: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in address.items() if name != SELECTION}


def specimen_table(there: Collection) -> pd.DataFrame:
    """Return what is known of the specimens of a run, indexed by id in row order.

    As `core.collection.specimen_table.specimen_table` gives it, with `cluster`, the label kept in the run, as
    text where there is one.
    """
    return _specimen_table(stamp_of(there), there)


def stamp_of(there: Collection) -> tuple[object, ...]:
    """Return what changes with anything that `specimen_table` tells."""
    clusters = _clusters_path(there.run)
    stamps = (there.run.ids_path.stat().st_mtime_ns, clusters.stat().st_mtime_ns if clusters.is_file() else 0)
    return (str(there.workspace.root), there.run.name, *stamps, catalogue().revision())


def _clusters_path(run: RunFolder) -> Path:
    return run.results / "clusters.csv"


def neighbours_of(there: Collection, specimen_id: str, settings: SearchSettings) -> Neighbours:
    """Return the neighbours of a specimen; the collection is made ready once."""
    return _searcher(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, settings, there.embeddings).nearest(
        specimen_id
    )


def show_error(error: CoreError) -> None:
    """Show what was wrong and what to do, in the language of the session."""
    problem, advice = plain(problem_of(error)), plain(advice_of(error))
    st.error(f"{problem}\n\n**{advice}**" if advice else problem)


def show_notes(notes: Iterable[str]) -> None:
    """Show what was done otherwise than asked, in the language of the session."""
    for note in notes:
        st.caption(f":material/info: {plain(as_line(note))}")


def unusual_in_words(config: Mapping[str, Any]) -> list[str]:
    """Return the settings of a run that are not the usual ones, in words."""
    return [say(f"frame-made-{name.replace('_', '-')}", value=plain(v)) for name, v in unusual_settings(config)]


def plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def short_name(specimen_id: str) -> str:
    """Return the last part of an id."""
    return specimen_id.rsplit("/", 1)[-1]


def category(specimen_id: str) -> str:
    """Return the category as it is shown."""
    return category_of(specimen_id).replace("/", " › ") or say("frame-no-category")


def top_category(specimen_id: str) -> str:
    """Return the first folder as it is shown."""
    return top_category_of(specimen_id) or say("frame-no-category")


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
    there = Workspace(Path(root))
    run = there.run(name)
    config = run.config()
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    records = Catalogue(there.catalogue_path).specimens(str(config.get("input", "")))
    return Collection(there, run, embeddings, records, config)


@st.cache_resource(show_spinner=False, max_entries=4)
def _specimen_table(stamp: tuple[object, ...], _there: Collection) -> pd.DataFrame:
    del stamp  # the key
    table = build_specimen_table(_there.ids, _there.records, Catalogue(_there.workspace.catalogue_path))
    path = _clusters_path(_there.run)
    if path.is_file():
        clusters = pd.read_csv(path, index_col="specimen_id", keep_default_na=False)
        numbers = clusters["cluster_id"].reindex(table.index)
        table.insert(1, "cluster", ["" if pd.isna(number) else str(int(number)) for number in numbers])
    return table


@st.cache_resource(show_spinner=False, max_entries=8)
def _searcher(root: str, stamp: int, settings: SearchSettings, _embeddings: Embeddings) -> Searcher:
    del root, stamp  # part of the key only
    return Searcher(_embeddings, settings)
