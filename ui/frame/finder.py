"""Finding a specimen from anywhere: the field in the sidebar that `/` goes to."""

from __future__ import annotations

import streamlit as st

from ui.components import FIND_KEY, Card, show_gallery
from ui.session import ask_for_screen, state
from ui.words import say

MOST_FOUND = 9
# Screens without a specimen of their own: finding one leads to its page.
_LEAVES_FROM = ("specimens", "evaluate")


def find_specimen(there: state.Collection, screen: str) -> None:
    """Show the field; what fits appears below it, and a click or a sole answer takes it in hand."""

    def take(specimen_id: str) -> None:
        st.session_state[FIND_KEY] = ""
        state.choose_specimen(specimen_id)
        if screen in _LEAVES_FROM:
            ask_for_screen("specimen")

    def act() -> None:
        found = matches(there.ids, st.session_state[FIND_KEY])
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
    found = matches(there.ids, text)
    if not found:
        st.caption(say("frame-find-nothing"))
        return
    cards = [Card(name, state.short_name(name), image=there.thumbnail(name)) for name in found[:MOST_FOUND]]
    show_gallery(cards, key="finder", label=say("frame-find"), on_pick=take, width=50, compact=True)
    if len(found) > MOST_FOUND:
        st.caption(say("frame-find-more", count=len(found) - MOST_FOUND))


def matches(ids: tuple[str, ...], text: str) -> list[str]:
    """Return the ids in which all words occur; those whose name is or begins with the text come first."""
    whole = text.strip().casefold()
    words = whole.split()
    if not words:
        return []
    found = [name for name in ids if all(word in name.casefold() for word in words)]
    exact = [name for name in found if whole in (name.casefold(), state.short_name(name).casefold())]
    return exact or sorted(found, key=lambda name: not state.short_name(name).casefold().startswith(words[0]))
