"""Retrieval measures of a run: overall, by class, by votes, by level of folders."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.collection import resolve_labels
from core.evaluation import MEASURES, Evaluation
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.evaluation.evaluation_cache import cached_evaluation
from ui.session import state
from ui.words import language, say

# The other measures of a class stand in the CSV.
_OF_CLASSES = ("class", "queries", "NN", "mAP")
_IN_WORDS = ("class", "queries", "level", "classes", "k", "accuracy")
_HEIGHT = 430


def show_measures(collection: state.Collection, evaluation: Evaluation) -> None:
    """Show the measures of one run with their confidence intervals."""
    # In a narrow window they wrap.
    with st.container(horizontal=True, gap="medium"):
        for name in MEASURES:
            low, high = evaluation.intervals.get(name, (float("nan"),) * 2)
            interval = say("evaluate-interval", low=f"{low:.3f}", high=f"{high:.3f}")
            meaning = say(f"evaluate-{name.replace('_', '-')}-help")
            figure = f"{evaluation.overall[name]:.3f}"
            st.metric(name.replace("_", " "), figure, help=f"{meaning} {interval}", width="content")
        votes = f"{evaluation.vote_accuracy:.3f}"
        st.metric(say("evaluate-votes"), votes, help=say("evaluate-votes-help"), width="content")
    queries = say("evaluate-queries", count=len(evaluation.ids), classes=len(evaluation.per_class))
    st.caption(f"{queries} {collection.made_by} · {state.plain(collection.run.name)}")
    state.show_notes(evaluation.notes)


def show_classes(evaluation: Evaluation) -> None:
    """Show the measures of every class."""
    st.subheader(say("evaluate-classes", count=len(evaluation.per_class)))
    rows = [
        {"class": name, "queries": evaluation.class_sizes[name], **row} for name, row in evaluation.per_class.items()
    ]
    _show_table(pd.DataFrame(rows), "retrieval.csv", shown=_OF_CLASSES)


def show_votes(evaluation: Evaluation) -> None:
    """Show the accuracy of k-nearest-neighbour classification for every k."""
    with st.expander(say("evaluate-knn")):
        st.caption(say("evaluate-knn-help"))
        rows = [{"k": k, "accuracy": share} for k, share in evaluation.vote_accuracies.items()]
        _show_table(pd.DataFrame(rows), "knn_classification.csv")


def show_levels(collection: state.Collection) -> None:
    """Show the measures by level of the hierarchy of folders."""
    depth = max((name.count("/") for name in collection.ids), default=0)
    if depth < 2:
        return
    levels = st.expander(say("evaluate-levels"), on_change="rerun", key=f"evaluate_levels_{language()}")
    if not levels.open:
        return
    with levels:
        st.caption(say("evaluate-levels-help"))
        rows = []
        for level in range(1, depth + 1):
            labels = resolve_labels(f"category:{level}", collection.ids)
            try:
                evaluation = cached_evaluation(collection, labels)
            except CoreError:
                continue  # no two specimens share a folder of this level
            row = {"level": level, "queries": len(evaluation.ids), "classes": len(evaluation.per_class)}
            rows.append(row | {name: evaluation.overall[name] for name in MEASURES})
        _show_table(pd.DataFrame(rows), "levels.csv")


def _show_table(table: pd.DataFrame, file_name: str, shown: Sequence[str] = ()) -> None:
    """Show some columns of a table, all if none are named, and offer it as CSV."""
    columns = {name: st.column_config.Column(say(f"evaluate-of-{name}")) for name in _IN_WORDS if name in table}
    columns |= {
        name: st.column_config.NumberColumn(
            say(f"evaluate-of-{name}") if name in _IN_WORDS else name.replace("_", " "),
            format="%.3f",
        )
        for name in table.select_dtypes("float").columns
    }
    height = min(_HEIGHT, 35 * (len(table) + 1) + 3)
    order = list(shown) or None
    st.dataframe(table, hide_index=True, width="stretch", height=height, column_order=order, column_config=columns)
    st.download_button(say("common-download-csv"), csv_for_people(table), file_name, "text/csv", key=f"csv_{file_name}")
