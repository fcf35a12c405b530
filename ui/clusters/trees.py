"""Trees of clusters, condensed and single-linkage, with selectable branches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core.clusters import Clustering, lay_out_condensed, lay_out_linkage, rows_of_branch, rows_of_linkage_node
from core.foundation import CoreError
from ui.clusters.charts import condensed_figure, linkage_figure
from ui.clusters.clustering_cache import clustering_cache
from ui.components import card_of, show_figure, show_gallery
from ui.session import search_from, select, selected_in, state
from ui.words import say

_MOST_PICTURES = 24


def show_trees(collection: state.Collection, clustering: Clustering) -> None:
    """Show one of the two trees, whose branches select their specimens when clicked."""
    settings = clustering.settings
    cache = clustering_cache(collection)
    if not cache.has_tree(settings):
        st.info(say("clusters-no-tree"), icon=":material/account_tree:")
        return
    which = st.segmented_control(
        say("clusters-tree"), ("condensed", "linkage"), default="condensed", key="clusters_tree", format_func=_name
    )
    tree = cache.tree(settings)
    if which == "linkage":
        st.caption(say("clusters-linkage-help"))
        figure = linkage_figure(lay_out_linkage(tree))

        def rows_of(node: int) -> np.ndarray:
            return rows_of_linkage_node(tree, node)

    else:
        st.caption(say("clusters-condensed-help"))
        figure = condensed_figure(lay_out_condensed(tree, settings.min_cluster_size, clustering.labels))

        def rows_of(node: int) -> np.ndarray:
            return rows_of_branch(tree, settings.min_cluster_size, node)

    key = f"tree_{which}"
    show_figure(
        figure,
        key,
        key=key,
        on_select=lambda: _take_branch(key, clustering.ids, rows_of),
        selection_mode="points",
    )
    st.caption(say("clusters-settings-line", run=state.plain(collection.run.name), settings=_settings_line(clustering)))
    names = selected_in(collection.ids)
    if names:
        st.markdown(f"**{say('clusters-branch', count=len(names))}**")
        cards = [card_of(collection, name) for name in names[:_MOST_PICTURES]]
        show_gallery(cards, key="branch", label=say("clusters-branch-label"), on_pick=search_from, width=104)


def _name(which: str) -> str:
    return say("clusters-tree-linkage") if which == "linkage" else say("clusters-tree-condensed")


def _settings_line(clustering: Clustering) -> str:
    settings = clustering.settings
    return (
        f"PCA {settings.pca:g}, min_cluster_size {settings.min_cluster_size}, min_samples {settings.min_samples}, "
        f"{settings.cluster_selection_method}, epsilon {settings.cluster_selection_epsilon:g}"
    )


def _take_branch(key: str, ids: tuple[str, ...], rows_of: Callable[[int], np.ndarray]) -> None:
    points = ((st.session_state.get(key) or {}).get("selection") or {}).get("points") or []
    node = next((point["customdata"][0] for point in points if point.get("customdata")), None)
    if node is None:
        return
    try:
        select(ids[row] for row in rows_of(int(node)).tolist())
    except CoreError:
        # The tree has changed since it was drawn; the browser is about to show the new one.
        return
