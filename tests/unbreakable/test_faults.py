"""Faults during a run: full or read-only disk, lost files, memory, clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
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
from core.workspace import Catalogue, Workspace, current_job, open_workspace
from tests.fakes import PROJECT, FakeExtractor, bytes_below, bytes_of_run, write_specimen
from tests.unbreakable.conftest import ForkServer
from tests.unbreakable.test_kills import assert_whole
from tests.waiting import claimed_job, job_of

SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
YEAR = 365 * 86_400.0
pytestmark = pytest.mark.specimens("a b c d e")


def reasons(report: RunReport) -> dict[str, str]:
    """Return the reason for each skipped specimen."""
    return {failure.specimen_id: failure.reason for failure in report.failures}


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("fault", ["full_at", "denied_at"])
def test_run__on_a_full_or_read_only_disk(fork_server: ForkServer, tmp_path: Path, fault: str, share: float) -> None:
    """The run ends with an error, skips no specimen, and resumes later."""
    ending = fork_server.run(tmp_path, **{fault: max(1, int(share * fork_server.changes))})
    assert ending.status == 1
    assert "Traceback" not in ending.output
    assert "Error: " in ending.output
    assert "Passed over" not in ending.output
    assert any(word in ending.output for word in ("free space", "permissions"))
    assert fork_server.run(tmp_path).status == 0
    assert_whole(fork_server, tmp_path)


def test_run__on_a_full_disk_with_children(fork_server: ForkServer, tmp_path: Path) -> None:
    """An error in a child process ends the run as well."""
    ending = fork_server.run(tmp_path, workers=2, full_at=1)
    assert (ending.status, "Passed over" in ending.output, "Traceback" in ending.output) == (1, False, False)


def test_run__of_finished_work_on_a_full_disk_changes_nothing(fork_server: ForkServer, tmp_path: Path) -> None:
    """Existing results stay complete and readable."""
    shutil.copytree(fork_server.folder / "undisturbed", tmp_path, dirs_exist_ok=True)
    fork_server.run(tmp_path, full_at=1)
    assert fork_server.results(tmp_path) == fork_server.undisturbed


def test_run__of_files_that_vanish_during_the_run(workspace: Workspace) -> None:
    """A file that is gone is named.

    The rows of the others stay aligned with their ids.
    """
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
    """The specimen is skipped.

    The next run reads the new file.
    """

    def read_and_change(path: Path, within: Path | None = None) -> Mesh:
        mesh = read_mesh(path, within)
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
    assert bytes_of_run(again.run) == bytes_of_run(fresh.run)


def test_run__of_a_specimen_that_needs_too_much_memory(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError of the reader skips that specimen only."""

    def read_or_give_up(path: Path, within: Path | None = None) -> Mesh:
        if path.stem == "c":
            raise MemoryError
        return read_mesh(path, within)

    monkeypatch.setattr(core.pipeline.preparation, "read_mesh", read_or_give_up)
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert reasons(report) == {"c": "There was not enough memory for it."}


# Like the out-of-memory killer of the kernel: the child that opens this file is killed at once.
KILLED_AT_ONCE = """
import multiprocessing, os, signal, sys

def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("zz_large.off") and multiprocessing.parent_process():
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
"""


def test_run__whose_child_is_killed_for_memory(fork_server: ForkServer, tmp_path: Path) -> None:
    """The specimen of the killed child is named.

    The others are processed.
    """
    shutil.copytree(fork_server.meshes, tmp_path / "meshes")
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
    assert set(fork_server.undisturbed) - set(bytes_below(tmp_path / "w")) == set()


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_run__while_the_clock_jumps(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """A clock changed by a year during the run changes no byte of the results."""
    real_time = time.time
    undisturbed = run_pipeline(
        open_workspace(workspace.root / "other"), SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor()
    )

    class Jumping(FakeExtractor):
        def __call__(self, images: np.ndarray, *more: object) -> np.ndarray:
            if self.calls == 2:
                monkeypatch.setattr(time, "time", lambda: real_time() + jump)
            return super().__call__(images)

    report = run_pipeline(workspace, SETTINGS, extractor=Jumping())
    assert bytes_of_run(report.run) == bytes_of_run(undisturbed.run)


@pytest.mark.parametrize("year", [1971, 2099])
def test_run__of_files_with_wrong_dates(workspace: Workspace, year: int) -> None:
    """Scans with dates far in the past or future are processed once."""
    for path in workspace.meshes.iterdir():
        os.utime(path, ((year - 1970) * YEAR,) * 2)
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 5
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 0


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_job__that_never_started_is_over_after_a_clock_change(tmp_path: Path, jump: float) -> None:
    """A clock set back does not keep a job waiting for a year."""
    workspace = open_workspace(tmp_path)
    catalogue = Catalogue(workspace.catalogue_path)
    job_id = claimed_job(catalogue)
    job = current_job(workspace)
    assert job is not None
    assert job.state == "waiting"
    with catalogue.transaction() as connection:
        connection.execute("UPDATE jobs SET created = ?", (time.time() + jump,))
    assert current_job(workspace) is None
    assert job_of(workspace, job_id).state == "stopped"


def test_job__is_identified_by_its_arguments_after_a_clock_change(tmp_path: Path) -> None:
    """The start time of the process has moved, and the process is still found."""
    workspace = open_workspace(tmp_path)
    catalogue = Catalogue(workspace.catalogue_path)
    job_id = claimed_job(catalogue)
    script = "import time; time.sleep(60)"
    command = [sys.executable, "-c", script, "core", "run", "--job", str(job_id)]
    (tmp_path / "core.py").write_text(script, encoding="ascii")
    own = [sys.executable, "-m", "core", "run", "--job", str(job_id)]
    for arguments, state in ((own, "waiting"), (command, "stopped")):
        with subprocess.Popen(arguments, cwd=tmp_path) as child:
            try:
                catalogue.note_process(job_id, child.pid, psutil.Process(child.pid).create_time() - YEAR)
                current_job(workspace)
                assert job_of(workspace, job_id).state == state
            finally:
                child.kill()


def test_run__whose_renderer_crashes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of the renderer skips that specimen only."""
    real_render = core.pipeline.preparation.render_views

    def render_or_crash(mesh: Mesh, settings: ViewSettings, **how: bool) -> Views:
        if np.allclose(mesh.vertices, read_mesh(workspace.meshes / "c.off").vertices):
            raise RendererError("The renderer vtk ended with status -11.", advice="Use --backend raster.")
        return real_render(mesh, settings, **how)

    monkeypatch.setattr(core.pipeline.preparation, "render_views", render_or_crash)
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    assert reasons(report) == {"c": "The renderer vtk ended with status -11. Use --backend raster."}
    assert report.done == 4


def test_open_workspace__on_a_disk_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes before any work.

    The write error is simulated, since root can write anywhere.
    """

    def denied(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    with pytest.raises(WorkspaceError, match=r"cannot be written \(Read-only file system\)\. Check its permissions"):
        open_workspace(tmp_path)
    assert not list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*"))
