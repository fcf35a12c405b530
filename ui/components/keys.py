"""Keyboard shortcuts that work anywhere on a screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from ui.words import language

FIND_KEY = "finder_text"
_PARTS = Path(__file__).parent / "keys_component"


def listen_to_keys(actions: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Call an action when its key is pressed outside of a field.

    The key `/` goes to the field that finds a specimen.

    Parameters
    ----------
    actions : mapping
        Actions by the browser's names of keys: `ArrowLeft`, `ArrowRight`, `n`.
    key : str
        Unique on the screen.
    """

    def act() -> None:
        pressed = (st.session_state.get(key) or {}).get("pressed")
        if pressed and pressed["key"] in actions:
            actions[pressed["key"]]()

    data = {"keys": list(actions), "find": f".st-key-{FIND_KEY} input", "language": language()}
    _component()(key=key, data=data, on_pressed_change=act, height=1)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("page_keys", js=(_PARTS / "keys.js").read_text(encoding="utf-8"))
