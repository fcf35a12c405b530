"""Waiting until a page of the app is at rest."""

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
    """Return a picture of a part of a page, (h, w, 3) int, once two in a row are equal."""
    until, before = time.monotonic() + _PATIENCE, part.screenshot()
    while True:
        part.page.wait_for_timeout(_APART_MILLISECONDS)
        now = part.screenshot()
        if now == before or time.monotonic() > until:
            return np.asarray(Image.open(io.BytesIO(now)).convert("RGB")).astype(int)
        before = now


def at_rest(page: Page, *, milliseconds: int = _REST_MILLISECONDS, patience: float = 90.0) -> None:
    """Wait until the app has been idle for some milliseconds.

    Raises
    ------
    playwright.sync_api.TimeoutError
        If the app is not idle within `patience` seconds.
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
    """Choose an option of a select box, and reopen its menu if it has closed.

    The menu closes if the page moves, for example because a picture appears above the box.
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
