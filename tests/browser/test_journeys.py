"""The work of a palaeontologist in a real browser, on the real app, without a network."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.embeddings import read_embeddings
from core.neighbours import SearchSettings, find_neighbours
from core.workspace import Workspace
from tests.browser.conftest import MILLISECONDS
from tests.browser.resting import at_rest, choose, picture_of
from tests.prepared import RUN_NAME, running_app
from tests.waiting import wait_for


def cards(page: Page) -> list[str]:
    """Return the ids of the cards on the screen, in order."""
    found: list[str] = page.locator("button.pick").evaluate_all("all => all.map(card => card.dataset.specimen)")
    return found


def in_hand(page: Page) -> str:
    """Return the specimen in the browser's address."""
    return parse_qs(urlparse(page.url).query).get("specimen", [""])[0]


def wait_for_specimen(page: Page, specimen_id: str) -> None:
    """Wait until the address has a specimen."""
    expected = specimen_id.replace("'", "")
    page.wait_for_function("wanted => new URLSearchParams(location.search).get('specimen') === wanted", arg=expected)


def share_of_canvas(page: Page) -> float:
    """Return the share of the 3D viewer's left half that is not background."""
    page.locator(".viewer[data-state=ready]").wait_for()
    page.wait_for_timeout(1500)
    picture = picture_of(page.locator(".viewer .canvas"))
    height, width = picture.shape[:2]
    left = picture[40 : height - 10, 6 : width // 2 - 6]
    return float((np.abs(left - left[0, 0]).max(axis=2) > 12).mean())


def test_journey__from_a_specimen_to_its_like(page: Page, address: str, prepared: Workspace) -> None:
    """Choose a specimen, see its neighbours in 3D, follow one, go back, download the CSV."""
    page.goto(address)
    page.locator("button.pick").first.wait_for()
    query = "Teeth/Conical/tooth_conical_001"
    page.locator(f"button.pick[data-specimen='{query}']").click()
    page.get_by_role("heading", name="The 12 most similar").wait_for()
    wait_for_specimen(page, query)

    run = prepared.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    expected = find_neighbours(embeddings, query, SearchSettings(topk=12))
    assert cards(page) == list(expected.ids)
    assert share_of_canvas(page) > 0.05

    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["query_id", "neighbor_id", "distance"]
    assert [row[1] for row in rows[1:]] == list(expected.ids)
    assert download.value.suggested_filename == "knn_Teeth__Conical__tooth_conical_001.csv"

    follow = expected.ids[0]
    page.locator(f"button.pick[data-specimen='{follow}']").click()
    wait_for_specimen(page, follow)
    assert query in cards(page)[:12] or cards(page)
    page.get_by_test_id("stButton").get_by_role("button", name="Back").click()
    wait_for_specimen(page, query)


def test_journey__compare_another_neighbour_in_3d(page: Page, address: str) -> None:
    """The button below a card puts that neighbour beside the query.

    The query stays.
    """
    page.goto(f"{address}/search?specimen=Corals/Horn/coral_horn_001")
    page.locator("button.side").nth(2).wait_for()
    third = cards(page)[2]
    page.locator("button.side").nth(2).click()
    expect(page.locator("button.side[aria-pressed=true]")).to_have_count(1)
    page.locator(".viewer .title").get_by_text(third.rsplit("/", 1)[-1][-8:]).wait_for()
    assert in_hand(page) == "Corals/Horn/coral_horn_001"


def test_journey__the_other_3d_viewer(page: Page, prepared: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FOSSILVIT_VIEWER=stpyvista, that viewer draws both specimens, offline too."""
    monkeypatch.setenv("FOSSILVIT_VIEWER", "stpyvista")
    with running_app(prepared.root) as address:
        page.goto(f"{address}/search?specimen=Corals/Horn/coral_horn_001")
        frame = page.locator("#stpyvistaframe")
        frame.wait_for()

        def is_drawn() -> bool:
            halves = np.array_split(picture_of(frame), 2, axis=1)
            return all((np.abs(half - half[10, 10]).max(axis=2) > 12).mean() > 0.03 for half in halves)

        wait_for(is_drawn, "both specimens")
        page.goto("about:blank")


def test_journey__search_with_a_file_from_outside(page: Page, address: str, prepared: Workspace) -> None:
    """A renamed copy of a specimen finds that specimen first.

    Nothing is added.
    """
    known = next((prepared.meshes / "Corals" / "Horn").glob("coral_horn_001.*"))
    before = sorted(prepared.meshes.rglob("*"))
    page.goto(f"{address}/search?specimen=Teeth/Conical/tooth_conical_001")
    page.get_by_role("heading", name="most similar").wait_for()
    page.get_by_text("Search with a file").click()
    data = {"name": f"unknown{known.suffix}", "mimeType": "application/octet-stream", "buffer": known.read_bytes()}
    page.locator("input[type=file]").set_input_files(files=[data])
    page.get_by_text("Searching with the file").wait_for()
    expect(page.locator("button.pick").first).to_have_attribute("data-specimen", "Corals/Horn/coral_horn_001")
    assert sorted(prepared.meshes.rglob("*")) == before
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text("Searching with the file")).to_have_count(0)


def test_journey__view_by_view_and_why(page: Page, address: str) -> None:
    """Comparison view by view gives as many neighbours, and pairs of views."""
    page.goto(f"{address}/search?specimen=Crinoids/Stem/crinoid_stem_001")
    page.locator("button.pick").nth(11).wait_for()
    page.get_by_text("View by view").click()
    page.get_by_text("MaxSim distance of views").wait_for()
    assert len(cards(page)) == 12
    page.get_by_text("Why do they match?").click()
    page.get_by_text("The best pairs of views").wait_for()
    choose(page.get_by_label("Paint on the views"), "Parts that count")
    page.get_by_text("the similarity drops most where this part is covered").wait_for()


def test_journey__reload_finds_the_same_specimen(page: Page, address: str) -> None:
    """The address in the browser reopens the same run and specimen."""
    page.goto(f"{address}/search?specimen=Crinoids/Stem/crinoid_stem_001")
    page.get_by_role("heading", name="most similar").wait_for()
    page.locator("button.pick").nth(11).wait_for()
    before = cards(page)
    page.reload()
    page.locator("button.pick").nth(11).wait_for()
    assert cards(page) == before
    assert parse_qs(urlparse(page.url).query)["run"] == [RUN_NAME]
    page.get_by_role("link", name="Clusters").click()
    page.get_by_text("Cluster 0").first.wait_for()
    wait_for_specimen(page, "Crinoids/Stem/crinoid_stem_001")


def open_map(page: Page, address: str) -> None:
    """Open the map by principal components and wait until it is drawn."""
    page.goto(f"{address}/map")
    page.get_by_text("PCA", exact=True).click()
    page.get_by_text("PCA is a straight projection").wait_for()
    page.locator(".map[data-state=ready]").wait_for()
    page.wait_for_timeout(500)
    picture_of(page.locator(".stage"))


def place_of(page: Page, specimen_id: str) -> tuple[float, float]:
    """Return the position of a specimen on the screen."""
    x, y = page.locator(".map").evaluate("(map, id) => map.whereIs(id)", specimen_id)
    return float(x), float(y)


def test_journey__the_map_tells_and_takes_what_is_pointed_at(page: Page, address: str) -> None:
    """Hovering shows picture, id, category and cluster.

    A click chooses it and shows the nearest.
    """
    open_map(page, address)
    page.mouse.move(*place_of(page, "Teeth/Conical/tooth_conical_001"))
    tip = page.locator(".tip")
    tip.locator("img").wait_for()
    assert "category: " in tip.inner_text()
    assert "cluster: " in tip.inner_text()
    page.mouse.click(*place_of(page, "Teeth/Conical/tooth_conical_001"))
    page.get_by_text("Nearest to").wait_for()
    page.wait_for_function("() => new URLSearchParams(location.search).get('specimen')")
    assert in_hand(page) != ""


def test_journey__search_and_box_on_the_map(page: Page, address: str) -> None:
    """Search highlights without the server.

    A box selects all points, and the selection lasts.
    """
    open_map(page, address)
    page.get_by_placeholder("Find and highlight").fill("cadicone")
    expect(page.locator(".map")).to_have_attribute("data-found", "3")
    page.get_by_role("button", name="Select them").click()
    page.get_by_role("heading", name="3 specimens selected").wait_for()
    page.get_by_placeholder("Find and highlight").fill("")
    page.get_by_role("button", name="Box", exact=True).click()
    box = page.locator(".above").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3, steps=6)
    page.mouse.up()
    page.get_by_role("heading", name="42 specimens selected").wait_for()
    page.get_by_text("t-SNE", exact=True).click()
    page.get_by_text("Read from t-SNE").wait_for()
    expect(page.locator(".map")).to_have_attribute("data-selected", "42")


def test_journey__take_the_map_away(page: Page, address: str, tmp_path: Path) -> None:
    """PNG and SVG hold the map.

    The page works from disk, without the app.
    """
    open_map(page, address)
    files = {}
    for name, label in (("map.png", "PNG"), ("map.svg", "SVG"), ("map.html", "Page for offline use")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        download.value.save_as(tmp_path / name)
        files[name] = tmp_path / name
    assert np.asarray(Image.open(files["map.png"]).convert("L")).std() > 3
    assert files["map.svg"].read_text(encoding="utf-8").startswith("<svg")
    page.goto(files["map.html"].as_uri())
    expect(page.locator(".map")).to_have_attribute("data-count", "42")
    picture_of(page.locator(".stage"))
    x, y = page.evaluate("() => window.map.whereIs('Teeth/Conical/tooth_conical_001')")
    page.mouse.move(x, y)
    page.locator(".tip img").wait_for()


def test_journey__tune_clusters_and_take_them_away(page: Page, address: str) -> None:
    """A slider changes the clusters.

    The CSV holds every specimen.
    """
    page.goto(f"{address}/clusters")
    page.get_by_test_id("stMetricValue").first.wait_for()
    slider = page.get_by_role("slider", name="Smallest cluster")
    before = slider.input_value()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).not_to_have_value(before)
    page.get_by_text("Cluster 0").first.wait_for()
    at_rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["specimen_id", "cluster_id", "prob"]
    assert len(rows) == 1 + 42


def test_journey__first_start_to_first_neighbours(browser: Browser, prepared: Workspace, tmp_path: Path) -> None:
    """A new workspace: choose a folder with a broken file, start, reload, see neighbours."""
    scans = tmp_path / "scans"
    for category in ("Corals", "Teeth"):
        shutil.copytree(prepared.meshes / category, scans / category)
    (scans / "Teeth" / "broken.stl").write_bytes(b"not a mesh")
    with running_app(tmp_path / "workspace", roots=str(tmp_path)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(MILLISECONDS)
        page.goto(address)
        page.get_by_label("Folder", exact=True).fill(str(scans))
        page.keyboard.press("Enter")
        page.get_by_text("7 specimens found").wait_for()
        choose(page.get_by_role("combobox", name="Backbone"), "efficientnet_lite2")
        page.get_by_role("button", name="Start the run").click()
        page.get_by_role("button", name="Cancel").wait_for()
        page.reload()
        page.get_by_text("is done; it took").wait_for()
        page.get_by_text("1 specimen could not be used").first.wait_for()
        page.locator("button.pick").nth(5).wait_for()
        assert len(cards(page)) == 6
        page.locator("button.pick").first.click()
        page.get_by_role("heading", name="The 5 most similar").wait_for()
        expect(page.locator("button.pick")).to_have_count(5)
        page.close()
