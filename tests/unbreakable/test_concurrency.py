"""Several processes on one workspace: one writes, the others wait or read whole files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core.clusters import ClusterSettings
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.foundation import BusyError, CoreError
from core.pipeline import RunSettings, run_pipeline
from core.storage import read_npy, write_npy
from core.views import ViewSettings
from core.workspace import (
    Catalogue,
    SpecimenRecord,
    Workspace,
    cancel,
    current_job,
    open_workspace,
    queue_job,
    queued_jobs,
)
from tests.fakes import PROJECT, FakeExtractor, bytes_below, write_specimens
from tests.unbreakable.conftest import ForkServer

SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
HOLDER = """
import sys, time
from pathlib import Path
from core.workspace.paths import Workspace
with Workspace(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""
WRITER = """
import sqlite3, sys, time
from pathlib import Path
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE specimens SET notes = 'half'")
print("writing", flush=True)
time.sleep(600)
"""


def start(script: str, argument: Path) -> subprocess.Popen[str]:
    """Start a child process and wait for its first line of output."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(argument)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def kill(child: subprocess.Popen[str]) -> None:
    """Kill a child process."""
    child.kill()
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def test_run__is_refused_while_another_runs(tmp_path: Path) -> None:
    """One run at a time.

    The lock of a killed process is free.
    """
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, "a b c")
    child = start(HOLDER, workspace.root)
    try:
        with pytest.raises(BusyError, match=r"Another run is working on the workspace .*\. Wait until it is done"):
            run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
        assert workspace.is_locked()
    finally:
        kill(child)
    assert not workspace.is_locked()
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 3


def test_locked__is_unaffected_by_is_locked(tmp_path: Path) -> None:
    """A screen that polls the lock does not make a run fail."""
    workspace = open_workspace(tmp_path)
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            workspace.is_locked()

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        for _ in range(50):
            with workspace.locked():
                pass
    finally:
        done.set()
        poller.join()


def test_queue_job__from_several_tabs_at_the_same_moment(tmp_path: Path) -> None:
    """Of several clicks one starts a job, and the others wait in the queue."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, "a b c")
    flags = ["--name", "run", "--model", "classical", "--size", "64", "--views", "2", "--workers", "0"]
    barrier, outcomes = threading.Barrier(4), []

    def click() -> None:
        barrier.wait()
        outcomes.append(queue_job(workspace, [*flags, "--pca", "0", "--min-cluster-size", "2"], "run"))

    tabs = [threading.Thread(target=click) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(set(outcomes)) == 4
    catalogue = Catalogue(workspace.catalogue_path)
    assert len(catalogue.active_jobs()) == 1
    for waiting in queued_jobs(workspace):
        cancel(workspace, waiting.job_id)
    until = time.monotonic() + 120
    while current_job(workspace) is not None and time.monotonic() < until:
        time.sleep(0.1)
    states = sorted(job.state for job in catalogue.jobs())
    assert states == ["cancelled"] * 3 + ["done"], [job.message for job in catalogue.jobs()]


def test_catalogue__is_read_during_a_write(tmp_path: Path) -> None:
    """An open transaction does not block readers, and its changes are not visible."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.put_specimens(SpecimenRecord("s", str(at), "p") for at in range(50))
    child = start(WRITER, catalogue.path)
    try:
        outcome: list[set[str]] = []
        reader = threading.Thread(
            target=lambda: outcome.append(
                {record.notes for record in Catalogue(catalogue.path).specimens("s").values()}
            ),
            daemon=True,
        )
        reader.start()
        reader.join(20)  # a writer that blocks would do so for 30 seconds
        assert outcome == [{""}]
    finally:
        kill(child)
    assert {record.notes for record in catalogue.specimens("s").values()} == {""}


def test_write_npy__shows_readers_a_whole_array_at_any_moment(tmp_path: Path) -> None:
    """During repeated writes, a reader gets the old or the new array, never a mix."""
    path = tmp_path / "a.npy"
    write_npy(path, np.zeros((200, 200)))
    done = threading.Event()
    seen: list[str] = []

    def read() -> None:
        while not done.is_set():
            values = np.unique(read_npy(path))
            seen.append("whole" if len(values) == 1 else "mixed")

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        write_npy(path, np.full((200, 200), float(number)))
    done.set()
    reader.join()
    assert set(seen) == {"whole"}


def test_write_embeddings__keeps_rows_and_ids_together(tmp_path: Path) -> None:
    """During repeated writes, rows belong to the ids, or reading raises."""
    done = threading.Event()
    wrong: list[object] = []

    def collection(kind: int) -> Embeddings:
        return Embeddings(tuple(f"s{kind}_{at}" for at in range(5)), np.full((5, 3), kind, dtype=np.float32))

    write_embeddings(tmp_path, collection(0))

    def read() -> None:
        while not done.is_set():
            try:
                found = read_embeddings(tmp_path / "embeddings.npy", tmp_path / "ids.txt")
            except CoreError:
                continue
            if found.ids[0] != f"s{int(found.matrix[0, 0])}_0":
                wrong.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(150):
        write_embeddings(tmp_path, collection(number % 3))
    done.set()
    reader.join()
    assert wrong == []


def test_screens__read_a_run_in_progress(fork_server: ForkServer, tmp_path: Path) -> None:
    """The files of a run that is made again are complete at any moment."""
    assert fork_server.run(tmp_path).status == 0
    workspace = Workspace(tmp_path)
    done = threading.Event()
    faults: list[str] = []

    def read() -> None:
        while not done.is_set():
            try:
                run = workspace.run("run")
                run.config()
                embeddings = read_embeddings(run.matrix_path, run.ids_path)
                records = Catalogue(workspace.catalogue_path).specimens(str(fork_server.meshes.resolve()))
                if len(embeddings) != 6 or len(records) != 6:
                    faults.append(f"{len(embeddings)} embeddings, {len(records)} records")
            except CoreError as error:
                faults.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert fork_server.run(tmp_path, more=("--overwrite",)).status == 0
    finally:
        done.set()
        reader.join()
    assert faults == []
    assert fork_server.results(tmp_path) == fork_server.undisturbed


def test_run__gives_the_same_bytes_in_another_workspace(fork_server: ForkServer, tmp_path: Path) -> None:
    """With and without child processes, every file of the run has the same bytes."""
    for workers in (0, 2):
        folder = tmp_path / str(workers)
        assert fork_server.run(folder, workers=workers).status == 0
        assert fork_server.results(folder) == fork_server.undisturbed
    assert set(bytes_below(tmp_path / "0" / "runs")) == set(bytes_below(tmp_path / "2" / "runs"))


def test_run__gives_the_same_bytes_with_the_built_in_network(fork_server: ForkServer, tmp_path: Path) -> None:
    """Threads, child processes and batch size do not change the bytes."""
    made = []
    for number, more in enumerate(
        (["--workers", "1", "--engine-threads", "1"], ["--workers", "2", "--batch-size", "3"])
    ):
        folder = tmp_path / str(number)
        command = [sys.executable, "-m", "core", "run", "--workspace", str(folder), "--in", str(fork_server.meshes)]
        flags = ["--name", "run", "--model", "efficientnet_lite2", "--size", "64", "--views", "3", "--no-download"]
        flags += ["--precision", "fp32", "--min-cluster-size", "2", "--pca", "2", "--quiet", *more]
        environment = {**os.environ, "PYTHONHASHSEED": str(number)}
        ran = subprocess.run(
            [*command, *flags], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        made.append({path.name: path.read_bytes() for path in sorted((folder / "runs" / "run").rglob("*.npy"))})
        made[-1] |= {path.name: path.read_bytes() for path in sorted((folder / "runs" / "run").rglob("*.csv"))}
    assert {"embeddings.npy", "clusters.csv", "pca_report.csv"} <= made[0].keys()
    assert made[0] == made[1]
