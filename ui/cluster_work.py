"""What the screens on clusters share: the groundwork of a run, clusterings of it, and the sliders' settings."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.clusters import Clustering, ClusterSettings, Groundwork, cluster_on
from core.members import ClusterFacts, Members, describe_members, facts_of_clusters
from ui import state
from ui.screens import ask_for_screen

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


def groundwork(there: state.Collection) -> Groundwork:
    """Return what all settings share (PCA, neighbourhoods, trees), kept while the run stays the same."""
    return _lay_groundwork(str(there.run.root), _stamp(there), there)


def found_clusters(there: state.Collection, settings: ClusterSettings) -> Clustering:
    """Return the clustering of these settings; computed once.

    Raises
    ------
    CoreError
        Where the settings do not fit the collection.
    """
    return _cluster(str(there.run.root), _stamp(there), settings, there)


def facts(there: state.Collection, settings: ClusterSettings) -> tuple[ClusterFacts, ...]:
    """Return every cluster in short; computed once."""
    return _facts(str(there.run.root), _stamp(there), settings, there)


def members(there: state.Collection, settings: ClusterSettings) -> Members:
    """Return all that is known of a clustering's members; computed once."""
    return _members(str(there.run.root), _stamp(there), settings, there)


def take_settings(settings: ClusterSettings, work: Groundwork | None = None) -> None:
    """Move the sliders of the screen Clusters to some settings.

    Parameters
    ----------
    settings : ClusterSettings
        Where to.
    work : Groundwork, optional
        Says how many components a share of the variance is, as the slider knows whole numbers only.
    """
    for name in CONTROLS:
        st.session_state[f"clusters_{name}"] = getattr(settings, name)
    if 0 < settings.pca < 1 and work is not None:
        pca = work.prepare(replace(settings, umap=False)).pca
        st.session_state["clusters_pca"] = 0 if pca is None else pca.n_components


def open_specimen(specimen_id: str) -> None:
    """Search from a specimen that was clicked."""
    state.choose_specimen(specimen_id)
    ask_for_screen("search")


def _stamp(there: state.Collection) -> int:
    return there.run.matrix_path.stat().st_mtime_ns


@st.cache_resource(show_spinner=False, max_entries=4)
def _lay_groundwork(root: str, stamp: int, _there: state.Collection) -> Groundwork:
    del root, stamp  # part of the key only
    return Groundwork(_there.embeddings)


@st.cache_resource(show_spinner=False, max_entries=64)
def _cluster(root: str, stamp: int, settings: ClusterSettings, _there: state.Collection) -> Clustering:
    del root, stamp  # part of the key only
    return cluster_on(groundwork(_there), settings)


@st.cache_resource(show_spinner=False, max_entries=32)
def _facts(root: str, stamp: int, settings: ClusterSettings, _there: state.Collection) -> tuple[ClusterFacts, ...]:
    del root, stamp  # part of the key only
    return facts_of_clusters(groundwork(_there), found_clusters(_there, settings), count=6)


@st.cache_resource(show_spinner=False, max_entries=16)
def _members(root: str, stamp: int, settings: ClusterSettings, _there: state.Collection) -> Members:
    del root, stamp  # part of the key only
    return describe_members(groundwork(_there), found_clusters(_there, settings))
