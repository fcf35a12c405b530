"""Map: where every specimen lies; point, search, lasso."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pandas as pd
import streamlit as st

from core.embeddings import Embeddings
from core.foundation import CoreError
from core.maps import (
    METHOD_NAMES,
    MOST_PICTURES,
    Colouring,
    MapPicture,
    MapResult,
    MapSettings,
    Regions,
    find_regions,
    map_in,
    map_page,
    map_svg,
    place_on_map,
    trustworthiness,
)
from core.neighbours import SearchSettings
from core.storage import csv_for_people
from ui.components import Card, ask_for_labels_file, colouring_of, columns_of, columns_stamp, data_uri, show_gallery
from ui.frame import require_router
from ui.maps import MapView, show_map
from ui.search import outsider_in_hand
from ui.session import selection, state
from ui.words import say

MOST_SELECTED = 60
# Beyond, UMAP takes minutes: it is offered, but the screen opens with principal components.
MOST_FOR_UMAP = 20_000


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title(say("map-title"))
    settings, colouring = ask_how(there)
    with st.spinner(say("map-drawing")):
        try:
            drawn, trust = drawn_map(there, settings)
        except CoreError as error:
            state.show_error(error)
            return
    picture = picture_of(there, drawn, trust, colouring)
    plot, panel = st.columns([7, 2], gap="medium")
    with plot:
        newcomers = placed_outsider(there, drawn)
        view = MapView(picture, state.chosen_specimen(there), newcomers, f"map_{settings.method}")
        show_map(view, key="map", picture_of=there.thumbnail)
        if newcomers is not None:
            st.caption(f":material/star: {say('map-newcomer', name=state.plain(newcomers.ids[0]))}")
        show_reading(there, drawn, trust)
        offer_files(there, drawn, picture)
    with panel:
        show_nearest(there)
    show_selected(there)


def ask_how(there: state.Collection) -> tuple[MapSettings, Colouring]:
    """Ask for method, dimensions and what colours the points."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    method, dimensions, colour, more = (row.container(width=width) for width in ("content", "content", 280, "content"))
    how = method.segmented_control(
        say("map-method"),
        tuple(METHOD_NAMES),
        default="umap" if len(there.ids) <= MOST_FOR_UMAP else "pca",
        format_func=METHOD_NAMES.__getitem__,
        key="map_method",
        help=say("map-method-help"),
        persist_state="session",
    )
    number = dimensions.segmented_control(
        say("map-dimensions"), (2, 3), default=2, key="map_dimensions", persist_state="session"
    )
    with more.popover(say("map-settings")):
        neighbours = st.slider(
            say("map-neighbours"),
            2,
            100,
            15,
            key="map_neighbours",
            help=say("map-neighbours-help"),
            persist_state="session",
        )
        spread = st.slider(
            say("map-min-dist"),
            0.0,
            0.99,
            0.1,
            key="map_min_dist",
            help=say("map-min-dist-help"),
            disabled=how != "umap",
            persist_state="session",
        )
        seed = int(
            st.number_input(
                say("map-seed"), 0, 2**31 - 1, 42, key="map_seed", help=say("map-seed-help"), persist_state="session"
            )
        )
        ask_for_labels_file("map_labels")
    columns = columns_of(there)
    names = list(columns) or [say("columns-category")]
    column = colour.selectbox(
        say("map-colour"), names, key="map_colour", help=say("map-colour-help"), persist_state="session"
    )
    settings = MapSettings(
        method=how or "pca", dimensions=number or 2, n_neighbors=neighbours, min_dist=spread, seed=seed
    )
    return settings, colouring_of(there, column)


def drawn_map(there: state.Collection, settings: MapSettings) -> tuple[MapResult, float]:
    """Return the map and its trustworthiness; drawn once for the same embeddings and settings."""
    return _draw(str(there.run.root), there.run.matrix_path.stat().st_mtime_ns, settings, there)


@st.cache_resource(show_spinner=False, max_entries=16)
def _draw(root: str, stamp: int, settings: MapSettings, _there: state.Collection) -> tuple[MapResult, float]:
    del root, stamp  # part of the key only
    drawn = map_in(_there.run.results / "maps", _there.embeddings, settings)
    return drawn, trustworthiness(_there.embeddings, drawn)


def picture_of(there: state.Collection, drawn: MapResult, trust: float, colouring: Colouring) -> MapPicture:
    """Return the map with its colours, names of dense regions, and what made it."""
    columns = columns_of(there)
    cluster = say("columns-cluster")
    facts = {cluster: columns[cluster]} if cluster in columns and colouring.column != cluster else {}
    settings = drawn.settings
    note = say(
        "map-made",
        run=there.run.name,
        backbone=there.made_by,
        method=METHOD_NAMES[settings.method],
        neighbours=settings.n_neighbors,
        seed=settings.seed,
        trust=f"{trust:.2f}",
    )
    return MapPicture(
        ids=drawn.ids,
        coordinates=drawn.coordinates,
        colouring=colouring,
        title=f"{METHOD_NAMES[settings.method]} · {there.run.name}",
        note=f"{note} {reading(settings.method)}",
        regions=_regions(there, drawn, colouring),
        facts=facts,
    )


def _regions(there: state.Collection, drawn: MapResult, colouring: Colouring) -> Regions:
    if drawn.settings.dimensions != 2:
        return Regions()
    # Numbers name no region; the categories do.
    column = colouring.column if colouring.range is None else say("columns-category")
    stamp = (*columns_stamp(there), there.run.matrix_path.stat().st_mtime_ns)
    return _found_regions(stamp, drawn.settings, column, there, drawn)


@st.cache_resource(show_spinner=False, max_entries=16)
def _found_regions(
    stamp: tuple[object, ...], settings: MapSettings, column: str, _there: state.Collection, _drawn: MapResult
) -> Regions:
    del stamp, settings  # part of the key only
    names = columns_of(_there).get(column, _there.embeddings.categories)
    return find_regions(_drawn.coordinates, names, ("", say("columns-noise")))


def reading(method: str) -> str:
    """Return what a map by this method may be read for, and what not."""
    if method == "pca":
        return say("map-read-pca")
    return say("map-read-neighbours", method=METHOD_NAMES[method])


def placed_outsider(there: state.Collection, drawn: MapResult) -> MapResult | None:
    """Return where the file from outside lies that is searched with, without moving the others."""
    outsider = outsider_in_hand(there)
    if outsider is None:
        return None
    try:
        newcomer = Embeddings((outsider.path.name,), outsider.newcomer.embedding[None].copy())
        return place_on_map(there.embeddings, drawn, newcomer)
    except CoreError:
        # It was described by another run's backbone.
        return None


def show_reading(there: state.Collection, drawn: MapResult, trust: float) -> None:
    """Say what made the map, how far to trust it, and what it may be read for."""
    state.show_notes(drawn.notes)
    st.caption(
        f"{state.plain(there.made_by)}. **{say('map-trust', trust=f'{trust:.2f}')}** {say('map-trust-meaning')} "
        f"{reading(drawn.settings.method)}"
    )


def offer_files(there: state.Collection, drawn: MapResult, picture: MapPicture) -> None:
    """Offer the map as CSV, SVG and as a page of its own; PNG is the button above the map."""
    name = f"map_{drawn.settings.method}_{drawn.settings.dimensions}d"
    table, drawing, page, _ = st.columns([2, 2, 3, 3])
    icon = ":material/download:"
    table.download_button(
        "CSV", lambda: _as_csv(drawn), f"{name}.csv", "text/csv", icon=icon, on_click="ignore", width="stretch"
    )
    drawing.download_button(
        "SVG",
        lambda: map_svg(picture),
        f"{name}.svg",
        "image/svg+xml",
        icon=icon,
        on_click="ignore",
        disabled=drawn.settings.dimensions != 2,
        width="stretch",
    )
    page.download_button(
        say("map-page"),
        lambda: map_page(picture, _thumbnails(there)),
        f"{name}.html",
        "text/html",
        icon=icon,
        on_click="ignore",
        help=say("map-page-help", count=MOST_PICTURES),
        width="stretch",
    )


def _as_csv(drawn: MapResult) -> bytes:
    axes = {axis: drawn.coordinates[:, place] for place, axis in enumerate("xyz"[: drawn.coordinates.shape[1]])}
    return csv_for_people(pd.DataFrame({"specimen_id": drawn.ids, **axes}))


def _thumbnails(there: state.Collection) -> dict[str, str]:
    return {name: data_uri(there.thumbnail(name)) for name in islice(there.ids, MOST_PICTURES)}


def show_nearest(there: state.Collection) -> None:
    """Show who is nearest to the specimen in hand."""
    name = state.chosen_specimen(there)
    if name is None:
        st.info(say("map-click"), icon=":material/ads_click:")
        return
    nearest = state.neighbours_of(there, name, SearchSettings(topk=8))
    st.markdown(f"**{say('map-nearest', name=state.plain(state.short_name(name)))}**")
    cards = [
        replace(_card(there, other), value=f"{distance:.3f}")
        for other, distance in zip(nearest.ids, nearest.distances, strict=True)
    ]
    show_gallery(cards, key="map_nearest", label=say("map-nearest-label"), on_pick=state.choose_specimen, width=88)


def show_selected(there: state.Collection) -> None:
    """List the selection, as pictures and CSV."""
    names = selection.selected_in(there.ids)
    if not names:
        return
    st.subheader(say("map-selected", count=len(names)))
    categories = [there.embeddings.categories[there.embeddings.row_of[name]] for name in names]
    st.download_button(
        say("common-download-csv"),
        csv_for_people(pd.DataFrame({"specimen_id": names, "category": categories})),
        "selection.csv",
        "text/csv",
        icon=":material/download:",
    )
    cards = [_card(there, name) for name in names[:MOST_SELECTED]]
    show_gallery(cards, key="map_selection", label=say("map-selected-label"), on_pick=state.choose_specimen, width=120)
    if len(names) > MOST_SELECTED:
        st.caption(say("map-selected-more", shown=MOST_SELECTED, count=len(names)))


def _card(there: state.Collection, name: str) -> Card:
    return Card(name, state.short_name(name), state.category(name), there.thumbnail(name))


require_router(__file__)
main()
