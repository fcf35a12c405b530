"""The specimens of a run as a gallery and as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.storage import csv_for_people
from ui.components import card_of, column_name, data_uri, show_long_gallery
from ui.session import add_to_selection, search_from, select, selected, state, take_from_selection
from ui.words import say

# Rows of the table with a picture: each adds some kilobytes to what the browser loads.
MOST_PICTURES = 500
_GENERATION, _KNOWN = "specimen_table_generation", "specimen_table_known"


def show_pictures(collection: state.Collection, shown: pd.DataFrame) -> None:
    """Show the gallery."""
    ids = tuple(shown.index)
    if not ids:
        _show_no_match()
        return
    caption, every = st.columns([3, 1], vertical_alignment="center")
    caption.caption(say("specimens-gallery-help"))
    with every.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            say("specimens-select-all", count=len(ids)),
            on_click=add_to_selection,
            args=(ids,),
            key="select_all_shown",
            icon=":material/select_all:",
        )
    show_long_gallery(
        ids,
        lambda name: card_of(collection, name),
        key="specimen_wall",
        label=say("specimens-gallery"),
        on_pick=search_from,
        chosen=state.chosen_specimen(collection),
    )


def show_table(collection: state.Collection, shown: pd.DataFrame) -> None:
    """Show the table of specimens, whose ticked rows are selected on all screens."""
    ids = tuple(shown.index)
    if not ids:
        _show_no_match()
        return
    pictured = len(ids) <= MOST_PICTURES or st.toggle(
        say("specimens-table-pictures", count=MOST_PICTURES), key="table_pictures", persist_state="session"
    )
    rows = shown.head(MOST_PICTURES) if pictured else shown
    frame = rows.rename_axis(index="specimen_id").reset_index()
    if pictured:
        frame.insert(0, "picture", [data_uri(collection.thumbnail(name)) or None for name in rows.index])
    ticked = set(selected())
    places = [place for place, name in enumerate(rows.index) if name in ticked]
    key = f"specimen_table_{_generation(tuple(rows.index), places)}"
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height=620,
        row_height=56 if pictured else None,
        on_select=lambda: _take_ticks(key, tuple(rows.index)),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": places, "columns": [], "cells": []}},
        column_config=_columns(frame),
        placeholder="",
        key=key,
        alt=say("specimens-table"),
    )
    st.download_button(
        say("common-download-csv"),
        lambda: csv_for_people(shown, index=True),
        "specimens.csv",
        "text/csv",
        icon=":material/download:",
    )


def _show_no_match() -> None:
    st.info(say("specimens-nothing-fits"), icon=":material/search_off:")


def _generation(ids: tuple[str, ...], places: list[int]) -> int:
    """Return a number that changes if the selection was changed outside of the table."""
    known = (ids, tuple(places))
    if st.session_state.get(_KNOWN) != known:
        st.session_state[_KNOWN] = known
        st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
    return int(st.session_state[_GENERATION])


def _take_ticks(key: str, ids: tuple[str, ...]) -> None:
    """Apply the ticks of the table to the selection, and keep what it does not show."""
    places = sorted(int(place) for place in st.session_state[key]["selection"]["rows"])
    ticked = [ids[place] for place in places if place < len(ids)]
    take_from_selection(set(ids) - set(ticked))
    select((*selected(), *ticked))
    st.session_state[_KNOWN] = (ids, tuple(places))


def _columns(frame: pd.DataFrame) -> dict[str, object]:
    """Return names and formats of the columns."""
    config: dict[str, object] = {name: st.column_config.Column(column_name(name)) for name in frame.columns}
    config["picture"] = st.column_config.ImageColumn(say("specimens-column-picture"), width="small")
    config["specimen_id"] = st.column_config.TextColumn(column_name("specimen_id"), pinned=True)
    for axis in "xyz":
        config[f"extent_{axis}"] = st.column_config.NumberColumn(column_name(f"extent_{axis}"), format="%.4g")
    return config
