"""Fixtures of the browser tests: a prepared workspace, the app on it, Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    Route,
    TimeoutError as PlaywrightTimeoutError,
    expect,
    sync_playwright,
)

from core.collection import SampleSettings, make_samples
from core.workspace import Workspace, open_workspace
from tests.browser.resting import at_rest
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, RUN_NAME, prepare_run, running_app

OTHER_RUN = "classical"
MISFILED = "Corals/Horn/coral_horn_odd"
# Long enough for a busy machine.
MILLISECONDS = 90_000
expect.set_options(timeout=MILLISECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them if there is no browser.

    A test is repeated once after a timeout, since a busy machine can cause one; pytest's report shows it
    as R. A wrong result fails at once.
    """
    reason = "There is no chromium on PATH; scripts/system_libraries.sh --browser."
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason=reason))
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"]))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of 42 samples, one misfiled, with runs by two backbones.

    A tooth lies among the corals. The run by the network is the newer one.
    """
    workspace = open_workspace(tmp_path_factory.mktemp("study"))
    make_samples(workspace.meshes, SampleSettings(per_category=3))
    tooth = next((workspace.meshes / "Teeth" / "Conical").glob("tooth_conical_003.*"))
    tooth.rename(workspace.meshes / f"{MISFILED}{tooth.suffix}")
    prepare_run(workspace, OTHER_RUN, "classical")
    prepare_run(workspace, RUN_NAME, "efficientnet_lite2")
    return workspace


@pytest.fixture(scope="session")
def address(prepared: Workspace) -> Iterator[str]:
    """Start the app on the prepared workspace."""
    with running_app(prepared.root) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium once for each file, since Playwright blocks other event loops."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def clicks_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Click only once the page is at rest, since a running app can move what is clicked.

    Pages that are never at rest (a running job, or not a page of the app) are clicked after a timeout.
    """
    click = Locator.click

    def when_at_rest(part: Locator, **options: Any) -> None:
        with suppress(PlaywrightTimeoutError):
            at_rest(part.page, milliseconds=250, patience=5.0)
        click(part, **options)

    monkeypatch.setattr(Locator, "click", when_at_rest)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page that can reach this machine only, and fail on any other request."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened.set_default_timeout(MILLISECONDS)
    elsewhere: list[str] = []

    def only_here(route: Route) -> None:
        if urlparse(route.request.url).hostname in ("localhost", None):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    opened.route("**/*", only_here)
    yield opened
    opened.close()
    assert elsewhere == []
