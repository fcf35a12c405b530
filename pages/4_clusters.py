"""Clusters: tune HDBSCAN while looking at its result."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.clusters import Clustering
from core.foundation import CoreError
from ui.clusters import (
    ask_for_settings,
    cached_clustering,
    show_advice,
    show_agreement,
    show_assignment,
    show_components,
    show_groups,
    show_misfits,
    show_noise,
    show_soft,
    show_summary,
    show_trees,
)
from ui.frame import require_router
from ui.search import embedding_of_query_file
from ui.session import state
from ui.words import say

VIEWS: dict[str, Callable[[state.Collection, Clustering], None]] = {
    "groups": show_groups,
    "noise": show_noise,
    "soft": show_soft,
    "trees": show_trees,
    "components": show_components,
    "agreement": show_agreement,
    "misfits": show_misfits,
}


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    st.title(say("clusters-title"))
    controls, results = st.columns([1, 3], gap="large")
    with controls:
        settings = ask_for_settings(collection)
    with results:
        try:
            with st.spinner(say("clusters-working")):
                clustering = cached_clustering(collection, settings)
        except CoreError as error:
            state.show_error(error)
            return
        show_summary(collection, clustering)
        show_advice(collection, clustering)
        show_assignment(collection, clustering, embedding_of_query_file(collection))
        view = st.segmented_control(
            say("clusters-view"),
            tuple(VIEWS),
            default="groups",
            key="clusters_view",
            persist_state="session",
            format_func=lambda name: say(f"clusters-view-{name}"),
            label_visibility="collapsed",
        )
        VIEWS[view or "groups"](collection, clustering)


require_router(__file__)
main()
