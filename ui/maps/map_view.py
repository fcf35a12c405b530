"""The map in the browser: up to some 100,000 points, drawn by `core/maps/page`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.maps import PAGE, WORDS, MapPicture, MapResult, as_scene, map_script
from ui.components import data_uri
from ui.session import selection, state
from ui.words import say

_PARTS = Path(__file__).parent / "map_component"
_MOST_PICTURES_AT_ONCE = 40


@dataclass(frozen=True)
class MapView:
    """A map on the screen.

    Parameters
    ----------
    picture : MapPicture
        The map with its colours.
    chosen : str or None
        The chosen specimen, drawn with a ring.
    newcomers : MapResult or None
        Specimens from outside, placed without moving the others; drawn as stars.
    file : str
        Name of a saved picture, without ending.
    height : int
        Least height in pixels; it grows with the browser's.
    """

    picture: MapPicture
    chosen: str | None = None
    newcomers: MapResult | None = None
    file: str = "map"
    height: int = 620


def show_map(view: MapView, *, key: str, picture_of: Callable[[str], Path | None]) -> None:
    """Show a map, on which a click chooses a specimen and a lasso selects many.

    Parameters
    ----------
    view : MapView
        The map to show.
    key : str
        Unique on the screen.
    picture_of : callable
        From a specimen id to its thumbnail, called only for points under the mouse.
    """
    ids = view.picture.ids
    row_of = {name: row for row, name in enumerate(ids)}
    scene = as_scene(view.picture, say("map-others"), {name: say(f"map-tool-{name}") for name in WORDS})
    scene |= {
        "chosen": -1 if view.chosen is None else row_of.get(view.chosen, -1),
        "selected": [row_of[name] for name in selection.selected() if name in row_of],
        "newcomers": _as_places(view.newcomers),
        "height": view.height,
        "file": view.file,
    }

    def act() -> None:
        told = (st.session_state.get(key) or {}).get("told")
        if told and told["action"] == "pick" and told["id"] in row_of:
            state.choose_specimen(told["id"])
        elif told and told["action"] == "select" and told["key"] == scene["key"]:
            _select(told["how"], [ids[row] for row in told["rows"] if 0 <= row < len(ids)])

    _map_component()(key=key, data=scene, on_told_change=act)
    _load_pictures(f"{key}_pictures", picture_of)


def _select(how: str, names: Sequence[str]) -> None:
    if how == "add":
        selection.add_to_selection(names)
    elif how == "remove":
        selection.take_from_selection(names)
    else:
        selection.select(names)


def _as_places(newcomers: MapResult | None) -> list[dict[str, object]]:
    if newcomers is None:
        return []
    places = zip(newcomers.ids, newcomers.coordinates.tolist(), strict=True)
    return [{"name": name, **dict(zip("xyz", place, strict=False))} for name, place in places]


@st.fragment
def _load_pictures(key: str, picture_of: Callable[[str], Path | None]) -> None:
    """Send the pictures that the map asks for in a fragment of its own."""
    asked = f"{key}_asked"

    def note() -> None:
        st.session_state[asked] = list((st.session_state.get(key) or {}).get("wanted") or ())

    wanted = st.session_state.pop(asked, [])[:_MOST_PICTURES_AT_ONCE]
    _picture_component()(
        key=key, data={"pictures": {name: data_uri(picture_of(name)) for name in wanted}}, on_wanted_change=note
    )


@st.cache_resource(show_spinner=False)
def _map_component() -> Any:
    js = map_script() + (_PARTS / "component.js").read_text(encoding="utf-8")
    css = (PAGE / "map.css").read_text(encoding="utf-8")
    return st.components.v2.component("specimen_map", html='<div class="map"></div>', css=css, js=js)


@st.cache_resource(show_spinner=False)
def _picture_component() -> Any:
    js = (_PARTS / "pictures.js").read_text(encoding="utf-8")
    return st.components.v2.component("specimen_map_pictures", html='<div class="loader"></div>', js=js)
