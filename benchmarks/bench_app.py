"""Response times of the app in a browser, as multiples of an empty rerun.

    python -m benchmarks.bench_app

A click on a neighbour until its neighbours are painted and switches of screens on the sample
collection, sliders of Clusters on 5,000 specimens, and opening the map of 20,000. Each alternates
with an empty rerun (the key R: everything runs again, nothing changes) of the screen where it ends.
The browser measures the time from the press of the key or button to the second frame after the new
content is there; the minimum of several rounds counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.embeddings import read_embeddings
from core.maps import MapSettings, map_in
from core.workspace import Workspace
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, RUN_NAME, multiply_workspace, prepare_workspace, running_app

ROUNDS = 7
QUERY = "Ammonoids/Serpenticone/ammonoid_serpenticone_001"
# The screens, and the content that is there once they are drawn.
SCREENS = {
    "Clusters": ".grid button.pick img",
    "Evaluate": "[data-testid=stMetricValue]",
    "Map": ".map[data-state=ready]",
    "Runs": "[data-testid=stDataFrame]",
    "Specimens": ".wall button.pick img",
    "Search": ".grid button.side",
}
HELPERS = """
window.everywhere = (selector, root = document) => [
    ...root.querySelectorAll(selector),
    ...[...root.querySelectorAll('*')].flatMap(e => e.shadowRoot ? everywhere(selector, e.shadowRoot) : []),
];
window.neighbours = () => everywhere('button.pick').map(card => card.dataset.specimen).join();
window.isIdle = () => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning';
window.hasRun = () => { let ran = false; return () => (ran ||= !isIdle()) && isIdle(); };
// From the next key or button that goes down until something is there and painted.
window.watch = isThere => {
    let started;
    const note = event => { started ??= event.timeStamp; };
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, note, { capture: true, once: true });
    window.waited = new Promise(done => {
        const look = () => {
            if (started === undefined || !isThere()) setTimeout(look, 4);
            else requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
        };
        look();
    });
};
"""
RAN = "() => watch(hasRun())"
OTHER_NEIGHBOURS = "() => { const b = neighbours(); watch(() => neighbours() !== '' && neighbours() !== b); }"
SCREEN = """([name, content]) => {
    watch(() => document.querySelector('h1')?.innerText === name && everywhere(content).length > 0 && isIdle());
}"""


@dataclass
class Measured:
    """Milliseconds of an action, and of the empty reruns between its rounds."""

    name: str
    at_most: float
    times: list[float] = field(default_factory=list)
    reruns: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the line that is printed."""
        it, rerun = min(self.times), min(self.reruns)
        verdict = "" if it / rerun <= self.at_most else ": MISSED"
        return f"{self.name:<58}{it:6.0f} ms /{rerun:5.0f} ms ={it / rerun:6.2f}  (aim {self.at_most:.0f}{verdict})"


def main() -> int:
    """Measure all and print the ratios."""
    if CHROMIUM is None:
        print("bench_app: skipped, there is no chromium on PATH.")
        return 0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        samples = prepare_workspace(folder / "samples", per_category=8)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        for measure in (on_samples, on_five_thousand, on_twenty_thousand):
            for found in measure(browser, samples, folder):
                print(found, flush=True)
        browser.close()
    return 0


def on_samples(browser: Browser, samples: Workspace, folder: Path) -> Iterator[Measured]:
    """Measure clicks on neighbours and changes of screens on the sample collection."""
    del folder
    with opened(browser, samples, f"search?specimen={QUERY}") as page:
        page.locator(".viewer[data-state=ready]").wait_for()
        click = Measured("a click on a neighbour until its neighbours are painted", 4)
        repeat(page, click, lambda: timed(page, page.locator("button.pick").nth(1).click, OTHER_NEIGHBOURS))
        yield click
        switches = {name: Measured(f"a switch to {name}", 4) for name in SCREENS}
        for turn in range(ROUNDS + 1):
            for name, switch in switches.items():
                took = switch_to(page, name)
                settle(page)
                if name == "Search":  # its 3D viewer asks for another run when the scene is there
                    page.locator(".viewer[data-state=ready]").wait_for()
                    settle(page)
                if turn:  # the first time, a screen is worked out
                    switch.times.append(took)
                    switch.reruns.append(empty_rerun(page))
        yield from switches.values()


def on_five_thousand(browser: Browser, samples: Workspace, folder: Path) -> Iterator[Measured]:
    """Measure sliders of Clusters, each time with a new value."""
    many = multiply_workspace(samples, folder / "5000", 5000)
    with opened(browser, many, "clusters") as page:
        for label, key in (("Smallest cluster", "ArrowRight"), ("Min. samples", "ArrowRight")):
            slider = Measured(f"the slider “{label}” on 5,000 specimens", 4)
            handle = page.get_by_role("slider", name=label)
            handle.wait_for()
            repeat(page, slider, lambda handle=handle, key=key: timed(page, lambda: handle.press(key), RAN))
            yield slider


def on_twenty_thousand(browser: Browser, samples: Workspace, folder: Path) -> Iterator[Measured]:
    """Measure opening a map with cached coordinates, and a click on a neighbour."""
    many = multiply_workspace(samples, folder / "20000", 20_000)
    run = many.run(RUN_NAME)
    map_in(run.results / "maps", read_embeddings(run.matrix_path, run.ids_path), MapSettings())
    with opened(browser, many, "") as page:
        page.locator(".wall button.pick img").first.click()
        page.locator(SCREENS["Search"]).first.wait_for()
        click = Measured("a click on a neighbour among 20,000", 4)
        repeat(page, click, lambda: timed(page, page.locator("button.pick").nth(1).click, OTHER_NEIGHBOURS))
        yield click
        opening = Measured("opening the map of 20,000", 10)
        for turn in range(ROUNDS + 1):
            took = switch_to(page, "Map")
            if not turn:
                print(f"{'opening it for the first time since the app was started':<58}{took:6.0f} ms")
            settle(page)
            if turn:
                opening.times.append(took)
                opening.reruns.append(empty_rerun(page))
            switch_to(page, "Search")
            settle(page)
        yield opening


@contextmanager
def opened(browser: Browser, workspace: Workspace, place: str) -> Iterator[Page]:
    """Start the app and open an address."""
    with running_app(workspace.root) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(300_000)
        page.add_init_script(HELPERS)
        page.goto(f"{address}/{place}")
        yield page
        page.close()


def repeat(page: Page, measured: Measured, act: Callable[[], float]) -> None:
    """Time an action and an empty rerun alternately.

    The first round is a warm-up.
    """
    settle(page)
    for turn in range(ROUNDS + 1):
        took = act()
        settle(page)
        rerun = empty_rerun(page)
        if turn:
            measured.times.append(took)
            measured.reruns.append(rerun)


def timed(page: Page, act: Callable[[], object], watch: str, argument: object = None) -> float:
    """Act.

    Return the milliseconds until the watched content is painted.
    """
    page.evaluate(watch, argument)
    act()
    return float(page.evaluate("() => window.waited"))


def switch_to(page: Page, name: str) -> float:
    """Go to another screen by its link in the sidebar.

    Return the milliseconds until it is painted.
    """
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
    return timed(page, link.click, SCREEN, [name, SCREENS[name]])


def empty_rerun(page: Page) -> float:
    """Rerun the app without a change.

    Return the milliseconds until it is done.
    """
    page.locator("h1").click()  # keys belong to the page, not to a field
    settle(page)
    took = timed(page, lambda: page.keyboard.press("r"), RAN)
    settle(page)
    return took


def settle(page: Page) -> None:
    """Wait until the app is idle, and some more time for late drawing."""
    page.wait_for_function("() => isIdle()")
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    sys.exit(main())
