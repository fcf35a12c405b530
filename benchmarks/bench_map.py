"""Frame rate of panning and zooming a map of 100,000 specimens, against one of 100.

    python -m benchmarks.bench_map [--specimens 100000]

The map is the offline page, drawn as in the app. The browser moves it at every frame for some seconds;
the output is frames a second and the longest gaps between two. Without a graphics card the processor
composes every frame, whatever is drawn, and a moving map shows a sample of the points: the cost of the
points is the ratio to the small map.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from core.maps import MapPicture, colour_by_groups, find_regions, write_map_page
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM

SECONDS, ROUNDS, FEW = 3.0, 3, 100
GROUPS = 40
# Calls `act` at every frame; resolves to the gaps between frames in milliseconds.
FRAMES = """async ([kind, seconds]) => {
    const map = document.querySelector('canvas.above');
    const box = map.getBoundingClientRect();
    const tell = (type, angle, more) => map.dispatchEvent(new PointerEvent(type, {
        clientX: box.left + box.width / 2 + 150 * Math.sin(angle),
        clientY: box.top + box.height / 2 + 100 * Math.cos(angle),
        bubbles: true, pointerId: 1, buttons: 1, isPrimary: true, ...more }));
    const acts = {
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
    """Draw the map and print its frame rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=100_000)
    options = parser.parse_args()
    if CHROMIUM is None:
        print("bench_map: skipped, there is no chromium on PATH.")
        return 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        pages = {count: open_map(browser, Path(folder), count) for count in (FEW, options.specimens)}
        for kind, name in (("pan", "moved"), ("zoom", "zoomed")):
            gaps: dict[int, list[np.ndarray]] = {count: [] for count in pages}
            for _ in range(ROUNDS):
                for count, page in pages.items():
                    page.bring_to_front()
                    gaps[count].append(gaps_of(page, kind))
            few, many = (np.concatenate(gaps[count]) for count in pages)
            print(f"a map of {options.specimens:,} {name}: {told(many)}; of {FEW}: {told(few)}")
            print(f"  {np.median(many) / np.median(few):.2f} times the time of a frame")
        browser.close()
    return 0


def open_map(browser: Browser, folder: Path, count: int) -> Page:
    """Return a page with a completely drawn map of `count` specimens."""
    path = folder / f"{count}.html"
    write_map_page(path, picture_of(count))
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.locator(".map[data-state=ready]").wait_for()
    page.wait_for_timeout(2000)
    return page


def picture_of(count: int) -> MapPicture:
    """Return clusters of points of many sizes, coloured by cluster, with contours."""
    rng = np.random.default_rng(42)
    heap = rng.integers(GROUPS, size=count)
    places = rng.normal(scale=12, size=(GROUPS, 2))[heap] + rng.normal(size=(count, 2))
    names = [f"Heap {number:02d}" for number in heap]
    ids = tuple(f"{name}/specimen{row:06d}" for row, name in enumerate(names))
    points = places.astype(np.float32)
    colouring = colour_by_groups("category", names)
    return MapPicture(ids, points, colouring, "Map", "synthetic", regions=find_regions(points, names))


def gaps_of(page: Page, kind: str) -> np.ndarray:
    """Return the milliseconds between frames during an action at each frame."""
    return np.array(page.evaluate(FRAMES, [kind, SECONDS]))


def told(gaps: np.ndarray) -> str:
    """Return frames a second and the longest gaps as text."""
    return f"{1000 / gaps.mean():.0f} frames a second, 95 % of gaps under {np.quantile(gaps, 0.95):.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
