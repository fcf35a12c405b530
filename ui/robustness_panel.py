"""What a search survives, on the evaluate screen: read where it was measured, or started in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import CoreError
from core.robustness import RobustnessSettings, read_robustness
from core.spreadsheets import csv_for_people
from ui import state
from ui.evaluation_charts import robustness_figure
from ui.words import say

_SECONDS = 3.0
# Processes that this server started, by the folder they write into.
_MEASURING: dict[Path, subprocess.Popen[bytes]] = {}


def show_robustness(there: state.Collection) -> None:
    """Show table and plot, and offer to measure."""
    st.caption(say("evaluate-robustness-help"))
    folder = there.run.results / "robustness"
    path = next(
        (one for one in (folder / "robustness.csv", there.run.results / "robustness.csv") if one.is_file()), None
    )
    if path is not None:
        try:
            found = read_robustness(path)
        except CoreError as error:
            state.show_error(error)
        else:
            table = pd.DataFrame([vars(one) for one in found])
            columns = {name: say(f"evaluate-robustness-{name.replace('_', '-')}") for name in table.columns}
            shares = {
                columns[name]: st.column_config.NumberColumn(format="percent") for name in columns if "finds" in name
            }
            st.dataframe(table.rename(columns=columns), hide_index=True, width="stretch", column_config=shares)
            st.plotly_chart(robustness_figure(found), key="robustness_plot")
            st.caption(f"{there.made_by} · {state.plain(there.run.name)}")
            st.download_button(
                say("common-download-csv"), csv_for_people(table), "robustness.csv", "text/csv", key="robustness_csv"
            )
    count, start = st.columns([1, 2], vertical_alignment="bottom")
    most = max(1, len(there.ids))
    usual = min(RobustnessSettings().specimens, most)
    specimens = int(
        count.number_input(
            say("evaluate-robustness-count"), 1, most, usual, key="robust_n", help=say("evaluate-robustness-count-help")
        )
    )
    is_busy = _is_measuring(folder)
    label = say("evaluate-robustness-again") if path is not None else say("evaluate-robustness-start")
    if start.button(label, key="robust_go", disabled=is_busy, icon=":material/science:"):
        _start(there, folder, specimens)
        is_busy = True
    if is_busy:
        _watch(str(folder))


def _start(there: state.Collection, folder: Path, specimens: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "core", "robustness", "--run", str(there.run.root), "--no-download"]
    command += ["--out", str(folder), "--specimens", str(specimens), "--overwrite"]
    with (folder / "robustness.log").open("wb") as log:
        _MEASURING[folder] = subprocess.Popen(command, cwd=state.PROJECT, stdout=log, stderr=subprocess.STDOUT)


def _is_measuring(folder: Path) -> bool:
    process = _MEASURING.get(folder)
    return process is not None and process.poll() is None


@st.fragment(run_every=_SECONDS)
def _watch(folder: str) -> None:
    """Show the last line of the log until the process ends; then show the results."""
    log = Path(folder) / "robustness.log"
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    last = next((line for line in reversed(lines) if line.strip()), "")
    if _is_measuring(Path(folder)):
        st.info(f"{say('evaluate-robustness-running')} {state.plain(last)}", icon=":material/hourglass_top:")
        return
    process = _MEASURING.pop(Path(folder), None)
    if process is not None and process.returncode:
        st.error(f"{say('evaluate-robustness-failed')} {state.plain(last)}")
        return
    st.rerun()
