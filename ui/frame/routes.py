"""Addresses of the screens, and a list of them for any other address."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from ui.session import SCREENS, link_to, state
from ui.words import say

_LOST, _LONGEST_SHOWN = "lost_at", 60


def app_pages() -> list[Page]:
    """Return the pages of the app, the first screen also at the root."""
    first = SCREENS[0]
    pages = [_page(screen.path, screen.name, screen.icon) for screen in SCREENS]
    root = st.Page(first.path, title=say(f"frame-screen-{first.name}"), icon=first.icon, url_path="", default=True)
    asked = asked_for()
    if asked not in ("", *(screen.name for screen in SCREENS)):
        st.session_state[_LOST] = asked
    # It stays for the browser's back button.
    lost = st.session_state.get(_LOST, "")
    # Browsers send it as it stands in the address or decoded; Streamlit takes no page with a slash in its name.
    names = {name for name in (lost, unquote(lost)) if name.strip() and "/" not in name}
    return [root, *pages, *map(_lost, sorted(names))]


def asked_for() -> str:
    """Return the last part of the browser's address, undecoded, empty at the root."""
    path = urlsplit(st.context.url or "").path.strip("/")
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    if base and (path == base or path.startswith(f"{base}/")):
        path = path[len(base) :].strip("/")
    return path.rpartition("/")[2]


def _page(path: str, name: str, icon: str) -> Page:
    return st.Page(path, title=say(f"frame-screen-{name}"), icon=icon, url_path=name)


def _lost(asked: str) -> Page:
    def show_lost() -> None:
        st.title(say("frame-lost"))
        name = unquote(asked)
        shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
        st.markdown(say("frame-lost-about", name=f"**{state.plain(shown)}**"))
        with st.container(gap=None):
            for screen in SCREENS:
                link_to(screen.name, say(f"frame-screen-{screen.name}"))

    return st.Page(show_lost, title=say("frame-lost"), url_path=asked)
