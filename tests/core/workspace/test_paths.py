"""Workspaces: folders, names of runs, one writer at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.foundation import BusyError, MissingStageError, SettingError, WorkspaceError
from core.storage import write_json
from core.workspace import Workspace, open_workspace
from tests.fakes import PROJECT


def test_open_workspace__makes_its_folders(tmp_path: Path) -> None:
    """Any folder can be one, and opening twice is harmless."""
    for _ in range(2):
        workspace = open_workspace(tmp_path / "new" / "place")
    assert workspace.meshes.is_dir()
    assert workspace.runs() == []


@pytest.mark.parametrize("below", ["", "below"])
def test_open_workspace__says_where_it_cannot_write(tmp_path: Path, below: str) -> None:
    """A file in place of a folder fails for any user, also for root."""
    (tmp_path / "file").touch()
    with pytest.raises(
        WorkspaceError, match=r"The workspace .*file.* cannot be written.*another folder with --workspace"
    ):
        open_workspace(tmp_path / "file" / below)


def test_open_workspace__says_where_the_system_forbids_it() -> None:
    """Not even an administrator can make a folder in /proc."""
    with pytest.raises(WorkspaceError, match="cannot be written"):
        open_workspace(Path("/proc/workspace"))


@given(name=st.text(max_size=70))
def test_run__never_leaves_the_folder_of_runs(name: str) -> None:
    """Any text is a name of one folder there, or refused."""
    workspace = Workspace(Path("/somewhere"))
    try:
        run = workspace.run(name)
    except SettingError as error:
        assert "cannot be the name of a run" in error.problem
        return
    assert Path(os.path.normpath(run.root)).parent == workspace.runs_folder
    assert run.name == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\n", "CON", "com1.txt", "a.", "a ", " a", "x" * 65])
def test_run__refuses_names_that_are_no_folder_everywhere(name: str) -> None:
    """A workspace may be carried to Windows."""
    with pytest.raises(SettingError, match=r"cannot be the name of a run.*begin with a letter or digit"):
        Workspace(Path("/somewhere")).run(name)


def test_runs__come_newest_first(tmp_path: Path) -> None:
    """Only folders with a configuration count."""
    workspace = open_workspace(tmp_path)
    for age, name in enumerate(("older", "newer")):
        write_json(workspace.run(name).config_path, {})
        os.utime(workspace.run(name).config_path, (age, age))
    (workspace.runs_folder / "empty").mkdir()
    assert [run.name for run in workspace.runs()] == ["newer", "older"]


def test_config__says_where_there_is_none(tmp_path: Path) -> None:
    """A run that is not there and one that is damaged are two things."""
    run = open_workspace(tmp_path).run("a")
    with pytest.raises(MissingStageError, match=r"no run called 'a' here. Start one with `python -m core run`"):
        run.config()
    write_json(run.config_path, [])
    with pytest.raises(WorkspaceError, match="is not a configuration"):
        run.config()


def test_locked__lets_one_in_at_a_time(tmp_path: Path) -> None:
    """A second process gets an error that says what to do."""
    workspace = open_workspace(tmp_path)
    busy = pytest.raises(BusyError, match=r"Another run is working on the workspace .*cancel it in the app")
    with workspace.locked(), busy, Workspace(workspace.root).locked():
        pytest.fail("two at once")
    with workspace.locked():
        pass


def test_locked__frees_the_lock_of_a_killed_process(tmp_path: Path) -> None:
    """The lock of a killed process is free."""
    script = (
        "import os, sys; from pathlib import Path; from core.workspace.paths import open_workspace\n"
        "with open_workspace(Path(sys.argv[1])).locked(): os.kill(os.getpid(), 9)"
    )
    child = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=PROJECT, check=False)
    assert child.returncode == -9
    with open_workspace(tmp_path).locked():
        pass


def test_locked__says_where_there_is_no_folder(tmp_path: Path) -> None:
    """A workspace that was never opened, or was moved away."""
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be locked"), Workspace(tmp_path / "file").locked():
        pytest.fail("locked a file")
