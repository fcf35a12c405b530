"""Pictures of specimens as cards that can be clicked."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from ui.session import add_to_selection, ask_for_screen, selected, state, take_from_selection
from ui.words import say

_PARTS = Path(__file__).parent / "gallery_component"


@dataclass(frozen=True)
class Card:
    """A specimen in a gallery.

    Parameters
    ----------
    specimen_id : str
        What a click passes on.
    title, subtitle : str
        Two lines below the picture.
    image : Path, optional
        Its thumbnail.
    badge, value : str
        Small labels in the upper corners, for example a rank and a distance.
    chosen : bool
        Whether it is outlined.
    beside : bool
        Whether its lower button is on.
    """

    specimen_id: str
    title: str
    subtitle: str = ""
    image: Path | None = None
    badge: str = ""
    value: str = ""
    chosen: bool = False
    beside: bool = False


def card_of(
    collection: state.Collection,
    specimen_id: str,
    *,
    subtitle: str | None = None,
    badge: str = "",
    value: str = "",
    beside: bool = False,
) -> Card:
    """Return the card of a specimen of a run: its name, its category and its picture.

    Parameters
    ----------
    collection : Collection
        The run.
    specimen_id : str
        Its id.
    subtitle : str, optional
        The second line, in place of the category.
    badge, value, beside
        As in `Card`.
    """
    line = state.category(specimen_id) if subtitle is None else subtitle
    image = collection.thumbnail(specimen_id)
    return Card(specimen_id, state.short_name(specimen_id), line, image, badge, value, beside=beside)


def show_gallery(
    cards: Sequence[Card],
    *,
    key: str,
    label: str,
    on_pick: Callable[[str], None],
    on_side: Callable[[str], None] | None = None,
    side: tuple[str, str] = ("", ""),
    width: int = 140,
    compact: bool = False,
) -> None:
    """Show cards in a grid and call `on_pick` with the id of a clicked one.

    The call comes before the page runs again. Every card can be ticked, which selects its specimen
    on all screens (a click with Ctrl does the same, one with Shift ticks all from the last one on),
    and opens the specimen's own page.

    Parameters
    ----------
    cards : sequence of Card
        In reading order.
    key : str
        Unique on the screen.
    label : str
        What the grid is, for screen readers.
    on_pick : callable
        What a click on a card does.
    on_side : callable, optional
        What a click on the button below a card does; no button if None.
    side : two str
        The words on that button, off and on.
    width : int
        The least width of a card in pixels.
    compact : bool
        Pictures alone, without words, ticks and buttons.
    """

    def act() -> None:
        picked = (st.session_state.get(key) or {}).get("picked")
        if picked:
            take_action(picked, on_pick, on_side)

    off, on = side
    ticked = set(selected())
    data = {
        "items": [as_item(card, ticked) for card in cards],
        "label": label,
        "width": width,
        "side": off if on_side is not None else "",
        "sideOn": on,
        "compact": compact,
        "words": words_of_cards(),
    }
    _component()(key=key, data=data, on_picked_change=act)


def take_action(
    picked: Mapping[str, Any], on_pick: Callable[[str], None], on_side: Callable[[str], None] | None = None
) -> None:
    """Do what a click in a gallery asked for."""
    action = picked["action"]
    if action == "tick":
        add_to_selection(picked["ids"])
    elif action == "untick":
        take_from_selection(picked["ids"])
    elif action == "open":
        state.choose_specimen(picked["id"])
        ask_for_screen("specimen")
    elif action == "side" and on_side is not None:
        on_side(picked["id"])
    else:
        on_pick(picked["id"])


def words_of_cards() -> dict[str, str]:
    """Return the words on cards."""
    return {
        "tick": say("gallery-tick"),
        "open": say("gallery-open"),
        "missing": say("gallery-missing"),
    }


def as_item(card: Card, ticked: Collection[str]) -> dict[str, object]:
    """Return a card as the browser receives it."""
    return {
        "id": card.specimen_id,
        "title": card.title,
        "subtitle": card.subtitle,
        "image": data_uri(card.image),
        "badge": card.badge,
        "value": card.value,
        "chosen": card.chosen,
        "beside": card.beside,
        "ticked": card.specimen_id in ticked,
    }


def data_uri(path: Path | None) -> str:
    """Return a picture as a data URI, empty if it is missing."""
    if path is None:
        return ""
    try:
        return _encoded(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4096)
def _encoded(path: Path, mtime_ns: int) -> str:
    del mtime_ns  # part of the key only: a picture that changed is read again
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "specimen_gallery",
        html='<div class="grid" role="group"></div>',
        css=component_part("gallery.css"),
        js=component_part("cards.js") + component_part("gallery.js"),
    )


def component_part(name: str) -> str:
    """Return a file of the components that show cards."""
    return (_PARTS / name).read_text(encoding="utf-8")
