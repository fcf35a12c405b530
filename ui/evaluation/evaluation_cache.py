"""Retrieval measures of a run, computed once for the same labels."""

from __future__ import annotations

import streamlit as st

from core.collection import Labels
from core.evaluation import Evaluation, evaluate
from ui.session import state
from ui.words import say


def cached_evaluation(collection: state.Collection, labels: Labels) -> Evaluation:
    """Return the measures of the run.

    Raises
    ------
    CoreError
        If no two specimens share a label.
    """
    with st.spinner(say("evaluate-wait", count=len(collection.ids))):
        return _evaluation(collection.embeddings_key, labels, collection)


@st.cache_resource(show_spinner=False, max_entries=16)
def _evaluation(key: tuple[str, int], labels: Labels, _collection: state.Collection) -> Evaluation:
    del key  # part of the key only
    return evaluate(_collection.embeddings, labels)
