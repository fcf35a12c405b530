"""The screens of the app, in the order of the work, and how to go from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from ui.session import state

_ASKED_FOR = "asked_for_screen"


@dataclass(frozen=True)
class Screen:
    """A screen: its name, which is its address, too, its file and its icon.

    What it is called stands in the words under `frame-screen-<name>`.
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
    """Go to another screen as soon as the page is drawn again; for callbacks, which cannot leave by themselves."""
    st.session_state[_ASKED_FOR] = name


def go_where_asked() -> None:
    """Leave for the screen that a callback asked for; called by the frame."""
    name = st.session_state.pop(_ASKED_FOR, None)
    if name is not None:
        go_to(name)


def go_to(name: str) -> NoReturn:
    """Leave for another screen; run and specimen stay."""
    st.switch_page(screen_of(name).path, query_params=state.address())


def link_to(name: str, label: str) -> None:
    """Show a link to another screen, run and specimen in its address."""
    screen = screen_of(name)
    st.page_link(screen.path, label=label, icon=screen.icon, query_params=state.address())
