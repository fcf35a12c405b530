"""The sheet of one specimen: measurements, views, neighbours, cluster, history."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import streamlit as st

from core.collection import measured
from core.foundation import CoreError
from core.meshes import CLOSED, OPEN, Measurements, read_mesh
from core.neighbours import SearchSettings
from core.storage import csv_for_people
from core.workspace import history_of
from ui.components import card_of, show_gallery
from ui.session import link_to, select, state
from ui.specimens.view_pictures import views_of
from ui.words import as_lines, say

NEIGHBOURS = 8


def show_measurements(collection: state.Collection, specimen_id: str) -> None:
    """Show measurements of the surface, made once for the content of a file."""
    record, path = collection.records.get(specimen_id), collection.mesh_path(specimen_id)
    if record is None or path is None:
        st.caption(say("specimen-no-mesh"))
        return
    try:
        with st.spinner(say("specimen-measuring")):
            found = measured(state.catalogue(), record.form_sha256, lambda: read_mesh(path))
    except CoreError as error:
        state.show_error(error)
        return
    rows = _rows(found)
    names = (say("specimen-measure"), say("specimen-value"), say("specimen-unit"))
    shown = pd.DataFrame([(name, f"{number:.6g}", unit) for name, number, unit in rows], columns=list(names))
    st.dataframe(shown, hide_index=True, width="stretch", height="content", alt=say("specimen-measurements"))
    if found.surface != CLOSED:
        reason = say("specimen-surface-open", count=found.n_open_edges) if found.surface == OPEN else None
        st.caption(reason or say(f"specimen-surface-{found.surface}"))
    st.caption(say("specimen-measure-help"))
    numbers = pd.DataFrame(rows, columns=["measurement", "value", "unit"])
    st.download_button(
        say("common-download-csv"),
        csv_for_people(numbers),
        f"{state.short_name(specimen_id)}_measurements.csv",
        "text/csv",
        icon=":material/download:",
        key="measurements_csv",
    )


def _rows(found: Measurements) -> list[tuple[str, float, str]]:
    """Return name, number and unit of every measurement."""
    unit = say("specimen-file-units")
    rows: list[tuple[str, float | None, str]] = [
        (say("specimen-extent", axis="x"), found.extent_x, unit),
        (say("specimen-extent", axis="y"), found.extent_y, unit),
        (say("specimen-extent", axis="z"), found.extent_z, unit),
        (say("specimen-length", number=1), found.length_1, unit),
        (say("specimen-length", number=2), found.length_2, unit),
        (say("specimen-length", number=3), found.length_3, unit),
        (say("specimen-area"), found.area, f"{unit}²"),
        (say("specimen-volume"), found.volume, f"{unit}³"),
        (say("specimen-centroid-radius"), found.centroid_radius, unit),
        (say("specimen-centroid-size"), found.centroid_size, unit),
        (say("specimen-vertices"), float(found.n_vertices), ""),
        (say("specimen-faces"), float(found.n_faces), ""),
    ]
    return [(name, number, its) for name, number, its in rows if number is not None]


def show_views(collection: state.Collection, specimen_id: str) -> None:
    """Show all views as the backbone saw them."""
    try:
        with st.spinner(say("specimen-rendering")):
            images = views_of(collection, specimen_id)
    except CoreError as error:
        state.show_error(error)
        return
    if images is None:
        st.caption(say("specimen-no-views"))
        return
    numbers = [str(number) for number in range(len(images))]
    names = [f"{state.short_name(specimen_id)} {number}" for number in numbers]
    st.image(list(images), width=150, caption=numbers, alt=names)
    st.caption(say("specimen-views-help", count=len(images), made_by=collection.made_by))


def show_surroundings(collection: state.Collection, specimen_id: str) -> None:
    """Show the nearest specimens, and the cluster that the run keeps."""
    try:
        found = state.neighbours_of(
            collection, specimen_id, SearchSettings(topk=min(NEIGHBOURS, len(collection.ids) - 1))
        )
    except CoreError as error:
        state.show_error(error)
        return
    cards = [
        card_of(collection, name, value=f"{distance:.3f}")
        for name, distance in zip(found.ids, found.distances, strict=True)
    ]
    label = say("specimen-neighbours")
    show_gallery(cards, key="specimen_neighbours", label=label, on_pick=state.choose_specimen, width=112)
    st.caption(say("specimen-neighbours-help", made_by=collection.made_by))
    table = state.specimen_table(collection)
    if "cluster" not in table:
        st.caption(say("specimen-cluster-none"))
        return
    cluster = table.loc[specimen_id, "cluster"]
    members = tuple(table.index[table["cluster"] == cluster])
    if cluster in ("", "-1"):
        st.caption(say("specimen-cluster-noise"))
        return
    words, take = st.columns([3, 2], vertical_alignment="center")
    words.markdown(say("specimen-cluster", cluster=cluster, count=len(members)))
    take.button(say("specimen-cluster-select"), on_click=select, args=(members,), width="stretch")
    link_to("clusters", say("specimen-cluster-open"))


def show_history(collection: state.Collection, specimen_id: str) -> None:
    """Show the file, its repairs, and the runs that hold the specimen."""
    record = collection.records.get(specimen_id)
    if record is not None:
        st.markdown(f"`{record.path}`")
        facts = [say("specimen-file-size", size=f"{record.size / 1e6:.2f}")] if record.size >= 0 else []
        facts += [say("specimen-file-changed", when=_moment(record.mtime_ns / 1e9))] if record.mtime_ns > 0 else []
        facts += [f"SHA-256 {record.form_sha256[:16]}…"] if record.form_sha256 else []
        st.caption(" · ".join(facts))
        if not Path(record.path).exists():
            st.warning(say("specimen-file-gone"), icon=":material/link_off:")
        for text in as_lines(filter(None, (record.notes, record.error)), state.catalogue()):
            st.caption(f":material/build: {state.plain(text)}")
    runs = history_of(collection.workspace, specimen_id, str(collection.config.get("input", "")))
    shown = pd.DataFrame(
        [
            (its.run, its.backbone, its.views, _moment(its.finished) if its.finished else say("specimen-not-in-run"))
            for its in runs
        ],
        columns=[say("frame-run"), say("specimen-backbone"), say("specimen-views"), say("specimen-finished")],
    )
    st.dataframe(shown, hide_index=True, width="stretch", height="content", alt=say("specimen-history"))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
