"""A study of a collection on the screens, in a real browser."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Page, expect

from core.collection import Curation
from core.workspace import Catalogue, Workspace, open_workspace
from tests.browser.conftest import MISFILED, OTHER_RUN
from tests.browser.resting import at_rest, choose
from tests.prepared import RUN_NAME, running_app
from tests.waiting import wait_for


def rows_of(page: Page, button: str, *, exact: bool = False, within: str = "") -> list[dict[str, str]]:
    """Press a download button, optionally in a tab, and return the rows of the CSV."""
    there = page.get_by_role("tabpanel", name=within) if within else page
    with page.expect_download() as download:
        there.get_by_role("button", name=button, exact=exact).first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def noise_of(page: Page) -> int:
    """Return the share of noise on the screen Clusters, in percent."""
    metric = page.get_by_test_id("stMetric").filter(has_text="Noise").get_by_test_id("stMetricValue")
    return int(metric.inner_text().strip().rstrip("%"))


def test_journey__find_a_misfiled_specimen(page: Page, address: str, prepared: Workspace) -> None:
    """The misfiled tooth is listed.

    A click shows teeth as its neighbours; its page keeps a tag.
    """
    page.goto(f"{address}/clusters?lang=en")
    page.get_by_text("Possibly misfiled", exact=True).click()
    listed = page.get_by_role("group", name="Possibly misfiled").locator(f"button.pick[data-specimen='{MISFILED}']")
    listed.click()
    page.get_by_role("heading", name="most similar").wait_for()
    page.wait_for_function("wanted => new URLSearchParams(location.search).get('specimen') === wanted", arg=MISFILED)
    expect(page.locator("button.pick").first).to_have_attribute("data-specimen", re.compile("^Teeth/Conical/"))
    page.locator(".st-key-specimen_in_hand").get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("heading", name=MISFILED.rsplit("/", 1)[-1]).wait_for()
    tags = page.get_by_role("combobox", name="Tags")
    tags.fill("misfiled")
    tags.press("Enter")
    page.get_by_test_id("stMain").get_by_text("misfiled", exact=True).first.wait_for()
    # A new session shows the tag, so it is stored and not only shown.
    curation = Curation(Catalogue(prepared.catalogue_path))
    wait_for(lambda: "misfiled" in curation.tags().get(MISFILED, ()), "the tag to be kept")
    page.goto("about:blank")
    page.goto(f"{address}/specimen?specimen={MISFILED}&lang=en")
    page.get_by_role("heading", name=MISFILED.rsplit("/", 1)[-1]).wait_for()
    page.get_by_test_id("stMain").get_by_text("misfiled", exact=True).first.wait_for()


def test_journey__tune_clusters_until_noise_falls(page: Page, address: str) -> None:
    """A high density setting gives noise and advice.

    The advice lowers it; the CSV has the result.
    """
    page.goto(f"{address}/clusters?lang=en")
    samples = page.get_by_role("slider", name="Min. samples")
    samples.focus()
    for _ in range(7):
        samples.press("ArrowRight")
    expect(samples).to_have_value("8")
    page.get_by_text("Leads to").first.wait_for()
    # Advice and noise of the previous settings are on the screen for a moment.
    at_rest(page)
    before = noise_of(page)
    assert before > 30
    page.get_by_role("button", name="Try it").first.click()
    page.get_by_text(f"{before}% noise. Now:").wait_for()
    at_rest(page)
    now = noise_of(page)
    assert now < before
    rows = rows_of(page, "Download CSV")
    assert len(rows) == 42
    assert round(100 * sum(row["cluster_id"] == "-1" for row in rows) / 42) == now


def test_journey__compare_two_backbones(page: Page, address: str) -> None:
    """Both runs are compared by the same specimens, with settings.

    Then the other run is on every screen.
    """
    page.goto(f"{address}/evaluate?lang=en")
    page.get_by_role("tab", name="Compare runs").click()
    whole = page.get_by_role("tabpanel", name="Compare runs")
    for name, backbone in ((RUN_NAME, "efficientnet_lite2"), (OTHER_RUN, "classical")):
        whole.get_by_text(f"{name}: {backbone}").wait_for()
    whole.get_by_test_id("stDataFrame").wait_for()
    choose(page.get_by_test_id("stSidebar").get_by_role("combobox", name="Run"), OTHER_RUN)
    page.get_by_role("tab", name="This run").click()
    page.get_by_role("tabpanel", name="This run").get_by_text("classical · 12 views").wait_for()
    page.get_by_role("link", name="Search").click()
    page.locator("button.pick").first.wait_for()
    assert parse_qs(urlparse(page.url).query)["run"] == [OTHER_RUN]


def test_journey__compare_view_by_view(page: Page, address: str) -> None:
    """Other figures than by embeddings, and the flags of the command."""
    page.goto(f"{address}/evaluate?lang=en&run={RUN_NAME}")
    page.get_by_role("tab", name="Compare runs").click()
    whole = page.get_by_role("tabpanel", name="Compare runs")
    whole.get_by_text("compare --match pooled --labels category:top").wait_for()
    before = rows_of(page, "Download CSV", exact=True, within="Compare runs")
    whole.get_by_text("View by view", exact=True).click()
    whole.get_by_text("compare --match maxsim --whiten 42 --labels category:top").wait_for()
    after = rows_of(page, "Download CSV", exact=True, within="Compare runs")
    assert [row["run"] for row in after] == [row["run"] for row in before] == [RUN_NAME, OTHER_RUN]
    assert after[0]["mAP"] != before[0]["mAP"]
    assert whole.locator(".js-plotly-plot").count() == 2


def test_journey__measure_robustness(page: Page, address: str) -> None:
    """One click queues the job.

    Progress and figures appear without a reload.
    """
    page.goto(f"{address}/evaluate?lang=en&run={RUN_NAME}")
    page.get_by_role("tab", name="What a search survives").click()
    panel = page.get_by_role("tabpanel", name="What a search survives")
    count = panel.get_by_role("spinbutton", name="Specimens")
    count.fill("3")
    count.press("Enter")
    panel.get_by_role("button", name="Measure", exact=True).click()
    panel.get_by_role("button", name="Cancel").wait_for()
    panel.get_by_text("Specimens tried: ").wait_for()
    panel.get_by_role("button", name="Measure again").wait_for()
    expect(panel.get_by_text("points alone").first).to_be_visible()
    rows = rows_of(page, "Download CSV", exact=True, within="What a search survives")
    assert [row["change"] for row in rows][:2] == ["none", "turned"]
    assert {row["n_specimens"] for row in rows} == {"3"}
    assert float(rows[0]["finds_itself"]) == 1


def test_journey__cancel_and_resume(page: Page, prepared: Workspace, tmp_path: Path) -> None:
    """A long run is cancelled and resumed: finished work is kept, and the rest is done."""
    with running_app(tmp_path / "workspace", roots=str(prepared.root.parent)) as address:
        page.goto(f"{address}/?lang=en")
        page.get_by_label("Folder", exact=True).fill(str(prepared.meshes))
        page.keyboard.press("Enter")
        page.get_by_text("42 specimens found").wait_for()
        choose(page.get_by_role("combobox", name="Backbone"), "efficientnet_lite2")
        page.get_by_role("slider", name="Views per specimen").press("End")
        page.get_by_role("slider", name="Image size (pixels)").press("ArrowRight")
        page.get_by_role("button", name="Start the run").click()
        page.get_by_text("Features: ").first.wait_for()
        page.wait_for_function("() => /Features: [1-9]\\d* of/.test(document.body.innerText)")
        page.get_by_role("button", name="Cancel").click()
        ended = page.get_by_test_id("stExpander").filter(has_text="was cancelled")
        ended.wait_for()
        [run] = open_workspace(tmp_path / "workspace").runs()
        made = {path: path.stat().st_mtime_ns for path in run.features.rglob("*.npy")}
        assert 0 < len(made) < 42
        ended.locator("summary").click()
        page.get_by_role("button", name="Go on with it").click()
        page.get_by_text("is done; it took").wait_for(timeout=4 * 60_000)
        page.locator("button.pick").first.wait_for()
        assert {path: path.stat().st_mtime_ns for path in made} == made
        assert len(list(run.features.rglob("*.npy"))) == 42
        page.goto("about:blank")


def test_journey__settings_stay_between_screens(page: Page, address: str) -> None:
    """Sliders of Clusters, the map's method and the number of neighbours keep their values."""

    def go(name: str) -> None:
        page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", level=1, name=name, exact=True).wait_for()

    page.goto(f"{address}/clusters?lang=en")
    smallest = page.get_by_role("slider", name="Smallest cluster")
    before = int(smallest.input_value())
    smallest.focus()
    smallest.press("ArrowRight")
    go("Map")
    page.get_by_role("button", name="t-SNE", exact=True).or_(page.get_by_role("radio", name="t-SNE")).click()
    page.locator(".map[data-state=ready]").wait_for()
    go("Search")
    page.locator("button.pick").first.click()
    page.get_by_role("heading", name="most similar").wait_for()
    count = page.get_by_role("spinbutton", name="Neighbours", exact=True)
    count.fill("7")
    count.press("Enter")
    page.get_by_role("heading", name="The 7 most similar").wait_for()
    go("Clusters")
    expect(page.get_by_role("slider", name="Smallest cluster")).to_have_value(str(before + 1))
    go("Search")
    page.get_by_role("heading", name="The 7 most similar").wait_for()
    go("Map")
    chosen = page.locator(".st-key-map_method").locator("[aria-checked=true], [data-testid$=Active]")
    expect(chosen).to_have_text("t-SNE")
