"""The specimens of a run as a wall of pictures and as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.storage import csv_for_people
from ui.components import Card, column_name, data_uri, show_wall
from ui.session import add_to_selection, ask_for_screen, select, selected, state, take_from_selection
from ui.words import say

# Rows of the table that carry their picture: each is some kilobytes that the browser has to take.
MOST_PICTURES = 500
_GENERATION, _KNOWN = "specimen_table_generation", "specimen_table_known"


def show_pictures(there: state.Collection, shown: pd.DataFrame) -> None:
    """Show the wall of pictures."""
    ids = tuple(shown.index)
    if not ids:
        _say_that_nothing_fits()
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
    show_wall(
        ids,
        lambda name: Card(name, state.short_name(name), state.category(name), there.thumbnail(name)),
        key="specimen_wall",
        label=say("specimens-gallery"),
        on_pick=search_from,
        chosen=state.chosen_specimen(there),
    )


def search_from(specimen_id: str) -> None:
    """Take a specimen in hand and go to Search."""
    state.choose_specimen(specimen_id)
    ask_for_screen("search")


def show_table(there: state.Collection, shown: pd.DataFrame) -> None:
    """Show everything known of the specimens; rows that are ticked are selected on all screens."""
    ids = tuple(shown.index)
    if not ids:
        _say_that_nothing_fits()
        return
    pictured = len(ids) <= MOST_PICTURES or st.toggle(
        say("specimens-table-pictures", count=MOST_PICTURES), key="table_pictures", persist_state="session"
    )
    rows = shown.head(MOST_PICTURES) if pictured else shown
    frame = rows.rename_axis(index="specimen_id").reset_index()
    if pictured:
        frame.insert(0, "picture", [data_uri(there.thumbnail(name)) or None for name in rows.index])
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


def _say_that_nothing_fits() -> None:
    st.info(say("specimens-nothing-fits"), icon=":material/search_off:")


def _generation(ids: tuple[str, ...], places: list[int]) -> int:
    """Return a number that changes where the table must take over a selection that was made elsewhere."""
    known = (ids, tuple(places))
    if st.session_state.get(_KNOWN) != known:
        st.session_state[_KNOWN] = known
        st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
    return int(st.session_state[_GENERATION])


def _take_ticks(key: str, ids: tuple[str, ...]) -> None:
    """Let the selection follow the ticks of the table; what the table does not show stays as it is."""
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
