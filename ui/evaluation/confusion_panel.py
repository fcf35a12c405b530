"""Confusion of a run: the matrix of classes, and the worst queries."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.evaluation import Evaluation
from core.storage import csv_for_people
from ui.components import card_of, show_figure, show_gallery
from ui.evaluation.charts import confusion_figure
from ui.session import search_from, select, state
from ui.words import say

_WORST = 12
_TAKEN = "confusion_taken"


def show_confusion(evaluation: Evaluation) -> None:
    """Show the confusion matrix, whose squares select their specimens when clicked."""
    st.subheader(say("evaluate-confusion"), help=say("evaluate-confusion-help"))
    event: Any = show_figure(
        confusion_figure(evaluation), "confusion", key="confusion", on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"] if event else []
    if points:
        label, nearest, count = points[0]["customdata"]
        if st.session_state.get(_TAKEN) != (label, nearest):
            st.session_state[_TAKEN] = (label, nearest)
            select(_ids_of_square(evaluation, label, nearest))
            st.rerun()
        st.caption(say("evaluate-confusion-taken", label=state.plain(label), nearest=state.plain(nearest), count=count))
    else:
        st.session_state.pop(_TAKEN, None)
    rows = [(a, b, n) for (a, b), n in sorted(evaluation.confusion.items(), key=lambda item: -item[1])]
    table = pd.DataFrame(rows, columns=["label", "nearest_label", "count"])
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "confusion.csv", "text/csv", key="confusion_csv"
    )


def show_worst(collection: state.Collection, evaluation: Evaluation) -> None:
    """Show the queries with the lowest average precision and their nearest labels."""
    st.subheader(say("evaluate-worst"), help=say("evaluate-worst-help"))
    row_of = {name: row for row, name in enumerate(evaluation.ids)}
    judged: Any = evaluation.values  # noqa: PD011  # of an evaluation, not of a table
    precision = judged[:, evaluation.settings.measures.index("mAP")]
    cards = [
        card_of(
            collection,
            name,
            subtitle=say("evaluate-taken-for", label=evaluation.nearest_labels[row_of[name]]),
            value=f"{precision[row_of[name]]:.2f}",
        )
        for name in evaluation.worst(_WORST)
    ]
    show_gallery(cards, key="worst", label=say("evaluate-worst"), on_pick=search_from, width=112)
    st.download_button(
        say("evaluate-all-queries"), lambda: _queries_csv(evaluation), "queries.csv", "text/csv", key="queries_csv"
    )


def _ids_of_square(evaluation: Evaluation, label: str, nearest: str) -> list[str]:
    """Return the specimens with a label whose nearest neighbours have another."""
    rows = zip(evaluation.ids, evaluation.labels, evaluation.nearest_labels, strict=True)
    return [name for name, own, its_nearest in rows if (own, its_nearest) == (label, nearest)]


def _queries_csv(evaluation: Evaluation) -> bytes:
    measures = evaluation.settings.measures
    columns = ["specimen_id", "label", "nearest_id", "nearest_label", "voted_label", *measures]
    named = zip(
        evaluation.ids,
        evaluation.labels,
        evaluation.nearest_ids,
        evaluation.nearest_labels,
        evaluation.voted_labels,
        strict=True,
    )
    judged: Any = evaluation.values  # noqa: PD011  # of an evaluation, not of a table
    rows = [(*names, *values) for names, values in zip(named, judged.tolist(), strict=True)]
    return csv_for_people(pd.DataFrame(rows, columns=columns).sort_values(["mAP", "specimen_id"]))
