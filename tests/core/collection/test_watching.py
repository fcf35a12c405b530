"""A watched folder: complete scans are processed once, by one run."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from core.cli import main
from core.collection import (
    WatchSettings,
    keep_watching,
    queue_new_specimens,
    stamp_of,
    start_watching,
    stop_watching,
    take_inventory,
    watch,
)
from core.collection.watching import Watcher, watch_state
from core.foundation import SettingError
from core.workspace import Catalogue, SpecimenRecord, Workspace, current_job, queued_jobs
from tests.fakes import write_specimens
from tests.waiting import wait_for

FLAGS = (
    "--model",
    "classical",
    "--size",
    "64",
    "--views",
    "4",
    "--min-cluster-size",
    "2",
    "--pca",
    "0",
    "--workers",
    "0",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder to watch."""
    (tmp_path / "incoming").mkdir()
    return tmp_path / "incoming"


def records_of(folder: Path) -> dict[str, SpecimenRecord]:
    """Return records of all specimens of the folder."""
    found = {}
    for specimen in take_inventory(folder).specimens:
        size, mtime, _ = stamp_of(specimen) or (-1, -1, 0)
        found[specimen.specimen_id] = SpecimenRecord(str(folder), specimen.specimen_id, "", size=size, mtime_ns=mtime)
    return found


def test_look__waits_until_a_file_is_the_same_twice(folder: Path) -> None:
    """A file that grows between two looks is still being copied.

    An empty folder holds nothing yet.
    """
    watcher = Watcher(folder)
    assert watcher.look({}) == {}
    write_specimens(folder, "Teeth/a")
    assert watcher.look({}) == {}
    with (folder / "Teeth" / "a.off").open("a", encoding="ascii") as stream:
        stream.write("# more\n")
    assert watcher.look({}) == {}
    assert list(watcher.look({})) == ["Teeth/a"]
    assert list(watcher.look({})) == ["Teeth/a"]


def test_look__takes_no_empty_file(folder: Path) -> None:
    """Many programs make the file first and write later."""
    (folder / "a.ply").touch()
    watcher = Watcher(folder)
    assert (watcher.look({}), watcher.look({})) == ({}, {})


def test_look__leaves_out_what_is_known_until_it_changes(folder: Path) -> None:
    """A failed file is known, too.

    A repaired one is new again.
    """
    write_specimens(folder, "a b")
    known = records_of(folder)
    watcher = Watcher(folder)
    watcher.look(known)
    assert watcher.look(known) == {}
    os.utime(folder / "b.off", ns=(1, 1))
    watcher.look(known)
    assert list(watcher.look(known)) == ["b"]


def test_look__takes_folders_of_photographs_when_the_last_is_whole(folder: Path) -> None:
    """Another photograph makes the specimen incomplete again."""
    (folder / "skull").mkdir()
    (folder / "skull" / "1.png").write_bytes(b"x")
    watcher = Watcher(folder)
    watcher.look({})
    (folder / "skull" / "2.png").write_bytes(b"y")
    assert watcher.look({}) == {}
    assert list(watcher.look({})) == ["skull"]


def test_look__minds_no_folder_that_is_gone(folder: Path) -> None:
    """A drive that is not connected for a while."""
    folder.rmdir()
    assert Watcher(folder).look({}) == {}


def test_watch__processes_new_specimens_only(workspace: Workspace, folder: Path) -> None:
    """New scans go into one run with the given flags.

    Failures are not repeated.
    """
    settings = WatchSettings(str(folder), "incoming", "run", seconds=0.2, arguments=FLAGS)
    told: list[str] = []
    stop = threading.Event()
    watching = threading.Thread(
        target=watch, args=(workspace, settings), kwargs={"report": told.append, "is_active": lambda: not stop.is_set()}
    )
    watching.start()
    try:
        write_specimens(folder, "a b")
        wait_for(lambda: bool(told), "the first job")
        wait_for(lambda: current_job(workspace) is None and workspace.run("incoming").is_complete, "the first run")
        write_specimens(folder, "c")
        (folder / "broken.ply").write_bytes(b"ply")
        wait_for(lambda: len(told) >= 2, "the second job")
        wait_for(lambda: current_job(workspace) is None and not queued_jobs(workspace), "the second run")
        jobs = len(Catalogue(workspace.catalogue_path).jobs())
        time.sleep(1.5)
    finally:
        stop.set()
        watching.join()
    assert workspace.run("incoming").ids_path.read_text(encoding="utf-8").split() == ["a", "b", "c"]
    assert len(Catalogue(workspace.catalogue_path).jobs()) == jobs <= 3
    state = watch_state(workspace)
    assert state is None


def test_watch__only_offers_where_asked(workspace: Workspace, folder: Path) -> None:
    """Nothing runs.

    The names stand where a screen reads them.
    """
    write_specimens(folder, "a b")
    looks = iter([True, True, True, False])
    told: list[str] = []
    settings = WatchSettings(str(folder), "incoming", "offer", seconds=0.01)
    watch(workspace, settings, report=told.append, is_active=lambda: next(looks))
    assert told == ["2 new: a, b"]
    assert Catalogue(workspace.catalogue_path).jobs() == []


def test_queue_new_specimens__queues_only_the_given_ones(workspace: Workspace, folder: Path) -> None:
    """Only the given specimens are queued.

    Others may still be incomplete.
    """
    write_specimens(folder, "a b")
    settings = WatchSettings(str(folder), "incoming", arguments=FLAGS)
    with workspace.locked():
        queue_new_specimens(workspace, settings, ["a"])
        (job,) = queued_jobs(workspace)
        assert job.arguments[:2] == ("--in", str(folder))
        assert Path(job.arguments[-1]).read_text(encoding="utf-8") == "a\n"
        from core.workspace import cancel

        cancel(workspace, job.job_id)


def test_start_watching__lives_in_a_process_that_ends_when_told(workspace: Workspace, folder: Path) -> None:
    """Screens see new scans; a crashed process is restarted; a stopped one leaves nothing."""
    write_specimens(folder, "a")
    start_watching(workspace, WatchSettings(str(folder), "incoming", "offer", seconds=0.2))

    def seen() -> tuple[str, ...]:
        state = watch_state(workspace)
        return state.new if state is not None else ()

    wait_for(lambda: seen() == ("a",), "the watcher")
    state = watch_state(workspace)
    assert state is not None
    assert state.is_alive
    stop_watching(workspace)
    assert watch_state(workspace) is None
    assert keep_watching(workspace) is None
    stop_watching(workspace)


@pytest.mark.parametrize(
    ("words", "prose"),
    [
        (["--name", "x", "--every", "0"], "'every' must be above 0 seconds (got 0.0)"),
        ([], "'name' is needed: the run that processes new specimens."),
        (["--name", "a/b"], "cannot be the name of a run"),
        (["--name", "x", "--", "--vews", "3"], "does not know '--vews'. Did you mean --views?"),
        (["--name", "x", "--in", "/nowhere/at/all"], "There is no folder /nowhere/at/all."),
    ],
)
def test_watch__says_at_once_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], prose: str
) -> None:
    """Wrong flags are an error at the start."""
    assert main(["watch", "--workspace", str(tmp_path), *words]) == 1
    assert prose in capsys.readouterr().err


def test_watch_settings__know_two_modes() -> None:
    """And say so."""
    with pytest.raises(SettingError, match=r"'mode' must be one of offer, run \(got both\)"):
        WatchSettings("/in", "x", "both")
