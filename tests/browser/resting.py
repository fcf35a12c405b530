"""Waiting until a page rests: how long that takes depends on the machine, not on the page."""

from __future__ import annotations

import io
import time

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, TimeoutError as PlaywrightTimeoutError

_APART_MILLISECONDS = 300
_PATIENCE = 30.0
_REST_MILLISECONDS = 600
_MENU_MILLISECONDS = 5_000
_MENU_ATTEMPTS = 6


def picture_of(part: Locator) -> np.ndarray:
    """Return (h, w, 3) int of a part of a page, as soon as two pictures in a row are the same."""
    until, before = time.monotonic() + _PATIENCE, part.screenshot()
    while True:
        part.page.wait_for_timeout(_APART_MILLISECONDS)
        now = part.screenshot()
        if now == before or time.monotonic() > until:
            return np.asarray(Image.open(io.BytesIO(now)).convert("RGB")).astype(int)
        before = now


def at_rest(page: Page, *, milliseconds: int = _REST_MILLISECONDS, patience: float = 90.0) -> None:
    """Return when the app has not run for so long: what is clicked before that may be about to go.

    Raises
    ------
        TimeoutError: (Playwright's) The app did not rest within ``patience`` seconds.
    """
    page.evaluate("() => { window.busyAt = performance.now(); }")
    page.wait_for_function(
        """milliseconds => {
            const isIdle = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning';
            if (!isIdle || document.querySelector('[data-stale=true]')) window.busyAt = performance.now();
            return performance.now() - window.busyAt > milliseconds;
        }""",
        arg=milliseconds,
        timeout=patience * 1000,
    )


def choose(box: Locator, option: str) -> None:
    """Choose from a box of options, again where its menu closed: it does when the page moves beneath it.

    A picture that comes in above the box moves the page, and whoever looks at the page opens the
    menu once more.
    """
    wanted = box.page.get_by_role("option", name=option)
    for attempt in range(_MENU_ATTEMPTS):
        box.click()
        try:
            wanted.click(timeout=_MENU_MILLISECONDS)
        except PlaywrightTimeoutError:
            if attempt == _MENU_ATTEMPTS - 1:
                raise
            box.page.keyboard.press("Escape")
        else:
            return
