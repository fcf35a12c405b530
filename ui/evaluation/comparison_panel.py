"""Several runs compared by the same queries, by embeddings or view by view."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.evaluation import MEASURES, Comparison, EvaluationSettings, compare_runs
from core.matching import MatchSettings, open_matcher, ranking_by
from core.neighbours import Ranking, SearchSettings
from core.storage import csv_for_people
from ui.components import show_figure
from ui.evaluation.charts import comparison_figure, difference_figure
from ui.search import WHITENED
from ui.session import state
from ui.words import say

# Duration of a query on a common machine, and the longest wait that a screen may ask for.
_SECONDS_A_QUERY = {False: 0.03, True: 0.2}
_PATIENCE = 120.0


def show_comparison(collection: state.Collection, by: str) -> None:
    """Show several runs by the same queries, with intervals of their differences."""
    names = [run.name for run in state.runs()]
    if len(names) < 2:
        st.info(say("evaluate-one-run"), icon=":material/add_chart:")
        return
    others = [name for name in names if name != collection.run.name]
    which, how, again = st.columns([5, 3, 4], gap="medium", vertical_alignment="bottom")
    chosen = which.multiselect(
        say("evaluate-with"), others, default=others[:2], key="compare_with", help=say("evaluate-with-help")
    )
    match = _ask_match(collection, how, again)
    if not chosen:
        st.info(say("evaluate-choose-runs"), icon=":material/add_chart:")
        return
    runs = {name: state.load_collection(state.workspace().run(name)) for name in (collection.run.name, *chosen)}
    if _is_too_long(runs, match, by):
        return
    stamps = tuple(run.run.matrix_path.stat().st_mtime_ns for run in runs.values())
    labels_stamp = Path(by).stat().st_mtime_ns if Path(by).is_file() else 0
    with st.spinner(say("evaluate-compare-wait")):
        comparison = _compare(tuple(runs), (*stamps, labels_stamp), by, match, runs)
    state.show_notes(comparison.notes)
    _show(comparison, collection.run.name)
    st.caption(f"{say('evaluate-by-flags')} `{command_of(by, match)}`")
    for name, run in runs.items():
        st.caption(f"**{state.plain(name)}**: {run.made_by}")


def command_of(by: str, match: MatchSettings, folders: str = "") -> str:
    """Return the command that compares runs by the same labels and in the same way."""
    labels = "" if by == "category" else f"--labels {shlex.quote(Path(by).name)}"
    return " ".join(part for part in ("compare", folders, flags_of(match), labels) if part)


def flags_of(match: MatchSettings) -> str:
    """Return the flags of `compare_runs` that match views in the same way."""
    if match.match == "pooled":
        return "--match pooled"
    return f"--match {match.match} --whiten {match.whiten}{' --k-reciprocal' if match.k_reciprocal else ''}"


def as_table(comparison: Comparison) -> pd.DataFrame:
    """Return a row per run, a column per measure, with differences to the first run."""
    apart = {(one.run, one.measure): one for one in comparison.differences}
    rows = []
    for name, evaluation in comparison.evaluations.items():
        row: dict[str, str] = {"run": name}
        for measure in MEASURES:
            row[measure] = f"{evaluation.overall[measure]:.3f}"
            one = apart.get((name, measure))
            if one is not None:
                star = " *" if one.is_clear else ""
                row[measure] += f"  ({one.mean:+.3f}, {one.low:+.3f} … {one.high:+.3f}){star}"
        rows.append(row)
    return pd.DataFrame(rows)


def by_measure(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a row per measure and a column per run, to fit a screen."""
    turned = table.set_index("run").T
    turned.insert(0, say("evaluate-measure"), [str(name).replace("_", " ") for name in turned.index])
    return turned


def _ask_match(collection: state.Collection, choice: DeltaGenerator, regroup: DeltaGenerator) -> MatchSettings:
    """Ask how neighbours are compared in all runs."""
    words = {"pooled": say("search-whole"), "maxsim": say("search-view-by-view")}
    match = choice.segmented_control(
        say("evaluate-neighbours-by"),
        tuple(words),
        default="pooled",
        format_func=words.__getitem__,
        key="compare_match",
        help=say("evaluate-neighbours-by-help"),
    )
    by_views = match == "maxsim"
    again = regroup.toggle(
        say("search-regroup"), key="compare_regroup", disabled=not by_views, help=say("search-regroup-help")
    )
    if not by_views:
        return MatchSettings()
    return MatchSettings("maxsim", whiten=min(WHITENED, len(collection.ids)), k_reciprocal=again)


def _is_too_long(runs: Mapping[str, state.Collection], match: MatchSettings, by: str) -> bool:
    """Return whether a comparison takes too long for a screen.

    If it does, the command that makes it is shown.
    """
    if match.match == "pooled":
        return False
    seconds = _SECONDS_A_QUERY[match.k_reciprocal] * sum(len(run.ids) for run in runs.values())
    if seconds <= _PATIENCE:
        return False
    st.info(say("evaluate-compare-long", minutes=max(2, round(seconds / 60))), icon=":material/terminal:")
    folders = " ".join(f'--run "{run.run.root}"' for run in runs.values())
    st.code(f"python -m core {command_of(by, match, folders)}", language=None, wrap_lines=True)
    return True


def _show(comparison: Comparison, first: str) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{say('evaluate-values')}**")
        show_figure(comparison_figure(comparison, MEASURES), "comparison", key="compare_values")
    with right:
        st.markdown(f"**{say('evaluate-differences', name=state.plain(first))}**")
        show_figure(difference_figure(comparison, MEASURES), "differences", key="compare_differences")
    table = as_table(comparison)
    st.dataframe(by_measure(table), hide_index=True, width="stretch")
    st.download_button(
        say("common-download-csv"), csv_for_people(table), "comparison.csv", "text/csv", key="csv_comparison.csv"
    )
    st.caption(say("evaluate-differences-help", name=state.plain(first)))


@st.cache_data(show_spinner=False, max_entries=8)
def _compare(
    names: tuple[str, ...],
    stamps: tuple[int, ...],
    by: str,
    match: MatchSettings,
    _runs: Mapping[str, state.Collection],
) -> Comparison:
    del names, stamps  # part of the key only
    matrices = {name: run.embeddings for name, run in _runs.items()}
    rankings = {name: ranking for name, run in _runs.items() if (ranking := _ranking(run, match)) is not None}
    return compare_runs(matrices, by, rankings=rankings)


def _ranking(collection: state.Collection, match: MatchSettings) -> Ranking | None:
    search = SearchSettings(match.candidates, EvaluationSettings().metric)
    run = collection.run
    return ranking_by(open_matcher(collection.embeddings, run.features, run.root / "projections", search, match))
