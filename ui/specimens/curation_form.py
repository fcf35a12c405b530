"""Tags, notes and metadata of one specimen, edited in place."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.collection import Curation, metadata_columns, put_metadata, read_metadata
from core.foundation import CoreError
from core.storage import as_value
from ui.session import state
from ui.words import say

_PROBLEM = "curation_problem"


def edit_curation(specimen_id: str) -> None:
    """Let the user tag a specimen and write a note. Changes are kept at once."""
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        state.show_error(problem)
    curation = Curation(state.catalogue())
    every = curation.tags()
    mine = list(every.get(specimen_id, ()))
    tags_key, note_key = f"tags_{specimen_id}", f"note_{specimen_id}"
    st.session_state[tags_key] = mine
    st.multiselect(
        say("specimen-tags"),
        sorted({tag for tags in every.values() for tag in tags}),
        key=tags_key,
        accept_new_options=True,
        placeholder=say("specimen-tags-hint"),
        help=say("specimen-tags-help"),
        on_change=_keep_tags,
        args=(specimen_id, tags_key, tuple(mine)),
    )
    st.session_state[note_key] = curation.notes().get(specimen_id, "")
    st.text_area(
        say("specimen-note"),
        key=note_key,
        height=96,
        placeholder=say("specimen-note-hint"),
        on_change=_keep_note,
        args=(specimen_id, note_key),
    )


def _keep_tags(specimen_id: str, key: str, before: tuple[str, ...]) -> None:
    curation, now = Curation(state.catalogue()), st.session_state[key]
    try:
        for tag in set(now) - set(before):
            curation.add_tag(tag, [specimen_id])
        for tag in set(before) - set(now):
            curation.remove_tag(tag, [specimen_id])
    except CoreError as error:
        st.session_state[_PROBLEM] = error


def _keep_note(specimen_id: str, key: str) -> None:
    try:
        Curation(state.catalogue()).put_note(specimen_id, st.session_state[key])
    except CoreError as error:
        st.session_state[_PROBLEM] = error


def edit_metadata(specimen_id: str) -> None:
    """Show the metadata of a specimen in cells that can be edited.

    A changed cell is kept at once, an emptied one is removed.
    """
    catalogue = state.catalogue()
    known = read_metadata(catalogue).get(specimen_id, {})
    columns = [column for column in metadata_columns(catalogue) if column in known]
    st.caption(say("specimen-metadata-help") if columns else say("specimen-metadata-none"))
    name, value = say("specimen-metadata-name"), say("specimen-metadata-value")
    rows = pd.DataFrame({name: columns, value: [str(known[column]) for column in columns]}, dtype="str")
    # The number of edits gives every table a key of its own, so that no edit is kept twice.
    edits = st.session_state.setdefault("metadata_edits", 0)
    key = f"metadata_{specimen_id}_{edits}"
    st.data_editor(
        rows,
        key=key,
        hide_index=True,
        num_rows="dynamic",
        width="stretch",
        height=min(420, 74 + 35 * max(1, len(columns))),
        column_config={name: st.column_config.TextColumn(required=True)},
        on_change=_keep_metadata,
        args=(specimen_id, key, tuple(columns), name, value),
        alt=say("specimen-metadata"),
    )


def _keep_metadata(specimen_id: str, key: str, columns: tuple[str, ...], name: str, value: str) -> None:
    edits: dict[str, Any] = st.session_state[key]
    given: dict[str, str | int | float | None] = {columns[int(row)]: None for row in edits["deleted_rows"]}
    kept = read_metadata(state.catalogue()).get(specimen_id, {})
    for row, cells in edits["edited_rows"].items():
        before = columns[int(row)]
        after = str(cells.get(name) or before).strip()
        if after != before:
            given[before] = None
        given[after] = as_value(str(cells[value] or "")) if value in cells else kept.get(before)
    for cells in edits["added_rows"]:
        if cells.get(name) and cells.get(value) is not None:
            given[str(cells[name]).strip()] = as_value(str(cells[value]))
    if not given:
        return
    try:
        put_metadata(state.catalogue(), {specimen_id: given})
    except CoreError as error:
        st.session_state[_PROBLEM] = error
    st.session_state["metadata_edits"] += 1
