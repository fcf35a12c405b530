"""Response times of first actions, as multiples of later ones.

    python -m benchmarks.bench_first

Sliders of Clusters on 2,000 specimens and maps of them by UMAP, each in a freshly started app; then
opening the map of 100,000 specimens against an empty rerun. All times of a ratio are from one run,
from the press of the key or button to the answer of the app.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bench_app import RAN, empty_rerun, opened, settle, switch_to, timed
from core.embeddings import read_embeddings
from core.maps import MapSettings, map_in
from core.workspace import Workspace
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, RUN_NAME, multiply_workspace, prepare_workspace

LATER = 3
AT_MOST = 3.0
SPECIMENS, MANY = 2000, 100_000
# Time on a screen before the first action, in milliseconds.
LOOKS = (0, 20_000)


def main() -> int:
    """Measure all and print the ratios."""
    if CHROMIUM is None:
        print("bench_first: skipped, there is no chromium on PATH.")
        return 0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        samples = prepare_workspace(folder / "samples")
        some = multiply_workspace(samples, folder / "some", SPECIMENS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        for look in LOOKS:
            for line in (*first_slider(browser, some, look), *first_map(browser, some, look)):
                print(line, flush=True)
        for line in many_on_a_map(browser, multiply_workspace(samples, folder / "many", MANY)):
            print(line, flush=True)
        browser.close()
    return 0


def first_slider(browser: Browser, workspace: Workspace, look: int) -> Iterator[str]:
    """Move sliders of Clusters four times, each time to a new value."""
    for label in ("Smallest cluster", "PCA dimensions"):
        with opened(browser, workspace, "clusters") as page:
            handle = page.get_by_role("slider", name=label)
            handle.wait_for()
            page.wait_for_function("() => isIdle()")
            page.wait_for_timeout(look)
            times = [_move(page, label) for _ in range(LATER + 1)]
            yield _line(f"the first move of “{label}”, {look // 1000} s after the screen was there", times)


def first_map(browser: Browser, workspace: Workspace, look: int) -> Iterator[str]:
    """Draw maps by UMAP four times, each time with another number of neighbours."""
    with opened(browser, workspace, "clusters") as page:
        page.get_by_role("slider", name="Smallest cluster").wait_for()
        page.wait_for_function("() => isIdle()")
        page.wait_for_timeout(look)
        times = [switch_to(page, "Map")]
        page.get_by_role("button", name="Settings").click()
        for _ in range(LATER):
            settle(page)
            times.append(timed(page, lambda: page.get_by_role("slider", name="Neighbours").press("ArrowRight"), RAN))
        yield _line(f"the first map by UMAP, {look // 1000} s after the screen was there", times)


def many_on_a_map(browser: Browser, workspace: Workspace) -> Iterator[str]:
    """Open the map of 100,000 specimens with cached coordinates, four times."""
    run = workspace.run(RUN_NAME)
    map_in(run.results / "maps", read_embeddings(run.matrix_path, run.ids_path), MapSettings(method="pca"))
    with opened(browser, workspace, "runs") as page:
        page.locator("[data-testid=stDataFrame]").first.wait_for()
        times, reruns = [], []
        for _ in range(LATER + 1):
            times.append(switch_to(page, "Map"))
            settle(page)
            reruns.append(empty_rerun(page))
            switch_to(page, "Runs")
            settle(page)
        first, usual = times[0], min(times[1:])
        yield f"opening the map of {MANY:,} for the first time: {first:.0f} ms, {first / usual:.1f} times a later one"
        its = usual / min(reruns)
        yield f"opening the map of {MANY:,} again: {usual:.0f} ms, {its:.1f} empty reruns of it"


def _move(page: Page, label: str) -> float:
    handle = page.get_by_role("slider", name=label)
    handle.focus()
    took = timed(page, lambda: handle.press("ArrowLeft"), RAN)
    settle(page)
    return took


def _line(name: str, times: list[float]) -> str:
    first, *later = times
    usual = sorted(later)[len(later) // 2]
    verdict = "" if first <= AT_MOST * usual else ": MISSED"
    return f"{name}: {first:.0f} ms, later {usual:.0f} ms = {first / usual:.1f} (aim {AT_MOST:.0f}{verdict})"


if __name__ == "__main__":
    sys.exit(main())
