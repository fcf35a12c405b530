"""Plotly figures of the evaluation: confusion, comparison of runs, robustness."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.evaluation import CHANGES, Comparison, Evaluation, RobustnessResult
from core.maps import colours_of
from ui.words import say

_MARGINS = {"l": 10, "r": 10, "t": 30, "b": 10}
_MOST_CLASSES = 40
# Visible on bars and beside them, on white and on black.
_WHISKERS = "#8a8a8a"


def confusion_figure(evaluation: Evaluation) -> go.Figure:
    """Return the confusion matrix: a row per class, a column per nearest class.

    It is drawn as squares, which can be clicked, unlike cells of a heat map. A square carries its
    pair of classes as custom data.
    """
    classes = classes_shown(evaluation)
    size_of = evaluation.class_sizes
    cells = [(a, b, n) for (a, b), n in evaluation.confusion.items() if a in classes and b in classes]
    # In half a screen of 1280 pixels they stand side by side without overlap.
    side = max(8, min(34, 300 // max(1, len(classes))))
    figure = go.Figure(
        go.Scatter(
            x=[b for _, b, _ in cells],
            y=[a for a, _, _ in cells],
            mode="markers+text" if side >= 16 else "markers",
            text=[str(n) for *_, n in cells],
            textfont={
                "size": min(11, side // 2 + 2),
                "color": ["white" if 2 * n > size_of.get(a, n) else "#333" for a, _, n in cells],
            },
            customdata=[[a, b, n] for a, b, n in cells],
            marker={
                "symbol": "square",
                "size": side,
                "color": [n / size_of.get(a, n) for a, _, n in cells],
                "colorscale": "Blues",
                "cmin": 0,
                "cmax": 1,
                "line": {"width": [0 if a == b else 1.5 for a, b, _ in cells], "color": "#b2182b"},
                "colorbar": {"title": say("evaluate-share"), "thickness": 12},
            },
            hovertemplate="%{customdata[0]} → %{customdata[1]}: %{customdata[2]}<extra></extra>",
        )
    )
    axis = {"categoryorder": "array", "categoryarray": classes, "showgrid": False, "tickfont": {"size": 11}}
    figure.update_layout(
        height=max(320, 60 + (side + 6) * len(classes)),
        margin=_MARGINS,
        dragmode="pan",
        showlegend=False,
        xaxis={**axis, "title": say("evaluate-nearest-class"), "tickangle": -60},
        yaxis={**axis, "autorange": "reversed", "title": say("evaluate-class")},
    )
    return figure


def classes_shown(evaluation: Evaluation) -> list[str]:
    """Return all classes of the matrix, or the most confused if there are too many."""
    classes = sorted({*evaluation.labels, *evaluation.nearest_labels})
    if len(classes) <= _MOST_CLASSES:
        return classes
    wrong = dict.fromkeys(classes, 0)
    for (a, b), count in evaluation.confusion.items():
        if a != b:
            wrong[a] += count
            wrong[b] += count
    return sorted(sorted(classes, key=lambda name: -wrong[name])[:_MOST_CLASSES])


def comparison_figure(comparison: Comparison, measures: Sequence[str]) -> go.Figure:
    """Return a group of bars per measure, a bar per run, with intervals."""
    colours = colours_of(list(comparison.evaluations))
    figure = go.Figure()
    for name, evaluation in comparison.evaluations.items():
        values = [evaluation.overall[measure] for measure in measures]
        ends = [
            evaluation.intervals.get(measure, (value, value)) for measure, value in zip(measures, values, strict=True)
        ]
        error = {
            "type": "data",
            "array": [high - value for (_, high), value in zip(ends, values, strict=True)],
            "arrayminus": [value - low for (low, _), value in zip(ends, values, strict=True)],
            "color": _WHISKERS,
        }
        names = [measure.replace("_", " ") for measure in measures]
        figure.add_trace(go.Bar(x=names, y=values, name=name, error_y=error, marker_color=colours[name]))
    figure.update_layout(barmode="group", height=320, margin=_MARGINS, yaxis={"range": [0, 1.02]}, dragmode="pan")
    return figure


def difference_figure(comparison: Comparison, measures: Sequence[str]) -> go.Figure:
    """Return the differences to the first run with intervals.

    A mark is filled if its interval excludes 0.
    """
    colours = colours_of(list(comparison.evaluations))
    figure = go.Figure()
    for name in [name for name in comparison.evaluations if name != comparison.first]:
        one_of = {one.measure: one for one in comparison.differences if one.run == name}
        shown = [one_of[measure] for measure in measures]
        figure.add_trace(
            go.Scatter(
                x=[one.measure.replace("_", " ") for one in shown],
                y=[one.mean for one in shown],
                name=name,
                mode="markers",
                marker={
                    "size": 11,
                    "color": colours[name],
                    "symbol": ["circle" if one.is_clear else "circle-open" for one in shown],
                },
                error_y={
                    "type": "data",
                    "array": [one.high - one.mean for one in shown],
                    "arrayminus": [one.mean - one.low for one in shown],
                },
            )
        )
    figure.add_hline(y=0, line={"color": "gray", "width": 1})
    figure.update_layout(height=320, margin=_MARGINS, dragmode="pan", scattermode="group", showlegend=True)
    return figure


def robustness_figure(rows: Sequence[RobustnessResult]) -> go.Figure:
    """Return two bars per change: the shares that find themselves and their class."""
    names = [name_of_change(one.change) for one in rows]
    figure = go.Figure()
    shares = {
        say("evaluate-finds-itself"): [one.finds_itself for one in rows],
        say("evaluate-finds-class"): [one.finds_its_class for one in rows],
    }
    for (label, values), colour in zip(shares.items(), colours_of(list(shares)).values(), strict=True):
        figure.add_trace(go.Bar(x=names, y=values, name=label, marker_color=colour))
    figure.update_layout(
        barmode="group", height=320, margin=_MARGINS, yaxis={"range": [0, 1.02], "tickformat": ".0%"}, dragmode="pan"
    )
    return figure


def name_of_change(change: str) -> str:
    """Return a change of specimens in words, or its name if it is unknown."""
    return say(f"evaluate-change-{change}") if change in CHANGES else change
