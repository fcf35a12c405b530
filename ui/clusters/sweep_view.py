"""The result of a sweep: weights, a ranking, a heat map, parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.clusters import PARTS, SWEPT, ScoreWeights, SweepRow, config_text, weigh
from core.foundation import CoreError
from core.storage import csv_for_people
from ui.clusters.clustering_cache import clustering_cache
from ui.clusters.settings_form import take_settings
from ui.clusters.sweep_charts import brushed_trials, sweep_heat_map, sweep_parallel
from ui.components import show_figure
from ui.session import ask_for_screen, state
from ui.words import say

_BRUSHED = "sweep_brushed"


def show_sweep(collection: state.Collection, tried: Sequence[SweepRow]) -> None:
    """Show the result of a sweep, whose trials open on the screen Clusters."""
    weights = ask_for_weights(tried)
    if weights is None:
        return
    table = ranked(tried, weights)
    best = tried[int(table.index[0])]
    first = table.iloc[0]
    st.markdown(
        say(
            "sweep-best",
            count=len(tried),
            score=f"{first['score']:.3f}",
            clusters=int(first["n_clusters"]),
            noise=f"{first['noise_ratio']:.0%}",
        )
    )
    opens, config, csv, _ = st.columns([2, 2, 2, 2])
    opens.button(
        say("sweep-open-best"),
        type="primary",
        on_click=_open,
        args=(collection, best),
        width="stretch",
        key="sweep_open_best",
    )
    config.download_button(
        "best_config.yaml",
        config_text(best.settings, collection.run.matrix_path, collection.run.ids_path),
        "best_config.yaml",
        "application/yaml",
        icon=":material/download:",
        help=say("sweep-config-help"),
        width="stretch",
    )
    csv.download_button(
        say("common-download-csv"),
        csv_for_people(table),
        "sweep_results.csv",
        "text/csv",
        icon=":material/download:",
        width="stretch",
    )
    show_heat_map(collection, tried, table)
    show_table(collection, tried, show_parallel(collection, tried, table))


def ask_for_weights(tried: Sequence[SweepRow]) -> ScoreWeights | None:
    """Ask for the weights of the parts of the score."""
    st.caption(say("sweep-weights-help"))
    usual = ScoreWeights()
    given: dict[str, float] = {}
    known = [name for name in PARTS if name in tried[0].parts]
    for column, name in zip(st.columns(len(PARTS)), PARTS, strict=True):
        given[name] = column.slider(
            say(f"sweep-part-{name}"),
            0.0,
            1.0,
            float(getattr(usual, name)),
            0.05,
            key=f"sweep_weight_{name}",
            disabled=name not in known,
            help=say(f"sweep-part-{name}-help"),
        )
    try:
        return ScoreWeights(**given)
    except CoreError as error:
        state.show_error(error)
        return None


def ranked(tried: Sequence[SweepRow], weights: ScoreWeights) -> pd.DataFrame:
    """Return a row per setting, best score first, indexed by its place in the sweep."""
    rows = []
    for one in tried:
        score = weigh(one.parts, weights) if one.figures["n_clusters"] > 1 else 0.0
        settings = {name: getattr(one.settings, name) for name in SWEPT}
        rows.append({**settings, **one.figures, "score": score, **one.parts})
    table = pd.DataFrame(rows)
    return table.sort_values("score", ascending=False, kind="stable")


def show_heat_map(collection: state.Collection, tried: Sequence[SweepRow], table: pd.DataFrame) -> None:
    """Show the best trial for every pair of settings as squares that can be clicked."""
    varied = _varied(table)
    if len(varied) < 2:
        return
    across, down, value, _ = st.columns([2, 2, 2, 3])
    x = across.selectbox(say("sweep-across"), varied, index=varied.index(_preferred(varied)), key="sweep_x")
    others = [name for name in varied if name != x]
    y = down.selectbox(say("sweep-down"), others, key="sweep_y")
    figures = ["score", *(name for name in table.columns if name not in (*SWEPT, "score"))]
    shown = value.selectbox(say("sweep-value"), figures, key="sweep_value")
    show_figure(
        sweep_heat_map(table.sort_index(), x, y, shown),
        "sweep_heat_map",
        key="sweep_heat",
        on_select=lambda: _open_point(collection, tried, "sweep_heat"),
        selection_mode="points",
    )
    st.caption(say("sweep-heat-help"))


def show_parallel(collection: state.Collection, tried: Sequence[SweepRow], table: pd.DataFrame) -> pd.DataFrame:
    """Show all trials as parallel coordinates, and return those that were brushed.

    If nothing was brushed, all are returned. A click on a point opens its clustering, as a square
    of the heat map does.
    """
    how = st.segmented_control(
        say("sweep-parallel-how"),
        ("open", "brush"),
        default="open",
        required=True,
        key="sweep_parallel_how",
        format_func=lambda name: say(f"sweep-parallel-{name}"),
        label_visibility="collapsed",
    )
    kept = _brushed(tried)
    agreement = [name for name in ("stability", "ari") if name in table]
    columns = [*_varied(table), "noise_ratio", "n_clusters", "mean_prob", *agreement, "score"]
    show_figure(
        sweep_parallel(table, columns, "score", kept, brush=how == "brush"),
        "sweep_parallel",
        key="sweep_parallel",
        on_select=lambda: _take_brush(collection, tried),
        selection_mode="box" if how == "brush" else "points",
    )
    st.caption(f"{say('sweep-parallel-help')} {state.plain(collection.run.name)} · {state.plain(collection.made_by)}")
    if kept is None:
        return table
    left = table.loc[[number in kept for number in table.index]]
    words, best, every = st.columns([4, 2, 2], vertical_alignment="center")
    words.markdown(say("sweep-brushed", count=len(left), all=len(table)))
    best.button(
        say("sweep-open-brushed"),
        on_click=_open,
        args=(collection, tried[int(left.index[0])]),
        width="stretch",
        key="sweep_open_brushed",
    )
    every.button(say("sweep-show-all"), on_click=_forget_brush, width="stretch", key="sweep_show_all")
    return left


def show_table(collection: state.Collection, tried: Sequence[SweepRow], table: pd.DataFrame) -> None:
    """Show the ranking, whose rows open their clusterings when chosen."""
    st.caption(say("sweep-table-help"))
    st.dataframe(
        table,
        key="sweep_table",
        hide_index=True,
        width="stretch",
        on_select=lambda: _open_row(collection, tried, table),
        selection_mode="single-row",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in table.columns if name not in SWEPT
        }
        | {"n_clusters": st.column_config.NumberColumn(format="%d")},
    )


def _preferred(varied: Sequence[str]) -> str:
    return "min_cluster_size" if "min_cluster_size" in varied else varied[0]


def _varied(table: pd.DataFrame) -> list[str]:
    return [name for name in SWEPT if len(set(table[name])) > 1]


def _take_brush(collection: state.Collection, tried: Sequence[SweepRow]) -> None:
    """Keep the trials in a box, or open the one that was clicked."""
    chosen = (st.session_state.get("sweep_parallel") or {}).get("selection") or {}
    if chosen.get("box"):
        found, before = brushed_trials(chosen.get("points") or []), _brushed(tried)
        narrowed = found & before if before else found
        st.session_state[_BRUSHED] = (_name_of(tried), narrowed or found)
    else:
        _open_point(collection, tried, "sweep_parallel")


def _brushed(tried: Sequence[SweepRow]) -> set[int] | None:
    """Return the trials that were brushed in this sweep, None if there are none."""
    name, kept = st.session_state.get(_BRUSHED, (None, set()))
    return kept if kept and name == _name_of(tried) else None


def _name_of(tried: Sequence[SweepRow]) -> int:
    return hash(tuple(one.settings for one in tried))


def _forget_brush() -> None:
    st.session_state.pop(_BRUSHED, None)


def _open_point(collection: state.Collection, tried: Sequence[SweepRow], key: str) -> None:
    points = ((st.session_state.get(key) or {}).get("selection") or {}).get("points") or []
    place = next((point["customdata"][0] for point in points if point.get("customdata")), None)
    if place is not None and int(place) < len(tried):
        _open(collection, tried[int(place)])


def _open_row(collection: state.Collection, tried: Sequence[SweepRow], table: pd.DataFrame) -> None:
    rows = ((st.session_state.get("sweep_table") or {}).get("selection") or {}).get("rows") or []
    if rows and rows[0] < len(table):
        _open(collection, tried[int(table.index[rows[0]])])


def _open(collection: state.Collection, one: SweepRow) -> None:
    """Go to the screen Clusters with these settings."""
    take_settings(one.settings, clustering_cache(collection))
    ask_for_screen("clusters")
