"""Plotly figures: the map, cluster sizes, explained variance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ui.theme import NOISE_COLOUR, colours_of, symbols

NOISE_NAME = "noise"
_OTHERS = "all others"
_MOST_GROUPS = 24
_MARGINS = {"l": 10, "r": 10, "t": 30, "b": 10}


def map_figure(
    ids: Sequence[str],
    coordinates: np.ndarray,
    groups: Sequence[str],
    *,
    axis: str,
    chosen: str | None = None,
    drag: str = "pan",
    height: int = 580,
) -> go.Figure:
    """Return a scatter of map coordinates, a trace a group, specimen ids as custom data.

    Parameters
    ----------
    ids : sequence of str
        Specimen ids in row order.
    coordinates : (n, 2) or (n, 3) float
        Map coordinates.
    groups : sequence of str
        What colours each point; the commonest 24 groups have a colour of their own.
    axis : str
        What the axes are called, such as `UMAP`.
    chosen : str, optional
        A specimen that is marked.
    drag : {"pan", "lasso", "select"}
        What dragging does in two dimensions. Streamlit selects a clicked point with `pan` only.
    height : int
        In pixels.
    """
    common = [name for name, _ in Counter(groups).most_common(_MOST_GROUPS)]
    shown = sorted(set(common) - {NOISE_NAME}, key=_natural)
    colours = colours_of(shown, noise=NOISE_NAME)
    marks = dict(zip(shown, symbols(len(shown)), strict=True))
    places = np.array([name if name in common else _OTHERS for name in groups])
    figure = go.Figure()
    others = [_OTHERS] if (places == _OTHERS).any() else []
    noise = [NOISE_NAME] if NOISE_NAME in common else []
    for name in (*noise, *others, *shown):
        rows = np.flatnonzero(places == name)
        marker = {"color": colours.get(name, NOISE_COLOUR), "symbol": marks.get(name, "circle"), "opacity": 0.85}
        figure.add_trace(_trace([ids[row] for row in rows], coordinates[rows], name, marker))
    if chosen is not None and chosen in ids:
        here = coordinates[[list(ids).index(chosen)]]
        ring = {"color": "rgba(0,0,0,0)", "size": 18, "line": {"width": 3, "color": "#94471b"}}
        figure.add_trace(_trace([chosen], here, "in hand", ring))
    _lay_out(figure, coordinates.shape[1], axis, drag, height)
    return figure


def sizes_figure(sizes: Sequence[int], n_noise: int, *, height: int = 260) -> go.Figure:
    """Return bars of the cluster sizes, noise last."""
    names = [f"{number}" for number in range(len(sizes))]
    colours = colours_of(names)
    figure = go.Figure(
        go.Bar(
            x=[*names, NOISE_NAME],
            y=[*sizes, n_noise],
            marker_color=[*(colours[name] for name in names), NOISE_COLOUR],
            hovertemplate="cluster %{x}: %{y} specimens<extra></extra>",
        )
    )
    figure.update_layout(height=height, margin=_MARGINS, xaxis_title="cluster", yaxis_title="specimens")
    figure.update_xaxes(type="category")
    return figure


def variance_figure(explained_variance_ratio: np.ndarray, *, height: int = 260) -> go.Figure:
    """Return the scree plot and the cumulative share of the variance."""
    components = np.arange(1, len(explained_variance_ratio) + 1)
    figure = go.Figure()
    figure.add_bar(x=components, y=explained_variance_ratio, name="component", marker_color="#0072b2")
    figure.add_scatter(x=components, y=np.cumsum(explained_variance_ratio), name="cumulative", line_color="#d55e00")
    figure.update_layout(
        height=height,
        margin=_MARGINS,
        xaxis_title="component",
        yaxis_title="share of the variance",
        yaxis_range=[0, 1.02],
    )
    return figure


def _trace(ids: Sequence[str], coordinates: np.ndarray, name: str, marker: dict[str, object]) -> go.Scattergl:
    text = "%{customdata[0]}<extra>" + name.replace("<", "&lt;") + "</extra>"
    data = [[specimen_id] for specimen_id in ids]
    common = {"mode": "markers", "name": name, "customdata": data, "hovertemplate": text}
    x, y = coordinates[:, 0], coordinates[:, 1]
    if coordinates.shape[1] == 3:
        # 3D markers know fewer shapes.
        plain = {**marker, "symbol": "circle", "size": marker.get("size", 5)}
        return go.Scatter3d(x=x, y=y, z=coordinates[:, 2], marker=plain, **common)
    return go.Scattergl(x=x, y=y, marker={"size": 9, **marker}, **common)


def _lay_out(figure: go.Figure, dimensions: int, axis: str, drag: str, height: int) -> None:
    figure.update_layout(
        height=height,
        margin=_MARGINS,
        legend={"itemsizing": "constant", "orientation": "h", "title": None, "y": -0.06, "font": {"size": 11}},
        dragmode=drag if dimensions == 2 else "turntable",
        uirevision="keep",
    )
    if dimensions == 2:
        figure.update_xaxes(title=f"{axis} 1", zeroline=False, showticklabels=False)
        # Distances along PCA's axes can be compared; along UMAP's they mean nothing.
        anchor = {"scaleanchor": "x"} if axis == "PCA" else {}
        figure.update_yaxes(title=f"{axis} 2", zeroline=False, showticklabels=False, **anchor)
    else:
        names = {f"{letter}axis": {"title": f"{axis} {n}"} for n, letter in enumerate("xyz", start=1)}
        figure.update_layout(scene={**names, "aspectmode": "data"})


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.lstrip("-").isdigit() else (10**9, name)
