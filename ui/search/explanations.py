"""The pairs of views of two specimens that match best, drawn side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.foundation import CoreError
from core.matching import (
    PAINTED,
    SHOWN,
    FeatureFolder,
    PatchReader,
    as_png,
    draw_pairs,
    explain,
    occlusion_picture,
    open_patches,
    paint_views,
)
from core.meshes import read_mesh
from core.pipeline import feature_settings_of
from core.views import Views, ViewSettings, render_views
from ui.search.query_files import QueryFile, describer
from ui.session import state
from ui.words import say


def show_explanation(collection: state.Collection, query: str | QueryFile, other: str) -> None:
    """Show the pairs of views that match best, if the user asks for them."""
    if not st.toggle(say("search-why"), key="show_why", help=say("search-why-help"), persist_state="session"):
        return
    words = {name: say(f"search-why-{name}") for name in SHOWN}
    # A box, since four words side by side are cut off in half a screen.
    shown = st.selectbox(
        say("search-why-show"), SHOWN, format_func=words.__getitem__, key="why_shown", persist_state="session"
    )
    try:
        with st.spinner(say("search-why-wait")):
            picture = matching_views(collection, query, other, shown)
    except CoreError as error:
        state.show_error(error)
        return
    if picture is None:
        st.caption(say("search-why-gone"))
        return
    is_wide = picture.shape[1] > picture.shape[0]
    st.image(picture, width="stretch" if is_wide else "content", alt=say("search-why-pairs"))
    st.caption(f"{say('search-why-pairs')} {say(f'search-why-{shown}-help')} {collection.made_by}")
    st.download_button(
        say("search-why-png"), as_png(picture), "why_they_match.png", "image/png", icon=":material/download:"
    )


def matching_views(collection: state.Collection, query: str | QueryFile, other: str, shown: str) -> np.ndarray | None:
    """Return a picture of the pairs of views that match best, None without meshes.

    Parameters
    ----------
    collection : Collection
        The run.
    query, other : str or QueryFile, str
        The two that are compared.
    shown : str
        One of `core.matching.SHOWN`: what is painted on the views.

    Raises
    ------
    CoreError
        If features are missing, a file cannot be read any more, or the backbone cannot explain.
    """
    features = FeatureFolder(collection.run.features)
    described = features(query) if isinstance(query, str) else query.newcomer.features
    pairs = explain(described, features(other), count=4)
    settings = collection.view_settings
    path = collection.mesh_path(query) if isinstance(query, str) else None
    other_path = collection.mesh_path(other)
    if (isinstance(query, str) and path is None) or other_path is None:
        return None
    one = query.newcomer.views if not isinstance(query, str) else _views(path, settings)
    two = _views(other_path, settings)
    images = np.array(one.images), np.array(two.images)
    if shown in PAINTED:
        images = paint_views(shown, _patches(collection.config_key, collection), one, two, pairs)
    elif shown == "where":
        extractor = describer(collection).extractor
        for pair in pairs:
            first, second = pair.query_view, pair.other_view
            images[0][first] = occlusion_picture(extractor, one, first, features(other)[second])
            images[1][second] = occlusion_picture(extractor, two, second, described[first])
    return draw_pairs(pairs, *images)


@st.cache_data(show_spinner=False, max_entries=64)
def _views(path: Path, settings: ViewSettings) -> Views:
    return render_views(read_mesh(path), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _patches(key: tuple[str, int], _collection: state.Collection) -> PatchReader:
    del key  # part of the key only
    return open_patches(feature_settings_of(_collection.config["features"], None, False))
