"""In the browser: how smoothly a map of 100,000 specimens pans and zooms, against a page that draws nothing.

    python -m benchmarks.bench_map [--specimens 100000]

The map is the page that works offline, the same drawing as in the app. The browser moves it at every
frame for some seconds; told are the frames a second and the longest gaps between two, beside those of
an empty page. Without a graphics card the browser draws by the processor, which is the worst case.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from core.colouring import colour_by_groups
from core.map_pictures import MapPicture, write_map_page
from core.regions import find_regions
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM

SECONDS = 5.0
GROUPS = 40
# Calls `act` at every frame; resolves to the gaps between frames in milliseconds.
FRAMES = """async ([kind, seconds]) => {
    const map = document.querySelector('canvas.above');
    const box = map?.getBoundingClientRect();
    const tell = (type, angle, more) => map.dispatchEvent(new PointerEvent(type, {
        clientX: box.left + box.width / 2 + 150 * Math.sin(angle),
        clientY: box.top + box.height / 2 + 100 * Math.cos(angle),
        bubbles: true, pointerId: 1, buttons: 1, isPrimary: true, ...more }));
    const acts = {
        nothing: () => {},
        pan: angle => tell('pointermove', angle),
        zoom: angle => map.dispatchEvent(new WheelEvent('wheel', { deltaY: 60 * Math.sin(angle), bubbles: true,
            cancelable: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 })),
    };
    if (kind === 'pan') tell('pointerdown', 0);
    const gaps = [];
    const start = performance.now();
    let last = start;
    while (last - start < 1000 * seconds) {
        acts[kind]((last - start) / 300);
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
    }
    if (kind === 'pan') tell('pointerup', 0);
    return gaps.slice(5);
}"""


def main() -> int:
    """Draw the map and print how smoothly it moves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=100_000)
    options = parser.parse_args()
    if CHROMIUM is None:
        print("bench_map: skipped, there is no chromium on PATH.")
        return 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "map.html"
        write_map_page(path, picture_of(options.specimens))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto("about:blank")
        empty = gaps_of(page, "nothing")
        page.goto(path.as_uri())
        page.locator(".map[data-state=ready]").wait_for()
        page.wait_for_timeout(2000)
        print(f"{options.specimens:,} specimens, 1280 × 900; an empty page: {told(empty)}")
        for kind, name in (("pan", "moved"), ("zoom", "zoomed")):
            frames = int(page.locator(".map").get_attribute("data-frames") or 0)
            gaps = gaps_of(page, kind)
            drawn = int(page.locator(".map").get_attribute("data-frames") or 0) - frames
            share = np.mean(empty) / np.mean(gaps)
            print(f"  {name}: {told(gaps)}, {share:.2f} of an empty page; drawn {drawn / SECONDS:.0f} times a second")
        browser.close()
    return 0


def picture_of(count: int) -> MapPicture:
    """Return heaps of points of many sizes, coloured and named by heap, with contours."""
    chance = np.random.default_rng(42)
    heap = chance.integers(GROUPS, size=count)
    places = chance.normal(scale=12, size=(GROUPS, 2))[heap] + chance.normal(size=(count, 2))
    names = [f"Heap {number:02d}" for number in heap]
    ids = tuple(f"{name}/specimen{row:06d}" for row, name in enumerate(names))
    points = places.astype(np.float32)
    colouring = colour_by_groups("category", names)
    return MapPicture(ids, points, colouring, "Map", "synthetic", regions=find_regions(points, names))


def gaps_of(page: Page, kind: str) -> np.ndarray:
    """Return the milliseconds between frames while something is done at each."""
    return np.array(page.evaluate(FRAMES, [kind, SECONDS]))


def told(gaps: np.ndarray) -> str:
    """Return frames a second and the longest gaps as words."""
    return f"{1000 / gaps.mean():.0f} frames a second, 95 % of gaps under {np.quantile(gaps, 0.95):.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
