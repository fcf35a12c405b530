"""The one selection that every screen shares: a set of specimens, in the order they were taken.

A screen calls `select`, `add_to_selection` or `take_from_selection` in a callback, or before a
rerun, and shows those of `selected_in(there)` as chosen. The panel in the sidebar does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

_STATE, _USED_ON = "selection", "selection_used_on"


def selected() -> tuple[str, ...]:
    """Return the ids that are selected, in the order they were taken."""
    return tuple(st.session_state.get(_STATE, ()))


def selected_in(ids: Iterable[str]) -> tuple[str, ...]:
    """Return those of the selected ids that are among these, the ids of a run say."""
    known = set(ids)
    return tuple(name for name in selected() if name in known)


def select(specimen_ids: Iterable[str]) -> None:
    """Make these specimens the selection."""
    st.session_state[_STATE] = tuple(dict.fromkeys(specimen_ids))


def add_to_selection(specimen_ids: Iterable[str]) -> None:
    """Put these specimens behind those that are selected already."""
    select((*selected(), *specimen_ids))


def take_from_selection(specimen_ids: Iterable[str]) -> None:
    """Let go of these specimens."""
    gone = set(specimen_ids)
    select(name for name in selected() if name not in gone)


def toggle_selected(specimen_id: str) -> None:
    """Select a specimen, or let it go where it is selected."""
    if specimen_id in selected():
        take_from_selection([specimen_id])
    else:
        add_to_selection([specimen_id])


def use_selection_on(screen: str) -> None:
    """Ask a screen to work with the whole selection when it is drawn next."""
    st.session_state[_USED_ON] = screen


def is_used_on(screen: str) -> bool:
    """Return whether a screen was asked to work with the whole selection; true once for each time."""
    if st.session_state.get(_USED_ON) != screen:
        return False
    del st.session_state[_USED_ON]
    return True
