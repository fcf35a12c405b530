"""Damage in the workspace with its remedies, shown on every screen."""

from __future__ import annotations

import streamlit as st

from core.doctor import Damage, examine_workspace
from ui.session import state
from ui.words import say


def show_health() -> None:
    """Show damage if there is any, examined at most once a minute."""
    damages = _damages(str(state.workspace().root))
    if not damages:
        return
    with st.expander(say("health-title", count=len(damages)), icon=":material/healing:"):
        for damage in damages:
            st.markdown(f"**{state.plain(damage.place)}**: {state.plain(f'{damage.problem} {damage.remedy}')}")
        if any(damage.is_mendable for damage in damages):
            st.markdown(say("health-repair"))
            st.code(f'python -m core repair --workspace "{state.workspace().root}"', language="bash")


@st.cache_data(ttl=60, show_spinner=False)
def _damages(root: str) -> tuple[Damage, ...]:
    del root  # part of the key only
    return examine_workspace(state.workspace(), thoroughly=False)
