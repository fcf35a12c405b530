"""Specimen: one in 3D, with measurements, metadata, views and neighbours."""

from __future__ import annotations

import streamlit as st

from ui.frame import require_router
from ui.session import state
from ui.specimens import (
    edit_curation,
    edit_metadata,
    offer_specimens,
    show_header,
    show_history,
    show_in_3d,
    show_measurements,
    show_surroundings,
    show_views,
)
from ui.words import language, say


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    specimen = state.chosen_specimen(collection)
    if specimen is None:
        offer_specimens(collection)
        return
    show_header(collection, specimen)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        show_in_3d(collection, specimen)
        show_sheet(collection, specimen)
    with right:
        edit_curation(specimen)
        st.subheader(say("specimen-neighbours"))
        show_surroundings(collection, specimen)


def show_sheet(collection: state.Collection, specimen: str) -> None:
    """Show measurements, metadata, views and history, computed when opened."""
    names = [say(f"specimen-{name}") for name in ("measurements", "metadata", "views", "history")]
    parts = (
        lambda: show_measurements(collection, specimen),
        lambda: edit_metadata(specimen),
        lambda: show_views(collection, specimen),
        lambda: show_history(collection, specimen),
    )
    for tab, show in zip(st.tabs(names, on_change="rerun", key=f"sheet_{language()}"), parts, strict=True):
        with tab:
            if tab.open:
                show()


require_router(__file__)
main()
