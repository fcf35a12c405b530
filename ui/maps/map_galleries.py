"""The pictures beside and below a map: nearest specimens and the selection."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.neighbours import SearchSettings
from core.storage import csv_for_people
from ui.components import card_of, show_gallery
from ui.session import selection, state
from ui.words import say

_NEAREST = 8
_MOST_SELECTED = 60


def show_nearest(collection: state.Collection) -> None:
    """Show the nearest neighbours of the chosen specimen."""
    name = state.chosen_specimen(collection)
    if name is None:
        st.info(say("map-click"), icon=":material/ads_click:")
        return
    nearest = state.neighbours_of(collection, name, SearchSettings(topk=_NEAREST))
    st.markdown(f"**{say('map-nearest', name=state.plain(state.short_name(name)))}**")
    cards = [
        card_of(collection, other, value=f"{distance:.3f}")
        for other, distance in zip(nearest.ids, nearest.distances, strict=True)
    ]
    show_gallery(cards, key="map_nearest", label=say("map-nearest-label"), on_pick=state.choose_specimen, width=88)


def show_selected(collection: state.Collection) -> None:
    """Show the selection as pictures, and offer it as CSV."""
    names = selection.selected_in(collection.ids)
    if not names:
        return
    st.subheader(say("map-selected", count=len(names)))
    categories = [collection.embeddings.categories[collection.embeddings.row_of[name]] for name in names]
    st.download_button(
        say("common-download-csv"),
        csv_for_people(pd.DataFrame({"specimen_id": names, "category": categories})),
        "selection.csv",
        "text/csv",
        icon=":material/download:",
    )
    cards = [card_of(collection, name) for name in names[:_MOST_SELECTED]]
    show_gallery(cards, key="map_selection", label=say("map-selected-label"), on_pick=state.choose_specimen, width=120)
    if len(names) > _MOST_SELECTED:
        st.caption(say("map-selected-more", shown=_MOST_SELECTED, count=len(names)))
