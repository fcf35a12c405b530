"""Sweep: many cluster settings at once, ranked by a score with weights."""

from __future__ import annotations

import streamlit as st

from core.clusters import is_sweeping, read_sweep, sweep_folder
from core.foundation import CoreError
from ui.clusters import show_failure, show_sweep, start_from_form, watch_sweep
from ui.frame import require_router
from ui.session import state
from ui.words import say


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    st.title(say("sweep-title"))
    st.caption(say("sweep-what"))
    done = (sweep_folder(collection.run) / "sweep_results.csv").is_file()
    if is_sweeping(collection.run):
        watch_sweep(collection)
    else:
        with st.expander(say("sweep-new"), expanded=not done, icon=":material/tune:"):
            start_from_form(collection)
        show_failure(collection, done=done)
    if done:
        try:
            trials = read_sweep(sweep_folder(collection.run))
        except CoreError as error:
            state.show_error(error)
            return
        show_sweep(collection, trials)


require_router(__file__)
main()
