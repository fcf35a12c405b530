"""Garbage is collected once a minute, however many sessions there are."""

from __future__ import annotations

import gc
import tomllib
import weakref

import pytest

from tests.fakes import PROJECT
from ui.frame import garbage


class Knot:
    """Something that only a collection can remove."""

    def __init__(self) -> None:
        self.itself = self


def test_collect_garbage__once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What refers to itself is gone after the minute, and not looked for before."""
    now = 1000.0
    monkeypatch.setattr(garbage.time, "monotonic", lambda: now)
    monkeypatch.setattr(garbage, "_collected", now)
    gc.disable()
    try:
        there = weakref.ref(Knot())
        assert not garbage.collect_garbage()
        assert there() is not None
        now += 61
        assert garbage.collect_garbage()
        assert there() is None
        assert not garbage.collect_garbage()
    finally:
        gc.enable()


def test_server__does_not_collect_after_every_run() -> None:
    """The setting that this replaces."""
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["runner"]["postScriptGC"] is False
