"""Import of metadata from a table: matches are shown first, then written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core.collection import (
    WAYS,
    LeftOut,
    MatchedTable,
    MatchingSettings,
    known_specimens,
    match_table,
    metadata_columns,
    remove_metadata_columns,
    write_matched,
)
from core.foundation import CoreError
from core.storage import EXCEL_SUFFIXES, TEXT_SUFFIXES, Table, csv_for_people, read_table
from ui.session import keep_file, state
from ui.words import say

_DONE, _PROBLEM = "metadata_written", "metadata_problem"


def import_metadata() -> None:
    """Let the user choose a table and how its rows are matched, and show the result."""
    _show_outcome()
    st.caption(say("metadata-help"))
    kinds = [suffix.lstrip(".") for suffix in (*TEXT_SUFFIXES, *EXCEL_SUFFIXES)]
    file = st.file_uploader(say("metadata-file"), type=kinds, key=f"metadata_file_{st.session_state.get(_DONE, 0)}")
    if file is None:
        _offer_removal()
        return
    try:
        table = _read(file.name, file.getvalue())
        by, column = _ask_how(table)
        matched = match_table(
            state.catalogue(), table, known_specimens(state.workspace()), MatchingSettings(by=by, column=column)
        )
    except CoreError as error:
        state.show_error(error)
        return
    _report(matched)
    overwrite = bool(matched.changes) and st.toggle(
        say("metadata-overwrite", count=len(matched.changes)), help=say("metadata-overwrite-help")
    )
    count = matched.added + (len(matched.changes) if overwrite else 0)
    st.button(
        say("metadata-write", count=count),
        type="primary",
        disabled=not count,
        on_click=_write,
        args=(matched, overwrite),
        icon=":material/save:",
    )


def _read(name: str, data: bytes) -> Table:
    return read_table(keep_file(f"metadata{Path(name).suffix.lower()}", data))


def _ask_how(table: Table) -> tuple[str, str]:
    left, right = st.columns(2)
    ways = {way: say(f"metadata-by-{way}") for way in WAYS}
    by = left.selectbox(say("metadata-by"), WAYS, format_func=ways.get, help=say("metadata-by-help"))
    column = right.selectbox(
        say("metadata-column"),
        ["", *table.columns],
        format_func={"": say("metadata-column-found"), **{name: name for name in table.columns}}.get,
        help=say("metadata-column-help"),
    )
    return by, column


def _report(matched: MatchedTable) -> None:
    """Show matched rows, rows without match, and values that would change."""
    state.show_notes(matched.notes)
    fits, left, odd, without = st.columns(4)
    fits.metric(say("metadata-matched"), len(matched.values))
    left.metric(say("metadata-not-matched"), len(matched.not_matched))
    odd.metric(say("metadata-ambiguous"), len(matched.ambiguous))
    without.metric(say("metadata-without-row"), len(matched.without_row))
    way = say(f"metadata-by-{matched.by}")
    st.caption(say("metadata-matched-by", by=way, column=state.plain(matched.column), columns=len(matched.columns)))
    if not matched.is_exact:
        _ask_to_look(matched)
    _rows(say("metadata-not-matched"), _left_out(matched.not_matched), "not_matched.csv")
    _rows(say("metadata-ambiguous"), _left_out(matched.ambiguous), "ambiguous.csv")
    _rows(say("metadata-without-row"), pd.DataFrame({"specimen_id": matched.without_row}), "without_row.csv")
    _rows(say("metadata-changes"), pd.DataFrame([vars(change) for change in matched.changes]), "changes.csv")


def _ask_to_look(matched: MatchedTable) -> None:
    """Show examples of rows that do not have the id of their specimen as it is written."""
    fit = matched.n_rows - len(matched.not_matched) - len(matched.ambiguous)
    st.warning(say("metadata-not-exact", fit=fit, rows=matched.n_rows), icon=":material/fact_check:")
    columns = {"key": say("metadata-example-key"), "specimen_id": say("metadata-example-specimen")}
    st.dataframe(
        pd.DataFrame(matched.examples, columns=list(columns)), column_config=columns, hide_index=True, width="content"
    )


def _left_out(rows: tuple[LeftOut, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": [row.line for row in rows],
            "key": [row.key for row in rows],
            "candidates": [", ".join(row.candidates) for row in rows],
        }
    )


def _rows(title: str, rows: pd.DataFrame, file: str) -> None:
    if rows.empty:
        return
    with st.expander(f"{title} ({len(rows)})"):
        st.dataframe(rows.astype(str), hide_index=True, width="stretch")
        st.download_button(say("common-download-csv"), csv_for_people(rows), file, "text/csv", key=file)


def _write(matched: MatchedTable, overwrite: bool) -> None:
    try:
        written = write_matched(state.catalogue(), matched, overwrite=overwrite)
    except CoreError as error:
        st.session_state[_PROBLEM] = error
        return
    st.session_state[_DONE] = st.session_state.get(_DONE, 0) + 1
    st.session_state[f"{_DONE}_text"] = say("metadata-written", count=written, specimens=len(matched.values))


def _show_outcome() -> None:
    problem, text = st.session_state.pop(_PROBLEM, None), st.session_state.pop(f"{_DONE}_text", None)
    if problem is not None:
        state.show_error(problem)
    if text is not None:
        st.success(text, icon=":material/check_circle:")


def _offer_removal() -> None:
    """Offer to remove columns of metadata."""
    columns = metadata_columns(state.catalogue())
    if not columns:
        return
    with st.expander(say("metadata-columns", count=len(columns))):
        gone = st.multiselect(say("metadata-remove"), columns, key="metadata_remove")
        st.button(say("metadata-remove-button"), disabled=not gone, on_click=_remove, args=(gone,))


def _remove(columns: list[str]) -> None:
    try:
        remove_metadata_columns(state.catalogue(), columns)
    except CoreError as error:
        st.session_state[_PROBLEM] = error
    st.session_state["metadata_remove"] = []
