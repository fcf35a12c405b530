"""What stands below a map: how far it can be trusted, and its files."""

from __future__ import annotations

from itertools import islice

import pandas as pd
import streamlit as st

from core.maps import MOST_PICTURES, MapPicture, MapResult, map_page, map_svg
from core.storage import csv_for_people
from ui.components import data_uri
from ui.maps.map_cache import reading_of
from ui.session import state
from ui.words import say


def show_trust(collection: state.Collection, result: MapResult, trust: float) -> None:
    """Show the origin of the map, its trustworthiness, and what can be concluded."""
    state.show_notes(result.notes)
    st.caption(
        f"{state.plain(collection.made_by)}. **{say('map-trust', trust=f'{trust:.2f}')}** {say('map-trust-meaning')} "
        f"{reading_of(result.settings.method)}"
    )


def offer_files(collection: state.Collection, result: MapResult, picture: MapPicture) -> None:
    """Offer the map as CSV, SVG and HTML page.

    The button above the map saves PNG.
    """
    name = f"map_{result.settings.method}_{result.settings.dimensions}d"
    table, drawing, page, _ = st.columns([2, 2, 3, 3])
    icon = ":material/download:"
    table.download_button(
        "CSV", lambda: _as_csv(result), f"{name}.csv", "text/csv", icon=icon, on_click="ignore", width="stretch"
    )
    drawing.download_button(
        "SVG",
        lambda: map_svg(picture),
        f"{name}.svg",
        "image/svg+xml",
        icon=icon,
        on_click="ignore",
        disabled=result.settings.dimensions != 2,
        width="stretch",
    )
    page.download_button(
        say("map-page"),
        lambda: map_page(picture, _thumbnails(collection)),
        f"{name}.html",
        "text/html",
        icon=icon,
        on_click="ignore",
        help=say("map-page-help", count=MOST_PICTURES),
        width="stretch",
    )


def _as_csv(result: MapResult) -> bytes:
    axes = {axis: result.coordinates[:, place] for place, axis in enumerate("xyz"[: result.coordinates.shape[1]])}
    return csv_for_people(pd.DataFrame({"specimen_id": result.ids, **axes}))


def _thumbnails(collection: state.Collection) -> dict[str, str]:
    return {name: data_uri(collection.thumbnail(name)) for name in islice(collection.ids, MOST_PICTURES)}
