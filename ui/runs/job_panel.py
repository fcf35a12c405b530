"""Jobs: progress of the current one, the queue, outcome of the last one, logs."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from core.foundation import CoreError
from core.workspace import (
    Catalogue,
    JobRecord,
    StageProgress,
    cancel,
    current_job,
    estimate_time,
    last_lines,
    log_of,
    queued_jobs,
    resume,
    start_next_job,
    time_left,
)
from ui.components import tell_of_ends
from ui.session import state
from ui.words import as_lines, say

_SEEN, _JUST_OVER = "job_seen_running", "job_just_over"
_LOG_LINES = 200
_ORDER = ("Checking", "Rendering", "Features", "Pooling", "Neighbours", "Clusters", "Evaluation")


@st.fragment(run_every=1.0)
def watch_job() -> None:
    """Show the current job and the queue every second.

    When a job is over, the page runs again.
    """
    workspace = state.workspace()
    job = start_next_job(workspace)
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = None if job is None else job.job_id
    if before is not None and before != st.session_state[_SEEN]:
        st.session_state[_JUST_OVER] = before
        st.rerun()
    if job is not None:
        show_job(job)
    _show_queue()


@st.fragment(run_every=3.0)
def show_job_in_sidebar() -> None:
    """Show the current job in the sidebar, and notify of jobs that ended."""
    job = start_next_job(state.workspace())
    tell_of_ends(state.catalogue().jobs(limit=10))
    if job is None:
        return
    stages = sorted(job.stages, key=_place)
    counted = [stage for stage in stages if stage.total]
    share = sum(stage.done / stage.total for stage in counted if stage.total) / len(counted) if counted else 0.0
    left = time_left(job.stages, time.time())
    words = say("jobs-at-work-short", run=job.run_name, kind=job.kind)
    st.progress(min(share, 1.0), text=words if left is None else f"{words} · {say('jobs-left', time=duration(left))}")


def show_last_job() -> None:
    """Show the outcome of the last job, and offer to resume one that did not finish."""
    over = [job for job in state.catalogue().jobs(limit=30) if job.is_over]
    if not over:
        return
    job = max(over, key=lambda one: one.finished)
    just_over = st.session_state.pop(_JUST_OVER, None) == job.job_id
    if just_over and job.kind == "run" and job.state.startswith("done"):
        state.choose_run(job.run_name)
        # The frame around this screen still shows the run before.
        st.rerun()
    with st.expander(how_it_ended(job), icon=icon_of(job)):
        if not job.state.startswith("done"):
            st.markdown(state.plain(as_lines([job.message], state.catalogue())[0]))
            offer_to_resume(job, key="last")
        show_log(job, key="last")


def last_job_of(kind: str, run_name: str) -> JobRecord | None:
    """Return the newest job of a kind on a run, None if there is none."""
    current_job(state.workspace())  # marks a job whose process is gone as over
    jobs = state.catalogue().jobs(limit=100)
    return next((job for job in jobs if (job.kind, job.run_name) == (kind, run_name)), None)


def show_failure(job: JobRecord | None, result: Path | None, *, failed: str, cancelled: str) -> None:
    """Show the outcome of a job that left no result.

    Parameters
    ----------
    job : JobRecord or None
        The job, None if there is none.
    result : Path or None
        The file that it writes.
    failed, cancelled : str
        What is shown if it failed, before its reason, or was cancelled.
    """
    if job is None or job.state.startswith("done"):
        return
    if result is not None and result.is_file() and result.stat().st_mtime > job.finished:
        return
    if job.state == "cancelled":
        st.info(cancelled, icon=":material/cancel:")
    else:
        reason = as_lines([job.message], state.catalogue())[0]
        st.error(f"{failed} {state.plain(reason)}", icon=":material/error:")


def how_it_ended(job: JobRecord) -> str:
    """Return the outcome of a job in a sentence."""
    run, took = state.plain(job.run_name), duration(max(job.finished - job.created, 0))
    if job.state == "done":
        return say("jobs-done", run=run, time=took, kind=job.kind)
    if job.state.startswith("done"):
        return say("jobs-done-some", run=run, time=took)
    if job.state == "cancelled":
        return say("jobs-cancelled", run=run, kind=job.kind)
    return say("jobs-stopped", run=run, time=took, kind=job.kind)


def icon_of(job: JobRecord) -> str:
    """Return the icon of the outcome of a job."""
    if job.state.startswith("done"):
        return ":material/check_circle:"
    return ":material/cancel:" if job.state == "cancelled" else ":material/error:"


def offer_to_resume(job: JobRecord, *, key: str) -> None:
    """Offer to resume a job that did not finish.

    Finished work is not done again.
    """
    if not job.arguments:
        return
    label, kept = say("jobs-resume", kind=job.kind), say("jobs-kept", kind=job.kind)
    if st.button(label, key=f"resume_{key}_{job.job_id}", icon=":material/play_arrow:", help=kept):
        try:
            resume(state.workspace(), job.job_id)
        except CoreError as error:
            state.show_error(error)
            return
        st.rerun()


def show_log(job: JobRecord, *, key: str) -> None:
    """Show the last lines of a job's log, and offer the whole."""
    lines = last_lines(state.workspace(), job.job_id, _LOG_LINES)
    st.code("\n".join(lines) or say("jobs-no-log"), language=None, height=220)
    path = log_of(state.workspace(), job.job_id)
    if lines and path.is_file():
        st.download_button(
            say("jobs-download-log"),
            lambda: path.read_bytes(),
            path.name,
            "text/plain",
            icon=":material/download:",
            key=f"log_{key}_{job.job_id}",
            on_click="ignore",
        )


def duration(seconds: float) -> str:
    """Return a span of time in words, to one or two digits."""
    if seconds < 90:
        return say("jobs-seconds", count=max(round(seconds), 1))
    if seconds < 5400:
        return say("jobs-minutes", count=round(seconds / 60))
    return say("jobs-hours", count=round(seconds / 3600, 1))


def show_job(job: JobRecord) -> None:
    """Show the progress of a job, and offer to cancel it.

    The caller is a fragment that runs again by itself.
    """
    with st.container(border=True):
        title, stop = st.columns([5, 1], vertical_alignment="center")
        left = time_left(job.stages, time.time())
        words = say("jobs-left", time=duration(left)) if left is not None else say("jobs-estimating")
        title.markdown(f"**{_title(job)}** · {words}")
        cancel_help = say("jobs-cancel-help", kind=job.kind)
        if stop.button(say("jobs-cancel"), key=f"cancel_{job.job_id}", width="stretch", help=cancel_help):
            cancel(state.workspace(), job.job_id)
            st.rerun()
        if not job.stages:
            st.progress(0.0, text=say("jobs-loading"))
        for stage in sorted(job.stages, key=_place):
            share = stage.done / stage.total if stage.total else 1.0
            st.progress(min(share, 1.0), text=_in_words(stage))
        st.caption(say("jobs-close-browser"))
        with st.expander(say("jobs-log")):
            show_log(job, key="now")


def _show_queue() -> None:
    """Show the queue, whose jobs can be put first or removed."""
    queue = queued_jobs(state.workspace())
    if not queue:
        return
    with st.container(border=True):
        st.markdown(f"**{say('jobs-queue', count=len(queue))}**")
        for place, job in enumerate(queue):
            name, first, out = st.columns([6, 1, 1], vertical_alignment="center")
            name.markdown(f"{place + 1}. {_title(job)}")
            if place and first.button(say("jobs-first"), key=f"first_{job.job_id}", width="stretch"):
                Catalogue(state.workspace().catalogue_path).put_first(job.job_id)
                st.rerun(scope="fragment")
            if out.button(say("jobs-remove"), key=f"out_{job.job_id}", width="stretch"):
                cancel(state.workspace(), job.job_id)
                st.rerun(scope="fragment")


def _title(job: JobRecord) -> str:
    return say("jobs-at-work", run=state.plain(job.run_name), kind=job.kind)


def _place(stage: StageProgress) -> int:
    """Return the place of a stage in the order of the work.

    Stages of a stream start in another order, the consumer first.
    """
    return _ORDER.index(stage.label) if stage.label in _ORDER else len(_ORDER)


def _in_words(stage: StageProgress) -> str:
    label = _label(stage)
    parts = [
        say("jobs-stage", label=label, done=stage.done)
        if stage.total is None
        else say("jobs-stage-of", label=label, done=stage.done, total=stage.total)
    ]
    if stage.total is not None and stage.done < stage.total:
        rate = estimate_time(stage, time.time()).rate
        parts.append(say("jobs-estimating") if rate is None else _rate_in_words(rate))
    return " · ".join(parts)


def _rate_in_words(rate: float) -> str:
    return say("jobs-rate", rate=f"{rate:.1f}") if rate >= 0.5 else say("jobs-rate-minute", rate=f"{rate * 60:.1f}")


def _label(stage: StageProgress) -> str:
    known = {
        "Checking": say("jobs-stage-checking"),
        "Rendering": say("jobs-stage-rendering"),
        "Features": say("jobs-stage-features"),
        "Pooling": say("jobs-stage-pooling"),
        "Neighbours": say("jobs-stage-neighbours"),
        "Clusters": say("jobs-stage-clusters"),
        "Evaluation": say("jobs-stage-evaluation"),
        "Robustness": say("jobs-stage-robustness"),
        "Report": say("jobs-stage-report"),
    }
    return known.get(stage.label, stage.label)
