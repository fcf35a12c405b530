"""Jobs: a run in a child process is started, watched, cancelled and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.storage import TEMPORARY_PREFIX
from core.workspace import (
    Catalogue,
    JobRecord,
    Workspace,
    cancel,
    current_job,
    log_of,
    open_workspace,
    queue_job,
    queued_jobs,
)
from tests.fakes import PROJECT, bytes_below, write_specimens
from tests.waiting import PATIENCE, claimed_job, job_of, wait_for

FLAGS = ["--name", "run", "--model", "classical", "--size", "64", "--min-cluster-size", "2", "--pca", "0"]
MANY = [f"group{number % 4}/specimen{number:03d}" for number in range(40)]


def finish(workspace: Workspace, job_id: int) -> JobRecord:
    """Wait for the end of a job by polling, as a screen does."""
    wait_for(lambda: current_job(workspace) is None, "the end of the job")
    return job_of(workspace, job_id)


def has_begun(workspace: Workspace, job_id: int) -> bool:
    """Return whether the first specimens are through, but not all."""
    job = job_of(workspace, job_id)
    assert not job.is_over, job.message
    return any(stage.label == "Features" and stage.done >= 3 for stage in job.stages)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the bytes of an undisturbed run, without the path of its input."""
    workspace = open_workspace(tmp_path_factory.mktemp("undisturbed"))
    write_specimens(workspace.meshes, MANY)
    job = finish(workspace, queue_job(workspace, [*FLAGS, "--workers", "0"], "run"))
    assert job.state == "done", job.message
    return results_of(workspace)


def results_of(workspace: Workspace) -> dict[str, bytes]:
    """Return the bytes of a run without its configuration, which names the workspace."""
    return {name: data for name, data in bytes_below(workspace.run("run").root).items() if name != "config.json"}


def test_queue_job__is_watched_to_its_end(tmp_path: Path) -> None:
    """Every stage of a job is counted, and a second job is queued meanwhile."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, "a b c")
    (workspace.meshes / "broken.ply").write_bytes(b"ply")
    job_id = queue_job(workspace, [*FLAGS, "--workers", "0"], "run")
    second = queue_job(workspace, FLAGS, "another")
    assert [job.job_id for job in queued_jobs(workspace)] == [second]
    cancel(workspace, second)
    job = finish(workspace, job_id)
    assert (job.state, job.is_over) == ("done, some passed over", True)
    assert job.finished >= job.created
    counts = {stage.label: (stage.done, stage.total) for stage in job.stages}
    assert counts == {
        "Rendering": (4, 4),
        "Features": (4, 4),
        "Neighbours": (3, 3),
        "Clusters": (1, 1),
        "Evaluation": (1, 1),
    }
    assert "Passed over broken: " in log_of(workspace, job_id).read_text(encoding="utf-8")
    assert workspace.run("run").is_complete


def test_queue_job__tells_why_it_failed(tmp_path: Path) -> None:
    """The reason is on the job, as it would be on a terminal."""
    workspace = open_workspace(tmp_path)
    job = finish(workspace, queue_job(workspace, FLAGS, "run"))
    assert job.state == "failed"
    assert "is empty. Meshes and point clouds end in" in job.message


def test_queue_job__tells_of_a_wrong_flag(tmp_path: Path) -> None:
    """A child that ends without a record gives the last line of its log."""
    workspace = open_workspace(tmp_path)
    job = finish(workspace, queue_job(workspace, ["--vews", "3"], "run"))
    assert job.state == "stopped"
    assert "does not know '--vews'. Did you mean --views?" in job.message


def test_cancel__ends_in_the_middle_and_the_next_run_resumes(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    """No process remains, no specimen has failed, and the final bytes are the same."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, MANY)
    job_id = queue_job(workspace, [*FLAGS, "--workers", "2"], "run")
    wait_for(lambda: has_begun(workspace, job_id) or current_job(workspace) is None, "the first specimens")
    tree = process_tree(job_of(workspace, job_id).pid)
    cancel(workspace, job_id)
    cancel(workspace, job_id)
    job = job_of(workspace, job_id)
    assert (job.state, job.message) == ("cancelled", "Cancelled; what was done is kept.")
    assert [process.pid for process in tree if is_running(process)] == []
    assert current_job(workspace) is None
    known = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))
    assert 3 <= len(known) < len(MANY)
    assert [name for name, record in known.items() if record.error] == []
    again = finish(workspace, queue_job(workspace, [*FLAGS, "--workers", "2"], "run"))
    assert again.state == "done"
    assert results_of(workspace) == undisturbed
    rendering = next(stage for stage in again.stages if stage.label == "Rendering")
    assert rendering.total == len(MANY) - len(known)


def test_killed_job__is_reported_as_stopped_and_resumed(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    """Kill -9 leaves no orphans but a message, and another run gives the same bytes."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, MANY)
    job_id = queue_job(workspace, [*FLAGS, "--workers", "2"], "run")
    wait_for(lambda: has_begun(workspace, job_id) or current_job(workspace) is None, "the first specimens")
    tree = process_tree(job_of(workspace, job_id).pid)
    os.kill(tree[0].pid, signal.SIGKILL)
    wait_for(lambda: not any(is_running(process) for process in tree), "the end of the orphans")
    assert current_job(workspace) is None
    assert job_of(workspace, job_id).state == "stopped"
    finish(workspace, queue_job(workspace, [*FLAGS, "--workers", "0"], "run"))
    assert results_of(workspace) == undisturbed
    assert list(workspace.root.rglob(f"{TEMPORARY_PREFIX}*")) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_run__ends_in_order_when_asked(tmp_path: Path, number: signal.Signals, status: int) -> None:
    """SIGTERM and Ctrl-C leave a line, an exit status, no orphan and no partial file."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, MANY)
    command = [sys.executable, "-m", "core", "run", "--workspace", str(tmp_path), *FLAGS, "--workers", "2"]
    # What a shell starts in the background ignores Ctrl-C, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as child:
        signal.signal(signal.SIGINT, before)
        manifest = workspace.run("run").features / "manifest.jsonl"
        wait_for(manifest.is_file, "the first specimen")
        tree = process_tree(child.pid)
        child.send_signal(number)
        stderr = child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == status
    assert "Interrupted. Finished work is kept. Run the same command again to resume." in stderr
    assert "Traceback" not in stderr
    wait_for(lambda: not any(is_running(process) for process in tree), "the end of the children")
    assert list(tmp_path.rglob(f"{TEMPORARY_PREFIX}*")) == []


def process_tree(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def is_running(process: psutil.Process) -> bool:
    """Return whether a process still runs."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_current_job__does_not_take_another_process_for_the_job(tmp_path: Path) -> None:
    """After a restart of the machine its number may belong to another process."""
    workspace = open_workspace(tmp_path)
    catalogue = Catalogue(workspace.catalogue_path)
    job_id = claimed_job(catalogue)
    catalogue.begin_job(job_id)
    catalogue.note_process(job_id, os.getpid(), 12345.0)
    assert current_job(workspace) is None
    job = job_of(workspace, job_id)
    assert (job.state, job.message) == ("stopped", "The process ended without output. Start it again to resume.")


def test_cancel__minds_no_unknown_job(tmp_path: Path) -> None:
    """A second window may cancel a job that no longer exists."""
    cancel(open_workspace(tmp_path), 77)
