"""Clusterings of a run, with their members and facts, each computed once."""

from __future__ import annotations

import streamlit as st

from core.clusters import (
    ClusterFacts,
    Clustering,
    ClusteringCache,
    ClusterSettings,
    Members,
    cluster_on,
    describe_members,
    facts_of_clusters,
)
from ui.session import state

_MEMBERS_OF_FACTS = 6


def clustering_cache(collection: state.Collection) -> ClusteringCache:
    """Return what all settings share: PCA, neighbourhoods, trees.

    It is kept while the embeddings of the run stay the same.
    """
    return _cache(collection.embeddings_key, collection)


def cached_clustering(collection: state.Collection, settings: ClusterSettings) -> Clustering:
    """Return the clustering of these settings.

    Raises
    ------
    CoreError
        If the settings do not fit the collection.
    """
    return _clustering(collection.embeddings_key, settings, collection)


def cached_facts(collection: state.Collection, settings: ClusterSettings) -> tuple[ClusterFacts, ...]:
    """Return size, strength and representatives of every cluster."""
    return _facts(collection.embeddings_key, settings, collection)


def cached_members(collection: state.Collection, settings: ClusterSettings) -> Members:
    """Return the nearest cluster, the outlier score and the validity of members."""
    return _members(collection.embeddings_key, settings, collection)


@st.cache_resource(show_spinner=False, max_entries=4)
def _cache(key: tuple[str, int], _collection: state.Collection) -> ClusteringCache:
    del key  # part of the key only
    return ClusteringCache(_collection.embeddings)


@st.cache_resource(show_spinner=False, max_entries=64)
def _clustering(key: tuple[str, int], settings: ClusterSettings, _collection: state.Collection) -> Clustering:
    del key  # part of the key only
    return cluster_on(clustering_cache(_collection), settings)


@st.cache_resource(show_spinner=False, max_entries=32)
def _facts(key: tuple[str, int], settings: ClusterSettings, _collection: state.Collection) -> tuple[ClusterFacts, ...]:
    del key  # part of the key only
    clustering = cached_clustering(_collection, settings)
    return facts_of_clusters(clustering_cache(_collection), clustering, count=_MEMBERS_OF_FACTS)


@st.cache_resource(show_spinner=False, max_entries=16)
def _members(key: tuple[str, int], settings: ClusterSettings, _collection: state.Collection) -> Members:
    del key  # part of the key only
    return describe_members(clustering_cache(_collection), cached_clustering(_collection, settings))
