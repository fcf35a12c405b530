"""Clusters and maps in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.clusters import SweepSettings, run_sweep, sweep_folder, write_sweep
from core.embeddings import read_embeddings
from core.maps import MapPicture, colour_by_groups, write_map_page
from core.workspace import Workspace
from tests.browser.resting import picture_of
from tests.browser.test_journeys import in_hand, open_map, place_of
from tests.prepared import RUN_NAME

CORAL = "Corals/Horn/coral_horn_001"
TOOTH = "Teeth/Conical/tooth_conical_001"


def link(page: Page, name: str) -> None:
    """Go to another screen in the same session."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()


def between(page: Page, one: str, other: str) -> tuple[float, float]:
    """Return how far another specimen lies to the right of one, and how far below."""
    here, there = place_of(page, one), place_of(page, other)
    return there[0] - here[0], there[1] - here[1]


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how many pixels two places are apart."""
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def test_journey__a_newcomer_on_the_map_and_among_the_clusters(page: Page, address: str, prepared: Workspace) -> None:
    """A new scan gets a star beside similar specimens, no point moves.

    Clusters shows its cluster.
    """
    known = next((prepared.meshes / "Corals" / "Horn").glob("coral_horn_001.*"))
    name = f"unknown{known.suffix}"
    open_map(page, address)
    before = between(page, CORAL, TOOTH)
    link(page, "Search")
    page.get_by_text("Search with a file").click()
    data = {"name": name, "mimeType": "application/octet-stream", "buffer": known.read_bytes()}
    page.locator("input[type=file]").set_input_files(files=[data])
    page.get_by_text("Searching with the file").wait_for()
    expect(page.locator("button.pick").first).to_have_attribute("data-specimen", CORAL)
    page.keyboard.press("Escape")

    link(page, "Map")
    page.get_by_text(f"The star is {name}").wait_for()
    page.get_by_text("PCA", exact=True).click()
    page.get_by_text("PCA is a straight projection").wait_for()
    page.wait_for_timeout(500)
    picture_of(page.locator(".stage"))
    assert between(page, CORAL, TOOTH) == pytest.approx(before, abs=1)
    assert apart(place_of(page, name), place_of(page, CORAL)) < 3 < apart(place_of(page, name), place_of(page, TOOTH))

    link(page, "Clusters")
    page.get_by_text(f"{name} would join: Cluster").wait_for()
    page.get_by_text(f"its nearest in a cluster is {CORAL}").wait_for()


def test_journey__soft_membership(page: Page, address: str) -> None:
    """The chosen specimen has a membership in every cluster.

    Rows of the CSV add up to 1.
    """
    page.goto(f"{address}/clusters?lang=en&specimen={TOOTH}")
    page.get_by_text("Soft membership", exact=True).click()
    page.get_by_text("all shares add up to 1").wait_for()
    page.get_by_test_id("stMain").get_by_text(TOOTH.rsplit("/", 1)[-1], exact=True).first.wait_for()
    page.get_by_test_id("stMain").get_by_test_id("stDataFrame").wait_for()
    clusters = int(page.get_by_test_id("stMetricValue").first.inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").last.click()
    assert download.value.suggested_filename == "soft_membership.csv"
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == 42
    assert len(rows[0]) == 1 + clusters
    for row in rows:
        shares = [float(value) for column, value in row.items() if column != "specimen_id"]
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert min(shares) >= 0


def test_journey__the_map_in_3d(page: Page, address: str) -> None:
    """Dragging rotates the map, a click chooses a point, and the CSV has three axes."""
    open_map(page, address)
    page.get_by_role("radio", name="3", exact=True).or_(page.get_by_role("button", name="3", exact=True)).first.click()
    page.get_by_role("button", name="SVG").and_(page.locator("[disabled]")).wait_for()
    page.locator(".map[data-state=ready]").wait_for()
    page.wait_for_timeout(500)
    picture_of(page.locator(".stage"))
    box = page.locator(".above").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = [place_of(page, specimen) for specimen in (CORAL, TOOTH)]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 160, y + 60, steps=8)
    page.mouse.up()
    picture_of(page.locator(".stage"))
    after = [place_of(page, specimen) for specimen in (CORAL, TOOTH)]
    moved = [apart(one, other) for one, other in zip(before, after, strict=True)]
    assert max(moved) > 5
    # Turned, not only pushed aside.
    assert abs(apart(*before) - apart(*after)) > 2
    assert picture_of(page.locator(".stage")).std() > 3
    page.mouse.click(*place_of(page, TOOTH))
    page.get_by_text("Nearest to").wait_for()
    page.wait_for_function("() => new URLSearchParams(location.search).get('specimen')")
    assert in_hand(page) != ""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "map_pca_3d.csv"
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("specimen_id,x,y,z")


@pytest.mark.parametrize(
    "note", ["化石の三次元形状、" * 40, "PCA of 48 specimens, by tooth_" + "x" * 200 + " " + "and more " * 30]
)
def test_map_page__opens_from_a_file_and_saves_itself(page: Page, tmp_path: Path, note: str) -> None:
    """The page needs only its file, and the picture covers no text in any language."""
    colouring = colour_by_groups("kind", ["one", "other", "one"])
    coordinates = np.array([[0, 0], [1, 1], [2, 0]], np.float32)
    write_map_page(tmp_path / "map.html", MapPicture(("A/1", "A/2", "B/3"), coordinates, colouring, "Map", note))
    page.goto((tmp_path / "map.html").as_uri())
    page.locator(".map[data-state=ready]").wait_for()
    lines = page.evaluate(
        """(note) => {
          const ctx = document.createElement("canvas").getContext("2d");
          ctx.font = "11px sans-serif";
          return wrapped(ctx, note, 400).map((line) => [line, ctx.measureText(line).width]);
        }""",
        note,
    )
    assert "".join("".join(line.split()) for line, _ in lines) == "".join(note.split())
    assert max(width for _, width in lines) <= 400 and len(lines) < 30
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    with Image.open(download.value.path()) as saved:
        below = np.asarray(saved.convert("L"))[-90:]
    assert (below < 128).sum() > 500


@pytest.fixture
def swept(prepared: Workspace) -> Iterator[list[int]]:
    """Write a sweep of the shown run.

    Return its values of `min_cluster_size`.
    """
    run = prepared.run(RUN_NAME)
    settings = SweepSettings(pca=(8, 16), min_samples=(1, 2), min_cluster_size=(3, 5))
    write_sweep(sweep_folder(run), run_sweep(read_embeddings(run.matrix_path, run.ids_path), settings))
    yield [3, 5]
    for path in sweep_folder(run).iterdir():
        path.unlink()


def place_on_axis(page: Page, axis: str, mark: float) -> tuple[float, float]:
    """Return the screen position of a share of an axis of the parallel coordinates."""
    found = page.locator(".st-key-sweep_parallel .js-plotly-plot").evaluate(
        """(plot, [axis, mark]) => {
            const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
            const at = xaxis.ticktext.map(name => name.replace('<br>', '_')).indexOf(axis);
            return [box.left + xaxis._offset + xaxis.l2p(at), box.top + yaxis._offset + yaxis.l2p(mark)];
        }""",
        [axis, mark],
    )
    return float(found[0]), float(found[1])


def wait_for_brush(page: Page, mode: str) -> None:
    """Wait until the lines are drawn, for dragging (`select`) or clicking (`pan`)."""
    page.wait_for_function(
        """mode => {
            const plots = document.querySelectorAll('.st-key-sweep_parallel .js-plotly-plot');
            const state = document.querySelector('[data-testid=stApp]').dataset.testScriptState;
            return plots.length === 1 && plots[0]._fullLayout?.dragmode === mode && state === 'notRunning';
        }""",
        arg=mode,
    )
    page.wait_for_timeout(800)


def test_journey__brush_and_click_parallel_coordinates(page: Page, address: str, swept: list[int]) -> None:
    """A range of an axis filters the settings.

    A click on a point opens its clustering.
    """
    page.goto(f"{address}/sweep?lang=en")
    plot = page.locator(".st-key-sweep_parallel .js-plotly-plot")
    plot.scroll_into_view_if_needed()
    page.get_by_text("Drag keeps a part", exact=True).click()
    wait_for_brush(page, "select")
    x, y = place_on_axis(page, "min_cluster_size", 0.0)
    page.mouse.move(x - 25, y - 20)
    page.mouse.down()
    page.mouse.move(x + 25, y + 12, steps=6)
    page.mouse.up()
    page.get_by_text("8 of 16 settings").wait_for()
    page.get_by_role("button", name="Show all settings").click()
    expect(page.get_by_text("8 of 16 settings")).to_have_count(0)
    page.get_by_text("Click opens", exact=True).click()
    wait_for_brush(page, "pan")
    page.mouse.click(*place_on_axis(page, "min_cluster_size", 1.0))
    page.get_by_role("heading", name="Clusters", exact=True).wait_for()
    expect(page.get_by_role("slider", name="Smallest cluster")).to_have_value(str(swept[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_journey__take_a_plot_away(page: Page, address: str, scheme: str) -> None:
    """One click gives a PNG of three times the resolution, another an SVG."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}/clusters?lang=en")
    page.locator(".st-key-sizes .js-plotly-plot .bars").first.wait_for()
    shown = page.locator(".st-key-sizes .js-plotly-plot").bounding_box()
    assert shown is not None
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG: save this plot").click()
    assert download.value.suggested_filename == "cluster_sizes.png"
    picture = Image.open(download.value.path())
    assert picture.width == pytest.approx(3 * shown["width"], abs=6)
    ground = np.asarray(picture.convert("RGBA"))[2, 2]
    assert ground[3] == 255
    assert (ground[:3].mean() < 128) == (scheme == "dark")
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG: save this plot").click()
    assert download.value.suggested_filename == "cluster_sizes.svg"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert re.search(r">noise<", text)
