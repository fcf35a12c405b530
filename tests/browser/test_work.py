"""Uploads, progress and management of runs in a real browser."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.cli import main
from core.workspace import Workspace, open_workspace
from tests.browser.resting import choose
from tests.fakes import write_specimen, write_specimens
from tests.prepared import CHROMIUM, running_app

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="There is no chromium on PATH; scripts/system_libraries.sh --browser."),
]
MILLISECONDS = 150_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return an empty workspace."""
    return open_workspace(tmp_path_factory.mktemp("work") / "workspace")


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    """Start the app on the empty workspace."""
    with running_app(workspace.root, roots=str(workspace.root.parent)) as started:
        yield started


def zip_of_specimens(folder: Path, names: list[str]) -> bytes:
    """Return a ZIP of specimens and one file of another kind."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            path = folder / f"{name}.off"
            write_specimen(path)
            archive.writestr(f"{name}.off", path.read_bytes())
        archive.writestr("Teeth/page.ply", b"<!DOCTYPE html>")
    return stream.getvalue()


def choose_classical(page: Page) -> None:
    """Choose the backbone without a network."""
    choose(page.get_by_role("combobox", name="Backbone"), "classical")


def name_the_run(page: Page, name: str) -> None:
    """Give the next run a name."""
    page.get_by_text("More settings").click()
    page.get_by_role("textbox", name="Name of the run").fill(name)
    page.keyboard.press("Enter")


def test_journey__upload_a_zip_and_see_first_neighbours(
    page: Page, address: str, workspace: Workspace, tmp_path: Path
) -> None:
    """A ZIP with a web page among the scans: the scans are imported by category.

    Then a run.
    """
    names = [f"{category}/s{number}" for category in ("Corals", "Teeth") for number in range(4)]
    data = zip_of_specimens(tmp_path, names)
    page.goto(address)
    page.get_by_text("Upload files").click()
    files = [{"name": "scans.zip", "mimeType": "application/zip", "buffer": data}]
    page.locator("input[type=file]").first.set_input_files(files=files)
    page.get_by_role("button", name="Add one file to the workspace").click()
    page.get_by_text("8 files added to Uploads").wait_for()
    page.get_by_text("its content is a web page or XML, whatever its name says").wait_for()
    page.get_by_text("8 specimens found").wait_for()
    assert len(list((workspace.meshes / "Uploads").rglob("*.off"))) == 8
    choose_classical(page)
    name_the_run(page, "from zip")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("is done; it took").wait_for()
    page.locator("button.pick").nth(7).wait_for()
    page.locator("button.pick").first.click()
    page.get_by_role("heading", name="most similar").wait_for()
    expect(page.locator("button.pick")).to_have_count(7)


def test_journey__a_run_gets_notes_a_name_a_report_and_an_end(page: Page, address: str, workspace: Workspace) -> None:
    """Notes, renaming and the report work.

    Deleting a run frees its files, not the scans.
    """
    scans = workspace.root.parent / "scans"
    write_specimens(scans, [f"{group}/s{number}" for group in "AB" for number in range(4)])
    words = ["run", "--workspace", str(workspace.root), "--in", str(scans), "--name", "first try", "--quiet"]
    assert main([*words, "--model", "classical", "--size", "64", "--min-cluster-size", "2", "--workers", "0"]) == 0
    page.goto(f"{address}/runs?run=first+try")
    page.get_by_role("textbox", name="Notes on this run").fill("Only the first drawer.")
    page.get_by_role("button", name="Keep the notes").click()
    page.get_by_text("The notes on “first try” are kept.").wait_for()
    name = page.get_by_role("textbox", name="Name", exact=True)
    # During a redraw the old field and the new one are both on the screen.
    expect(name).to_have_count(1)
    name.fill("renamed")
    page.get_by_role("button", name="Rename").click()
    page.get_by_text("“first try” is now called “renamed”.").wait_for()
    page.get_by_role("button", name="Make it", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    with zipfile.ZipFile(download.value.path()) as archive:
        html = archive.read("report_renamed_en/report.html").decode("utf-8")
    assert "Only the first drawer." in html
    assert html.count("data:image/webp;base64,") >= 8
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes, delete it").click()
    page.get_by_text("The run “renamed” is deleted").wait_for()
    assert not workspace.run("renamed").root.exists()
    assert len(list(scans.rglob("*.off"))) == 8
