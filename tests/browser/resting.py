"""Waiting until a page rests: how long that takes depends on the machine, not on the page."""

from __future__ import annotations

import io
import time

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

_APART_MILLISECONDS = 300
_PATIENCE = 30.0


def picture_of(part: Locator) -> np.ndarray:
    """Return (h, w, 3) int of a part of a page, as soon as two pictures in a row are the same."""
    until, before = time.monotonic() + _PATIENCE, part.screenshot()
    while True:
        part.page.wait_for_timeout(_APART_MILLISECONDS)
        now = part.screenshot()
        if now == before or time.monotonic() > until:
            return np.asarray(Image.open(io.BytesIO(now)).convert("RGB")).astype(int)
        before = now


def at_rest(page: Page) -> None:
    """Return when the app has not run for a while: what is clicked before that may be about to go."""
    page.evaluate("() => { window.busyAt = performance.now(); }")
    page.wait_for_function(
        """() => {
            const isIdle = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning';
            if (!isIdle || document.querySelector('[data-stale=true]')) window.busyAt = performance.now();
            return performance.now() - window.busyAt > 600;
        }"""
    )
