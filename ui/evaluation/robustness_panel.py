"""Robustness of a search to turning and damage, measured by a background job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.evaluation import RobustnessResult, RobustnessSettings, read_robustness
from core.foundation import CoreError
from core.storage import csv_for_people
from core.workspace import cancel, queue_job, queued_jobs, start_next_job
from ui.components import show_figure
from ui.evaluation.charts import name_of_change, robustness_figure
from ui.runs import last_job_of, show_failure, show_job
from ui.session import state
from ui.words import say

COMMAND = "robustness"


def show_robustness(collection: state.Collection) -> None:
    """Show the progress of a measurement or offer one, and the result of the last."""
    st.caption(say("evaluate-robustness-help"))
    path = _measured(collection)
    job = last_job_of(COMMAND, collection.run.name)
    if job is not None and not job.is_over:
        _watch(job.job_id)
    else:
        failed, cancelled = say("evaluate-robustness-failed"), say("evaluate-robustness-cancelled")
        show_failure(job, path, failed=failed, cancelled=cancelled)
        _ask_and_start(collection, again=path is not None)
    if path is None:
        return
    if path.stat().st_mtime < collection.run.matrix_path.stat().st_mtime:
        st.warning(say("evaluate-robustness-stale"), icon=":material/update:")
    try:
        rows = read_robustness(path)
    except CoreError as error:
        state.show_error(error)
        return
    _show(collection, rows)


def _measured(collection: state.Collection) -> Path | None:
    """Return the newest result, of the app or of a command that wrote into the run."""
    places = (collection.run.results / COMMAND / "robustness.csv", collection.run.results / "robustness.csv")
    written = [place for place in places if place.is_file()]
    return max(written, key=lambda place: place.stat().st_mtime_ns) if written else None


def _ask_and_start(collection: state.Collection, *, again: bool) -> None:
    count, start = st.columns([1, 2], vertical_alignment="bottom")
    most = max(1, len(collection.ids))
    usual = min(RobustnessSettings().specimens, most)
    specimens = int(
        count.number_input(
            say("evaluate-robustness-count"), 1, most, usual, key="robust_n", help=say("evaluate-robustness-count-help")
        )
    )
    label = say("evaluate-robustness-again") if again else say("evaluate-robustness-start")
    if not start.button(label, key="robust_go", icon=":material/science:"):
        return
    folder = collection.run.results / COMMAND
    arguments = [COMMAND, "--run", str(collection.run.root), "--out", str(folder), "--specimens", str(specimens)]
    try:
        queue_job(state.workspace(), [*arguments, "--no-download"], collection.run.name)
    except CoreError as error:
        state.show_error(error)
        return
    st.rerun()


@st.fragment(run_every=1.0)
def _watch(job_id: int) -> None:
    """Show the progress of the measurement, or the number of jobs before it.

    When it is over, the page runs again.
    """
    workspace = state.workspace()
    at_work = start_next_job(workspace)
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


def _show(collection: state.Collection, rows: Sequence[RobustnessResult]) -> None:
    table = pd.DataFrame([vars(one) for one in rows])
    shown = table.assign(change=[name_of_change(one.change) for one in rows])
    columns = {name: say(f"evaluate-robustness-{name.replace('_', '-')}") for name in table.columns}
    shares = {
        columns[name]: st.column_config.NumberColumn(format="percent") for name in columns if name.startswith("finds")
    }
    show_figure(robustness_figure(rows), "robustness", key="robustness_plot")
    st.dataframe(shown.rename(columns=columns), hide_index=True, width="stretch", column_config=shares)
    st.caption(f"{collection.made_by} · {state.plain(collection.run.name)}")
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "robustness.csv", "text/csv", key="robustness_csv"
    )
