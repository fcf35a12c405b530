"""What a machine can do to a run short of killing it: a full disk, a disk that turns read-only, files that go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

import core.pipeline.preparation
from core.clusters import ClusterSettings
from core.foundation import RendererError, WorkspaceError
from core.meshes import Mesh, read_mesh
from core.pipeline import RunReport, RunSettings, run_pipeline
from core.storage import TEMPORARY_PREFIX
from core.views import Views, ViewSettings
from core.workspace import Catalogue, Workspace, open_workspace, with_live_state
from tests.fakes import PROJECT, FakeExtractor, bytes_below, write_specimen, write_specimens
from tests.unbreakable.conftest import Nursery
from tests.unbreakable.test_kills import assert_whole

SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
YEAR = 365 * 86_400.0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of five specimens."""
    made = open_workspace(tmp_path / "workspace")
    write_specimens(made.meshes, "a b c d e")
    return made


def reasons(report: RunReport) -> dict[str, str]:
    """Return who was passed over, and why."""
    return {failure.specimen_id: failure.reason for failure in report.failures}


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("how", ["full_at", "denied_at"])
def test_run__on_a_disk_that_takes_no_more(nursery: Nursery, tmp_path: Path, how: str, share: float) -> None:
    """It ends with a sentence, blames no specimen for it, and goes on when there is room again."""
    ending = nursery.run(tmp_path, **{how: max(1, int(share * nursery.changes))})
    assert ending.status == 1
    assert "Traceback" not in ending.said
    assert "Error: " in ending.said
    assert "Passed over" not in ending.said
    assert any(word in ending.said for word in ("free space", "permissions"))
    assert nursery.run(tmp_path).status == 0
    assert_whole(nursery, tmp_path)


def test_run__on_a_full_disk_with_children(nursery: Nursery, tmp_path: Path) -> None:
    """The children's complaint ends the run, too."""
    ending = nursery.run(tmp_path, workers=2, full_at=1)
    assert (ending.status, "Passed over" in ending.said, "Traceback" in ending.said) == (1, False, False)


def test_run__of_a_finished_one_on_a_full_disk_harms_nothing(nursery: Nursery, tmp_path: Path) -> None:
    """What was there before stays whole and can be looked at."""
    shutil.copytree(nursery.folder / "undisturbed", tmp_path, dirs_exist_ok=True)
    nursery.run(tmp_path, full_at=1)
    assert nursery.results(tmp_path) == nursery.undisturbed


def test_run__of_files_that_vanish_meanwhile(workspace: Workspace) -> None:
    """One that goes before its turn is named; the rows of the others are theirs."""
    (workspace.meshes / "x.off").symlink_to(workspace.meshes / "nowhere.off")

    class Vanishing(FakeExtractor):
        def __call__(self, images: np.ndarray, *more: object) -> np.ndarray:
            (workspace.meshes / "d.off").unlink(missing_ok=True)
            return super().__call__(images)

    report = run_pipeline(workspace, SETTINGS, extractor=Vanishing())
    assert set(reasons(report)) == {"d", "x"}
    assert "cannot be read (No such file or directory)" in reasons(report)["d"]
    assert report.run.ids_path.read_text(encoding="utf-8").split() == ["a", "b", "c", "e"]


def test_run__of_a_file_that_changes_while_it_is_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for what it was a moment ago; the next run takes it as it then is."""

    def read_and_change(path: Path) -> Mesh:
        mesh = read_mesh(path)
        if path.stem == "b":
            write_specimen(path, stretch=2.5)
            os.utime(path, ns=(1, 1))
        return mesh

    with monkeypatch.context() as patched:
        patched.setattr(core.pipeline.preparation, "read_mesh", read_and_change)
        report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert reasons(report) == {
        "b": "The file changed while it was being read. Start the run again when nothing writes to it."
    }
    again = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert (again.done, again.unchanged, reasons(again)) == (1, 4, {})
    fresh = run_pipeline(
        open_workspace(workspace.root / "fresh"), SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor()
    )
    assert bytes_below(again.run.root) == bytes_below(fresh.run.root)


def test_run__of_a_specimen_that_needs_too_much_memory(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's MemoryError costs that specimen."""

    def read_or_give_up(path: Path) -> Mesh:
        if path.stem == "c":
            raise MemoryError
        return read_mesh(path)

    monkeypatch.setattr(core.pipeline.preparation, "read_mesh", read_or_give_up)
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert reasons(report) == {"c": "There was not enough memory for it."}


# As the kernel does it: the child that opens this file is gone at once.
KILLED_AT_ONCE = """
import multiprocessing, os, signal, sys

def look(event, arguments):
    if event == "open" and str(arguments[0]).endswith("zz_large.off") and multiprocessing.parent_process():
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(look)
"""


def test_run__whose_child_is_killed_for_memory(nursery: Nursery, tmp_path: Path) -> None:
    """A child that is killed in the middle of a specimen: the specimen is named, the others go on."""
    shutil.copytree(nursery.meshes, tmp_path / "meshes")
    command = [sys.executable, "-m", "core", "run", "--workspace", str(tmp_path / "w"), "--in"]
    command += [str(tmp_path / "meshes"), "--name", "run", "--model", "classical", "--size", "64", "--views", "2"]
    command += ["--pca", "0", "--min-cluster-size", "2", "--workers", "1"]
    write_specimen(tmp_path / "meshes" / "group0" / "zz_large.off")
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(KILLED_AT_ONCE, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "hook")}
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=240)
    assert "Traceback" not in run.stderr
    assert run.returncode == 3
    assert "Passed over group0/zz_large: Reading or rendering it took its process down" in run.stderr
    assert set(nursery.undisturbed) - set(bytes_below(tmp_path / "w")) == set()


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_run__while_the_clock_jumps(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """A clock set by a year in the middle of the work changes no byte of the results."""
    honest = time.time
    undisturbed = run_pipeline(
        open_workspace(workspace.root / "other"), SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor()
    )

    class Jumping(FakeExtractor):
        def __call__(self, images: np.ndarray, *more: object) -> np.ndarray:
            if self.calls == 2:
                monkeypatch.setattr(time, "time", lambda: honest() + jump)
            return super().__call__(images)

    report = run_pipeline(workspace, SETTINGS, extractor=Jumping())
    assert bytes_below(report.run.root) == bytes_below(undisturbed.run.root)


@pytest.mark.parametrize("year", [1971, 2099])
def test_run__of_files_from_another_time(workspace: Workspace, year: int) -> None:
    """Scans whose dates make no sense are done once."""
    for path in workspace.meshes.iterdir():
        os.utime(path, ((year - 1970) * YEAR,) * 2)
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 5
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 0


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_job__that_never_came_to_life_is_over_whatever_the_clock_says(tmp_path: Path, jump: float) -> None:
    """A clock set back does not leave a job waiting for a year."""
    workspace = open_workspace(tmp_path)
    catalogue = Catalogue(workspace.catalogue_path)
    job = catalogue.job(catalogue.add_job("run"))
    assert job is not None
    assert with_live_state(workspace, job).state == "waiting"
    assert with_live_state(workspace, replace(job, created=time.time() + jump)).state == "stopped"


def test_job__is_known_by_its_words_where_the_clock_was_set(tmp_path: Path) -> None:
    """The moment at which its process seems to have begun has moved, and it is still alive."""
    workspace = open_workspace(tmp_path)
    catalogue = Catalogue(workspace.catalogue_path)
    job_id = catalogue.add_job("run")
    script = "import time; time.sleep(60)"
    command = [sys.executable, "-c", script, "core", "run", "--job", str(job_id)]
    (tmp_path / "core.py").write_text(script, encoding="ascii")
    own = [sys.executable, "-m", "core", "run", "--job", str(job_id)]
    for words, state in ((command, "stopped"), (own, "waiting")):
        with subprocess.Popen(words, cwd=tmp_path) as child:
            try:
                catalogue.note_process(job_id, child.pid, psutil.Process(child.pid).create_time() - YEAR)
                job = catalogue.job(job_id)
                assert job is not None
                assert with_live_state(workspace, job).state == state
            finally:
                child.kill()


def test_run__whose_renderer_crashes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renderer that goes down with one specimen is not held against the others."""
    honest = core.pipeline.preparation.render_views

    def render_or_crash(mesh: Mesh, settings: ViewSettings, **how: bool) -> Views:
        if np.allclose(mesh.vertices, read_mesh(workspace.meshes / "c.off").vertices):
            raise RendererError("The renderer vtk ended with status -11.", advice="Use --backend raster.")
        return honest(mesh, settings, **how)

    monkeypatch.setattr(core.pipeline.preparation, "render_views", render_or_crash)
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert reasons(report) == {"c": "The renderer vtk ended with status -11. Use --backend raster."}
    assert report.done == 4


def test_open_workspace__on_a_disk_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is begun. An administrator may write anywhere, so the system's word is played."""

    def denied(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    with pytest.raises(WorkspaceError, match=r"cannot be written \(Read-only file system\)\. Check its permissions"):
        open_workspace(tmp_path)
    assert not list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*"))
