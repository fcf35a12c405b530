"""The report on a run: written by a job of the queue, kept with the run, downloaded."""

from __future__ import annotations

import datetime
from pathlib import Path

import streamlit as st

from core.collection import metadata_columns
from core.foundation import CoreError
from core.workspace import JobRecord, RunFacts, current_job, queue_job
from ui.session import state
from ui.words import as_lines, language, say

COMMAND = "report"
_BY_CATEGORY = ("category", "category:1")


def offer_report(facts: RunFacts) -> None:
    """Offer to make the report of a run in the language of the screens, and to download the one that is there."""
    path = _path_of(facts)
    with st.container(border=True):
        st.markdown(f"**{say('report-title')}**  \n{say('report-about')}")
        job = _last_job(facts.name)
        if job is not None and not job.is_over:
            # How far it is stands above, where every job is shown.
            st.info(say("report-going"), icon=":material/hourglass_top:")
        else:
            _tell_failure(job, path)
            _ask_and_start(facts, path)
        if path.is_file():
            _offer_download(path)


def _ask_and_start(facts: RunFacts, path: Path) -> None:
    labels, make = st.columns([3, 1], vertical_alignment="bottom")
    ways = [*_BY_CATEGORY, *(f"column:{name}" for name in metadata_columns(state.catalogue()))]
    chosen = labels.selectbox(
        say("report-labels"),
        ways,
        format_func=_in_words,
        key=f"report_labels_{facts.name}",
        help=say("report-labels-help"),
        persist_state="session",
    )
    if not make.button(say("report-make"), icon=":material/description:", width="stretch", key=f"report_{facts.name}"):
        return
    arguments = [COMMAND, "--name", facts.name, "--out", str(path), "--language", language(), "--labels", str(chosen)]
    try:
        queue_job(state.workspace(), arguments, facts.name)
    except CoreError as error:
        state.show_error(error)
        return
    st.rerun()


def _offer_download(path: Path) -> None:
    when = datetime.datetime.fromtimestamp(path.stat().st_mtime).astimezone().strftime("%Y-%m-%d %H:%M")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            say("report-download"),
            lambda: path.read_bytes(),
            path.name,
            "application/zip",
            icon=":material/download:",
            type="primary",
            key="report_zip",
            on_click="ignore",
        )
        st.caption(say("report-made", date=when))


def _last_job(run_name: str) -> JobRecord | None:
    current_job(state.workspace())  # one whose process is gone is no longer at work
    jobs = state.catalogue().jobs(limit=100)
    return next((job for job in jobs if (job.kind, job.run_name) == (COMMAND, run_name)), None)


def _tell_failure(job: JobRecord | None, path: Path) -> None:
    """Say how the last report ended where it left none."""
    if job is None or job.state.startswith("done") or (path.is_file() and path.stat().st_mtime > job.finished):
        return
    if job.state == "cancelled":
        st.info(say("report-cancelled"), icon=":material/cancel:")
    else:
        reason = as_lines([job.message], state.catalogue())[0]
        st.error(f"{say('report-failed')} {state.plain(reason)}", icon=":material/error:")


def _in_words(labels: str) -> str:
    """Return what labels are called."""
    if labels in _BY_CATEGORY:
        return say("columns-category") if labels == "category" else say("columns-top")
    return labels.partition(":")[2]


def _path_of(facts: RunFacts) -> Path:
    return state.workspace().run(facts.name).root / "reports" / f"report_{facts.name}_{language()}.zip"
