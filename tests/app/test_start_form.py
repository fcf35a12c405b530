"""The form that starts a run: its settings are the flags of the run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import ui.specimens.start_form
from core.cli import parse
from core.workspace import Workspace
from tests.app.screens import app
from tests.fakes import write_specimens
from ui.words import say_in


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """Return the list that records flags and names in place of starting runs."""
    calls: list[tuple[list[str], str]] = []

    def queue_job(workspace: Workspace, arguments: Sequence[str], run_name: str) -> int:
        del workspace
        calls.append((list(arguments), run_name))
        return len(calls)

    monkeypatch.setattr(ui.specimens.start_form, "queue_job", queue_job)
    return calls


def test_start_form__takes_what_finds_best_and_offers_mixed_views(
    in_workspace: Workspace, started: list[tuple[list[str], str]]
) -> None:
    """Views are not mixed by default, and a run with mixed views has another name."""
    screen = app().run()
    toggle = screen.toggle(key="start_mixed")
    assert screen.selectbox(key="start_tokens").value == "best"
    assert (toggle.value, toggle.help) == (False, say_in("en", "start-mixed-help"))
    for mixed in (False, True):
        screen.toggle(key="start_mixed").set_value(mixed).run()
        next(button for button in screen.button if button.label == say_in("en", "start-run")).click().run()
        assert not screen.exception
    assert [parse(["run", *flags]).mixed for flags, _ in started] == [False, True]
    assert {parse(["run", *flags]).tokens for flags, _ in started} == {"best"}
    assert [parse(["run", *flags]).name for flags, _ in started] == [name for _, name in started]
    plain, mixed_name = (name for _, name in started)
    assert mixed_name == plain.replace("px", "px_mixed")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_folder_picker__goes_into_folders_whose_names_are_no_text(
    in_workspace: Workspace, started: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The name is shown with digits, and the run reads the folder itself."""
    folder = tmp_path / os.fsdecode(b"scans\xe9")
    write_specimens(folder, "a b")
    monkeypatch.setenv("FOSSILVIT_ROOTS", str(tmp_path))
    screen = app().run()
    screen.text_input(key="folder_text").set_value(str(tmp_path)).run()
    button = next(button for button in screen.button if "scans" in button.label)
    assert "xe9" in button.label
    button.click().run()
    assert not screen.exception
    assert screen.text_input(key="folder_text").value.endswith("scans\\xe9")
    next(button for button in screen.button if button.label == say_in("en", "start-run")).click().run()
    assert not screen.exception
    assert [parse(["run", *flags]).meshes for flags, _ in started] == [folder]
