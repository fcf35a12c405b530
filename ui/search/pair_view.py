"""A query and its neighbours side by side: 3D, differences in form, their files."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.neighbours import Neighbours
from ui.components import ViewerSpecimen, choose_beside, show_specimens, viewer_specimen
from ui.search.explanations import show_explanation
from ui.search.form_differences import settings_of_form, show_differences
from ui.search.neighbour_list import neighbour_beside
from ui.search.query_files import QueryFile
from ui.session import state
from ui.words import as_lines, say


def show_pair(collection: state.Collection, query: str | QueryFile, neighbours: Neighbours) -> None:
    """Show query and neighbour in 3D, how their forms differ, and why they match."""
    beside = neighbour_beside(neighbours)
    _show_in_viewer(collection, query, neighbours, beside)
    if beside is not None:
        name, path = _name_and_path(collection, query)
        if show_differences(collection, name, path, neighbours.ids, beside):
            st.caption(say("search-form-in-viewer"))
        show_explanation(collection, query, beside)
    for specimen in (query, beside):
        if isinstance(specimen, str):
            show_facts(collection, specimen)


def show_facts(collection: state.Collection, name: str) -> None:
    """Show format, faces or points, extents and repairs of a specimen's file."""
    record = collection.records.get(name)
    if record is None or not record.kind:
        return
    size = " × ".join(f"{value:.4g}" for value in (record.extent_x, record.extent_y, record.extent_z))
    kind = (
        say("search-faces", count=record.n_faces) if record.n_faces else say("search-points", count=record.n_vertices)
    )
    facts = say("search-facts", kind=record.kind, parts=kind, size=size)
    repaired = as_lines([record.notes], state.catalogue())[0]
    notes = f" · :material/build: {state.plain(repaired)}" if repaired else ""
    st.caption(f"**{state.plain(state.short_name(name))}**: {facts}{notes}")


def _show_in_viewer(
    collection: state.Collection, query: str | QueryFile, neighbours: Neighbours, beside: str | None
) -> None:
    wanted = [viewer_specimen(collection, query) if isinstance(query, str) else _viewer_file(query)]
    wanted += [viewer_specimen(collection, name) for name in choose_beside(neighbours.ids, beside, key="pair")]
    readable = [specimen for specimen in wanted if specimen is not None]
    if len(readable) < len(wanted):
        st.caption(say("search-no-3d"))
    if readable:
        show_specimens(readable, key="pair", height=480, registration=settings_of_form())
        if len(readable) > 1:
            st.caption(say("search-turn"))


def _viewer_file(query: QueryFile) -> ViewerSpecimen | None:
    return ViewerSpecimen(query.path.name, query.mesh_path) if query.mesh_path is not None else None


def _name_and_path(collection: state.Collection, query: str | QueryFile) -> tuple[str, Path | None]:
    if isinstance(query, str):
        return query, collection.mesh_path(query)
    return query.path.name, query.mesh_path
