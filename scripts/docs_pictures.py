"""Take the documentation's screenshots from the real app: `make docs-pictures`.

`python -m scripts.docs_pictures misfits runs` takes only those two. They show the study of
`docs/guide.md` on the sample collection, so that readers can reproduce it: a horn coral lies among the
teeth, and there are runs by two backbones.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from core.backbones import BEST
from core.clusters import ClusterSettings
from core.collection import SampleSettings, make_samples
from core.features import FeatureSettings
from core.foundation import CoreError
from core.pipeline import RunSettings, run_pipeline
from core.workspace import Workspace, open_workspace
from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, PROJECT, running_app
from ui.words import LANGUAGES, say_in

PICTURES = PROJECT / "docs" / "pictures"
QUERY = "Ammonoids/Serpenticone/ammonoid_serpenticone_001"
STRANGER, ITS_PLACE, WRONG_PLACE = "coral_horn_003", "Corals/Horn", "Teeth/Conical"
MISFILED = f"{WRONG_PLACE}/{STRANGER}"
SETTLED_MS = 4000


def main() -> int:
    """Take every picture, or the given ones.

    Return an exit status.
    """
    wanted = sys.argv[1:] or list(STUDY)
    if unknown := set(wanted) - STUDY.keys():
        print(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(STUDY)}.", file=sys.stderr)
        return 1
    if CHROMIUM is None:
        print("There is no chromium on PATH: sh scripts/system_libraries.sh --browser", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        try:
            workspace = prepare_study(Path(folder) / "fossils")
        except CoreError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
        with running_app(workspace.root) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
            for code in LANGUAGES:
                take(wanted, browser, address, code)
            browser.close()
    return 0


def prepare_study(root: Path) -> Workspace:
    """Make the samples with one misfiled specimen, and runs as the form starts them."""
    workspace = open_workspace(root)
    make_samples(workspace.meshes, SampleSettings())
    for path in (workspace.meshes / ITS_PLACE).glob(f"{STRANGER}.*"):
        path.replace(workspace.meshes / WRONG_PLACE / path.name)
    for model in ("classical", "efficientnet_lite2"):
        settings = RunSettings(
            name=model,
            features=FeatureSettings(model=model, download=False, tokens=BEST),
            clusters=ClusterSettings(),
            workers=0,
        )
        run_pipeline(workspace, settings)
    return workspace


def take(wanted: list[str], browser: Browser, address: str, code: str) -> None:
    """Take the pictures of some screens, in one language."""
    folder = PICTURES if code == "en" else PICTURES / code
    folder.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 860}, locale=code)
    page.set_default_timeout(180_000)

    def word(key: str) -> str:
        return say_in(code, key)

    for name in wanted:
        show = STUDY[name]
        show(page, f"{address}/{{}}?run=efficientnet_lite2&lang={code}&specimen={{}}", word)
        page.wait_for_timeout(SETTLED_MS)
        page.mouse.move(2, 2)
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        # A palette makes small and sharp pictures.
        Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path.relative_to(PROJECT))
    page.close()


Word = Callable[[str], str]


def _specimens(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("", QUERY))
    page.locator("button.pick").first.wait_for()


def _specimen(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("specimen", QUERY))
    page.locator(".viewer[data-state=ready]").wait_for()


def _search(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("search", QUERY))
    page.locator(".viewer[data-state=ready]").wait_for()


def _map(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("map", MISFILED))
    page.locator(".map[data-state=ready]").wait_for()


def _clusters(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("clusters", QUERY))
    page.get_by_text(word("clusters-view-groups"), exact=True).wait_for()
    page.locator("button.pick").first.wait_for()


def _misfits(page: Page, address: str, word: Word) -> None:
    _clusters(page, address, word)
    page.get_by_text(word("clusters-view-misfits"), exact=True).click()
    first = page.locator(f"button.pick[data-specimen='{MISFILED}']")
    first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    # The picture shows the list, not the settings above it.
    first.evaluate("card => card.scrollIntoView({ block: 'center' })")


def _evaluate(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("evaluate", QUERY))
    page.locator("[data-testid=stMetric]").first.wait_for()


def _runs(page: Page, address: str, word: Word) -> None:
    page.goto(address.format("runs", QUERY))
    page.locator("[data-testid=stDataFrame]").first.wait_for()


# In the order of the study.
STUDY: dict[str, Callable[[Page, str, Word], None]] = {
    "specimens": _specimens,
    "specimen": _specimen,
    "search": _search,
    "map": _map,
    "clusters": _clusters,
    "misfits": _misfits,
    "evaluate": _evaluate,
    "runs": _runs,
}


if __name__ == "__main__":
    sys.exit(main())
