"""Evaluate: how good the neighbours are, judged by categories or labels; several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from core.comparison import Comparison, compare
from core.embeddings import Embeddings
from core.errors import CoreError
from core.evaluation import Evaluation, evaluate
from core.labels import Labels, read_labels, resolve_labels
from core.storage import write_bytes
from ui import state
from ui.frame import require_router
from ui.gallery import Card, show_gallery
from ui.neighbourhood import own_folder

WORST = 12
MEASURES = {
    "NN": "Share of queries whose nearest neighbour is of their class",
    "first_tier": "Share of a class found among as many neighbours as it has members",
    "second_tier": "The same among twice as many",
    "E": "Precision and recall of the first 32, in one number",
    "DCG": "Early hits count more",
    "mAP": "Mean average precision over the whole ranking",
}


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title("Evaluate")
    st.caption(
        "Every labelled specimen asks for its like; its class says who should come. Measures of the Princeton Shape "
        "Benchmark (Shilane et al. 2004), all between 0 and 1, more is better."
    )
    try:
        labels = ask_for_labels(there)
        one, several = st.tabs(["This run", "Compare runs"])
        with one:
            show_evaluation(there, _evaluate(there.run.name, _stamp(there), labels, there.embeddings))
        with several:
            show_comparison(there, labels.source if labels.source.startswith("category") else None)
    except CoreError as error:
        state.show_error(error)


def ask_for_labels(there: state.Collection) -> Labels:
    """Ask what specimens are judged by."""
    how = st.segmented_control(
        "Judge by",
        ("Category", "Top category", "Labels from a file"),
        default="Top category" if len(there.categories) > 1 else "Category",
        help="Categories are the folders that specimens lie in. A file is a CSV with the columns specimen_id,label.",
    )
    if how == "Labels from a file":
        file = st.file_uploader("CSV: specimen_id,label", type=["csv", "txt"], key="labels_file")
        if file is None:
            st.info("Choose the file with your labels.", icon=":material/label:")
            st.stop()
        path = own_folder() / "labels.csv"
        write_bytes(path, file.getvalue())
        labels = read_labels(path, there.ids)
    else:
        labels = resolve_labels("category:top" if how == "Top category" else "category", there.ids)
    for note in labels.notes:
        st.caption(f":material/info: {state.plain(note)}")
    return labels


def show_evaluation(there: state.Collection, found: Evaluation) -> None:
    """Show the figures of one run, the classes, who is taken for whom, and the worst queries."""
    for column, (name, meaning) in zip(st.columns(len(MEASURES)), MEASURES.items(), strict=True):
        low, high = found.intervals.get(name, (float("nan"),) * 2)
        label = name.replace("_", " ")
        column.metric(label, f"{found.overall[name]:.3f}", help=f"{meaning}. 95 % interval {low:.3f} to {high:.3f}.")
    st.caption(f"{len(found.ids)} queries in {len(found.per_class)} classes; {there.made_by}.")
    for note in found.notes:
        st.caption(f":material/info: {state.plain(note)}")
    classes = pd.DataFrame(
        [{"class": name, "queries": found.class_sizes[name], **row} for name, row in found.per_class.items()]
    )
    st.dataframe(
        classes,
        hide_index=True,
        width="stretch",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in found.overall},
    )
    st.download_button(
        "Download CSV", classes.to_csv(index=False).encode(), "retrieval.csv", icon=":material/download:"
    )
    wrong = [(pair, count) for pair, count in found.confusion.items() if pair[0] != pair[1]]
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.subheader("Taken for another")
        rows = [(a, b, count) for (a, b), count in sorted(wrong, key=lambda item: -item[1])]
        if rows:
            st.dataframe(pd.DataFrame(rows, columns=["class", "nearest is", "times"]), hide_index=True, width="stretch")
        else:
            st.success("Every nearest neighbour is of its own class.", icon=":material/check_circle:")
    with right:
        st.subheader("Worst queries")
        cards = [
            Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
            for name in found.worst(WORST)
        ]
        show_gallery(cards, key="worst", label="Worst queries", on_pick=_open, width=112)


def show_comparison(there: state.Collection, by: str | None) -> None:
    """Show several runs by the same queries, with how sure their differences are."""
    names = [run.name for run in state.runs()]
    if len(names) < 2:
        st.info("There is one run only. Start another one with another backbone or number of views.")
        return
    if by is None:
        st.info("Runs are compared by categories; choose a category above.")
        return
    others = [name for name in names if name != there.run.name]
    chosen = st.multiselect("Compare with", others, default=others[:2])
    if not chosen:
        return
    runs = {name: state.load_collection(state.workspace().run(name)) for name in (there.run.name, *chosen)}
    stamps = tuple(_stamp(run) for run in runs.values())
    found = _compare(tuple(runs), stamps, by, {name: run.embeddings for name, run in runs.items()})
    st.dataframe(as_table(found), hide_index=True, width="stretch")
    st.caption(
        f"Differences to “{there.run.name}” with 95 % intervals from a paired bootstrap; a star where the interval "
        "leaves 0 out."
    )
    for name, run in runs.items():
        st.caption(f"**{state.plain(name)}**: {run.made_by}")


def as_table(found: Comparison) -> pd.DataFrame:
    """Return a row a run, a column a measure, with its difference to the first run."""
    apart = {(one.run, one.measure): one for one in found.differences}
    rows = []
    for name, evaluation in found.evaluations.items():
        row: dict[str, str] = {"run": name}
        for measure in MEASURES:
            row[measure] = f"{evaluation.overall[measure]:.3f}"
            one = apart.get((name, measure))
            if one is not None:
                star = " *" if one.is_clear else ""
                row[measure] += f"  ({one.mean:+.3f}, {one.low:+.3f} to {one.high:+.3f}){star}"
        rows.append(row)
    return pd.DataFrame(rows)


@st.cache_data(show_spinner="Judging …", max_entries=16)
def _evaluate(name: str, stamp: int, labels: Labels, _embeddings: Embeddings) -> Evaluation:
    del name, stamp  # part of the key only
    return evaluate(_embeddings, labels)


@st.cache_data(show_spinner="Comparing …", max_entries=8)
def _compare(names: tuple[str, ...], stamps: tuple[int, ...], by: str, _runs: Mapping[str, Embeddings]) -> Comparison:
    del names, stamps  # part of the key only
    return compare(_runs, by)


def _stamp(there: state.Collection) -> int:
    return Path(there.run.matrix_path).stat().st_mtime_ns


def _open(specimen_id: str) -> None:
    state.choose_specimen(specimen_id)
    st.session_state["go_to_search"] = True


require_router(__file__)
if st.session_state.pop("go_to_search", False):
    st.switch_page("pages/2_search.py")
main()
