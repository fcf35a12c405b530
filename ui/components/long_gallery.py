"""A gallery of any number of specimens that sends only the cards in sight."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from ui.components.gallery import Card, as_item, component_part, take_action, words_of_cards
from ui.session import selected

AT_FIRST, MOST_AT_ONCE = 96, 240
_RERUN = "wall_acted"


def show_long_gallery(
    ids: Sequence[str],
    card_of: Callable[[str], Card],
    *,
    key: str,
    label: str,
    on_pick: Callable[[str], None],
    chosen: str | None = None,
    width: int = 140,
    height: int = 720,
) -> None:
    """Show a card for every id in a window that scrolls.

    Cards are sent when they come into sight; the page does not run again for that. Ticking, ranges
    and opening work as in `ui.components.show_gallery`; Ctrl+A ticks all of them.

    Parameters
    ----------
    ids : sequence of str
        In reading order; tens of thousands are fine.
    card_of : callable
        Gives the card of an id.
    key : str
        Unique on the screen.
    label : str
        What the gallery is, for screen readers.
    on_pick : callable
        What a click on a card does; the page runs again after it.
    chosen : str, optional
        The id whose card is outlined.
    width : int
        The least width of a card in pixels.
    height : int
        Least height of the window in pixels; it grows with the browser's.
    """
    _show(tuple(ids), card_of, key, label, on_pick, chosen, width, height)


@st.fragment
def _show(
    ids: tuple[str, ...],
    card_of: Callable[[str], Card],
    key: str,
    label: str,
    on_pick: Callable[[str], None],
    chosen: str | None,
    width: int,
    height: int,
) -> None:
    if st.session_state.pop(_RERUN, False):
        # The callback changed what other parts of the page show.
        st.rerun()
    listing = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]

    def act() -> None:
        picked = (st.session_state.get(key) or {}).get("picked")
        if not picked or picked["listing"] != listing:
            return
        if "from" in picked:
            picked = {**picked, "ids": ids[int(picked["from"]) : int(picked["to"]) + 1]}
        take_action(picked, on_pick)
        st.session_state[_RERUN] = True

    first, count = _wanted(key, listing)
    ticked = set(selected())
    data = {
        "listing": listing,
        "total": len(ids),
        "first": first,
        "items": [as_item(card_of(name), ()) for name in ids[first : first + count]],
        "ticked": _ranges([place for place, name in enumerate(ids) if name in ticked]) if ticked else [],
        "chosen": chosen or "",
        "label": label,
        "width": width,
        "height": height,
        "words": words_of_cards(),
    }
    _component()(key=key, data=data, on_picked_change=act, on_wanted_change=_nothing)


def _wanted(key: str, listing: str) -> tuple[int, int]:
    """Return the place of the first card that the browser asks for, and how many."""
    wanted = (st.session_state.get(key) or {}).get("wanted")
    if not wanted or wanted["listing"] != listing:
        return 0, AT_FIRST
    return max(0, int(wanted["first"])), min(MOST_AT_ONCE, max(1, int(wanted["count"])))


def _ranges(places: list[int]) -> list[list[int]]:
    """Return ascending places as ranges of their first and last."""
    at = np.asarray(places, dtype=np.int64)
    starts = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    ends = np.append(starts[1:], len(at)) - 1
    return [[int(at[start]), int(at[end])] for start, end in zip(starts, ends, strict=True)]


def _nothing() -> None:
    """Do nothing.

    Streamlit wants a callback for a state; the fragment runs again and reads that state.
    """


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "specimen_wall",
        html='<div class="wall" role="group" tabindex="-1"><div></div></div>',
        css=component_part("gallery.css"),
        js=component_part("cards.js") + component_part("long_gallery.js"),
    )
