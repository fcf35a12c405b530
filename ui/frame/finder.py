"""The field in the sidebar that finds a specimen by name.

The key `/` goes to it.
"""

from __future__ import annotations

import streamlit as st

from ui.components import FIND_KEY, Card, show_gallery
from ui.session import ask_for_screen, state
from ui.words import say

MOST_FOUND = 9
# Screens that show no single specimen: finding one leads to its page.
_LEAVES_FROM = ("specimens", "evaluate")


def find_specimen(collection: state.Collection, screen: str) -> None:
    """Show the field and its matches. A click or a sole match chooses a specimen."""

    def take(specimen_id: str) -> None:
        st.session_state[FIND_KEY] = ""
        state.choose_specimen(specimen_id)
        if screen in _LEAVES_FROM:
            ask_for_screen("specimen")

    def act() -> None:
        found = matches(collection.ids, st.session_state[FIND_KEY])
        if len(found) == 1:
            take(found[0])

    text = st.text_input(
        say("frame-find"),
        key=FIND_KEY,
        on_change=act,
        placeholder=say("frame-find-hint"),
        icon=":material/search:",
        help=say("frame-find-help"),
    )
    if not text.strip():
        return
    found = matches(collection.ids, text)
    if not found:
        st.caption(say("frame-find-nothing"))
        return
    cards = [Card(name, state.short_name(name), image=collection.thumbnail(name)) for name in found[:MOST_FOUND]]
    show_gallery(cards, key="finder", label=say("frame-find"), on_pick=take, width=50, compact=True)
    if len(found) > MOST_FOUND:
        st.caption(say("frame-find-more", count=len(found) - MOST_FOUND))


def matches(ids: tuple[str, ...], text: str) -> list[str]:
    """Return the ids in which all words occur.

    If the text is the name of some, these alone; else names that begin with its first word come
    first.
    """
    whole = text.strip().casefold()
    words = whole.split()
    if not words:
        return []
    found = [name for name in ids if all(word in name.casefold() for word in words)]
    exact = [name for name in found if whole in (name.casefold(), state.short_name(name).casefold())]
    return exact or sorted(found, key=lambda name: not state.short_name(name).casefold().startswith(words[0]))
