"""Plotly figures: cluster sizes, explained variance, trees, sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.colours import ACCENT_COLOUR, NOISE_COLOUR, OKABE_ITO, palette, ramp
from core.tree_layout import Branch, Joint
from ui.words import say

_MARGINS = {"l": 10, "r": 10, "t": 30, "b": 10}
_LARGEST_MARK = 22


def figure_config(name: str) -> dict[str, Any]:
    """Return how plots behave: their own button saves them as SVG under this name."""
    return {
        "displaylogo": False,
        "scrollZoom": True,
        "toImageButtonOptions": {"format": "svg", "filename": name, "scale": 1},
    }


def sizes_figure(sizes: Sequence[int], n_noise: int, *, height: int = 240) -> go.Figure:
    """Return bars of the cluster sizes, noise last."""
    names = [f"{number}" for number in range(len(sizes))]
    figure = go.Figure(
        go.Bar(
            x=[*names, say("charts-noise")],
            y=[*sizes, n_noise],
            marker_color=[*palette(len(names)), NOISE_COLOUR],
            hovertemplate="%{x}: %{y}<extra></extra>",
        )
    )
    figure.update_layout(
        height=height, margin=_MARGINS, xaxis_title=say("charts-cluster"), yaxis_title=say("charts-specimens")
    )
    figure.update_xaxes(type="category")
    return figure


def variance_figure(shares: np.ndarray, kept: int, *, height: int = 320) -> go.Figure:
    """Return the scree plot, the cumulative share of the variance, and the cut that was chosen."""
    components = np.arange(1, len(shares) + 1)
    figure = go.Figure()
    inside = np.where(components <= kept, OKABE_ITO[0], NOISE_COLOUR)
    figure.add_bar(x=components, y=shares, name=say("charts-component"), marker_color=inside)
    figure.add_scatter(
        x=components, y=np.cumsum(shares), name=say("charts-cumulative"), line_color=OKABE_ITO[1], yaxis="y2"
    )
    figure.add_vline(
        x=kept + 0.5,
        line_dash="dash",
        line_color=ACCENT_COLOUR,
        annotation_text=say("charts-cut", kept=kept),
        annotation_position="bottom right",
    )
    figure.update_layout(
        height=height,
        margin=_MARGINS,
        xaxis_title=say("charts-component"),
        yaxis_title=say("charts-share"),
        yaxis2={"title": say("charts-cumulative"), "overlaying": "y", "side": "right", "range": [0, 1.02]},
        legend={"orientation": "h", "y": 1.08},
    )
    return figure


def condensed_figure(branches: Sequence[Branch], *, height: int = 520) -> go.Figure:
    """Return a condensed tree as bars from where a group parts to where it falls apart; node as custom data."""
    n_clusters = max((branch.cluster_id for branch in branches), default=-1) + 1
    colours = palette(n_clusters)
    figure = go.Figure(
        go.Bar(
            x=[(branch.left + branch.right) / 2 for branch in branches],
            width=[max(branch.right - branch.left, 0.5) * 0.96 for branch in branches],
            base=[branch.ends for branch in branches],
            y=[branch.begins - branch.ends for branch in branches],
            customdata=[[branch.node, branch.size, branch.begins, branch.ends] for branch in branches],
            marker_color=[
                colours[branch.cluster_id] if branch.cluster_id >= 0 else NOISE_COLOUR for branch in branches
            ],
            marker_line={"width": 0.5, "color": "#ffffff"},
            text=[str(branch.cluster_id) if branch.cluster_id >= 0 else "" for branch in branches],
            textposition="inside",
            hovertemplate=say("charts-branch-hover") + "<extra></extra>",
        )
    )
    figure.update_layout(height=height, margin=_MARGINS, showlegend=False, dragmode="pan", uirevision="keep")
    figure.update_xaxes(title=say("charts-tree-across"), showticklabels=False, zeroline=False)
    figure.update_yaxes(title=say("charts-distance"), rangemode="tozero")
    return figure


def linkage_figure(joints: Sequence[Joint], *, height: int = 520) -> go.Figure:
    """Return the upper part of a single-linkage tree, a mark a joint with its node as custom data."""
    at = {joint.node: joint for joint in joints}
    across: list[float | None] = []
    up: list[float | None] = []
    for joint in joints:
        if joint.below:
            left, right = (at[node] for node in joint.below)
            across += [left.x, left.x, right.x, right.x, None]
            up += [left.height, joint.height, joint.height, right.height, None]
    figure = go.Figure()
    figure.add_scatter(x=across, y=up, mode="lines", line={"color": NOISE_COLOUR, "width": 1.5}, hoverinfo="skip")
    largest = max((joint.size for joint in joints), default=1)
    figure.add_scatter(
        x=[joint.x for joint in joints],
        y=[joint.height for joint in joints],
        mode="markers",
        customdata=[[joint.node, joint.size] for joint in joints],
        marker={
            "size": [7 + (_LARGEST_MARK - 7) * (joint.size / largest) ** 0.5 for joint in joints],
            "color": [OKABE_ITO[0] if joint.below else OKABE_ITO[4] for joint in joints],
            "opacity": 1,
        },
        hovertemplate=say("charts-joint-hover") + "<extra></extra>",
    )
    figure.update_layout(height=height, margin=_MARGINS, showlegend=False, dragmode="pan", uirevision="keep")
    figure.update_xaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(title=say("charts-distance"), rangemode="tozero")
    return figure


def sweep_heat_map(table: pd.DataFrame, across: str, down: str, value: str, *, height: int = 380) -> go.Figure:
    """Return a value of the best trial for every pair of two settings; the trial's number as custom data."""
    best = table.loc[table.groupby([down, across])["score"].idxmax()]
    figure = go.Figure(
        go.Scatter(
            x=best[across].astype(str),
            y=best[down].astype(str),
            mode="markers+text",
            text=[f"{number:.2f}" for number in best[value]],
            customdata=[[int(number)] for number in best.index],
            marker={
                "symbol": "square",
                "size": 46,
                "color": best[value],
                "colorscale": list(ramp(32)),
                "colorbar": {"title": value},
            },
            textfont={"color": ["#ffffff" if shade else "#000000" for shade in _is_dark(best[value])]},
            hovertemplate=f"{across} %{{x}}, {down} %{{y}}: %{{marker.color:.3f}}<extra></extra>",
        )
    )
    figure.update_layout(height=height, margin=_MARGINS, dragmode="pan")
    figure.update_xaxes(type="category", title=across)
    figure.update_yaxes(type="category", title=down)
    return figure


def sweep_parallel(table: pd.DataFrame, columns: Sequence[str], value: str, *, height: int = 380) -> go.Figure:
    """Return a line a trial through all its settings and figures, coloured by one of them."""
    dimensions = []
    for name in columns:
        series = table[name]
        if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
            dimensions.append({"label": name, "values": series})
        else:
            names = sorted(series.astype(str).unique())
            codes = series.astype(str).map({text: place for place, text in enumerate(names)})
            dimensions.append({"label": name, "values": codes, "tickvals": list(range(len(names))), "ticktext": names})
    line = {"color": table[value], "colorscale": list(ramp(32)), "showscale": True, "colorbar": {"title": value}}
    figure = go.Figure(go.Parcoords(line=line, dimensions=dimensions))
    figure.update_layout(height=height, margin={"l": 60, "r": 40, "t": 50, "b": 20})
    return figure


def _is_dark(values: pd.Series) -> list[bool]:
    low, high = float(values.min()), float(values.max())
    return [bool(high <= low or (value - low) / (high - low) < 0.6) for value in values.tolist()]
