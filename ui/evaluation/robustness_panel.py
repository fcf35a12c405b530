"""What a search survives, on the evaluate screen: measured by a job of the queue, and shown where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.evaluation import RobustnessSettings, Survival, read_robustness
from core.foundation import CoreError
from core.storage import csv_for_people
from core.workspace import JobRecord, cancel, current_job, queue_run, queued_jobs, tend
from ui.components import show_figure
from ui.evaluation.evaluation_charts import name_of_change, robustness_figure
from ui.runs import show_job
from ui.session import state
from ui.words import as_lines, say

COMMAND = "robustness"


def show_robustness(there: state.Collection) -> None:
    """Show how far a measurement is or offer one, and table and plot of the last."""
    st.caption(say("evaluate-robustness-help"))
    path = _measured(there)
    job = _last_job(there.run.name)
    if job is not None and not job.is_over:
        _watch(job.job_id)
    else:
        _tell_failure(job, path)
        _ask_and_start(there, again=path is not None)
    if path is None:
        return
    if path.stat().st_mtime < there.run.matrix_path.stat().st_mtime:
        st.warning(say("evaluate-robustness-stale"), icon=":material/update:")
    try:
        found = read_robustness(path)
    except CoreError as error:
        state.show_error(error)
        return
    _show(there, found)


def _measured(there: state.Collection) -> Path | None:
    """Return what was measured last: here, or by a command that was told to write into the results of the run."""
    places = (there.run.results / COMMAND / "robustness.csv", there.run.results / "robustness.csv")
    written = [place for place in places if place.is_file()]
    return max(written, key=lambda place: place.stat().st_mtime_ns) if written else None


def _last_job(run_name: str) -> JobRecord | None:
    current_job(state.workspace())  # one whose process is gone is no longer at work
    jobs = state.catalogue().jobs(limit=100)
    return next((job for job in jobs if (job.kind, job.run_name) == (COMMAND, run_name)), None)


def _tell_failure(job: JobRecord | None, path: Path | None) -> None:
    """Say how the last measurement ended where it left no result."""
    if job is None or job.state.startswith("done") or (path is not None and path.stat().st_mtime > job.finished):
        return
    if job.state == "cancelled":
        st.info(say("evaluate-robustness-cancelled"), icon=":material/cancel:")
    else:
        reason = as_lines([job.message], state.catalogue())[0]
        st.error(f"{say('evaluate-robustness-failed')} {state.plain(reason)}", icon=":material/error:")


def _ask_and_start(there: state.Collection, *, again: bool) -> None:
    count, start = st.columns([1, 2], vertical_alignment="bottom")
    most = max(1, len(there.ids))
    usual = min(RobustnessSettings().specimens, most)
    specimens = int(
        count.number_input(
            say("evaluate-robustness-count"), 1, most, usual, key="robust_n", help=say("evaluate-robustness-count-help")
        )
    )
    label = say("evaluate-robustness-again") if again else say("evaluate-robustness-start")
    if not start.button(label, key="robust_go", icon=":material/science:"):
        return
    folder = there.run.results / COMMAND
    arguments = [COMMAND, "--run", str(there.run.root), "--out", str(folder), "--specimens", str(specimens)]
    try:
        queue_run(state.workspace(), [*arguments, "--no-download"], there.run.name)
    except CoreError as error:
        state.show_error(error)
        return
    st.rerun()


@st.fragment(run_every=1.0)
def _watch(job_id: int) -> None:
    """Show how far the measurement is or what it waits for; the page runs again when it is over."""
    workspace = state.workspace()
    at_work = tend(workspace)
    job = state.catalogue().job(job_id)
    if job is None or job.is_over:
        st.rerun()
    if not job.is_queued:
        show_job(job)
        return
    before = [one for one in queued_jobs(workspace) if (one.place, one.job_id) < (job.place, job_id)]
    ahead = len(before) + (at_work is not None)
    words, out = st.columns([5, 1], vertical_alignment="center")
    words.info(say("evaluate-robustness-waits", count=ahead), icon=":material/hourglass_top:")
    if out.button(say("jobs-remove"), key="robust_out", width="stretch"):
        cancel(workspace, job_id)
        st.rerun()


def _show(there: state.Collection, found: Sequence[Survival]) -> None:
    table = pd.DataFrame([vars(one) for one in found])
    shown = table.assign(change=[name_of_change(one.change) for one in found])
    columns = {name: say(f"evaluate-robustness-{name.replace('_', '-')}") for name in table.columns}
    shares = {
        columns[name]: st.column_config.NumberColumn(format="percent") for name in columns if name.startswith("finds")
    }
    show_figure(robustness_figure(found), "robustness", key="robustness_plot")
    st.dataframe(shown.rename(columns=columns), hide_index=True, width="stretch", column_config=shares)
    st.caption(f"{there.made_by} · {state.plain(there.run.name)}")
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "robustness.csv", "text/csv", key="robustness_csv"
    )
