"""The controls of the screen Clusters, and moving them to given settings."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.clusters import METHODS, ClusteringCache, ClusterSettings
from ui.session import state
from ui.words import say

# The settings that have a control; its key is this name behind "clusters_".
CONTROLS = (
    "method",
    "pca",
    "min_cluster_size",
    "min_samples",
    "cluster_selection_method",
    "cluster_selection_epsilon",
    "umap",
    "umap_n_components",
    "umap_n_neighbors",
)


def ask_for_settings(collection: state.Collection) -> ClusterSettings:
    """Ask for the settings of the clustering."""
    most, largest = _prepare_controls(collection)
    st.subheader(say("clusters-settings"))
    pca = st.slider(
        say("clusters-pca"), 0, most, key="clusters_pca", help=say("clusters-pca-help"), persist_state="session"
    )
    size = st.slider(
        say("clusters-size"),
        2,
        largest,
        key="clusters_min_cluster_size",
        help=say("clusters-size-help"),
        persist_state="session",
    )
    samples = st.slider(
        say("clusters-samples"),
        1,
        30,
        key="clusters_min_samples",
        help=say("clusters-samples-help"),
        persist_state="session",
    )
    selection = st.segmented_control(
        say("clusters-selection"),
        ("leaf", "eom"),
        key="clusters_cluster_selection_method",
        help=say("clusters-selection-help"),
        persist_state="session",
    )
    with st.expander(say("clusters-more")):
        method, epsilon = _ask_for_method()
        umap, parts, neighbours = _ask_for_umap()
        st.caption(say("clusters-cosine"))
    return ClusterSettings(
        method=method,
        pca=pca,
        min_cluster_size=size,
        min_samples=samples,
        cluster_selection_method=selection or "leaf",
        cluster_selection_epsilon=epsilon,
        umap=umap,
        umap_n_components=parts,
        umap_n_neighbors=neighbours,
    )


def take_settings(settings: ClusterSettings, cache: ClusteringCache | None = None) -> None:
    """Move the controls of the screen Clusters to some settings.

    Parameters
    ----------
    settings : ClusterSettings
        The settings to show.
    cache : ClusteringCache, optional
        Turns a share of the variance into a number of components, since the slider holds whole
        numbers only.
    """
    for name in CONTROLS:
        st.session_state[f"clusters_{name}"] = getattr(settings, name)
    if 0 < settings.pca < 1 and cache is not None:
        pca = cache.prepare(replace(settings, umap=False)).pca
        st.session_state["clusters_pca"] = 0 if pca is None else pca.n_components


def _prepare_controls(collection: state.Collection) -> tuple[int, int]:
    """Set the controls to values that the collection allows.

    Returns
    -------
    most, largest : int
        The largest number of principal components, and of specimens in the smallest cluster.
    """
    n, d = collection.embeddings.matrix.shape
    most, largest = max(1, min(256, n - 1, d)), max(3, min(100, n // 2))
    first = ClusterSettings(pca=min(64, most), min_cluster_size=min(5 if n < 300 else 10, largest))
    for name in CONTROLS:
        st.session_state.setdefault(f"clusters_{name}", getattr(first, name))
    # Values chosen for a larger collection may be too large for this one.
    st.session_state["clusters_pca"] = min(int(st.session_state["clusters_pca"]), most)
    st.session_state["clusters_min_cluster_size"] = min(st.session_state["clusters_min_cluster_size"], largest)
    return most, largest


def _ask_for_method() -> tuple[str, float]:
    method = st.selectbox(
        say("clusters-method"),
        METHODS,
        key="clusters_method",
        help=say("clusters-method-help"),
        persist_state="session",
    )
    epsilon = st.slider(
        say("clusters-epsilon"),
        0.0,
        1.5,
        step=0.01,
        key="clusters_cluster_selection_epsilon",
        help=say("clusters-epsilon-help"),
        persist_state="session",
    )
    return method, epsilon


def _ask_for_umap() -> tuple[bool, int, int]:
    """Ask whether UMAP comes first, for its dimensions and its number of neighbours."""
    umap = st.toggle(say("clusters-umap"), key="clusters_umap", help=say("clusters-umap-help"), persist_state="session")
    parts = st.slider(
        say("clusters-umap-dimensions"),
        2,
        50,
        key="clusters_umap_n_components",
        disabled=not umap,
        persist_state="session",
    )
    neighbours = st.slider(
        say("clusters-umap-neighbours"),
        2,
        100,
        key="clusters_umap_n_neighbors",
        disabled=not umap,
        persist_state="session",
    )
    return umap, parts, neighbours
