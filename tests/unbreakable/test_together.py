"""Several at once: one works, the others wait or read, and nobody sees half of anything."""

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
from core.workspace import Catalogue, SpecimenRecord, Workspace, current_job, open_workspace, start_run
from tests.fakes import PROJECT, FakeExtractor, bytes_below, write_specimens
from tests.unbreakable.conftest import Nursery

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


def started(script: str, argument: Path) -> subprocess.Popen[str]:
    """Start a child and wait for its first word."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(argument)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def ended(child: subprocess.Popen[str]) -> None:
    """Kill a child."""
    child.kill()
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def test_run__is_refused_while_another_works_and_let_in_when_that_dies(tmp_path: Path) -> None:
    """One at a time, by a lock that a killed process does not keep."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, "a b c")
    child = started(HOLDER, workspace.root)
    try:
        with pytest.raises(BusyError, match=r"Another run is working on the workspace .*\. Wait until it is done"):
            run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
        assert workspace.is_locked()
    finally:
        ended(child)
    assert not workspace.is_locked()
    assert run_pipeline(workspace, SETTINGS, extractor=FakeExtractor()).done == 3


def test_locked__minds_nobody_who_only_asks(tmp_path: Path) -> None:
    """A screen that asks again and again whether somebody works does not make a run fail."""
    workspace = open_workspace(tmp_path)
    asking = threading.Event()

    def ask() -> None:
        while not asking.is_set():
            workspace.is_locked()

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(50):
            with workspace.locked():
                pass
    finally:
        asking.set()
        asker.join()


def test_start_run__from_two_tabs_at_the_same_moment(tmp_path: Path) -> None:
    """Of two clicks one starts the job, the other is told of it."""
    workspace = open_workspace(tmp_path)
    write_specimens(workspace.meshes, "a b c")
    flags = ["--name", "run", "--model", "classical", "--size", "64", "--views", "2", "--workers", "0"]
    barrier, outcomes = threading.Barrier(4), []

    def click() -> None:
        barrier.wait()
        try:
            outcomes.append(start_run(workspace, [*flags, "--pca", "0", "--min-cluster-size", "2"], "run"))
        except BusyError as error:
            outcomes.append(str(error))

    tabs = [threading.Thread(target=click) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert all(isinstance(outcome, int) or "is still going on" in outcome for outcome in outcomes)
    until = time.monotonic() + 120
    while current_job(workspace) is not None and time.monotonic() < until:
        time.sleep(0.1)
    (job,) = Catalogue(workspace.catalogue_path).jobs()
    assert job.state == "done", job.message


def test_catalogue__is_read_while_somebody_writes_and_shows_the_state_before(tmp_path: Path) -> None:
    """A writer in the middle of a transaction holds nobody up, and half of its work is not seen."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.put_specimens(SpecimenRecord("s", str(at), "p") for at in range(50))
    child = started(WRITER, catalogue.path)
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
        ended(child)
    assert {record.notes for record in catalogue.specimens("s").values()} == {""}


def test_write_npy__shows_readers_a_whole_array_at_any_moment(tmp_path: Path) -> None:
    """A reader in a loop sees the old or the new, never a part, while the file is written again and again."""
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


def test_write_embeddings__never_shows_rows_beside_ids_of_others(tmp_path: Path) -> None:
    """While a collection is replaced by others of its length, rows are those of the ids, or it says to wait."""
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


def test_screens__read_a_run_that_is_at_work(nursery: Nursery, tmp_path: Path) -> None:
    """Whatever a screen reads of a run that is being made over is whole, or a sentence."""
    assert nursery.run(tmp_path).status == 0
    workspace = Workspace(tmp_path)
    done = threading.Event()
    faults: list[str] = []

    def look() -> None:
        while not done.is_set():
            try:
                run = workspace.run("run")
                run.config()
                embeddings = read_embeddings(run.matrix_path, run.ids_path)
                records = Catalogue(workspace.catalogue_path).specimens(str(nursery.meshes.resolve()))
                if len(embeddings) != 6 or len(records) != 6:
                    faults.append(f"{len(embeddings)} embeddings, {len(records)} records")
            except CoreError as error:
                faults.append(str(error))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        assert nursery.run(tmp_path, more=("--overwrite",)).status == 0
    finally:
        done.set()
        reader.join()
    assert faults == []
    assert nursery.results(tmp_path) == nursery.undisturbed


def test_run__gives_the_same_bytes_in_another_place(nursery: Nursery, tmp_path: Path) -> None:
    """Two workspaces, one made with children and one without: every file of the run is the same to the byte."""
    for workers in (0, 2):
        folder = tmp_path / str(workers)
        assert nursery.run(folder, workers=workers).status == 0
        assert nursery.results(folder) == nursery.undisturbed
    assert set(bytes_below(tmp_path / "0" / "runs")) == set(bytes_below(tmp_path / "2" / "runs"))


def test_run__gives_the_same_bytes_with_the_built_in_network(nursery: Nursery, tmp_path: Path) -> None:
    """Two starts of the program, with other numbers of threads, children and images at a time: the same bytes."""
    made = []
    for number, more in enumerate(
        (["--workers", "1", "--engine-threads", "1"], ["--workers", "2", "--batch-size", "3"])
    ):
        folder = tmp_path / str(number)
        command = [sys.executable, "-m", "core", "run", "--workspace", str(folder), "--in", str(nursery.meshes)]
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
