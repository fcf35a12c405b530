"""Plotly figures of a sweep: heat map of two settings, parallel coordinates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.clusters import SWEPT
from core.maps import NOISE_COLOUR, ramp

_MARGINS = {"l": 10, "r": 10, "t": 30, "b": 10}
_SHADES = 24
_TICKS = 3


@dataclass(frozen=True)
class _Axis:
    """One vertical axis: places of the trials from 0 to 1, their texts, and marks."""

    places: np.ndarray
    texts: list[str]
    marks: list[tuple[float, str]]


def sweep_heat_map(table: pd.DataFrame, across: str, down: str, value: str, *, height: int = 380) -> go.Figure:
    """Return a heat map of the best trial for every pair of two settings.

    Custom data hold the number of the trial.
    """
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


def sweep_parallel(
    table: pd.DataFrame,
    columns: Sequence[str],
    value: str,
    kept: Collection[int] | None = None,
    *,
    brush: bool = False,
    height: int = 420,
) -> go.Figure:
    """Return parallel coordinates: a line per trial, coloured by one of its values.

    These are lines of points, since Plotly's own parallel coordinates do not report clicks.
    Every point carries its trial's number and axis as custom data.

    Parameters
    ----------
    table : DataFrame
        A row per trial, indexed by its number.
    columns : sequence of str
        Names of the axes.
    value : str
        The column that colours the lines.
    kept : collection of int, optional
        Trials that stand out if some were brushed; the others are grey and thin.
    brush : bool
        Whether dragging draws a box. Clicks are not reported then.
    """
    axes = [_axis(table[name], by_rank=name in SWEPT) for name in columns]
    figure = go.Figure()
    _draw_lines(figure, table, columns, axes, value, kept)
    _draw_axes(figure, axes)
    figure.update_layout(
        height=height,
        margin={**_MARGINS, "t": 50},
        showlegend=False,
        dragmode="select" if brush else "pan",
        hovermode="closest",
    )
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=[name.replace("_", "<br>", 1) for name in columns],
        side="top",
        range=[-0.45, len(columns) - 0.8],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(visible=False, range=[-0.06, 1.06], fixedrange=True)
    return figure


def brushed_trials(points: Sequence[dict[str, object]]) -> set[int]:
    """Return the trials that pass through the brushed parts of all brushed axes."""
    found: dict[int, set[int]] = {}
    for point in points:
        number, axis, *_ = point.get("customdata") or (None, None)
        if number is not None and axis is not None:
            found.setdefault(int(str(axis)), set()).add(int(str(number)))
    return set.intersection(*found.values()) if found else set()


def _draw_lines(
    figure: go.Figure,
    table: pd.DataFrame,
    columns: Sequence[str],
    axes: Sequence[_Axis],
    value: str,
    kept: Collection[int] | None,
) -> None:
    """Draw the lines of the trials, coloured by a value, and its colour bar."""
    low, high = float(table[value].min()), float(table[value].max())
    shares = (table[value].to_numpy(dtype=float) - low) / (high - low) if high > low else np.full(len(table), 0.5)
    shade = np.clip((shares * (_SHADES - 1)).round().astype(int), 0, _SHADES - 1)
    stands_out = np.array([kept is None or number in kept for number in table.index], dtype=bool)
    colours = ramp(_SHADES)
    figure.add_traces([_lines(table, columns, axes, np.flatnonzero(~stands_out), NOISE_COLOUR, width=0.6)])
    for number in range(_SHADES):
        rows = np.flatnonzero(stands_out & (shade == number))
        if rows.size:
            figure.add_traces([_lines(table, columns, axes, rows, colours[number], width=1.6)])
    scale = {"color": [low], "cmin": low, "cmax": max(high, low + 1e-9), "colorscale": list(colours), "showscale": True}
    figure.add_scatter(
        x=[None], y=[None], mode="markers", hoverinfo="skip", marker={**scale, "colorbar": {"title": value}}
    )


def _draw_axes(figure: go.Figure, axes: Sequence[_Axis]) -> None:
    """Draw the vertical axes with their marks."""
    for place, axis in enumerate(axes):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, line={"color": NOISE_COLOUR, "width": 1}, layer="below"
        )
        for at, words in axis.marks:
            figure.add_annotation(
                x=place,
                y=at,
                text=words,
                showarrow=False,
                xanchor="right",
                xshift=-7,
                # Beside the ends of an axis, fewer lines cross them.
                yshift=10 if at == 1 else -10 if at == 0 else 0,
                font={"size": 11},
            )


def _lines(
    table: pd.DataFrame, columns: Sequence[str], axes: Sequence[_Axis], rows: np.ndarray, colour: str, *, width: float
) -> go.Scatter:
    """Return the lines of some trials in one colour, with a gap after each."""
    across: list[float | None] = []
    up: list[float | None] = []
    about: list[list[object]] = []
    for row in rows.tolist():
        across += [*range(len(axes)), None]
        up += [*(float(axis.places[row]) for axis in axes), None]
        number = int(table.index[row])
        about += [[number, place, columns[place], axis.texts[row]] for place, axis in enumerate(axes)]
        about.append([None, None, "", ""])
    return go.Scatter(
        x=across,
        y=up,
        mode="lines+markers",
        customdata=about,
        line={"color": colour, "width": width},
        marker={"color": colour, "size": 7 if width > 1 else 4},
        opacity=0.85 if width > 1 else 0.4,
        hovertemplate="%{customdata[2]}: %{customdata[3]}<extra></extra>",
    )


def _axis(values: pd.Series, *, by_rank: bool) -> _Axis:
    """Return an axis: settings evenly spaced in their order, figures by their size."""
    if by_rank:
        names = sorted(set(values.tolist()), key=_in_order)
        place_of = {name: place / max(len(names) - 1, 1) for place, name in enumerate(names)}
        places = np.array([place_of[one] for one in values.tolist()])
        return _Axis(
            places, [_as_text(one) for one in values.tolist()], [(place_of[one], _as_text(one)) for one in names]
        )
    numbers = values.to_numpy(dtype=float)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    places = (numbers - low) / (high - low) if high > low else np.full(numbers.size, 0.5)
    steps = np.linspace(0, 1, _TICKS).tolist() if high > low else [0.5]
    marks = [(step, _as_text(low + step * (high - low))) for step in steps]
    return _Axis(np.nan_to_num(places), [_as_text(one) for one in numbers.tolist()], marks)


def _in_order(value: object) -> tuple[int, float, str]:
    if isinstance(value, bool | np.bool_ | str):
        return (0, 0.0, str(value))
    number = float(str(value))
    # A share of the variance stands before numbers of components; 0 means none.
    return (1 if 0 < number < 1 else 0 if number == 0 else 2, number, "")


def _as_text(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.4g}" if is_number else str(value)


def _is_dark(values: pd.Series) -> list[bool]:
    low, high = float(values.min()), float(values.max())
    return [bool(high <= low or (value - low) / (high - low) < 0.6) for value in values.tolist()]
