"""Plots with buttons that save them as PNG and SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui.words import say

_PARTS = Path(__file__).parent / "figure_component"


def show_figure(figure: go.Figure, file: str, *, key: str, **selection: Any) -> Any:
    """Show a plot with buttons for PNG and SVG, and return what is selected on it.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        The plot.
    file : str
        Name of a saved picture, without ending.
    key : str
        Unique on the screen.
    selection
        `on_select` and `selection_mode`, as `st.plotly_chart` takes them.
    """
    with st.container(gap=None):
        chosen = st.plotly_chart(figure, key=key, config=figure_config(), **selection)
        buttons = {name: say("charts-save") for name in ("png", "svg")}
        _component()(key=f"{key}_save", data={"chart": key, "file": file, "buttons": buttons})
    return chosen


def figure_config() -> dict[str, Any]:
    """Return Plotly's configuration: zoom by wheel, no button for images."""
    return {"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["toImage"]}


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    css, js = ((_PARTS / name).read_text(encoding="utf-8") for name in ("save.css", "save.js"))
    return st.components.v2.component("figure_save", html='<div class="save"></div>', css=css, js=js)
