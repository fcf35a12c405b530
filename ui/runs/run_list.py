"""The list of runs, and actions on one."""

from __future__ import annotations

import datetime

import pandas as pd
import streamlit as st

from core.foundation import CoreError
from core.pipeline import changes_of_input, free_name, read_recipe
from core.storage import csv_for_people
from core.workspace import COMPLETE, RunFacts, delete_run, list_runs, queue_job, rename_run, size_on_disk, write_notes
from ui.runs.report_panel import offer_report
from ui.session import go_to, state
from ui.words import as_line, say

_DONE = "runs_done"


def choose_from_runs() -> RunFacts | None:
    """Show every run as a row, and return the ticked one, else the chosen one."""
    if (done := st.session_state.pop(_DONE, None)) is not None:
        st.success(done, icon=":material/check_circle:")
    runs = list_runs(state.workspace())
    if not runs:
        st.info(say("runs-none"), icon=":material/inventory_2:")
        if st.button(say("frame-go-to-specimens"), type="primary"):
            go_to("specimens")
        return None
    frame = pd.DataFrame([_row(facts) for facts in runs])
    event = st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"runs_{len(runs)}",
        column_config={
            say("runs-column-notes"): st.column_config.TextColumn(width="medium"),
            say("runs-column-size"): st.column_config.NumberColumn(format="%.1f MB"),
            say("runs-column-date"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    total = sum(_size(facts.name, facts.changed) for facts in runs)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(say("runs-total", count=len(runs), size=_megabytes(total)))
    right.download_button(
        say("common-download-csv"),
        csv_for_people(frame),
        "runs.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    rows = event.selection.rows
    if rows and rows[0] < len(runs):
        return runs[rows[0]]
    shown = state.chosen_run()
    return next((facts for facts in runs if shown is not None and facts.name == shown.name), runs[0])


def show_run(facts: RunFacts) -> None:
    """Show a run with its settings, and offer the actions on it."""
    st.subheader(state.plain(facts.name))
    made = say(
        "runs-made-from",
        folder=state.plain(facts.input),
        backbone=facts.backbone,
        engine=facts.engine,
        pool=facts.pool,
    )
    st.caption(" · ".join([made, *state.unusual_in_words(facts.config)]))
    if facts.is_being_made_again:
        st.info(say("frame-being-made-again"), icon=":material/sync_problem:")
    with st.container(horizontal=True, gap="small"):
        if facts.state == COMPLETE and st.button(say("runs-look"), type="primary", icon=":material/visibility:"):
            state.choose_run(facts.name)
            go_to("specimens")
        if facts.state == COMPLETE and st.button(
            say("runs-compare"), icon=":material/compare_arrows:", help=say("runs-compare-help")
        ):
            state.choose_run(facts.name)
            go_to("evaluate")
        _offer_reproduction(facts)
        _offer_deletion(facts)
    if facts.state == COMPLETE:
        offer_report(facts)
    left, right = st.columns(2)
    with left:
        _edit_notes(facts)
    with right:
        _edit_name(facts)
    with st.expander(say("runs-settings"), icon=":material/tune:"):
        st.json(dict(facts.config), expanded=1)
        st.caption(say("runs-settings-help"))
        st.code(f"python -m core reproduce --workspace {state.workspace().root} --config runs/{facts.name}/config.json")


def _offer_reproduction(facts: RunFacts) -> None:
    if not facts.config:
        return
    run = state.workspace().run(facts.name)
    with st.popover(say("runs-again"), icon=":material/replay:"):
        st.markdown(say("runs-again-about"))
        try:
            recipe = read_recipe(run.config_path, download=False)
            for sentence in (*recipe.warnings, *changes_of_input(run, recipe.input)):
                st.warning(state.plain(as_line(sentence)), icon=":material/info:")
        except CoreError as error:
            state.show_error(error)
            return
        name = st.text_input(
            say("runs-again-name"), value=free_name(state.workspace(), facts.name), key=f"again_{facts.name}"
        )
        if st.button(say("runs-again-start"), type="primary", key=f"again_start_{facts.name}"):
            try:
                state.workspace().run(name)
                arguments = ["--config", str(run.config_path), "--name", name, "--no-download"]
                queue_job(state.workspace(), arguments, name)
            except CoreError as error:
                state.show_error(error)
                return
            st.session_state[_DONE] = say("runs-again-done", run=state.plain(name))
            st.rerun()


def _offer_deletion(facts: RunFacts) -> None:
    with st.popover(say("runs-delete"), icon=":material/delete:"):
        size = _megabytes(size_on_disk(state.workspace().run(facts.name).root))
        st.markdown(say("runs-delete-about", run=state.plain(facts.name), size=size))
        if st.button(say("runs-delete-sure"), type="primary", key=f"delete_{facts.name}"):
            try:
                freed = delete_run(state.workspace(), facts.name)
            except CoreError as error:
                state.show_error(error)
                return
            if st.session_state.get("run") == facts.name:
                del st.session_state["run"]
            st.session_state[_DONE] = say("runs-delete-done", run=state.plain(facts.name), size=_megabytes(freed))
            st.rerun()


def _edit_notes(facts: RunFacts) -> None:
    with st.form(f"notes_{facts.name}", border=False):
        text = st.text_area(say("runs-notes"), value=facts.notes, height=120, help=say("runs-notes-help"))
        if st.form_submit_button(say("runs-notes-save"), icon=":material/save:"):
            try:
                write_notes(state.workspace().run(facts.name), text)
            except CoreError as error:
                state.show_error(error)
                return
            st.session_state[_DONE] = say("runs-notes-done", run=state.plain(facts.name))
            st.rerun()


def _edit_name(facts: RunFacts) -> None:
    with st.form(f"name_{facts.name}", border=False):
        name = st.text_input(say("runs-name"), value=facts.name, help=say("runs-name-help"))
        if st.form_submit_button(say("runs-rename"), icon=":material/edit:") and name.strip() != facts.name:
            try:
                renamed = rename_run(state.workspace(), facts.name, name)
            except CoreError as error:
                state.show_error(error)
                return
            if st.session_state.get("run") == facts.name:
                state.choose_run(renamed.name)
            st.session_state[_DONE] = say(
                "runs-rename-done", before=state.plain(facts.name), now=state.plain(renamed.name)
            )
            st.rerun()


def _row(facts: RunFacts) -> dict[str, object]:
    return {
        say("runs-column-name"): facts.name,
        say("runs-column-state"): say("runs-state-again" if facts.is_being_made_again else f"runs-state-{facts.state}"),
        say("runs-column-backbone"): facts.backbone,
        say("runs-column-views"): f"{facts.views} × {facts.pixels} px",
        say("runs-column-pool"): facts.pool,
        say("runs-column-count"): facts.n_specimens,
        say("runs-column-size"): _size(facts.name, facts.changed) / 1e6,
        say("runs-column-date"): datetime.datetime.fromtimestamp(facts.changed),
        say("runs-column-notes"): facts.notes,
    }


@st.cache_data(show_spinner=False, ttl=30)
def _size(name: str, changed: float) -> int:
    del changed  # part of the key only
    return size_on_disk(state.workspace().run(name).root)


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
