"""Take the documentation's screenshots from the real app: `make docs-pictures`.

They show the sample collection, so that everybody can see the same on their own screen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.errors import CoreError
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, PROJECT, prepare_workspace, running_app

PICTURES = PROJECT / "docs" / "pictures"
QUERY = "Ammonoids/Serpenticone/ammonoid_serpenticone_001"
SETTLED_MS = 4000


def main() -> int:
    """Take every picture; return an exit status."""
    if CHROMIUM is None:
        print("There is no chromium on PATH: sh scripts/system_libraries.sh --browser", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            workspace = prepare_workspace(Path(folder) / "fossils", per_category=8)
        except CoreError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
        with running_app(workspace.root) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.set_default_timeout(120_000)
            take_all(page, address)
            browser.close()
    return 0


def take_all(page: Page, address: str) -> None:
    """Visit the screens in the order of the work."""
    page.goto(address)
    page.locator("button.pick").first.wait_for()
    shoot(page, "specimens")
    page.goto(f"{address}/search?specimen={QUERY}")
    page.locator(".viewer[data-state=ready]").wait_for()
    shoot(page, "search")
    page.goto(f"{address}/map?specimen={QUERY}")
    page.locator(".js-plotly-plot").wait_for()
    shoot(page, "map")
    page.goto(f"{address}/clusters?specimen={QUERY}")
    page.get_by_text("Cluster 0").first.wait_for()
    shoot(page, "clusters")


def shoot(page: Page, name: str) -> None:
    """Let the screen settle and keep a picture of it."""
    page.wait_for_timeout(SETTLED_MS)
    page.mouse.move(2, 2)
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/pictures/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
