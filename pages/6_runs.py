"""Runs with their settings, sizes, notes and reports, and the jobs."""

from __future__ import annotations

import streamlit as st

from core.workspace import finish_deletions
from ui.frame import require_router
from ui.runs import choose_from_runs, show_job_history, show_run, watch_job
from ui.session import state
from ui.words import language, say


def main() -> None:
    """Show the screen."""
    st.title(say("frame-screen-runs"))
    watch_job()
    runs, jobs = st.tabs([say("runs-tab-runs"), say("runs-tab-jobs")], key=f"run_tabs_{language()}")
    with runs:
        finish_deletions(state.workspace())
        chosen = choose_from_runs()
        if chosen is not None:
            show_run(chosen)
    with jobs:
        show_job_history()


require_router(__file__)
main()
