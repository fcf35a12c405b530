"""Pictures of specimens as cards that can be clicked."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

_PARTS = Path(__file__).parent / "gallery_component"


@dataclass(frozen=True)
class Card:
    """A specimen in a gallery.

    Parameters
    ----------
    specimen_id : str
        What a click gives.
    title, subtitle : str
        Two lines below the picture.
    image : Path, optional
        Its thumbnail.
    badge, value : str
        Small labels in the upper corners, a rank and a distance, say.
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


def show_gallery(
    cards: Sequence[Card],
    *,
    key: str,
    label: str,
    on_pick: Callable[[str], None],
    on_side: Callable[[str], None] | None = None,
    side: tuple[str, str] = ("", ""),
    width: int = 140,
) -> None:
    """Show cards in a grid; `on_pick` gets the id of a clicked one before the page runs again.

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
        What a click on the button below a card does; no button where None.
    side : two str
        The words on that button, off and on.
    width : int
        The least width of a card in pixels.
    """

    def act() -> None:
        picked = (st.session_state.get(key) or {}).get("picked")
        if not picked:
            return
        if picked["action"] == "side" and on_side is not None:
            on_side(picked["id"])
        else:
            on_pick(picked["id"])

    off, on = side
    data = {
        "items": [_as_item(card) for card in cards],
        "label": label,
        "width": width,
        "side": off if on_side is not None else "",
        "sideOn": on,
    }
    _component()(key=key, data=data, on_picked_change=act)


def _as_item(card: Card) -> dict[str, object]:
    return {
        "id": card.specimen_id,
        "title": card.title,
        "subtitle": card.subtitle,
        "image": _data_uri(card.image),
        "badge": card.badge,
        "value": card.value,
        "chosen": card.chosen,
        "beside": card.beside,
    }


def _data_uri(path: Path | None) -> str:
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
    css, js = ((_PARTS / name).read_text(encoding="utf-8") for name in ("gallery.css", "gallery.js"))
    return st.components.v2.component("specimen_gallery", html='<div class="grid" role="group"></div>', css=css, js=js)
