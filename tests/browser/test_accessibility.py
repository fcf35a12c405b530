"""Accessibility of every screen, tested with axe-core."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from ui.session import SCREENS

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
GRAVE = ("serious", "critical")
SPECIMEN = "Corals/Horn/coral_horn_001"
# Text that is on a screen once it is drawn.
THERE = {
    "specimens": ".wall button.pick img",
    "specimen": ".viewer[data-state=ready]",
    "search": ".viewer[data-state=ready]",
    "map": ".map[data-state=ready]",
    "clusters": ".grid button.pick img",
    "sweep": "[data-testid=stExpander]",
    "evaluate": "[data-testid=stMetricValue]",
    "runs": "[data-testid=stDataFrame]",
}


def faults_of(page: Page) -> list[str]:
    """Return the serious and critical violations that axe-core reports, one a line."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # The whole page: Streamlit's own parts pass as well.
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("screen", [screen.name for screen in SCREENS])
def test_screen__has_no_grave_fault(page: Page, address: str, screen: str) -> None:
    """axe-core reports nothing serious or critical on any screen, with a chosen specimen."""
    page.emulate_media(color_scheme="light")
    at = "" if screen == SCREENS[0].name else screen
    page.goto(f"{address}/{at}?lang=en&specimen={SPECIMEN}")
    page.locator(THERE[screen]).first.wait_for()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # Streamlit fades parts before it redraws them, which lowers contrast. Only a lasting violation counts.
    for _ in range(3):
        expect(page.locator("[data-stale=true]")).to_have_count(0)
        faults = faults_of(page)
        if not faults:
            break
        page.wait_for_timeout(1500)
    assert faults == []
