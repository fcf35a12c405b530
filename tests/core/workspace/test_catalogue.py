"""The catalogue: records read back, from several processes, and damage is named."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.foundation import WorkspaceError
from core.workspace import Catalogue, SpecimenRecord, StageProgress
from core.workspace.catalogue import FORMAT_VERSION
from tests.strategies import id_lists
from tests.waiting import claimed_job


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Return a new one."""
    return Catalogue(tmp_path / "catalogue.sqlite")


@given(ids=id_lists(), error=st.text(st.characters(exclude_categories=("Cs",))), size=st.integers(0, 2**62))
def test_put_specimens__reads_back(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], error: str, size: int
) -> None:
    """Every field of every record, by id."""
    catalogue = Catalogue(tmp_path_factory.mktemp("catalogue") / "catalogue.sqlite")
    records = {name: SpecimenRecord("/in", name, f"/in/{name}", size=size, extent_x=0.1, error=error) for name in ids}
    catalogue.put_specimens(records.values())
    assert catalogue.specimens("/in") == records
    assert catalogue.specimens("/elsewhere") == {}
    assert catalogue.sources() == ["/in"]


def test_put_specimens__replaces_what_was_known(catalogue: Catalogue) -> None:
    """A mended file is no longer broken."""
    catalogue.put_specimens([SpecimenRecord("/in", "a", "/in/a.ply", error="broken")])
    catalogue.put_specimens([SpecimenRecord("/in", "a", "/in/a.ply")])
    assert catalogue.specimens("/in")["a"].error == ""


def test_forget_missing__keeps_other_folders(catalogue: Catalogue) -> None:
    """Only what is gone from this folder is forgotten."""
    catalogue.put_specimens([SpecimenRecord(source, name, "") for source in ("/in", "/two") for name in "ab"])
    catalogue.forget_missing("/in", ["b", "c"])
    assert [list(catalogue.specimens(source)) for source in ("/in", "/two")] == [["b"], ["a", "b"]]


def test_jobs__go_from_waiting_to_an_end_and_stay_there(catalogue: Catalogue) -> None:
    """A job that has ended is not cancelled afterwards, nor does it begin again."""
    job_id = claimed_job(catalogue)
    states = []
    for change in (
        lambda: catalogue.begin_job(job_id),
        lambda: catalogue.end_job(job_id, "done"),
        lambda: catalogue.end_job(job_id, "cancelled", "too late"),
        lambda: catalogue.begin_job(job_id),
    ):
        change()
        job = catalogue.job(job_id)
        assert job is not None
        states.append((job.state, job.is_over, job.message))
    assert states == [("running", False, ""), *[("done", True, "")] * 3]


def test_jobs__come_newest_first(catalogue: Catalogue) -> None:
    """As a screen lists them."""
    numbers = [catalogue.queue_job(name, []) for name in "abc"]
    assert [job.job_id for job in catalogue.jobs(limit=2)] == numbers[:0:-1]
    assert catalogue.job(999) is None


def test_put_progress__reads_back(catalogue: Catalogue) -> None:
    """How far every stage is."""
    job_id = catalogue.queue_job("a run", [])
    stage = {"label": "Features", "done": 5, "total": 10, "started": 100.0, "updated": 110.0}
    catalogue.put_progress(job_id, [stage])
    job = catalogue.job(job_id)
    assert job is not None
    assert job.stages == (StageProgress("Features", 5, 10, 100.0, 110.0),)


def test_catalogue__is_written_by_several_at_once(catalogue: Catalogue) -> None:
    """Several threads write and read at once without losing a record."""

    def work(number: int) -> None:
        for index in range(10):
            catalogue.put_specimens([SpecimenRecord("/in", f"{number}/{index}", "")])
            catalogue.specimens("/in")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(catalogue.specimens("/in")) == 40


def test_catalogue__names_a_damaged_file(tmp_path: Path) -> None:
    """And says that nothing of the user's own is lost."""
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(WorkspaceError, match=r"cannot be used.*core repair --workspace .* makes it again"):
        Catalogue(path)


def test_catalogue__cannot_be_a_folder(tmp_path: Path) -> None:
    """Nor anything else that cannot be opened."""
    with pytest.raises(WorkspaceError, match="cannot be used"):
        Catalogue(tmp_path)


def test_catalogue__leaves_the_future_alone(tmp_path: Path) -> None:
    """A file of a newer program is not written to."""
    path = tmp_path / "catalogue.sqlite"
    Catalogue(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()
    with pytest.raises(WorkspaceError, match=r"written by a newer version.*Update FossilViT Explorer"):
        Catalogue(path)


def test_catalogue__is_made_by_several_at_the_same_moment(tmp_path: Path) -> None:
    """Several threads open a new file at once, and each waits for the others."""
    for number in range(30):
        path, start = tmp_path / f"{number}.sqlite", threading.Barrier(6)

        def open_it(path: Path = path, start: threading.Barrier = start) -> list[str]:
            start.wait()
            return Catalogue(path).sources()

        with ThreadPoolExecutor(6) as pool:
            outcomes = [pool.submit(open_it) for _ in range(6)]
        assert [outcome.result() for outcome in outcomes] == [[]] * 6
