"""The job at work: how far every stage is, what failed and why, its log."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd
import streamlit as st

from core.catalogue import JobRecord, StageProgress
from core.errors import CoreError
from core.jobs import cancel, current_job, log_of
from ui import state

_SEEN = "job_seen_running"
_LOG_LINES = 200
_ORDER = ("Checking", "Rendering", "Features", "Pooling", "Neighbours", "Clusters")


@st.fragment(run_every=1.0)
def watch_job() -> None:
    """Show the job at work, refreshed every second; the page runs again when it is over."""
    workspace = state.workspace()
    job = current_job(workspace)
    if job is not None:
        st.session_state[_SEEN] = job.job_id
        _show(job)
        return
    if st.session_state.pop(_SEEN, None) is not None:
        st.session_state["job_just_over"] = True
        st.rerun()


def show_last_job() -> None:
    """Say how the last job ended, once it is over."""
    jobs = state.catalogue().jobs(limit=1)
    if not jobs or not jobs[0].is_over:
        return
    job = jobs[0]
    seconds = max(job.finished - job.created, 0)
    took = _duration(seconds)
    if job.state.startswith("done"):
        if st.session_state.pop("job_just_over", False):
            st.toast(f"The run “{job.run_name}” is done.", icon=":material/check_circle:")
            st.session_state["run"] = job.run_name
        title, icon = f"The run “{state.plain(job.run_name)}” is done; it took {took}.", ":material/check_circle:"
    elif job.state == "cancelled":
        title, icon = f"The run “{state.plain(job.run_name)}” was cancelled after {took}.", ":material/cancel:"
        st.warning("What was finished is kept; start the run again and it goes on from there.", icon=icon)
    else:
        title, icon = f"The run “{state.plain(job.run_name)}” stopped after {took}.", ":material/error:"
        st.error(state.plain(job.message), icon=icon)
    with st.expander(title, icon=icon):
        _show_log(job)


def show_failures(source: str, *, at_work: bool = False) -> None:
    """List the specimens of an input folder that could not be used, and why."""
    failed = [record for record in state.catalogue().specimens(source).values() if record.error]
    if not failed:
        return
    title = f"{len(failed)} specimen{'s' if len(failed) != 1 else ''} could not be used"
    with st.expander(title, icon=":material/report:", expanded=len(failed) <= 5):
        st.dataframe(
            pd.DataFrame({"specimen": [r.specimen_id for r in failed], "reason": [r.error for r in failed]}),
            hide_index=True,
            width="stretch",
            column_config={"reason": st.column_config.TextColumn(width="large")},
        )
        others = "The run goes on with the others." if at_work else "The others went through."
        st.caption(f"{others} Mend or remove these files and start the run again: only they are redone.")


def _show(job: JobRecord) -> None:
    with st.container(border=True):
        title, stop = st.columns([5, 1], vertical_alignment="center")
        title.markdown(f"**Run “{state.plain(job.run_name)}”**")
        if stop.button("Cancel", key=f"cancel_{job.job_id}", width="stretch"):
            cancel(state.workspace(), job.job_id)
            st.rerun()
        if not job.stages:
            st.progress(0.0, text="Loading the backbone …")
        for stage in sorted(job.stages, key=_place):
            share = stage.done / stage.total if stage.total else 1.0
            st.progress(min(share, 1.0), text=_in_words(stage))
        with suppress(CoreError):  # before the run has written down what it reads
            show_failures(str(state.workspace().run(job.run_name).config().get("input", "")), at_work=True)
        with st.expander("Log"):
            _show_log(job)


def _place(stage: StageProgress) -> int:
    """Return where a stage stands in the order of the work; the consumer of a stream starts first."""
    return _ORDER.index(stage.label) if stage.label in _ORDER else len(_ORDER)


def _in_words(stage: StageProgress) -> str:
    total = f" of {stage.total}" if stage.total is not None else ""
    parts = [f"{stage.label}: {stage.done}{total}"]
    if stage.rate > 0 and stage.total and stage.done < stage.total:
        parts.append(f"{stage.rate:.1f}/s")
        if stage.seconds_left is not None and stage.done >= 3:
            parts.append(f"about {_duration(stage.seconds_left)} left")
    return " · ".join(parts)


def _show_log(job: JobRecord) -> None:
    path = log_of(state.workspace(), job.job_id)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = ["(no log)"]
    st.code("\n".join(lines), language=None, height=220)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
