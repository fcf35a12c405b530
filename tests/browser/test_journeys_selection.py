"""Selection, metadata from Excel, and language, in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from core.collection import Curation, read_metadata
from core.workspace import Catalogue, Workspace, new_token, write_selection
from tests.browser.conftest import MILLISECONDS
from tests.browser.test_journeys import in_hand, wait_for_specimen
from tests.prepared import running_app

FIRST, FOURTH = "Ammonoids/Cadicone/ammonoid_cadicone_001", "Ammonoids/Oxycone/ammonoid_oxycone_001"


@pytest.fixture
def gallery(page: Page, address: str) -> Iterator[Page]:
    """Open Specimens and wait for its pictures."""
    page.goto(f"{address}/?lang=en")
    page.locator(".wall button.pick img").first.wait_for()
    yield page


def test_journey__a_range_is_selected_on_all_screens_and_kept(
    gallery: Page,
    prepared: Workspace,
) -> None:
    """Select a range with Shift, name it, export it, clear it, select it again."""
    ticks = gallery.locator(".wall button.tick")
    ticks.nth(0).click()
    gallery.get_by_text("1 selected").wait_for()
    ticks.nth(3).click(modifiers=["Shift"])
    gallery.get_by_text("4 selected").wait_for()
    gallery.get_by_text("Keep or tag").click()
    gallery.get_by_role("textbox", name="Name of a set").fill("four")
    gallery.get_by_role("button", name="Keep as a set").click()
    gallery.get_by_text("Named sets").wait_for()
    assert Curation(Catalogue(prepared.catalogue_path)).sets()["four"][::3] == (FIRST, FOURTH)
    gallery.keyboard.press("Escape")

    with gallery.expect_download() as download:
        gallery.get_by_role("button", name="Export CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert [rows[0]["specimen_id"], rows[3]["specimen_id"]] == [FIRST, FOURTH]
    assert {row["sets"] for row in rows} == {"four"}

    gallery.locator(f".card:has(button[data-specimen='{FOURTH}']) button.open").first.click()
    gallery.get_by_role("heading", name=FOURTH.rsplit("/")[-1]).wait_for()
    expect(gallery.get_by_text("4 selected")).to_be_visible()
    gallery.get_by_role("button", name="Clear").click()
    gallery.get_by_text("Nothing is selected").wait_for()
    # The old content of the sidebar goes once the page is drawn completely.
    expect(gallery.get_by_text("Named sets")).to_have_count(1)
    gallery.get_by_text("Named sets").click()
    gallery.get_by_role("button", name="Select this set").click()
    gallery.get_by_text("4 selected").wait_for()


def test_journey__a_reload_keeps_the_selection(gallery: Page, browser: Browser, address: str) -> None:
    """A reload and going back keep it.

    Another tab starts with it and changes only its own.
    """
    ticks = gallery.locator(".wall button.tick")
    ticks.nth(0).click()
    gallery.get_by_text("1 selected").wait_for()
    ticks.nth(3).click()
    gallery.get_by_text("2 selected").wait_for()
    gallery.wait_for_url("**selection=*")
    gallery.reload()
    gallery.get_by_text("2 selected").wait_for()
    expect(gallery.locator(".wall button.tick[aria-pressed=true]")).to_have_count(2)

    other = browser.new_page()
    other.set_default_timeout(MILLISECONDS)
    other.goto(gallery.url)
    other.get_by_text("2 selected").wait_for()
    other.get_by_role("button", name="Clear").click()
    other.get_by_text("Nothing is selected").wait_for()
    expect(other).not_to_have_url(re.compile("selection="))
    other.locator(".wall button.tick").nth(1).click()
    other.get_by_text("1 selected").wait_for()
    gallery.reload()
    gallery.get_by_text("2 selected").wait_for()
    other.reload()
    other.get_by_text("1 selected").wait_for()
    other.close()

    gallery.get_by_role("link", name="Map").click()
    gallery.get_by_role("heading", name="Map").wait_for()
    gallery.get_by_text("2 selected").wait_for()
    gallery.go_back()
    gallery.get_by_role("heading", name="Specimens").wait_for()
    gallery.wait_for_url("**selection=*")
    gallery.reload()
    gallery.get_by_text("2 selected").wait_for()
    gallery.goto(f"{address}/?selection=<script>")
    gallery.get_by_text("Nothing is selected").wait_for()


def test_journey__old_and_unknown_addresses(page: Page, address: str) -> None:
    """The first screen has a name as well.

    An unknown address lists the screens.
    """
    page.goto(f"{address}/specimens?lang=en")
    page.get_by_role("heading", name="Specimens").wait_for()
    page.locator(".wall button.pick img").first.wait_for()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.goto(f"{address}/atlas?lang=en")
    page.get_by_role("heading", name="There is no screen of this name").wait_for()
    page.get_by_text("The address ends in atlas").wait_for()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.goto(f"{address}/%E6%A8%99%E6%9C%AC%20%3Cb%3E?lang=en")
    page.get_by_text("The address ends in 標本 <b>").wait_for()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.get_by_test_id("stMain").get_by_role("link", name="Map").click()
    page.get_by_role("heading", name="Map").wait_for()
    page.go_back()
    page.get_by_role("heading", name="There is no screen of this name").wait_for()


def test_journey__back_forward_and_keys(gallery: Page) -> None:
    """The browser's buttons go through the history, arrows through the list.

    / opens the search.
    """
    gallery.locator(f".card:has(button[data-specimen='{FIRST}']) button.open").first.click()
    wait_for_specimen(gallery, FIRST)
    gallery.get_by_role("heading", name="ammonoid_cadicone_001").wait_for()
    gallery.keyboard.press("ArrowRight")
    gallery.get_by_role("heading", name="ammonoid_cadicone_002").wait_for()
    gallery.go_back()
    gallery.get_by_role("heading", name="ammonoid_cadicone_001").wait_for()
    gallery.go_back()
    gallery.get_by_role("heading", name="Specimens").wait_for()
    gallery.go_forward()
    gallery.get_by_role("heading", name="ammonoid_cadicone_001").wait_for()
    assert in_hand(gallery) == FIRST
    gallery.keyboard.press("/")
    gallery.keyboard.type("coral_horn_003")
    gallery.keyboard.press("Enter")
    gallery.get_by_role("heading", name="coral_horn_003").wait_for()
    gallery.reload()
    gallery.get_by_role("heading", name="coral_horn_003").wait_for()


def test_journey__metadata_from_excel(
    gallery: Page,
    prepared: Workspace,
    tmp_path: Path,
) -> None:
    """A table is matched by file name.

    Its values are on the specimen's page.
    """
    book = openpyxl.Workbook()
    for row in (["標本", "産地", "Ma"], ["ammonoid_cadicone_001.ply", "北海道", 83.5], ["nobody", "夕張", 1]):
        book.active.append(row)
    book.save(tmp_path / "metadata.xlsx")
    gallery.get_by_role("tab", name="Metadata").click()
    gallery.locator("input[type=file]").last.set_input_files(tmp_path / "metadata.xlsx")
    gallery.get_by_text("Rows of no specimen (1)").wait_for()
    gallery.get_by_role("button", name="Keep 3 values").click()
    gallery.get_by_text("3 values were kept for 1 specimen.").wait_for()
    kept = read_metadata(Catalogue(prepared.catalogue_path))
    assert kept == {FIRST: {"標本": "ammonoid_cadicone_001.ply", "産地": "北海道", "Ma": 83.5}}


def test_journey__japanese(page: Page, address: str) -> None:
    """The switch changes to Japanese at once.

    A reload keeps it.
    """
    page.goto(address)
    page.get_by_text("日本語", exact=True).click()
    page.get_by_role("heading", name="標本").wait_for()
    page.get_by_role("tab", name="ギャラリー").wait_for()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.goto(address)
    page.get_by_role("heading", name="標本").wait_for()
    page.get_by_text("English", exact=True).click()
    page.get_by_role("heading", name="Specimens").wait_for()


def test_journey__a_bookmark_opens_after_a_restart(page: Page, prepared: Workspace) -> None:
    """Screen, specimen, selection and language survive a restart of the server."""
    token = new_token()
    write_selection(Catalogue(prepared.catalogue_path), token, [FIRST, FOURTH])
    with running_app(prepared.root) as address:
        page.goto(f"{address}/map?specimen={FOURTH}&selection={token}&lang=ja")
        page.get_by_role("heading", name="マップ").wait_for()
        page.get_by_text("2 点を選択中").wait_for()
        wait_for_specimen(page, FOURTH)
        page.goto("about:blank")
