"""Evaluate: retrieval measures by labels, several runs compared, and robustness."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.collection import resolve_labels
from core.foundation import CoreError
from ui.evaluation import (
    ask_for_labels,
    cached_evaluation,
    show_classes,
    show_comparison,
    show_confusion,
    show_levels,
    show_measures,
    show_robustness,
    show_votes,
    show_worst,
)
from ui.frame import require_router
from ui.session import state
from ui.words import language, of_file_named, say


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    st.title(say("frame-screen-evaluate"))
    st.caption(say("evaluate-help"))
    names = [say("evaluate-this"), say("evaluate-runs"), say("evaluate-robustness")]
    one, several, robustness = st.tabs(names, on_change="rerun", key=f"evaluate_tabs_{language()}")
    # Only the open tab is computed. Robustness comes first: it needs none of the labels asked for below.
    with robustness:
        if robustness.open:
            show_robustness(collection)
    given = ""
    try:
        with one:
            given, in_words = ask_for_labels(collection)
            if one.open:
                show_run(collection, given)
        with several:
            if several.open:
                st.caption(say("evaluate-judged-by", labels=in_words))
                show_comparison(collection, given)
    except CoreError as error:
        path = Path(given)
        state.show_error(of_file_named(error, path) if path.is_file() else error)


def show_run(collection: state.Collection, given: str) -> None:
    """Show how good the neighbours of the run are, judged by labels."""
    evaluation = cached_evaluation(collection, resolve_labels(given, collection.ids))
    show_measures(collection, evaluation)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_confusion(evaluation)
    with right:
        show_classes(evaluation)
    show_worst(collection, evaluation)
    show_votes(evaluation)
    show_levels(collection)


require_router(__file__)
main()
