"""After a power failure, a run ends with the bytes of an undisturbed one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from core.clusters import ClusterSettings
from core.doctor import repair_workspace
from core.embeddings import read_embeddings
from core.pipeline import RunSettings, run_pipeline
from core.views import ViewSettings
from core.workspace import Catalogue, SpecimenRecord, Workspace, open_workspace
from tests.fakes import FakeExtractor, bytes_below, write_specimens
from tests.unbreakable.conftest import trials
from tests.unbreakable.outages import CATALOGUE, Recorder, put

CUTS = trials("FOSSILVIT_CUTS", 10)
NAMES = "A/a A/b A/c B/d B/e f"
FIRST = RunSettings(
    views=ViewSettings(views=2),
    name="run",
    workers=0,
    keep_renders=True,
    clusters=ClusterSettings(min_cluster_size=2, pca=2),
)
OTHER = replace(FIRST, views=ViewSettings(views=3), pool="max")


@dataclass
class Recorded:
    """A recorded run, and its undisturbed results."""

    recorder: Recorder
    settings: RunSettings
    meshes: Path
    results: dict[str, bytes]
    records: dict[str, SpecimenRecord]


def make(workspace: Workspace, settings: RunSettings, meshes: Path) -> None:
    """Run with the fake extractor."""
    run_pipeline(workspace, settings, meshes=meshes, extractor=FakeExtractor())


def results_of(workspace: Workspace) -> dict[str, bytes]:
    """Return the bytes of the results, without the catalogue and the lock."""
    return {
        name: data for name, data in bytes_below(workspace.root).items() if not name.startswith((CATALOGUE, ".lock"))
    }


@pytest.fixture(scope="module", params=["first", "other settings"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Return a recorded first run, or a run over one with other settings."""
    folder = tmp_path_factory.mktemp("recorded")
    meshes = folder / "meshes"
    write_specimens(meshes, NAMES)
    workspace = open_workspace(folder / "workspace")
    settings = FIRST
    if request.param != "first":
        make(workspace, FIRST, meshes)
        settings = OTHER
    recorder = Recorder(workspace.root)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("core.storage.manifest.SYNCED_TOGETHER", 2)
        recorder.start(monkeypatch)
        make(workspace, settings, meshes)
    records = Catalogue(workspace.catalogue_path).specimens(str(meshes))
    yield Recorded(recorder, settings, meshes, results_of(workspace), records)


@pytest.mark.parametrize("number", range(CUTS))
def test_run_pipeline__after_an_outage(recorded: Recorded, tmp_path: Path, number: int) -> None:
    """Whatever was not synced is lost or damaged, and the next run gives the same bytes."""
    rng = np.random.default_rng([44, number])
    moment = 1 + int((number + rng.random()) / CUTS * len(recorded.recorder.changes))
    left = recorded.recorder.left_by_outage(moment, rng)
    workspace = open_workspace(tmp_path / "workspace")
    put(left, recorded.recorder.root, workspace.root)
    run = workspace.run("run")
    if run.is_complete:
        assert_described(workspace)
    make(workspace, recorded.settings, recorded.meshes)
    assert results_of(workspace) == recorded.results
    assert Catalogue(workspace.catalogue_path).specimens(str(recorded.meshes)).keys() == recorded.records.keys()


def assert_described(workspace: Workspace) -> None:
    """Assert that the embeddings are refused or those of their configuration: the mean or the maximum of views."""
    run = workspace.run("run")
    try:
        embeddings, pool = read_embeddings(run.matrix_path, run.ids_path), run.config()["pool"]
    except Exception as error:  # noqa: BLE001  what is refused is not used
        assert "Error" in type(error).__name__
        return
    assert pool in ("mean", "max")
    assert np.isfinite(embeddings.matrix).all()


FILES = {
    "features": "runs/run/features/A/a.npy",
    "an embedding": "runs/run/embeddings/A/b.npy",
    "the matrix": "runs/run/embeddings/embeddings.npy",
    "the ids": "runs/run/embeddings/ids.txt",
    "the record": "runs/run/embeddings/embeddings.json",
    "the parquet file": "runs/run/embeddings/embeddings.parquet",
    "neighbours": "runs/run/knn_results/f.csv",
    "the log": "runs/run/knn_results/search_all.log",
    "clusters": "runs/run/results/clusters.csv",
    "the components": "runs/run/results/pca_report.csv",
    "an evaluation": "runs/run/results/evaluation/retrieval.csv",
    "a view": "runs/run/renders/B/d_view01.png",
    "a thumbnail": "thumbnails/*/*.webp",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder of scans and a workspace with a complete run of them."""
    folder = tmp_path_factory.mktemp("sound")
    write_specimens(folder / "meshes", NAMES)
    make(open_workspace(folder / "workspace"), FIRST, folder / "meshes")
    return folder / "meshes", folder / "workspace"


@pytest.mark.parametrize("how", ["zeroed", "cut"])
@pytest.mark.parametrize("repaired", [False, True], ids=["run", "repair"])
@pytest.mark.parametrize("name", FILES)
def test_run_pipeline__finds_a_damaged_file(
    sound: tuple[Path, Path], tmp_path: Path, name: str, how: str, repaired: bool
) -> None:
    """Each kind of file of a run that had ended, by the next run and by a repair before it."""
    meshes, source = sound
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(source, workspace.root)
    before = results_of(workspace)
    path = sorted(workspace.root.glob(FILES[name]))[0]
    data = path.read_bytes()
    path.write_bytes(bytes(len(data)) if how == "zeroed" else data[: len(data) // 2])
    if repaired:
        report = repair_workspace(workspace)
        assert report.done or name in ("the log", "a thumbnail")
        assert not [damage for damage in report.left if damage.is_mendable]
    make(workspace, FIRST, meshes)
    after = results_of(workspace)
    # A cut file of clusters may be a user's, so it is kept. A repair draws thumbnails by settings of its own.
    apart = ("/earlier/", "thumbnails/") if repaired else ("/earlier/",)
    kept = {place: data for place, data in after.items() if not any(part in place for part in apart)}
    assert kept.items() <= before.items()
    assert [place for place in before.keys() - kept.keys() if "thumbnails/" not in place] == []
