"""Map: every specimen as a point, selected by click, search or lasso."""

from __future__ import annotations

import streamlit as st

from core.foundation import CoreError
from ui.frame import require_router
from ui.maps import (
    MapView,
    ask_for_settings,
    cached_map,
    offer_files,
    picture_of,
    placed,
    show_map,
    show_nearest,
    show_selected,
    show_trust,
)
from ui.search import embedding_of_query_file
from ui.session import state
from ui.words import say


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    st.title(say("map-title"))
    settings, colouring = ask_for_settings(collection)
    with st.spinner(say("map-drawing")):
        try:
            result, trust = cached_map(collection, settings)
        except CoreError as error:
            state.show_error(error)
            return
    picture = picture_of(collection, result, trust, colouring)
    plot, panel = st.columns([7, 2], gap="medium")
    with plot:
        newcomers = placed(collection, result, embedding_of_query_file(collection))
        view = MapView(picture, state.chosen_specimen(collection), newcomers, f"map_{settings.method}")
        show_map(view, key="map", picture_of=collection.thumbnail)
        if newcomers is not None:
            st.caption(f":material/star: {say('map-newcomer', name=state.plain(newcomers.ids[0]))}")
        show_trust(collection, result, trust)
        offer_files(collection, result, picture)
    with panel:
        show_nearest(collection)
    show_selected(collection)


require_router(__file__)
main()
