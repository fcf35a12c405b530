"""Specimens: bring them in, start a run, watch it, look at what is there."""

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
    show_pictures,
    show_quarantine,
    show_start_form,
    show_table,
    show_what_came,
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
    show_what_came()
    watch_job()
    show_last_job()
    chosen = state.chosen_run()
    if chosen is None:
        if not has_run and current_job(state.workspace()) is None:
            st.caption(say("specimens-when-done"))
        return
    there = state.collection()
    if current_job(state.workspace()) is None:
        show_quarantine(str(there.config.get("input", "")), there.run.name)
    show_collection(there)


def show_collection(there: state.Collection) -> None:
    """Show the specimens of the run as pictures and as a table."""
    st.caption(say("specimens-in-run", count=len(there.ids), run=state.plain(there.run.name), made_by=there.made_by))
    shown = browse(there)
    if len(shown) < len(there.ids):
        st.caption(say("specimens-shown", count=len(shown), total=len(there.ids)))
    names = [say(f"specimens-tab-{name}") for name in ("gallery", "table", "alike", "metadata")]
    gallery, table, alike, metadata = st.tabs(names, on_change="rerun", key=f"specimen_tabs_{language()}")
    # Only what is looked at is worked out.
    with gallery:
        if gallery.open:
            show_pictures(there, shown)
    with table:
        if table.open:
            show_table(there, shown)
    with alike:
        if alike.open:
            show_look_alikes(there)
    with metadata:
        if metadata.open:
            import_metadata()


require_router(__file__)
main()
