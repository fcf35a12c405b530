"""Plotly figures: cluster sizes, explained variance, trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.clusters import Branch, LinkageNode
from core.maps import ACCENT_COLOUR, NOISE_COLOUR, OKABE_ITO, palette
from ui.words import say

_MARGINS = {"l": 10, "r": 10, "t": 30, "b": 10}
_LARGEST_MARK = 22


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
    """Return the scree plot with the cumulative share of the variance and the cut."""
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
    """Return a condensed tree as bars.

    A bar reaches from the distance at which a group begins to its end. Custom data hold the node.
    """
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


def linkage_figure(joints: Sequence[LinkageNode], *, height: int = 520) -> go.Figure:
    """Return the upper part of a single-linkage tree.

    Every joint has a mark with its node as custom data.
    """
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
