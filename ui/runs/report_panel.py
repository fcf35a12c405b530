"""The report on a run, written by a background job and downloaded."""

from __future__ import annotations

import datetime
from pathlib import Path

import streamlit as st

from core.collection import metadata_columns
from core.foundation import CoreError
from core.workspace import RunFacts, queue_job
from ui.runs.job_panel import last_job_of, show_failure
from ui.session import state
from ui.words import language, say

COMMAND = "report"
_BY_CATEGORY = ("category", "category:1")


def offer_report(facts: RunFacts) -> None:
    """Offer to make and download the report of a run in the session's language."""
    path = _path_of(facts)
    with st.container(border=True):
        st.markdown(f"**{say('report-title')}**  \n{say('report-about')}")
        job = last_job_of(COMMAND, facts.name)
        if job is not None and not job.is_over:
            # Its progress is shown above with all jobs.
            st.info(say("report-going"), icon=":material/hourglass_top:")
        else:
            show_failure(job, path, failed=say("report-failed"), cancelled=say("report-cancelled"))
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


def _in_words(labels: str) -> str:
    """Return the name of labels on the screens."""
    if labels in _BY_CATEGORY:
        return say("columns-category") if labels == "category" else say("columns-top")
    return labels.partition(":")[2]


def _path_of(facts: RunFacts) -> Path:
    return state.workspace().run(facts.name).root / "reports" / f"report_{facts.name}_{language()}.zip"
