"""Workers: specimens are prepared in order, by child processes that may crash."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.collection import SpecimenFile, take_inventory
from core.foundation import SpecimenError
from core.meshes import read_mesh
from core.pipeline import Failure, Prepared, Task, default_workers, prepare, prepare_all
from core.pipeline.preparation import fingerprint_of_views, record_of
from core.views import ViewSettings
from tests.fakes import PIXELS, write_specimens

SETTINGS = ViewSettings(views=2, size=PIXELS)


def tasks_below(folder: Path, renders: Path | None = None) -> list[Task]:
    """Return a task for every specimen of a folder."""
    return [Task(specimen, SETTINGS, renders) for specimen in take_inventory(folder).specimens]


def names_of(results: list[Prepared | Failure]) -> list[str]:
    """Return ids, those of failures with a mark."""
    return [f"!{r.specimen_id}" if isinstance(r, Failure) else r.record.specimen_id for r in results]


@pytest.mark.parametrize("workers", [0, 2])
def test_prepare_all__keeps_the_order(tmp_path: Path, workers: int) -> None:
    """Results follow the order of the tasks.

    A broken file keeps its position.
    """
    write_specimens(tmp_path, "a b d")
    (tmp_path / "c.off").write_bytes(b"OFF")
    results = list(prepare_all(tasks_below(tmp_path), workers))
    assert names_of(results) == ["a", "b", "!c", "d"]


def test_prepare_all__outlives_a_child_that_dies(tmp_path: Path) -> None:
    """A file that crashes its reader affects no other."""
    write_specimens(tmp_path, "a b c")
    tasks = tasks_below(tmp_path)
    tasks[1] = Task(Deadly("b", tmp_path / "b.off"), SETTINGS)
    results = list(prepare_all(tasks, 1))
    assert names_of(results) == ["a", "!b", "c"]
    assert isinstance(results[1], Failure)
    assert results[1].reason.startswith("Reading or rendering it took its process down")


class Deadly(SpecimenFile):
    """Kills the process that reads its type."""

    @property
    def is_image_folder(self) -> bool:
        """Do not return."""
        os._exit(1)


def test_prepare_all__gives_up_what_hangs(tmp_path: Path) -> None:
    """Every specimen has its own time limit."""
    names = ["one", "two"]
    for name in names:
        (tmp_path / name).touch()
    tasks = [Task(Sleepy(name, tmp_path / name), SETTINGS) for name in names]
    results = list(prepare_all(tasks, 1, seconds=1))
    assert results == [Failure(name, "render", "It was not ready after 1 seconds and was given up.") for name in names]


class Sleepy(SpecimenFile):
    """Blocks the process that reads its type."""

    @property
    def is_image_folder(self) -> bool:
        """Return long after the time limit."""
        time.sleep(60)
        return False


@pytest.mark.parametrize("name", ["a.ply", "a.STL", "crab/front.png"])
def test_prepare_all__refuses_pipes_at_once(tmp_path: Path, name: str) -> None:
    """A pipe without a writer is refused instead of blocking.

    The next specimen is prepared.
    """
    write_specimens(tmp_path, "z")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    refused, taken = prepare_all(tasks_below(tmp_path), 0)
    assert isinstance(refused, Failure)
    assert refused.reason == f"{Path(name).name} is a pipe, not a file. Put a copy of the scan there."
    assert isinstance(taken, Prepared)


def test_prepare_all__takes_tasks_no_faster_than_results(tmp_path: Path) -> None:
    """Memory stays bounded however large the collection is."""
    write_specimens(tmp_path, "a b c d e f")
    taken: list[str] = []

    def tasks() -> object:
        for task in tasks_below(tmp_path):
            taken.append(task.specimen.specimen_id)
            yield task

    stream = prepare_all(tasks(), 0)  # type: ignore[arg-type]
    next(stream)
    assert taken == ["a"]
    stream = prepare_all(tasks(), 1)  # type: ignore[arg-type]
    next(stream)
    assert len(taken) - 1 <= 4
    stream.close()  # type: ignore[attr-defined]


def test_prepare__tells_what_the_file_holds(tmp_path: Path) -> None:
    """Counts, extent, and a sum of the content."""
    write_specimens(tmp_path, "a")
    (task,) = tasks_below(tmp_path)
    record = prepare(task).record
    assert (record.kind, record.n_vertices, record.n_faces) == ("mesh", 4, 4)
    assert record.size == (tmp_path / "a.off").stat().st_size
    assert len(record.sha256) == 64
    assert (record.extent_x, record.extent_y, record.extent_z) == tuple(read_mesh(tmp_path / "a.off").extent)


def test_prepare_all__reports_a_name_too_long_for_its_views(tmp_path: Path) -> None:
    """Names of views that are too long for the file system are an error of this specimen."""
    write_specimens(tmp_path / "in", "a b")
    (tmp_path / "in" / "a.off").rename(tmp_path / "in" / f"{'a' * 250}.off")
    refused, taken = prepare_all(tasks_below(tmp_path / "in", tmp_path / "renders"), 0)
    assert isinstance(refused, Failure)
    assert refused.reason.startswith("Its name is too long: the names of its views would have more than 255 bytes.")
    assert isinstance(taken, Prepared)


def test_prepare__takes_photographs_for_views(tmp_path: Path) -> None:
    """Each image of a folder is a view with an unknown camera pose."""
    (tmp_path / "crab").mkdir()
    for name in ("front", "back"):
        Image.fromarray(np.full((20, 30, 3), 90, dtype=np.uint8)).save(tmp_path / "crab" / f"{name}.png")
    (task,) = tasks_below(tmp_path)
    prepared = prepare(task)
    assert prepared.record.kind == "photographs"
    assert prepared.views.images.shape == (2, PIXELS, PIXELS, 3)
    assert len(prepared.record.sha256) == 64


def test_prepare__keeps_a_small_picture(tmp_path: Path) -> None:
    """The thumbnail is named by the content of the file."""
    write_specimens(tmp_path / "in", "a")
    (specimen,) = take_inventory(tmp_path / "in").specimens
    sha256 = prepare(Task(specimen, SETTINGS, None, tmp_path / "small")).record.sha256
    with Image.open(tmp_path / "small" / sha256[:2] / f"{sha256}.webp") as picture:
        assert picture.size == (PIXELS, PIXELS)


def test_record_of__says_why_a_file_cannot_be_read(tmp_path: Path) -> None:
    """A dangling link, and a file that was removed meanwhile."""
    with pytest.raises(SpecimenError, match=r"cannot be read \(No such file or directory\)"):
        record_of(SpecimenFile("a", tmp_path / "a.ply"))


def test_fingerprint_of_views__depends_on_settings_and_content() -> None:
    """Every setting counts."""
    prints = {fingerprint_of_views(s, c) for s in (SETTINGS, ViewSettings(views=2)) for c in ("a", "b")}
    assert len(prints) == 4


def test_default_workers__leaves_a_processor_free() -> None:
    """At least one, at most eight."""
    assert 1 <= default_workers() <= 8
