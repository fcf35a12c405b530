"""Groups of specimens that may be the same scan under several names."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.neighbours import IDENTICAL, Duplicates, DuplicateSettings, find_duplicates
from core.storage import csv_for_people
from ui.components import card_of, show_gallery
from ui.session import search_from, state
from ui.words import say

MOST_GROUPS = 30
MOST_OF_A_GROUP = 24


def show_look_alikes(collection: state.Collection) -> None:
    """Ask for the largest distance of duplicates, and show the groups."""
    threshold = st.slider(
        say("specimens-alike-threshold"),
        0.0,
        0.02,
        0.002,
        0.0005,
        format="%.4f",
        help=say("specimens-alike-help"),
        key="alike_threshold",
        persist_state="session",
    )
    with st.spinner(say("specimens-alike-wait", count=len(collection.ids))):
        found = _look_alikes(collection.run.name, collection.run.matrix_path.stat().st_mtime_ns, threshold, collection)
    if not found.pairs:
        st.success(say("specimens-alike-none"), icon=":material/check_circle:")
        return
    st.caption(say("specimens-alike-found", count=len(found.groups)))
    state.show_notes(found.notes)
    st.download_button(
        say("common-download-csv"),
        lambda: csv_for_people(pd.DataFrame([vars(pair) for pair in found.pairs])),
        "duplicates.csv",
        "text/csv",
        icon=":material/download:",
    )
    shown = [pair for pair in found.pairs if pair.group <= MOST_GROUPS]
    kinds = {name: pair.kind for pair in shown for name in (pair.specimen_id, pair.other_id)}
    for number, members in enumerate(found.groups[:MOST_GROUPS], start=1):
        cards = [card_of(collection, name, badge=_kind(kinds[name])) for name in members[:MOST_OF_A_GROUP]]
        label = say("specimens-alike-group", number=number)
        show_gallery(cards, key=f"alike_{number}", label=label, on_pick=search_from, width=130)
        if len(members) > MOST_OF_A_GROUP:
            st.caption(say("specimens-alike-more-of-group", count=len(members) - MOST_OF_A_GROUP))
    if len(found.groups) > MOST_GROUPS:
        st.caption(say("specimens-alike-more", count=MOST_GROUPS))


def _kind(kind: str) -> str:
    return say("specimens-alike-identical") if kind == IDENTICAL else say("specimens-alike-near")


@st.cache_resource(show_spinner=False, max_entries=8)
def _look_alikes(name: str, stamp: int, threshold: float, _collection: state.Collection) -> Duplicates:
    del name, stamp  # part of the key only
    hashes = {specimen_id: record.sha256 for specimen_id, record in _collection.records.items()}
    return find_duplicates(_collection.embeddings, DuplicateSettings(threshold=threshold), hashes)
