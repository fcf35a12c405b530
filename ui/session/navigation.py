"""The screens of the app in the order of the work, and links to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from ui.session import state

_ASKED_FOR = "asked_for_screen"


@dataclass(frozen=True)
class Screen:
    """A screen: its name, which is also its address, its file and its icon.

    Its title is the message `frame-screen-<name>`.
    """

    name: str
    path: str
    icon: str


SCREENS = (
    Screen("specimens", "pages/1_specimens.py", ":material/shelves:"),
    Screen("specimen", "pages/1_specimen.py", ":material/view_in_ar:"),
    Screen("search", "pages/2_search.py", ":material/image_search:"),
    Screen("map", "pages/3_map.py", ":material/scatter_plot:"),
    Screen("clusters", "pages/4_clusters.py", ":material/bubble_chart:"),
    Screen("sweep", "pages/4_sweep.py", ":material/tune:"),
    Screen("evaluate", "pages/5_evaluate.py", ":material/fact_check:"),
    Screen("runs", "pages/6_runs.py", ":material/inventory_2:"),
)


def screen_of(name: str) -> Screen:
    """Return a screen by its name."""
    return next(screen for screen in SCREENS if screen.name == name)


def ask_for_screen(name: str) -> None:
    """Go to another screen when the page runs next.

    This is for callbacks, which cannot switch pages themselves.
    """
    st.session_state[_ASKED_FOR] = name


def go_where_asked() -> None:
    """Switch to the screen that a callback asked for. The frame calls this."""
    name = st.session_state.pop(_ASKED_FOR, None)
    if name is not None:
        go_to(name)


def go_to(name: str) -> NoReturn:
    """Switch to another screen with the same run and specimen."""
    st.switch_page(screen_of(name).path, query_params=state.address())


def search_from(specimen_id: str) -> None:
    """Choose a specimen and go to the screen Search when the page runs next."""
    state.choose_specimen(specimen_id)
    ask_for_screen("search")


def link_to(name: str, label: str) -> None:
    """Show a link to another screen with run and specimen in its address."""
    screen = screen_of(name)
    st.page_link(screen.path, label=label, icon=screen.icon, query_params=state.address())
