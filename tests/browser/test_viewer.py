"""The 3D viewer in a real browser, without a network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from core.meshes import write_ply
from tests.browser.resting import picture_of
from tests.fakes import ellipsoid

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
# WebGL without a graphics card.
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
GROUND_TOLERANCE = 12
SECONDS = 60
PLATE = (1.5, 1.2, 0.4)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the small app on a folder of three specimens."""
    folder = tmp_path_factory.mktemp("specimens")
    write_ply(folder / "a_egg.ply", ellipsoid((1.0, 1.0, 1.4)))
    write_ply(folder / "b_plate.ply", ellipsoid(PLATE))
    write_ply(folder / "c_blue.ply", ellipsoid((0.6, 1.4, 1.0), colours=True))
    (folder / "d_broken.ply").write_bytes(b"not a mesh")
    Image.new("RGB", (64, 64), (200, 30, 30)).save(folder / "picture.png")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(Path(__file__).with_name("viewer_app.py"))]
    options = ["--server.headless=true", f"--server.port={port}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "VIEWER_TEST_FOLDER": str(folder)}
    with subprocess.Popen(
        command + options, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_until_healthy(f"http://localhost:{port}")
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def wait_until_healthy(address: str) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310  our own address
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (package chromium).")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *SOFTWARE_GL])
        yield started
        started.close()


@dataclass
class Visit:
    """A page with its messages and requests."""

    page: Page
    asked_elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    received_bytes: list[int] = field(default_factory=list)

    def allow_only_localhost(self, route: Route) -> None:
        """Let requests to this machine pass.

        Record and refuse all others.
        """
        if urlparse(route.request.url).hostname in ("localhost", None):
            route.continue_()
        else:
            self.asked_elsewhere.append(route.request.url)
            route.abort()

    def wait_for_scene(self, other_than: str = "") -> str:
        """Wait for a scene on the screen and return its fingerprint."""
        scene = self.page.locator(f".viewer[data-state=ready]:not([data-scene='{other_than}'])")
        scene.wait_for(timeout=SECONDS * 1000)
        return scene.get_attribute("data-scene") or ""

    def viewports(self, count: int = 2) -> list[np.ndarray]:
        """Return pictures of the viewports of one row, without titles and buttons."""
        picture = picture_of(self.page.locator(".viewer .canvas"))
        height, width = picture.shape[:2]
        return [
            picture[40 : height - 10, index * width // count + 6 : (index + 1) * width // count - 6]
            for index in range(count)
        ]

    def set_number(self, label: str, value: int) -> None:
        """Type a number into a field of the app."""
        self.page.get_by_label(label).fill(str(value))
        self.page.keyboard.press("Enter")

    def button(self, name: str) -> None:
        """Press a button of the viewer and wait until it has drawn."""
        self.page.locator(".viewer").get_by_role("button", name=name, exact=True).click()
        self.page.wait_for_timeout(600)

    def show(self, choice: str, *, is_scene: bool = True) -> None:
        """Choose the style.

        Colouring of the surfaces makes another scene.
        """
        before = self.page.locator(".viewer").get_attribute("data-scene") or ""
        self.page.locator(".viewer select").select_option(label=choice)
        if is_scene:
            self.wait_for_scene(other_than=before)
        self.page.wait_for_timeout(800)

    def drag(self, across: float, right: int, down: int) -> None:
        """Drag from a point of the canvas, given as a share of its width."""
        box = self.page.locator(".viewer .canvas").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * across, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=6)
        self.page.mouse.up()
        self.page.wait_for_timeout(1500)


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the app and wait for the first scene."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    made = Visit(page)
    page.route("**/*", made.allow_only_localhost)
    page.on(
        "websocket", lambda socket_: socket_.on("framereceived", lambda data: made.received_bytes.append(len(data)))
    )
    page.on("console", lambda message: made.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: made.errors.append(str(error)))
    page.goto(address)
    made.wait_for_scene()
    page.wait_for_timeout(1500)
    yield made
    page.close()
    assert made.errors == []
    assert made.asked_elsewhere == []


def share_covered(viewport: np.ndarray) -> float:
    """Return the share of a viewport that is not background."""
    return float((np.abs(viewport - viewport[0, 0]).max(axis=2) > GROUND_TOLERANCE).mean())


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of pixels that differ."""
    return float((np.abs(one - other).max(axis=2) > GROUND_TOLERANCE).mean())


def test_viewer__shows_specimens_without_other_requests(visit: Visit) -> None:
    """Both viewports show a shaded specimen, without requests to other machines."""
    for viewport in visit.viewports():
        assert share_covered(viewport) > 0.1
        specimen = viewport[np.abs(viewport - viewport[0, 0]).max(axis=2) > GROUND_TOLERANCE]
        assert specimen.std() > 10.0
    assert visit.page.locator(".viewer .title").all_inner_texts() == ["Query\na_egg", "1\nb_plate"]
    assert visit.asked_elsewhere == []


def test_viewer__dragging_turns_both(visit: Visit) -> None:
    """Dragging in one viewport rotates the other as well.

    Reset restores the first view.
    """
    before = visit.viewports()
    visit.drag(0.25, 120, 50)
    after = visit.viewports()
    assert all(difference(one, other) > 0.02 for one, other in zip(before, after, strict=True))
    visit.button("Reset")
    visit.page.wait_for_timeout(1000)
    again = visit.viewports()
    assert all(difference(one, other) < 0.02 for one, other in zip(before, again, strict=True))


def test_viewer__views_and_styles(visit: Visit) -> None:
    """A plate is thin from the front and wide from above.

    Wires cover less than clay.
    """
    visit.button("Front")
    front = share_covered(visit.viewports()[1])
    visit.button("Top")
    top = share_covered(visit.viewports()[1])
    assert top > 1.5 * front
    visit.show("Wireframe", is_scene=False)
    assert 0.0 < share_covered(visit.viewports()[1]) < top


def test_viewer__next_scene_without_a_new_page(visit: Visit) -> None:
    """The page with vtk.js stays.

    Only the new scene is sent.
    """
    scene = visit.page.locator(".viewer").get_attribute("data-scene") or ""
    visit.page.locator(".viewer iframe").evaluate("frame => { frame.contentWindow.stayed = true; }")
    before = visit.viewports()
    visit.received_bytes.clear()
    visit.set_number("First", 1)
    visit.wait_for_scene(other_than=scene)
    assert visit.page.locator(".viewer iframe").evaluate("frame => frame.contentWindow.stayed")
    assert sum(visit.received_bytes) < 500_000
    assert difference(before[0], visit.viewports()[0]) > 0.02
    assert (
        visit.page.locator(".viewer iframe").evaluate("f => f.contentDocument.querySelectorAll('canvas').length") == 1
    )


def test_viewer__another_neighbour_beside_the_same_query(visit: Visit) -> None:
    """All three specimens are shown, each fits its smaller viewport, and the pose stays."""
    visit.button("Top")
    before = share_covered(visit.viewports()[1])
    scene = visit.page.locator(".viewer").get_attribute("data-scene") or ""
    visit.set_number("Count", 3)
    visit.wait_for_scene(other_than=scene)
    visit.page.wait_for_timeout(800)
    after = [share_covered(view) for view in visit.viewports(3)]
    assert min(after) > 0.05
    assert after[1] == pytest.approx(before, rel=0.6)


def test_viewer__hurried_clicks(visit: Visit) -> None:
    """Scenes replaced while they load leave nothing behind, and the last one is shown."""
    for first in (1, 0, 1, 0, 1):
        visit.set_number("First", first)
        visit.page.wait_for_timeout(120)
    expect(visit.page.locator(".viewer .title bdi")).to_have_text(["b_plate", "c_blue"], timeout=SECONDS * 1000)
    # Replaced scenes may arrive late.
    visit.page.wait_for_timeout(5000)
    visit.wait_for_scene()
    assert visit.page.locator(".viewer .title bdi").all_inner_texts() == ["b_plate", "c_blue"]
    assert (
        visit.page.locator(".viewer iframe").evaluate("f => f.contentDocument.querySelectorAll('canvas').length") == 1
    )


def test_viewer__vertex_colours(visit: Visit) -> None:
    """A coloured scan is clay at first, and blue with colour switched on."""
    visit.set_number("First", 2)
    visit.set_number("Count", 1)
    visit.page.locator(".viewer .title").get_by_text("c_blue").wait_for()
    visit.page.wait_for_timeout(1500)
    visit.wait_for_scene()
    clay = visit.viewports(1)[0]
    assert (clay[..., 2] - clay[..., 0]).max() < 40
    visit.show("Vertex colour")
    coloured = visit.viewports(1)[0]
    assert (coloured[..., 2] - coloured[..., 0]).max() > 80


def test_viewer__broken_specimen_becomes_pictures(visit: Visit) -> None:
    """If a mesh cannot be read, its rendered views and the reason are shown."""
    visit.set_number("First", 3)
    visit.page.get_by_text("rendered views, because the 3D viewer cannot be shown").wait_for()
    assert "d_broken.ply" in visit.page.get_by_role("alert").inner_text()
    visit.page.get_by_role("img").first.wait_for()
    visit.page.get_by_role("button", name="Try 3D again").wait_for()
    visit.page.get_by_text("The page goes on.").wait_for()


def test_viewer__no_specimen(visit: Visit) -> None:
    """An empty list gives advice."""
    visit.set_number("Count", 0)
    visit.page.get_by_text("No specimen is chosen yet").wait_for()


def test_viewer__rotates_one_specimen_if_unlinked(visit: Visit) -> None:
    """Unlinked, a drag rotates one specimen only.

    Linked again, both have the same pose.
    """
    visit.button("Turn together")
    before = visit.viewports()
    visit.drag(0.75, 160, 80)
    after = visit.viewports()
    assert difference(before[0], after[0]) < 0.005
    assert difference(before[1], after[1]) > 0.02


def test_viewer__curvature_and_distance(visit: Visit) -> None:
    """Both colour the surface, and a legend outside the canvas explains the colours."""
    visit.show("Mean curvature")
    legend = visit.page.locator(".viewer .legend")
    assert "Mean curvature (1/mm)" in legend.inner_text()
    assert all((view[..., 0] - view[..., 2]).max() > 90 for view in visit.viewports())
    visit.show("Distance to 1: b_plate")
    words = legend.inner_text()
    assert all(part in words for part in ("of b_plate (mm)", "RMS", "Hausdorff"))
    query, neighbour = visit.viewports()
    inside, outside = ((query[..., two] - query[..., one]).max() for one, two in ((0, 2), (2, 0)))
    assert inside > 30 and outside > 90
    # Clay is a warm grey; the neighbour has no colours of its own here.
    assert np.abs(neighbour[..., 2] - neighbour[..., 0]).max() < 50
    visit.show("Wireframe", is_scene=False)
    assert "RMS" not in legend.inner_text()


def test_viewer__section(visit: Visit) -> None:
    """A section removes half of both, is closed and outlined, and shows its area."""
    visit.button("Front")
    before = visit.viewports()
    visit.button("Section")
    visit.button("x")
    assert all(
        share_covered(one) < 0.7 * share_covered(other) for one, other in zip(visit.viewports(), before, strict=True)
    )
    visit.button("z")
    visit.button("Top")
    filled = visit.viewports()[0]
    viewer = visit.page.locator(".viewer")
    assert 2.5 < float(viewer.get_attribute("data-area") or 0) < 4.0
    assert "mm²" in visit.page.locator(".viewer .cutter output").inner_text()
    assert ((filled[..., 0] - filled[..., 2]) > 60).mean() > 0.1
    visit.page.locator(".viewer .cutter input").fill("0.9")
    visit.viewports()
    assert float(viewer.get_attribute("data-area") or 0) < 2.0
    visit.button("Section")
    visit.button("Front")
    assert all(difference(one, other) < 0.02 for one, other in zip(visit.viewports(), before, strict=True))


def test_viewer__scale_bar_is_true_under_zoom(visit: Visit) -> None:
    """The length of the bar in pixels agrees with its label, before and after zooming."""
    width = ellipsoid(PLATE).extent[0]
    visit.button("Top")
    for key in ("", "+", "-"):
        visit.page.locator(".viewer .canvas").focus()
        if key:
            visit.page.keyboard.press(key)
        visit.page.wait_for_timeout(400)
        view = visit.viewports()[1]
        scale = visit.page.locator(".viewer .scale").nth(1)
        pixels = float(scale.locator("i").evaluate("rule => parseFloat(rule.style.width)"))
        told = float(scale.locator("span").inner_text().split()[0])
        covered = (np.abs(view - view[0, 0]).max(axis=2) > GROUND_TOLERANCE).any(axis=0).sum()
        assert covered * told / pixels == pytest.approx(width, rel=0.03)


def test_viewer__picture_is_named_and_annotated(visit: Visit, tmp_path: Path) -> None:
    """A saved picture has the specimens in its name, and titles above them."""
    with visit.page.expect_download() as download:
        visit.button("Save picture")
    assert download.value.suggested_filename == "a_egg_b_plate_clay.png"
    download.value.save_as(tmp_path / "picture.png")
    picture = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB")).astype(int)
    assert (np.abs(picture[:24, :200] - picture[0, -1]).max(axis=2) > 80).any()
    assert share_covered(picture[40:]) > 0.1


def test_viewer__turntable(visit: Visit, tmp_path: Path) -> None:
    """The query can be downloaded as a rotating animation."""
    with visit.page.expect_download(timeout=SECONDS * 1000) as download:
        visit.page.get_by_role("button", name="Turntable GIF").click()
    assert download.value.suggested_filename == "a_egg_clay.gif"
    download.value.save_as(tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert getattr(film, "n_frames", 1) > 20


def test_viewer__controls_have_names_and_can_be_reached(visit: Visit) -> None:
    """Every control has a name, Tab reaches all of them, and the canvas takes keys."""
    controls = visit.page.locator(".viewer").locator("button, select, input:visible, .canvas")
    named = "part => part.getAttribute('aria-label') || part.textContent.trim()"
    assert all(controls.evaluate_all(f"parts => parts.map({named})"))
    visit.page.locator(".viewer select").focus()
    for _ in range(13):
        visit.page.keyboard.press("Tab")
    before = visit.viewports()
    visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_timeout(600)
    assert difference(before[1], visit.viewports()[1]) > 0.005


def test_viewer__no_webgl(browser: Browser, address: str) -> None:
    """Without WebGL there are a turntable of views, the reason, and a retry button."""
    page = browser.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
    page.goto(address)
    page.get_by_text("This browser offers no WebGL").wait_for(timeout=SECONDS * 1000)
    page.get_by_role("img", name="Turn a_egg").wait_for(timeout=SECONDS * 1000)
    turn = page.get_by_role("slider", name="Turn b_plate")
    before = picture_of(page.get_by_role("img", name="Turn b_plate"))
    turn.focus()
    page.keyboard.press("End")
    assert not np.array_equal(picture_of(page.get_by_role("img", name="Turn b_plate")), before)
    page.get_by_role("button", name="Try 3D again").click()
    page.get_by_text("This browser offers no WebGL").wait_for(timeout=SECONDS * 1000)
    page.close()


@pytest.mark.slow
def test_viewer__many_scenes(visit: Visit) -> None:
    """After many scenes there is one page with one canvas, and the pictures are the same."""
    before = visit.viewports()
    for index in range(1, 27):
        scene = visit.page.locator(".viewer").get_attribute("data-scene") or ""
        visit.set_number("First", index % 2)
        visit.wait_for_scene(other_than=scene)
    visit.page.wait_for_timeout(2000)
    assert visit.page.locator(".viewer iframe").count() == 1
    assert (
        visit.page.locator(".viewer iframe").evaluate("f => f.contentDocument.querySelectorAll('canvas').length") == 1
    )
    assert all(difference(one, other) < 0.02 for one, other in zip(before, visit.viewports(), strict=True))
