"""Files of kinds that are not read, on the Specimens screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.collection import Unread, write_unread
from core.meshes import write_ply
from core.workspace import Workspace
from tests.app.screens import app
from tests.field.test_unread_files import MESH
from ui.words import say_in

SENTENCES = {
    "en": "Meshes in formats that are not read (1): Teeth/m1.wrl. Convert them to PLY, OBJ, STL or GLB",
    "ja": "読み込めない形式のメッシュ（1）：Teeth/m1.wrl。MeshLabやBlenderなどで",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_run__names_what_it_did_not_read(
    in_own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Under the specimens that could not be used, in the language of the session."""
    monkeypatch.setenv("FOSSILVIT_LANGUAGE", code)
    write_unread(in_own_workspace.runs()[0].root, [Unread("meshes", ("Teeth/m1.wrl",))])
    screen = app().run()
    assert not screen.exception
    assert say_in(code, "quarantine-unread") in [one.label for one in screen.expander]
    assert any(SENTENCES[code] in one.value.replace("\\", "") for one in screen.markdown)


def test_folder__names_what_a_run_would_not_read(in_empty_workspace: Path) -> None:
    """Where the folder is chosen, before a run is started."""
    meshes = in_empty_workspace / "meshes" / "Teeth"
    meshes.mkdir(parents=True)
    write_ply(meshes / "m2.ply", MESH)
    (meshes / "m1.wrl").touch()
    screen = app().run()
    assert not screen.exception
    assert any(SENTENCES["en"] in one.value.replace("\\", "") for one in screen.warning)
