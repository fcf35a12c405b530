"""Quarantine: specimens that failed, the reasons, what to do, and another try."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.collection import Quarantined, quarantined, read_unread
from core.foundation import CoreError
from core.storage import csv_for_people
from core.workspace import queue_specimens
from ui.session import state
from ui.words import as_line, as_lines, say

_TICKED = "quarantine_table"


def show_quarantine(source: str, run_name: str) -> None:
    """List the specimens of an input folder that failed, and offer to try again."""
    _show_unread(run_name)
    found = quarantined(state.catalogue().specimens(source, only_failed=True))
    if not found:
        return
    with st.expander(say("quarantine-title", count=len(found)), icon=":material/report:", expanded=len(found) <= 5):
        for kind in dict.fromkeys(one.kind for one in found):
            count = sum(one.kind == kind for one in found)
            st.markdown(f"**{_why(kind)}** · {say('common-specimens', count=count)}  \n{_what_to_do(kind)}")
        frame = pd.DataFrame(
            {
                say("quarantine-specimen"): [one.specimen_id for one in found],
                say("quarantine-kind"): [_why(one.kind) for one in found],
                say("quarantine-reason"): as_lines([one.reason for one in found], state.catalogue()),
                say("quarantine-file"): [one.path for one in found],
            }
        )
        event = st.dataframe(
            frame,
            hide_index=True,
            width="stretch",
            on_select="rerun",
            selection_mode="multi-row",
            key=_TICKED,
            column_config={say("quarantine-reason"): st.column_config.TextColumn(width="large")},
        )
        ticked = [found[row] for row in event.selection.rows if row < len(found)]
        _offer_another_try(found, ticked, run_name, frame)


def _show_unread(run_name: str) -> None:
    """List the files of kinds that the run did not read, and what to do about them."""
    unread = read_unread(state.workspace().run(run_name).root)
    if unread:
        with st.expander(say("quarantine-unread"), icon=":material/file_open:", expanded=True):
            for sentence in unread:
                st.markdown(f"- {state.plain(as_line(sentence))}")


def _offer_another_try(
    found: Sequence[Quarantined], ticked: Sequence[Quarantined], run_name: str, frame: pd.DataFrame
) -> None:
    st.caption(say("quarantine-advice"))
    with st.container(horizontal=True, gap="small"):
        label = say("quarantine-again", count=len(ticked)) if ticked else say("quarantine-again-all")
        if st.button(label, icon=":material/replay:", type="primary", key="quarantine_again"):
            try:
                queue_specimens(state.workspace(), run_name, [one.specimen_id for one in ticked or found])
            except CoreError as error:
                state.show_error(error)
                return
            st.rerun()
        csv = csv_for_people(frame)
        st.download_button(
            say("common-download-csv"),
            csv,
            "quarantine.csv",
            "text/csv",
            icon=":material/download:",
            key="quarantine_csv",
            on_click="ignore",
        )


def _why(kind: str) -> str:
    return say(f"quarantine-why-{kind}")


def _what_to_do(kind: str) -> str:
    return say(f"quarantine-do-{kind}")
