"""Evaluate: how good the neighbours are, judged by categories or labels; several runs side by side."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.collection import Labels, resolve_labels
from core.embeddings import Embeddings
from core.evaluation import MEASURES, Evaluation, evaluate
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.components import Card, show_figure, show_gallery
from ui.evaluation import confusion_figure, show_comparison, show_robustness
from ui.frame import require_router
from ui.session import ask_for_screen, keep_file, select, state
from ui.words import language, of_file_named, say

WORST = 12
# The other measures of a class stand in the CSV.
_OF_CLASSES = ("class", "queries", "NN", "mAP")
_HEIGHT = 430
_LABELS = "labels_kept"
_WORDS = ("class", "queries", "level", "classes", "k", "accuracy")


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title(say("frame-screen-evaluate"))
    st.caption(say("evaluate-help"))
    names = [say("evaluate-this"), say("evaluate-runs"), say("evaluate-robustness")]
    one, several, survived = st.tabs(names, on_change="rerun", key=f"evaluate_tabs_{language()}")
    # Only what is looked at is worked out; this first, since nothing of the others stands in its way.
    with survived:
        if survived.open:
            show_robustness(there)
    given = ""
    try:
        with one:
            given, in_words = ask_for_labels(there)
            if one.open:
                show_run(there, given)
        with several:
            if several.open:
                st.caption(say("evaluate-judged-by", labels=in_words))
                show_comparison(there, given)
    except CoreError as error:
        path = Path(given)
        state.show_error(of_file_named(error, path) if path.is_file() else error)


def show_run(there: state.Collection, given: str) -> None:
    """Show how good the neighbours of the run are, and where not."""
    labels = resolve_labels(given, there.ids)
    found = judged_by(there, labels)
    show_evaluation(there, found)
    show_votes(found)
    show_levels(there)


def judged_by(there: state.Collection, labels: Labels) -> Evaluation:
    """Return the figures of the run, worked out once for the same labels."""
    with st.spinner(say("evaluate-wait", count=len(there.ids))):
        return _evaluate(there.run.name, _stamp(there), labels, there.embeddings)


def ask_for_labels(there: state.Collection) -> tuple[str, str]:
    """Ask what specimens are judged by; return it as `resolve_labels` takes it, and in words."""
    depth = max((name.count("/") for name in there.ids), default=0)
    choices = {"category:top": say("evaluate-top"), "category": say("evaluate-category")}
    choices |= {f"category:{level}": say("evaluate-level", level=level) for level in range(2, depth)}
    table = state.specimen_table(there)
    columns = {f"column:{name}": str(name) for name in table.columns if _can_judge(table[name])}
    choices |= {key: say("evaluate-column", name=state.plain(name)) for key, name in columns.items()}
    choices["file"] = say("evaluate-file")
    how = st.selectbox(
        say("evaluate-by"),
        tuple(choices),
        format_func=choices.__getitem__,
        key="judge_by",
        help=say("evaluate-by-help"),
        persist_state="session",
    )
    if how in columns:
        cells = table[columns[how]].dropna().astype(str)
        cells = cells[cells.str.strip() != ""]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("specimen_id", "label"), *cells.items()])
        return str(keep_file("labels_of_column.csv", text.getvalue().encode("utf-8"))), choices[how]
    if how == "file":
        file = st.file_uploader(say("evaluate-file-choose"), type=["csv", "txt"], key="labels_file")
        if file is not None:
            st.session_state[_LABELS] = keep_file(Path(file.name).name, file.getvalue())
        # The field is empty when the screen is looked at again; the labels stay until others are given.
        path: Path | None = st.session_state.get(_LABELS)
        if path is None:
            st.info(say("evaluate-file-first"), icon=":material/label:")
            st.stop()
        if file is None:
            st.caption(say("evaluate-file-kept", name=state.plain(path.name)))
        return str(path), state.plain(path.name)
    return how, choices[how]


def _can_judge(cells: pd.Series) -> bool:
    """Return whether a column groups specimens: text, some of it given more than once."""
    if cells.name in ("category", "file_notes", "notes", "kind") or pd.api.types.is_numeric_dtype(cells):
        return False
    filled = cells.dropna().astype(str)
    filled = filled[filled.str.strip() != ""]
    return 1 < len(set(filled)) < len(filled)


def show_evaluation(there: state.Collection, found: Evaluation) -> None:
    """Show the figures of one run, the classes, who is taken for whom, and the worst queries."""
    # In a narrow window they go on in a second line.
    with st.container(horizontal=True, gap="medium"):
        for name in MEASURES:
            low, high = found.intervals.get(name, (float("nan"),) * 2)
            interval = say("evaluate-interval", low=f"{low:.3f}", high=f"{high:.3f}")
            meaning = say(f"evaluate-{name.replace('_', '-')}-help")
            figure = f"{found.overall[name]:.3f}"
            st.metric(name.replace("_", " "), figure, help=f"{meaning} {interval}", width="content")
        votes = f"{found.vote_accuracy:.3f}"
        st.metric(say("evaluate-votes"), votes, help=say("evaluate-votes-help"), width="content")
    queries = say("evaluate-queries", count=len(found.ids), classes=len(found.per_class))
    st.caption(f"{queries} {there.made_by} · {state.plain(there.run.name)}")
    state.show_notes(found.notes)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_confusion(found)
    with right:
        st.subheader(say("evaluate-classes", count=len(found.per_class)))
        rows = [{"class": name, "queries": found.class_sizes[name], **row} for name, row in found.per_class.items()]
        _table(pd.DataFrame(rows), "retrieval.csv", shown=_OF_CLASSES)
    show_worst(there, found)


def show_confusion(found: Evaluation) -> None:
    """Show who is taken for whom; a click on a square selects its specimens."""
    st.subheader(say("evaluate-confusion"), help=say("evaluate-confusion-help"))
    event: Any = show_figure(
        confusion_figure(found), "confusion", key="confusion", on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"] if event else []
    if points:
        a, b, count = points[0]["customdata"]
        ids = [
            name
            for name, label, nearest in zip(found.ids, found.labels, found.nearest_labels, strict=True)
            if (label, nearest) == (a, b)
        ]
        if st.session_state.get("confusion_taken") != (a, b):
            st.session_state["confusion_taken"] = (a, b)
            select(ids)
            st.rerun()
        st.caption(say("evaluate-confusion-taken", label=state.plain(a), nearest=state.plain(b), count=count))
    else:
        st.session_state.pop("confusion_taken", None)
    rows = [(a, b, n) for (a, b), n in sorted(found.confusion.items(), key=lambda item: -item[1])]
    table = pd.DataFrame(rows, columns=["label", "nearest_label", "count"])
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "confusion.csv", "text/csv", key="confusion_csv"
    )


def show_worst(there: state.Collection, found: Evaluation) -> None:
    """Show the queries with the lowest average precision, and whom they found instead."""
    st.subheader(say("evaluate-worst"), help=say("evaluate-worst-help"))
    row_of = {name: row for row, name in enumerate(found.ids)}
    judged: Any = found.values  # noqa: PD011  # of an evaluation, not of a table
    precision = judged[:, found.settings.measures.index("mAP")]
    cards = [
        Card(
            name,
            state.short_name(name),
            say("evaluate-taken-for", label=found.nearest_labels[row_of[name]]),
            there.thumbnail(name),
            value=f"{precision[row_of[name]]:.2f}",
        )
        for name in found.worst(WORST)
    ]
    show_gallery(cards, key="worst", label=say("evaluate-worst"), on_pick=_open, width=112)
    st.download_button(
        say("evaluate-all-queries"), lambda: _queries_csv(found), "queries.csv", "text/csv", key="queries_csv"
    )


def _queries_csv(found: Evaluation) -> bytes:
    columns = ["specimen_id", "label", "nearest_id", "nearest_label", "voted_label", *found.settings.measures]
    named = zip(found.ids, found.labels, found.nearest_ids, found.nearest_labels, found.voted_labels, strict=True)
    judged: Any = found.values  # noqa: PD011  # of an evaluation, not of a table
    rows = [(*names, *values) for names, values in zip(named, judged.tolist(), strict=True)]
    return csv_for_people(pd.DataFrame(rows, columns=columns).sort_values(["mAP", "specimen_id"]))


def show_votes(found: Evaluation) -> None:
    """Show how often the nearest neighbours of a specimen vote for its own label."""
    with st.expander(say("evaluate-knn")):
        st.caption(say("evaluate-knn-help"))
        rows = [{"k": k, "accuracy": share} for k, share in found.vote_accuracies.items()]
        _table(pd.DataFrame(rows), "knn_classification.csv")


def show_levels(there: state.Collection) -> None:
    """Show the figures by level of the hierarchy of folders."""
    depth = max((name.count("/") for name in there.ids), default=0)
    if depth < 2:
        return
    levels = st.expander(say("evaluate-levels"), on_change="rerun", key=f"evaluate_levels_{language()}")
    if not levels.open:
        return
    with levels:
        st.caption(say("evaluate-levels-help"))
        rows = []
        for level in range(1, depth + 1):
            labels = resolve_labels(f"category:{level}", there.ids)
            try:
                found = judged_by(there, labels)
            except CoreError:
                continue  # nobody shares a folder of this level
            row = {"level": level, "queries": len(found.ids), "classes": len(found.per_class)}
            rows.append(row | {name: found.overall[name] for name in MEASURES})
        _table(pd.DataFrame(rows), "levels.csv")


def _table(table: pd.DataFrame, file_name: str, shown: Sequence[str] = ()) -> None:
    """Show a table, or some columns of it, its shares with three decimals, and give all of it as CSV."""
    columns = {name: st.column_config.Column(say(f"evaluate-of-{name}")) for name in _WORDS if name in table}
    columns |= {
        name: st.column_config.NumberColumn(
            say(f"evaluate-of-{name}") if name in _WORDS else name.replace("_", " "),
            format="%.3f",
        )
        for name in table.select_dtypes("float").columns
    }
    height = min(_HEIGHT, 35 * (len(table) + 1) + 3)
    order = list(shown) or None
    st.dataframe(table, hide_index=True, width="stretch", height=height, column_order=order, column_config=columns)
    st.download_button(say("common-download-csv"), csv_for_people(table), file_name, "text/csv", key=f"csv_{file_name}")


@st.cache_resource(show_spinner=False, max_entries=16)
def _evaluate(name: str, stamp: int, labels: Labels, _embeddings: Embeddings) -> Evaluation:
    del name, stamp  # part of the key only
    return evaluate(_embeddings, labels)


def _stamp(there: state.Collection) -> int:
    return Path(there.run.matrix_path).stat().st_mtime_ns


def _open(specimen_id: str) -> None:
    state.choose_specimen(specimen_id)
    ask_for_screen("search")


require_router(__file__)
main()
