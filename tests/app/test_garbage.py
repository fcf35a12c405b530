"""Garbage is collected once a minute in all sessions together."""

from __future__ import annotations

import gc
import tomllib
import weakref

import pytest

from tests.fakes import PROJECT
from ui.frame import garbage


class Cycle:
    """An object that only garbage collection can remove."""

    def __init__(self) -> None:
        self.itself = self


def test_collect_garbage__once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference cycle is removed after a minute, and not before."""
    now = 1000.0
    monkeypatch.setattr(garbage.time, "monotonic", lambda: now)
    monkeypatch.setattr(garbage, "_collected", now)
    gc.disable()
    try:
        cycle = weakref.ref(Cycle())
        assert not garbage.collect_garbage()
        assert cycle() is not None
        now += 61
        assert garbage.collect_garbage()
        assert cycle() is None
        assert not garbage.collect_garbage()
    finally:
        gc.enable()


def test_server__does_not_collect_after_every_run() -> None:
    """Streamlit's own collection is switched off."""
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["runner"]["postScriptGC"] is False
