"""A collection of 20,000 specimens in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.embeddings import read_embeddings
from core.neighbours import SearchSettings, find_neighbours
from core.workspace import Workspace
from tests.prepared import RUN_NAME, multiply_workspace, running_app

COUNT = 20_000


@pytest.fixture(scope="module")
def many(prepared: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of 20,000 specimens."""
    return multiply_workspace(prepared, tmp_path_factory.mktemp("many"), COUNT)


@pytest.fixture(scope="module")
def many_address(many: Workspace) -> Iterator[str]:
    """Start the app on the large workspace."""
    with running_app(many.root) as started:
        yield started


def test_journey__twenty_thousand_specimens(page: Page, many: Workspace, many_address: str) -> None:
    """Scroll to the end, search from there, see all on the map and select a part."""
    run = many.run(RUN_NAME)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    last = embeddings.ids[-1]
    page.goto(f"{many_address}/?lang=en")
    page.get_by_text("20,000 specimens in").wait_for()
    wall = page.locator(".wall")
    wall.locator("button.pick img").first.wait_for()
    wall.evaluate("wall => { wall.scrollTop = wall.scrollHeight; }")
    end = wall.locator(f"button.pick[data-specimen='{last}']")
    end.locator("img").wait_for()
    end.click()
    page.get_by_role("heading", name="The 12 most similar").wait_for()
    expected = find_neighbours(embeddings, last, SearchSettings(topk=12)).ids
    expect(page.locator("button.pick")).to_have_count(12)
    assert page.locator("button.pick").evaluate_all("all => all.map(card => card.dataset.specimen)") == list(expected)

    page.get_by_role("link", name="Map").click()
    page.get_by_text("PCA", exact=True).click()
    drawn = page.locator(".map[data-state=ready]")
    expect(drawn).to_have_attribute("data-count", str(COUNT))
    page.get_by_placeholder("Find and highlight").fill("coral_horn_odd")
    found = int(drawn.get_attribute("data-found") or 0)
    assert found == sum("coral_horn_odd" in name for name in embeddings.ids)
    page.get_by_role("button", name="Select them").click()
    page.get_by_test_id("stSidebar").get_by_text(f"{found} selected").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    rows = csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig")))
    assert len(list(rows)) == found
