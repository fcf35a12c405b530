"""Jobs that ended: dates, durations, outcomes, logs, and resuming one."""

from __future__ import annotations

import datetime

import streamlit as st

from ui.runs.job_panel import how_it_ended, icon_of, offer_to_resume, show_log
from ui.session import state
from ui.words import as_lines, say

_SHOWN = 20


def show_job_history() -> None:
    """List the jobs that ended, newest first."""
    over = [job for job in state.catalogue().jobs(limit=100) if job.is_over]
    if not over:
        st.info(say("runs-no-jobs"), icon=":material/history:")
        return
    for job in over[:_SHOWN]:
        when = datetime.datetime.fromtimestamp(job.created).astimezone().strftime("%Y-%m-%d %H:%M")
        with st.expander(f"{when} · {how_it_ended(job)}", icon=icon_of(job)):
            if job.message:
                st.markdown(state.plain(as_lines([job.message], state.catalogue())[0]))
            if not job.state.startswith("done"):
                offer_to_resume(job, key="history")
            if st.toggle(say("runs-show-log"), key=f"show_log_{job.job_id}"):
                show_log(job, key="history")
    if len(over) > _SHOWN:
        st.caption(say("runs-more-jobs", count=len(over) - _SHOWN))
