"""In the browser: a click on a neighbour until the new neighbours are painted, against an empty rerun.

    python -m benchmarks.bench_app

Both are measured in turn, in one page of one app, on the sample collection.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, prepare_workspace, running_app

ROUNDS = 9
QUERY = "Ammonoids/Serpenticone/ammonoid_serpenticone_001"


def main() -> None:
    """Measure and print medians and their ratio."""
    if CHROMIUM is None:
        print("bench_app: skipped, there is no chromium on PATH.")
        return
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepare_workspace(Path(folder), per_category=8)
        with running_app(workspace.root) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(f"{address}/search?specimen={QUERY}")
            page.locator(".viewer[data-state=ready]").wait_for()
            page.wait_for_timeout(2000)
            click(page)
            clicks, reruns = [], []
            for _ in range(ROUNDS):
                clicks.append(click(page))
                reruns.append(empty_rerun(page))
            browser.close()
    click_s, rerun_s = statistics.median(clicks), statistics.median(reruns)
    print(f"click on a neighbour until its neighbours are painted: {click_s * 1000:.0f} ms (median of {ROUNDS})")
    print(f"empty rerun of the same app: {rerun_s * 1000:.0f} ms")
    print(f"ratio: {click_s / rerun_s:.2f}")


def click(page: Page) -> float:
    """Click the second neighbour; return the seconds until other neighbours are painted."""
    before = page.locator("button.pick").evaluate_all("all => all.map(card => card.dataset.specimen).join()")
    started = time.perf_counter()
    page.locator("button.pick").nth(1).click()
    page.wait_for_function(
        """before => {
            const grids = [];
            const visit = root => {
                root.querySelectorAll('*').forEach(e => {
                    if (e.matches('button.pick')) grids.push(e.dataset.specimen);
                    if (e.shadowRoot) visit(e.shadowRoot);
                });
            };
            visit(document);
            return grids.length > 0 && grids.join() !== before;
        }""",
        arg=before,
        polling=10,
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seconds = time.perf_counter() - started
    page.wait_for_timeout(3000)
    return seconds


def empty_rerun(page: Page) -> float:
    """Let the app run again with nothing changed; return the seconds until it is done."""
    started = time.perf_counter()
    page.keyboard.press("r")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'running'", polling=5
    )
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'", polling=5
    )
    seconds = time.perf_counter() - started
    page.wait_for_timeout(500)
    return seconds


if __name__ == "__main__":
    main()
