"""Hostile and odd names: on disk they stay in their folder, on screen they are text."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.clusters import ClusterSettings
from core.collection import Curation, put_metadata, safe_parts
from core.foundation import InputError, file_of_specimen
from core.pipeline import RunSettings, run_pipeline
from core.storage import is_reserved
from core.views import ViewSettings
from core.workspace import Catalogue, Workspace, open_workspace
from tests.fakes import PROJECT, FakeExtractor, write_specimen
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, running_app

HARM = "window.wasHarmed=true"
NAMES = (
    "=cmd()",
    "+1",
    "-1",
    "@SUM(1)",
    f"<img src=x onerror={HARM}>",
    f"<script>{HARM}<",
    f'"><svg onload={HARM}>',
    f"](javascript:{HARM})",
    "$x^2$ **bold** `code` :material_home: :red[x]",
    "not..hidden..",
    "a..b",
    "%2e%2e%2f",
    "gpj.\u202egnp",
    "שלום",
    "🦷👩‍🔬",
    "臼歯・上顎",
    "con",
    "NUL.1",
    "trailing ",
    "'; DROP TABLE specimens; --",
    "{0} {{x}} %s %(a)s",
    "n" * 240,
)
FOLDER = "<b>Category</b> & 'quotes'"
SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace with such names for specimens, tags, notes and metadata."""
    workspace = open_workspace(tmp_path_factory.mktemp("hostile"))
    for at, name in enumerate(NAMES):
        write_specimen(workspace.meshes / (FOLDER if at % 2 else "plain") / f"{name}.off", stretch=1 + at / 10)
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert (report.done, report.failures) == (len(NAMES), ())
    catalogue = Catalogue(workspace.catalogue_path)
    ids = report.run.ids_path.read_text(encoding="utf-8").split("\n")[:-1]
    put_metadata(catalogue, {name: {f"<i>{HARM}</i>": NAMES[at], "=col": at} for at, name in enumerate(ids)})
    curation = Curation(catalogue)
    curation.put_note(ids[0], f"<img src=x onerror={HARM}>")
    curation.add_tag(f"<img src=x onerror={HARM}>", ids)
    curation.put_set(f"<img src=x onerror={HARM}>", ids[:3])
    return workspace


def test_run__of_hostile_names_stays_in_its_folders(hostile: Workspace) -> None:
    """Every specimen has its own files, and the tables of the run hold its exact name."""
    run = hostile.run("run")
    ids = run.ids_path.read_text(encoding="utf-8").split("\n")[:-1]
    assert len(ids) == len(NAMES)
    assert {name.rsplit("/", 1)[-1] for name in ids} == set(NAMES)
    for name in ids:
        for folder, suffix in ((run.features, ".npy"), (run.embeddings, ".npy"), (run.knn_results, ".csv")):
            path = file_of_specimen(folder, name, suffix)
            assert path.is_file()
            assert path.resolve().is_relative_to(folder.resolve())
        with file_of_specimen(run.knn_results, name, ".csv").open(encoding="utf-8", newline="") as stream:
            assert {row["query_id"] for row in csv.DictReader(stream)} == {name}
    with (run.results / "clusters.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["specimen_id"] for row in csv.DictReader(stream)] == ids


def test_run__skips_paths_that_are_too_long(tmp_path: Path) -> None:
    """A scan without room for the names of its results is skipped.

    The others are processed.
    """
    workspace = open_workspace(tmp_path / "w" / ("x" * 200))
    for name in ("a", "b", "c"):
        write_specimen(tmp_path / "in" / f"{name}.off")
    deep = tmp_path / "in"
    while len(str(deep)) < 3850:
        deep /= "d" * 120
    write_specimen(deep / "deep.off")
    report = run_pipeline(workspace, SETTINGS, meshes=tmp_path / "in", extractor=FakeExtractor())
    assert report.done == 3
    (failure,) = report.failures
    assert failure.specimen_id.endswith("/deep")
    assert "too long for this file system" in failure.reason
    assert "a shorter name" in failure.reason


@pytest.mark.parametrize(
    "name",
    ["../a", "/etc/a", "a/../../b", "C:\\a", "C:/a", "..\\a", "a\\..\\..\\b", "\\\\server\\a", "/".join("a" * 40)],
)
def test_safe_parts__refuses_what_leads_out(name: str) -> None:
    """Names of uploads and archives that lead out of the folder raise.

    They are not corrected.
    """
    with pytest.raises(InputError, match="was refused"):
        safe_parts(name, title="It")


@pytest.mark.parametrize(
    "name", ["con.ply", "NUL", "lpt1.x.off", "a:b.ply", "a\0b", "a\nb", "end. ", "...", "n" * 4000, "\u202egnp.ply"]
)
def test_safe_parts__makes_names_that_every_system_takes(name: str) -> None:
    """Device names, forbidden signs, line ends, reversed text, too long names."""
    (part,) = safe_parts(name, title="It")
    assert 0 < len(part.encode()) <= 255
    assert not is_reserved(part)
    assert part == part.rstrip(". ")
    assert not any(sign in part for sign in '<>:"|?*\\/\0\n\u202e')


def shown(screen: AppTest) -> str:
    """Return all text of a screen that is rendered as Markdown."""
    kinds = (screen.markdown, screen.caption, screen.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_screens__take_names_for_text(hostile: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """No screen fails on such names, and none renders HTML or a link from them."""
    monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(hostile.root))
    before = sys.modules["__main__"]
    try:
        screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
        ids = hostile.run("run").ids_path.read_text(encoding="utf-8").split("\n")[:-1]
        harmful = next(name for name in ids if "javascript" in name)
        screen.session_state["specimen"] = harmful
        screen.run()
        for page in sorted((PROJECT / "pages").glob("*.py")):
            screen.switch_page(f"pages/{page.name}").run()
            assert not screen.exception, page.name
            assert "](javascript" not in shown(screen), page.name
            assert not any(element.proto.allow_html for element in screen.markdown), page.name
    finally:
        sys.modules["__main__"] = before
        st.cache_resource.clear()
        st.cache_data.clear()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on PATH")
def test_browser__executes_nothing_from_names(hostile: Workspace) -> None:
    """In a real browser: no script of a name runs, and no request leaves this machine."""
    from playwright.sync_api import sync_playwright

    ids = hostile.run("run").ids_path.read_text(encoding="utf-8").split("\n")[:-1]
    asked: list[str] = []
    with running_app(hostile.root) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(180_000)
        harmful = next(one for one in ids if "onerror" in one)
        for name in ("specimens", "specimen", "search"):
            page.goto(f"{address}/{name}?specimen={quote(harmful)}")
            page.locator("[data-test-script-state=notRunning]").wait_for()
            page.get_by_test_id("stMain").get_by_text("onerror").first.wait_for()
            assert page.evaluate("window.wasHarmed") is None, name
        browser.close()
    own = (address, address.replace("http", "ws"), "data:", "blob:", "about:")
    elsewhere = {url for url in asked if not url.startswith(own)}
    assert elsewhere == set()
