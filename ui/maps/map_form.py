"""The settings of a map: method, dimensions, and what colours the points."""

from __future__ import annotations

import streamlit as st

from core.maps import METHOD_NAMES, Colouring, MapSettings
from ui.components import ask_for_labels_file, colouring_of, columns_of
from ui.session import state
from ui.words import say

# Beyond, UMAP takes minutes: it is offered, but the screen opens with principal components.
_MOST_FOR_UMAP = 20_000


def ask_for_settings(collection: state.Collection) -> tuple[MapSettings, Colouring]:
    """Ask for method, dimensions and what colours the points."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    method, dimensions, colour, more = (row.container(width=width) for width in ("content", "content", 280, "content"))
    how = method.segmented_control(
        say("map-method"),
        tuple(METHOD_NAMES),
        default="umap" if len(collection.ids) <= _MOST_FOR_UMAP else "pca",
        format_func=METHOD_NAMES.__getitem__,
        key="map_method",
        help=say("map-method-help"),
        persist_state="session",
    )
    number = dimensions.segmented_control(
        say("map-dimensions"), (2, 3), default=2, key="map_dimensions", persist_state="session"
    )
    with more.popover(say("map-settings")):
        neighbours, min_dist, seed = _ask_for_details(is_umap=how == "umap")
        ask_for_labels_file("map_labels")
    names = list(columns_of(collection)) or [say("columns-category")]
    column = colour.selectbox(
        say("map-colour"), names, key="map_colour", help=say("map-colour-help"), persist_state="session"
    )
    settings = MapSettings(
        method=how or "pca", dimensions=number or 2, n_neighbors=neighbours, min_dist=min_dist, seed=seed
    )
    return settings, colouring_of(collection, column)


def _ask_for_details(*, is_umap: bool) -> tuple[int, float, int]:
    """Ask for the number of neighbours, UMAP's least distance, and the seed."""
    neighbours = st.slider(
        say("map-neighbours"),
        2,
        100,
        15,
        key="map_neighbours",
        help=say("map-neighbours-help"),
        persist_state="session",
    )
    min_dist = st.slider(
        say("map-min-dist"),
        0.0,
        0.99,
        0.1,
        key="map_min_dist",
        help=say("map-min-dist-help"),
        disabled=not is_umap,
        persist_state="session",
    )
    seed = st.number_input(
        say("map-seed"), 0, 2**31 - 1, 42, key="map_seed", help=say("map-seed-help"), persist_state="session"
    )
    return neighbours, min_dist, int(seed)
