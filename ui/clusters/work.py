"""What the screens on clusters share: the groundwork of a run, clusterings of it, and the sliders' settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.clusters import (
    ClusterFacts,
    Clustering,
    ClusterSettings,
    Groundwork,
    Members,
    cluster_on,
    describe_members,
    facts_of_clusters,
)
from core.foundation import CoreError
from core.storage import read_json
from ui.session import ask_for_screen, state

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


@dataclass(frozen=True)
class KeptClusters:
    """The clusters that a run keeps, by which other screens colour, judge and filter."""

    settings: ClusterSettings
    n_clusters: int
    noise_ratio: float

    def are_of(self, settings: ClusterSettings, most: int) -> bool:
        """Return whether settings of the screen, which knows at most so many components, make the same."""
        return _compared(self.settings, most) == _compared(settings, most)


def kept_clusters(there: state.Collection) -> KeptClusters | None:
    """Return the clusters that a run keeps, None where there are none that can be read."""
    path = there.run.results / "summary.json"
    if not path.is_file():
        return None
    try:
        found = read_json(path)
        settings = ClusterSettings(**found["settings"])
        return KeptClusters(settings, int(found["n_clusters"]), float(found["noise_ratio"]))
    except (CoreError, KeyError, TypeError, ValueError):
        return None


def _compared(settings: ClusterSettings, most: int) -> tuple[object, ...]:
    unused = () if settings.umap else ("umap_n_components", "umap_n_neighbors")
    values = {name: getattr(settings, name) for name in CONTROLS if name not in unused}
    return tuple(values.items()) if settings.pca < 1 else tuple((values | {"pca": min(settings.pca, most)}).items())


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
