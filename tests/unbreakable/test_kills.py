"""Killed at any moment, a run that is started again ends with the bytes of an undisturbed one."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from core.storage import TEMPORARY_PREFIX
from tests.unbreakable.conftest import Nursery, how_many

KILLS = how_many("FOSSILVIT_KILLS", 8)
TIMED_KILLS = how_many("FOSSILVIT_KILLS", 1)
KILLED = -9


def assert_whole(nursery: Nursery, workspace: Path) -> None:
    """Make sure that nothing tells this workspace from an undisturbed one."""
    assert nursery.results(workspace) == nursery.undisturbed
    assert nursery.catalogue(workspace) == nursery.records
    with sqlite3.connect(workspace / "catalogue.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert list(workspace.rglob(f"{TEMPORARY_PREFIX}*")) == []


@pytest.mark.parametrize("number", range(KILLS))
def test_run__killed_before_a_change_to_a_file(nursery: Nursery, tmp_path: Path, number: int) -> None:
    """Wherever it is among its changes, and killed once more while it goes on."""
    chance = np.random.default_rng([42, number])
    # One in every stretch of the work, so that every stage has its turn.
    first = 1 + int((number + chance.random()) / KILLS * nursery.changes)
    # How often progress is written depends on the time that things take: a few changes more or less.
    assert nursery.run(tmp_path, kill_at=min(first, int(0.94 * nursery.changes))).status == KILLED
    nursery.run(tmp_path, kill_at=int(chance.integers(1, nursery.changes)))
    ending = nursery.run(tmp_path)
    assert ending.status == 0, ending.said
    assert_whole(nursery, tmp_path)


@pytest.mark.parametrize("number", range(TIMED_KILLS))
def test_run__killed_with_its_children(nursery: Nursery, tmp_path: Path, number: int) -> None:
    """The whole process group at some moment of its life, children in the middle of their specimens."""
    if not nursery.seconds:
        nursery.seconds = nursery.run(tmp_path / "measured", workers=2).seconds
        shutil.rmtree(tmp_path / "measured")
    chance = np.random.default_rng([43, number])
    ending = nursery.run(tmp_path, workers=2, kill_after=float(chance.uniform(0.02, 1.0)) * nursery.seconds)
    assert ending.status in (KILLED, 0)
    ending = nursery.run(tmp_path, workers=2)
    assert ending.status == 0, ending.said
    assert_whole(nursery, tmp_path)


def test_run__killed_while_it_does_all_again(nursery: Nursery, tmp_path: Path) -> None:
    """With --overwrite, what is half replaced is not taken for finished."""
    shutil.copytree(nursery.folder / "undisturbed", tmp_path, dirs_exist_ok=True)
    for share in (0.3, 0.6, 0.9):
        kill_at = int(share * nursery.changes)
        assert nursery.run(tmp_path, more=("--overwrite",), kill_at=kill_at).status == KILLED
    assert nursery.run(tmp_path).status == 0
    assert_whole(nursery, tmp_path)
