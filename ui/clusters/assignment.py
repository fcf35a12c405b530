"""The cluster that a specimen from outside the collection would join."""

from __future__ import annotations

import streamlit as st

from core.clusters import Clustering, assign
from core.embeddings import Embeddings
from core.foundation import CoreError
from ui.clusters.clustering_cache import clustering_cache
from ui.clusters.members import name_of
from ui.session import state
from ui.words import problem_of, say


def show_assignment(collection: state.Collection, clustering: Clustering, newcomer: Embeddings | None) -> None:
    """Show which cluster a specimen from outside would join, if there is one.

    Parameters
    ----------
    collection, clustering : Collection, Clustering
        The run and its clusters.
    newcomer : Embeddings or None
        The embedding of the specimen under its name, one row.
    """
    if newcomer is None:
        return
    try:
        assigned = assign(clustering_cache(collection), clustering, newcomer)
    except CoreError as error:
        st.caption(f":material/upload_file: {state.plain(problem_of(error))}")
        return
    text = say(
        "clusters-newcomer",
        name=state.plain(newcomer.ids[0]),
        where=name_of(int(assigned.labels[0])),
        strength=f"{assigned.strengths[0]:.2f}",
        nearest=state.plain(assigned.nearest_ids[0]),
    )
    st.info(text, icon=":material/upload_file:")
