"""A killed run, started again, ends with the bytes of an undisturbed run."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from core.storage import TEMPORARY_PREFIX
from core.workspace import Workspace
from tests.unbreakable.conftest import ForkServer, trials

KILLS = trials("FOSSILVIT_KILLS", 8)
TIMED_KILLS = trials("FOSSILVIT_KILLS", 1)
KILLED = -9


def assert_whole(fork_server: ForkServer, workspace: Path) -> None:
    """Assert that a workspace is equal to an undisturbed one."""
    assert fork_server.results(workspace) == fork_server.undisturbed
    assert fork_server.catalogue(workspace) == fork_server.records
    with sqlite3.connect(workspace / "catalogue.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert list(workspace.rglob(f"{TEMPORARY_PREFIX}*")) == []


@pytest.mark.parametrize("number", range(KILLS))
def test_run__killed_before_a_change_to_a_file(fork_server: ForkServer, tmp_path: Path, number: int) -> None:
    """At any of its changes, and once more while it resumes."""
    rng = np.random.default_rng([42, number])
    # Spread over the whole run, so that every stage is killed.
    first = 1 + int((number + rng.random()) / KILLS * fork_server.changes)
    # The number of progress writes depends on the speed, so the number of changes varies a little.
    assert fork_server.run(tmp_path, kill_at=min(first, int(0.94 * fork_server.changes))).status == KILLED
    fork_server.run(tmp_path, kill_at=int(rng.integers(1, fork_server.changes)))
    ending = fork_server.run(tmp_path)
    assert ending.status == 0, ending.output
    assert_whole(fork_server, tmp_path)


@pytest.mark.parametrize("number", range(TIMED_KILLS))
def test_run__killed_with_its_children(fork_server: ForkServer, tmp_path: Path, number: int) -> None:
    """The whole process group at a random moment, with children in the middle of specimens."""
    if not fork_server.seconds:
        fork_server.seconds = fork_server.run(tmp_path / "measured", workers=2).seconds
        shutil.rmtree(tmp_path / "measured")
    rng = np.random.default_rng([43, number])
    ending = fork_server.run(tmp_path, workers=2, kill_after=float(rng.uniform(0.02, 1.0)) * fork_server.seconds)
    assert ending.status in (KILLED, 0)
    ending = fork_server.run(tmp_path, workers=2)
    assert ending.status == 0, ending.output
    assert_whole(fork_server, tmp_path)


def test_run__killed_while_it_overwrites(fork_server: ForkServer, tmp_path: Path) -> None:
    """With --overwrite, half-replaced results do not count as finished."""
    shutil.copytree(fork_server.folder / "undisturbed", tmp_path, dirs_exist_ok=True)
    for share in (0.3, 0.6, 0.9):
        kill_at = int(share * fork_server.changes)
        assert fork_server.run(tmp_path, more=("--overwrite",), kill_at=kill_at).status == KILLED
    assert fork_server.run(tmp_path).status == 0
    assert_whole(fork_server, tmp_path)


OTHER_SETTINGS = ("--views", "3", "--pool", "max")


@pytest.fixture(scope="module")
def made_otherwise(fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the results of an undisturbed run with other settings."""
    workspace = tmp_path_factory.mktemp("otherwise")
    assert fork_server.run(workspace, more=OTHER_SETTINGS).status == 0
    return fork_server.results(workspace)


@pytest.mark.parametrize("number", range(KILLS))
def test_run__killed_while_it_is_made_again(
    fork_server: ForkServer, made_otherwise: dict[str, bytes], tmp_path: Path, number: int
) -> None:
    """With other settings: config.json always describes the embeddings beside it."""
    shutil.copytree(fork_server.folder / "undisturbed", tmp_path, dirs_exist_ok=True)
    rng = np.random.default_rng([45, number])
    # The last changes put embeddings and configuration in place.
    kill_at = 1 + int((number + rng.random()) / KILLS * 0.94 * fork_server.changes)
    assert fork_server.run(tmp_path, more=OTHER_SETTINGS, kill_at=kill_at).status == KILLED
    run = Workspace(tmp_path).run("run")
    if run.is_complete:
        config = run.config()
        made = fork_server.undisturbed if config["views"]["views"] == 2 else made_otherwise
        assert config["pool"] == ("mean" if config["views"]["views"] == 2 else "max")
        for path in (run.matrix_path, run.ids_path):
            assert path.read_bytes() == made[path.relative_to(tmp_path).as_posix()]
    assert fork_server.run(tmp_path, more=OTHER_SETTINGS).status == 0
    assert fork_server.results(tmp_path) == made_otherwise
