"""The selection of specimens that all screens share, in the order of selection.

A screen calls `select`, `add_to_selection` or `take_from_selection` in a callback, or before a
rerun, and shows those of `selected_in(collection.ids)` as chosen. The sidebar does the rest.
Every change is kept in the workspace, and a token of it in the address, so that a reload finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from core.foundation import CoreError
from core.workspace import new_token, read_selection, write_selection
from ui.session import state

_STATE, _OWN_TOKEN, _USED_ON = "selection", "selection_own_token", "selection_used_on"
_PARTS = Path(__file__).parent / "address_component"


def selected() -> tuple[str, ...]:
    """Return the selected ids, in the order of selection."""
    return tuple(st.session_state.get(_STATE, ()))


def selected_in(ids: Iterable[str]) -> tuple[str, ...]:
    """Return those of the selected ids that are among these."""
    known = set(ids)
    return tuple(name for name in selected() if name in known)


def select(specimen_ids: Iterable[str]) -> None:
    """Make these specimens the selection, and keep it for a reload of the page."""
    st.session_state[_STATE] = tuple(dict.fromkeys(specimen_ids))
    if not selected():
        state.put_selection_in_address("")
        return
    # Other tabs may share the token of the address; a changed selection gets a token of its own.
    token = st.session_state.setdefault(_OWN_TOKEN, new_token())
    try:
        write_selection(state.catalogue(), token, selected())
    except CoreError as error:
        logging.getLogger("core").warning("%s", error)
        return
    state.put_selection_in_address(token)


def recall_selection() -> None:
    """Read the selection of a new session from its address. The router calls this."""
    if _STATE in st.session_state:
        return
    st.session_state[_STATE] = ()
    token = st.query_params.get(state.SELECTION, "")
    if not token:
        return
    try:
        st.session_state[_STATE] = read_selection(state.catalogue(), token)
    except CoreError as error:
        logging.getLogger("core").warning("%s", error)
    if selected():
        state.put_selection_in_address(token)


def name_selection_in_address() -> None:
    """Put the selection in the browser's address without a step of its history."""
    data = {"name": state.SELECTION, "value": state.address().get(state.SELECTION, "")}
    _component()(key="address_of_selection", data=data, height=1)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("address", js=(_PARTS / "address.js").read_text(encoding="utf-8"))


def add_to_selection(specimen_ids: Iterable[str]) -> None:
    """Add these specimens behind those that are selected already."""
    select((*selected(), *specimen_ids))


def take_from_selection(specimen_ids: Iterable[str]) -> None:
    """Remove these specimens from the selection."""
    gone = set(specimen_ids)
    select(name for name in selected() if name not in gone)


def toggle_selected(specimen_id: str) -> None:
    """Select a specimen, or remove it from the selection if it is selected."""
    if specimen_id in selected():
        take_from_selection([specimen_id])
    else:
        add_to_selection([specimen_id])


def use_selection_on(screen: str) -> None:
    """Ask a screen to work with the whole selection when it is drawn next."""
    st.session_state[_USED_ON] = screen


def is_used_on(screen: str) -> bool:
    """Return whether a screen was asked to use the selection, and forget the request."""
    if st.session_state.get(_USED_ON) != screen:
        return False
    del st.session_state[_USED_ON]
    return True
