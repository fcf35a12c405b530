"""Maps of a run: coordinates, trustworthiness and dense regions, computed once."""

from __future__ import annotations

import streamlit as st

from core.embeddings import Embeddings
from core.foundation import CoreError
from core.maps import (
    METHOD_NAMES,
    Colouring,
    MapPicture,
    MapResult,
    MapSettings,
    Regions,
    find_regions,
    map_in,
    place_on_map,
    trustworthiness,
)
from ui.components import columns_of, columns_stamp
from ui.session import state
from ui.words import say


def cached_map(collection: state.Collection, settings: MapSettings) -> tuple[MapResult, float]:
    """Return the map of a run and its trustworthiness.

    Raises
    ------
    CoreError
        If the settings do not fit the collection.
    """
    return _map(collection.embeddings_key, settings, collection)


def picture_of(collection: state.Collection, result: MapResult, trust: float, colouring: Colouring) -> MapPicture:
    """Return the map with its colours, names of dense regions, and how it was made."""
    columns = columns_of(collection)
    cluster = say("columns-cluster")
    facts = {cluster: columns[cluster]} if cluster in columns and colouring.column != cluster else {}
    settings = result.settings
    note = say(
        "map-made",
        run=collection.run.name,
        backbone=collection.made_by,
        method=METHOD_NAMES[settings.method],
        neighbours=settings.n_neighbors,
        seed=settings.seed,
        trust=f"{trust:.2f}",
    )
    return MapPicture(
        ids=result.ids,
        coordinates=result.coordinates,
        colouring=colouring,
        title=f"{METHOD_NAMES[settings.method]} · {collection.run.name}",
        note=f"{note} {reading_of(settings.method)}",
        regions=_regions(collection, result, colouring),
        facts=facts,
    )


def reading_of(method: str) -> str:
    """Return which conclusions a map by this method allows."""
    if method == "pca":
        return say("map-read-pca")
    return say("map-read-neighbours", method=METHOD_NAMES[method])


def placed(collection: state.Collection, result: MapResult, newcomer: Embeddings | None) -> MapResult | None:
    """Return the place of a specimen from outside without moving the others.

    None if there is no such specimen, or the backbone of another run described it.
    """
    if newcomer is None:
        return None
    try:
        return place_on_map(collection.embeddings, result, newcomer)
    except CoreError:
        return None


@st.cache_resource(show_spinner=False, max_entries=16)
def _map(key: tuple[str, int], settings: MapSettings, _collection: state.Collection) -> tuple[MapResult, float]:
    del key  # part of the key only
    result = map_in(_collection.run.results / "maps", _collection.embeddings, settings)
    return result, trustworthiness(_collection.embeddings, result)


def _regions(collection: state.Collection, result: MapResult, colouring: Colouring) -> Regions:
    if result.settings.dimensions != 2:
        return Regions()
    # Numbers name no region; the categories do.
    column = colouring.column if colouring.range is None else say("columns-category")
    stamp = (*columns_stamp(collection), collection.embeddings_key)
    return _cached_regions(stamp, result.settings, column, collection, result)


@st.cache_resource(show_spinner=False, max_entries=16)
def _cached_regions(
    stamp: tuple[object, ...], settings: MapSettings, column: str, _collection: state.Collection, _result: MapResult
) -> Regions:
    del stamp, settings  # part of the key only
    names = columns_of(_collection).get(column, _collection.embeddings.categories)
    return find_regions(_result.coordinates, names, ("", say("columns-noise")))
