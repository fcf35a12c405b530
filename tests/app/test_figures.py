"""Plots have buttons, and parallel coordinates report clicks and brushes."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from ui.clusters import brushed_trials, sweep_parallel

PROJECT = Path(__file__).resolve().parents[2]
TABLE = pd.DataFrame(
    {
        "pca": [16, 0.9, 0],
        "umap": [True, False, True],
        "n_clusters": [3.0, 9.0, 3.0],
        "score": [0.9, 0.5, 0.5],
    },
    index=[7, 2, 4],
)
COLUMNS = ["pca", "umap", "n_clusters", "score"]


def points_of(figure: object) -> list[list[object]]:
    """Return the custom data of every point: trial, axis, its name, its value."""
    return [list(one) for trace in figure.data for one in trace.customdata or () if one[0] is not None]  # type: ignore[attr-defined]


def test_screens__show_plots_with_buttons_only() -> None:
    """Every plot is drawn by `show_figure`, so that it can be saved as PNG and SVG."""
    code = [*(PROJECT / "pages").glob("*.py"), *(PROJECT / "ui").rglob("*.py")]
    drawing = [path.name for path in code if re.search(r"\bplotly_chart\(", path.read_text(encoding="utf-8"))]
    assert drawing == ["figures.py"]


def test_sweep_parallel__has_a_point_a_trial_and_axis() -> None:
    """Each has the number of its trial in any order of rows, and its text."""
    points = points_of(sweep_parallel(TABLE, COLUMNS, "score"))
    assert sorted((number, axis) for number, axis, *_ in points) == [(n, a) for n in (2, 4, 7) for a in range(4)]
    assert [2, 0, "pca", "0.9"] in points
    assert [4, 1, "umap", "True"] in points


def test_sweep_parallel__settings_stand_in_their_order() -> None:
    """No PCA, shares of variance and numbers of components share an even axis."""
    figure = sweep_parallel(TABLE, COLUMNS, "score")
    on_axis = {one.text: one.y for one in figure.layout.annotations if one.x == 0}
    assert on_axis == {"0": 0.0, "0.9": 0.5, "16": 1.0}


def test_sweep_parallel__what_was_brushed_stands_out() -> None:
    """The other trials are drawn in grey."""
    figure = sweep_parallel(TABLE, COLUMNS, "score", {2})
    grey = {one[0] for one in figure.data[0].customdata if one[0] is not None}
    assert grey == {4, 7}
    assert {point[0] for point in points_of(figure)} == {2, 4, 7}


@pytest.mark.parametrize(
    ("brushed", "expected"),
    [
        ([], set()),
        ([(1, 0), (2, 0)], {1, 2}),
        ([(1, 0), (2, 0), (2, 3), (5, 3)], {2}),
        ([(None, None), (1, 0)], {1}),
    ],
)
def test_brushed_trials__pass_every_axis_that_was_brushed(
    brushed: list[tuple[int | None, int | None]], expected: set[int]
) -> None:
    """On one axis any point counts, on several a trial must be in all of them."""
    points: list[dict[str, object]] = [{"customdata": [number, axis, "", ""]} for number, axis in brushed]
    assert brushed_trials([*points, {}]) == expected
