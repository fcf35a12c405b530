"""Notifications that a job is over: a toast, and a notice on the desktop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.workspace import JobRecord
from ui.session import state
from ui.words import as_lines, say

_GOING_ON = "jobs_going_on"
_JS = Path(__file__).parent / "notice_component" / "notice.js"
_CSS = Path(__file__).parent / "notice_component" / "notice.css"


def tell_of_ends(jobs: Sequence[JobRecord]) -> None:
    """Notify of every job that ended since the last call in this session."""
    before: set[int] = st.session_state.get(_GOING_ON, set())
    st.session_state[_GOING_ON] = {job.job_id for job in jobs if not job.is_over}
    ended = [job for job in jobs if job.is_over and job.job_id in before and job.pid]
    for job in ended:
        st.toast(_title(job), icon=":material/check_circle:" if job.state.startswith("done") else ":material/error:")
    bodies = as_lines([job.message for job in ended], state.catalogue())
    notices = [
        {"id": f"{job.job_id}-{job.finished:.0f}", "title": _title(job), "body": body}
        for job, body in zip(ended, bodies, strict=True)
    ]
    at_work = bool(st.session_state[_GOING_ON])
    if at_work or notices:
        data = {"notices": notices, "ask": say("jobs-notify") if at_work else "", "on": say("jobs-notify-on")}
        _component()(key="desktop_notices", data=data)


def _title(job: JobRecord) -> str:
    if job.state.startswith("done"):
        return say("jobs-toast-done", run=job.run_name, kind=job.kind)
    key = "jobs-toast-cancelled" if job.state == "cancelled" else "jobs-toast-stopped"
    return say(key, run=job.run_name, kind=job.kind)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    css, js = (path.read_text(encoding="utf-8") for path in (_CSS, _JS))
    return st.components.v2.component("desktop_notices", html='<div class="notices"></div>', css=css, js=js)
