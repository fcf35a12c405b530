"""Specimens: bring them in, start a run, watch its progress, browse them."""

from __future__ import annotations

import streamlit as st

from core.workspace import current_job
from ui.components import browse
from ui.frame import require_router
from ui.runs import show_last_job, watch_job
from ui.session import state
from ui.specimens import (
    choose_source,
    choose_watching,
    import_metadata,
    show_look_alikes,
    show_new_specimens,
    show_pictures,
    show_quarantine,
    show_start_form,
    show_table,
)
from ui.words import language, say


def main() -> None:
    """Show the screen."""
    st.title(say("frame-screen-specimens"))
    has_run = bool(state.runs())
    with st.expander(say("specimens-bring-in"), expanded=not has_run, icon=":material/add_circle:"):
        folder = choose_source()
        show_start_form(folder)
        choose_watching(folder)
    show_new_specimens()
    watch_job()
    show_last_job()
    chosen = state.chosen_run()
    if chosen is None:
        if not has_run and current_job(state.workspace()) is None:
            st.caption(say("specimens-when-done"))
        return
    collection = state.collection()
    if current_job(state.workspace()) is None:
        show_quarantine(str(collection.config.get("input", "")), collection.run.name)
    show_collection(collection)


def show_collection(collection: state.Collection) -> None:
    """Show the specimens of the run as pictures and as a table."""
    st.caption(
        say(
            "specimens-in-run",
            count=len(collection.ids),
            run=state.plain(collection.run.name),
            made_by=collection.made_by,
        )
    )
    shown = browse(collection)
    if len(shown) < len(collection.ids):
        st.caption(say("specimens-shown", count=len(shown), total=len(collection.ids)))
    names = [say(f"specimens-tab-{name}") for name in ("gallery", "table", "alike", "metadata")]
    gallery, table, alike, metadata = st.tabs(names, on_change="rerun", key=f"specimen_tabs_{language()}")
    # Only the open tab is computed.
    with gallery:
        if gallery.open:
            show_pictures(collection, shown)
    with table:
        if table.open:
            show_table(collection, shown)
    with alike:
        if alike.open:
            show_look_alikes(collection)
    with metadata:
        if metadata.open:
            import_metadata()


require_router(__file__)
main()
