"""Runs: only changes are processed again, rows keep their ids, a kill costs one specimen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.backbones import EngineSettings, TokenSettings, open_engine
from core.clusters import ClusterSettings
from core.collection import labels_of_categories
from core.embeddings import Embeddings, read_embeddings
from core.evaluation import evaluate_into
from core.features import NetworkExtractor
from core.foundation import BusyError, InputError, SettingError
from core.pipeline import RunReport, RunSettings, run_pipeline
from core.storage import TEMPORARY_PREFIX
from core.views import ViewSettings, find_views, read_view_files
from core.workspace import Catalogue, RunFolder, Workspace, open_workspace
from tests.core.networks import tiny_backbone
from tests.fakes import PIXELS, PROJECT, FakeExtractor, bytes_below, bytes_of_run, write_specimen, write_specimens

NAMES = "Molars/Tarsius/a Molars/b Shells/c d"
SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
pytestmark = pytest.mark.specimens(NAMES)


def run(workspace: Workspace, extractor: FakeExtractor | None = None, **changes: object) -> RunReport:
    """Run with the fake."""
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return run_pipeline(workspace, settings, extractor=extractor or FakeExtractor())


def counts(report: RunReport) -> tuple[int, int, list[str]]:
    """Return the numbers of processed and unchanged specimens, and the ids of skipped ones."""
    return report.done, report.unchanged, [failure.specimen_id for failure in report.failures]


def read(folder: RunFolder) -> Embeddings:
    """Return the embeddings of a run."""
    return read_embeddings(folder.matrix_path, folder.ids_path)


def test_run_pipeline__writes_the_files_of_the_contract(workspace: Workspace) -> None:
    """All files of a run, under the names of the contract."""
    report = run(workspace, keep_renders=True)
    assert counts(report) == (4, 0, [])
    files = set(bytes_below(report.run.root))
    for name in NAMES.split():
        assert {f"renders/{name}_view00.png", f"renders/{name}_view01.png", f"features/{name}.npy"} <= files
        assert {f"embeddings/{name}.npy", f"knn_results/{name}.csv"} <= files
    assert {"config.json", "embeddings/embeddings.npy", "embeddings/ids.txt", "embeddings/embeddings.parquet"} <= files
    assert {"results/clusters.csv", "results/summary.json", "knn_results/search_all.log"} <= files
    assert read(report.run).ids == tuple(sorted(NAMES.split()))
    assert workspace.runs() == [report.run]


def test_run_pipeline__records_everything_that_made_it(workspace: Workspace) -> None:
    """Settings as they were resolved, backbone, and versions."""
    config = run(workspace).run.config()
    assert config["input"] == str(workspace.meshes)
    assert config["views"]["size"] == PIXELS
    assert config["features"]["backbone"] == "fake"
    assert {"fossilvit_explorer", "python", "torch", "numpy"} <= set(config["versions"])


def test_run_pipeline__does_nothing_twice(workspace: Workspace) -> None:
    """A second identical call extracts nothing and leaves the same bytes."""
    before = bytes_below(run(workspace).run.root)
    extractor = FakeExtractor()
    again = run(workspace, extractor)
    assert (counts(again), extractor.calls) == ((0, 4, []), 0)
    assert bytes_below(again.run.root) == before


def test_run_pipeline__is_forced_by_overwrite(workspace: Workspace) -> None:
    """All of it again, with the same bytes."""
    before = bytes_below(run(workspace).run.root)
    extractor = FakeExtractor()
    report = run_pipeline(workspace, SETTINGS, extractor=extractor, overwrite=True)
    assert (counts(report), extractor.calls) == ((4, 0, []), 4)
    assert bytes_below(report.run.root) == before


def test_run_pipeline__does_a_touched_file_no_more(workspace: Workspace) -> None:
    """A new time with the same content: the file is hashed once and not rendered."""
    run(workspace)
    os.utime(workspace.meshes / "d.off", (1, 1))
    extractor = FakeExtractor()
    assert (counts(run(workspace, extractor)), extractor.calls) == ((0, 4, []), 0)
    record = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))["d"]
    assert record.mtime_ns == 1_000_000_000


def test_run_pipeline__does_changed_and_new_files_alone(workspace: Workspace) -> None:
    """Two of five."""
    before = read(run(workspace).run)
    write_specimen(workspace.meshes / "d.off", stretch=2)
    write_specimens(workspace.meshes, "Shells/e")
    extractor = FakeExtractor()
    report = run(workspace, extractor)
    assert (counts(report), extractor.calls) == ((2, 3, []), 2)
    after = read(report.run)
    assert after.ids == tuple(sorted([*NAMES.split(), "Shells/e"]))
    same = [name for name in before.ids if np.array_equal(rows(before, name), rows(after, name))]
    assert same == ["Molars/Tarsius/a", "Molars/b", "Shells/c"]


def rows(embeddings: Embeddings, name: str) -> np.ndarray:
    """Return the row of an id."""
    return embeddings.matrix[embeddings.row_of[name]]


def test_run_pipeline__leaves_nothing_of_a_removed_file(workspace: Workspace, tmp_path: Path) -> None:
    """After a removal the run is, byte for byte, what a run without that file would have been."""
    run(workspace)
    (workspace.meshes / "Shells" / "c.off").unlink()
    report = run(workspace)
    assert counts(report) == (0, 3, [])
    fresh = run_pipeline(
        open_workspace(tmp_path / "fresh"), SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor()
    )
    assert bytes_of_run(report.run) == bytes_of_run(fresh.run)
    assert list(Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))) == list(read(report.run).ids)


def test_run_pipeline__pools_without_rendering(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another pooling needs the kept features only."""
    mean = read(run(workspace).run)
    monkeypatch.setattr("core.pipeline.preparation.render_views", None)
    extractor = FakeExtractor()
    report = run(workspace, extractor, pool="max")
    assert extractor.calls == 0
    largest = read(report.run)
    assert largest.ids == mean.ids
    assert (largest.matrix >= mean.matrix).all()
    assert not np.array_equal(largest.matrix, mean.matrix)


@pytest.mark.parametrize("changes", [{"views": ViewSettings(views=3)}, {"size": 32}, {"name": "other"}])
def test_run_pipeline__does_all_for_other_settings(workspace: Workspace, changes: dict[str, object]) -> None:
    """With other views, another size or another name no stored result is reused."""
    run(workspace)
    assert counts(run(workspace, None, **changes)) == (4, 0, [])


def test_run_pipeline__does_all_for_another_backbone(workspace: Workspace) -> None:
    """The same views, other features."""
    run(workspace)
    assert counts(run(workspace, FakeExtractor("other"))) == (4, 0, [])


def test_run_pipeline__keeps_runs_apart(workspace: Workspace) -> None:
    """A run with another name does not change the first."""
    before = bytes_below(run(workspace).run.root)
    run(workspace, FakeExtractor("other"), name="other")
    assert bytes_below(workspace.run("run").root) == before
    assert counts(run(workspace)) == (0, 4, [])


def test_run_pipeline__names_itself_after_what_made_it(workspace: Workspace) -> None:
    """The name is valid for a folder even if that of the backbone is not."""
    assert run(workspace, name="").run.name == "fake_2views_64px"
    assert run(workspace, FakeExtractor("hf-hub:org/net"), name="").run.name == "hf-hub_org_net_2views_64px"
    for turned, name in (({"mixed": True}, "mixed"), ({"align": True}, "aligned")):
        views = replace(SETTINGS.views, **turned)
        assert run(workspace, name="", views=views).run.name == f"fake_2views_{name}_64px"


def test_run_pipeline__passes_over_what_cannot_be_used(workspace: Workspace) -> None:
    """A broken file and a refused one are reported and recorded.

    Rows stay with their ids.
    """
    whole = read(run(workspace).run)
    (workspace.meshes / "Molars" / "b.off").write_bytes(b"OFF")
    report = run_pipeline(workspace, SETTINGS, extractor=FakeExtractor(fails_at=2), overwrite=True)
    assert counts(report) == (2, 0, ["Molars/b", "Shells/c"])
    assert [failure.stage for failure in report.failures] == ["render", "extract"]
    left = read(report.run)
    assert left.ids == ("Molars/Tarsius/a", "d")
    assert all(np.array_equal(rows(left, name), rows(whole, name)) for name in left.ids)
    files = " ".join(bytes_below(report.run.root))
    assert "Molars/b" not in files
    assert "Shells/c" not in files
    errors = {
        name: record.error
        for name, record in Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes)).items()
        if record.error
    }
    assert list(errors) == ["Molars/b", "Shells/c"]
    assert errors["Shells/c"].startswith("It does not fit the fake.")


def test_run_pipeline__tries_again_what_failed(workspace: Workspace) -> None:
    """A repaired specimen is processed by the next run."""
    assert counts(run(workspace, FakeExtractor(gives_nan_at=1))) == (3, 0, ["Molars/Tarsius/a"])
    assert counts(run(workspace)) == (1, 3, [])
    assert len(read(workspace.run("run"))) == 4


def test_run_pipeline__fails_where_nothing_is_usable(workspace: Workspace) -> None:
    """All broken is an error, which names the first reason."""
    for path in workspace.meshes.rglob("*.off"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"None of the 4 specimens could be used; the first: .*The file is empty"):
        run(workspace)


def test_run_pipeline__wants_an_input(tmp_path: Path) -> None:
    """An empty workspace."""
    with pytest.raises(InputError, match="is empty"):
        run(open_workspace(tmp_path))


def test_run_pipeline__works_alone(workspace: Workspace) -> None:
    """A second run in the same workspace is refused while the first goes on."""
    with workspace.locked(), pytest.raises(BusyError):
        run(workspace)


def test_run_pipeline__never_writes_to_the_input(workspace: Workspace, tmp_path: Path) -> None:
    """An input folder elsewhere does not change."""
    write_specimens(tmp_path / "scans", "a b")
    before = bytes_below(tmp_path / "scans")
    run_pipeline(workspace, SETTINGS, meshes=tmp_path / "scans", extractor=FakeExtractor())
    assert bytes_below(tmp_path / "scans") == before


def test_run_pipeline__gives_the_same_with_and_without_children(workspace: Workspace, tmp_path: Path) -> None:
    """Child processes change the time, not the bytes."""
    # Outside of both workspaces, so that both configurations name it alike.
    scans = shutil.copytree(workspace.meshes, tmp_path / "scans")
    alone = run_pipeline(workspace, SETTINGS, meshes=scans, extractor=FakeExtractor())
    other = run_pipeline(
        open_workspace(tmp_path / "other"), replace(SETTINGS, workers=2), meshes=scans, extractor=FakeExtractor()
    )
    assert bytes_below(other.run.root) == bytes_below(alone.run.root)


@pytest.mark.parametrize(
    ("change", "prose"),
    [
        ({"pool": "sum"}, r"'pool' must be one of mean, max \(got sum\)"),
        ({"workers": -1}, "'workers' must be at least 0"),
    ],
)
def test_run_settings__say_what_is_allowed(change: dict[str, object], prose: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(SettingError, match=prose):
        replace(SETTINGS, **change)  # type: ignore[arg-type]


KILLED = """
import sys
import time
from pathlib import Path
from core.workspace.catalogue import Catalogue
from core.pipeline.run import run_pipeline
from core.workspace.paths import open_workspace
from tests.core.pipeline.test_run import SETTINGS
from tests.fakes import FakeExtractor


class Dying(FakeExtractor):
    def __call__(self, *views):
        known, end = {}, time.monotonic() + 60
        while self.calls == 2 and len(known) < 2 and time.monotonic() < end:
            known = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))
            time.sleep(0.01)
        return super().__call__(*views)


workspace = open_workspace(Path(sys.argv[1]))
run_pipeline(workspace, SETTINGS, extractor=Dying(dies_at=3))
"""


def test_run_pipeline__goes_on_after_a_kill(workspace: Workspace, tmp_path: Path) -> None:
    """Killed in its third specimen, it does the rest, and the bytes are those of an undisturbed run.

    The first two are stored while the third is at work, whatever comes after it.
    """
    undisturbed = bytes_of_run(
        run_pipeline(
            open_workspace(tmp_path / "other"), SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor()
        ).run
    )
    child = subprocess.run([sys.executable, "-c", KILLED, str(workspace.root)], cwd=PROJECT, check=False)
    assert child.returncode == -9
    left = workspace.run("run").features / f"{TEMPORARY_PREFIX}{next_machine()}-{2**22 + 1}-abc.npy"
    left.write_bytes(b"half")
    extractor = FakeExtractor()
    report = run(workspace, extractor)
    assert (counts(report), extractor.calls) == ((2, 2, []), 2)
    assert bytes_of_run(report.run) == undisturbed


def next_machine() -> str:
    """Return this machine's name in temporary files."""
    from core.storage.files import _machine

    return _machine()


def test_run_pipeline__does_again_what_was_being_replaced(workspace: Workspace) -> None:
    """Killed while overwriting with another backbone, it does not call those features the old ones."""
    before = bytes_below(run(workspace).run.root)
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(workspace, SETTINGS, extractor=Interrupting("other", 3))
    extractor = FakeExtractor()
    report = run(workspace, extractor)
    assert extractor.calls == 4
    assert bytes_below(report.run.root) == before


class Interrupting(FakeExtractor):
    """Raises KeyboardInterrupt at a given call."""

    def __init__(self, name: str, at: int) -> None:
        super().__init__(name)
        self.at = at

    def __call__(
        self, images: np.ndarray, masks: np.ndarray | None = None, depth: np.ndarray | None = None
    ) -> np.ndarray:
        """Behave like the fake until then."""
        if self.calls + 1 == self.at:
            raise KeyboardInterrupt
        return super().__call__(images, masks, depth) + 1


def test_run_pipeline__judges_by_categories_where_there_are_two(workspace: Workspace) -> None:
    """The evaluation equals that of `evaluate` with categories.

    None for a single category.
    """
    results = run(workspace).run.results
    assert not (results / "evaluation").exists()
    write_specimens(workspace.meshes, "Molars/e Shells/f")
    report = run(workspace)
    there = results / "evaluation"
    judged = json.loads((there / "retrieval.json").read_text(encoding="utf-8"))
    assert (judged["labels"], judged["n_queries"], judged["n_classes"]) == ("category", 4, 2)
    embeddings = read(report.run)
    evaluate_into(workspace.root / "by_hand", embeddings, labels_of_categories(embeddings.ids))
    assert bytes_below(there) == bytes_below(workspace.root / "by_hand")
    assert report.run.config()["evaluation"]["metric"] == "cosine"


def test_run_pipeline__judges_once_and_leaves_no_old_judgement(workspace: Workspace) -> None:
    """An unchanged run writes nothing.

    Without the second category the evaluation is removed.
    """
    write_specimens(workspace.meshes, "Molars/e Shells/f")
    there = run(workspace).run.results / "evaluation"
    times = {path.name: path.stat().st_mtime_ns for path in there.iterdir()}
    run(workspace)
    assert {path.name: path.stat().st_mtime_ns for path in there.iterdir()} == times
    (workspace.meshes / "Shells" / "f.off").unlink()
    run(workspace)
    assert not there.exists()


def test_run_pipeline__clusters_again_for_other_settings(workspace: Workspace) -> None:
    """Only the clusters are new."""
    run(workspace)
    extractor = FakeExtractor()
    report = run(workspace, extractor, clusters=ClusterSettings(min_cluster_size=3, pca=0))
    assert extractor.calls == 0
    summary = json.loads((report.run.results / "summary.json").read_text(encoding="utf-8"))
    assert summary["settings"]["min_cluster_size"] == 3


@pytest.mark.parametrize(("size", "kept"), [(64, False), (768, True)])
def test_run_pipeline__keeps_views_that_somebody_may_want_to_look_at(
    workspace: Workspace, size: int, kept: bool
) -> None:
    """Views are kept from 768 pixels on by default.

    Thumbnails always.
    """
    report = run(workspace, views=ViewSettings(views=1), size=size)
    assert any(report.run.renders.rglob("*.png")) == kept
    assert len(list(workspace.thumbnails.rglob("*.webp"))) == 4


def test_run_pipeline__takes_folders_of_photographs(workspace: Workspace) -> None:
    """Photographs of any size: EXIF orientation, cut-outs on white, one row per photograph."""
    folder = workspace.meshes / "Crabs" / "one"
    folder.mkdir(parents=True)
    upright = np.zeros((40, 60, 3), dtype=np.uint8)
    upright[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(upright[::-1, ::-1]).save(folder / "a.jpg", exif=exif, quality=95)
    Image.fromarray(upright).save(folder / "b.jpg", quality=95)
    Image.fromarray(np.zeros((30, 30, 4), dtype=np.uint8)).save(folder / "c.png")
    report = run(workspace)
    assert counts(report) == (5, 0, [])
    features = np.load(report.run.features / "Crabs" / "one.npy")
    assert features.shape == (3, 16)
    np.testing.assert_allclose(features[0], features[1], atol=2)
    np.testing.assert_allclose(features[2], 255)
    assert counts(run(workspace)) == (0, 5, [])


def test_run_pipeline__extracts_several_specimens_together(workspace: Workspace) -> None:
    """A batch of five holds two specimens of two views and more.

    Each gets the features of its own.
    """
    engine = open_engine(tiny_backbone(), TokenSettings(), EngineSettings("torch", "cpu", batch_size=5))
    extractor = NetworkExtractor(tiny_backbone(), engine, TokenSettings())
    report = run_pipeline(workspace, replace(SETTINGS, keep_renders=True), extractor=extractor)
    assert counts(report) == (4, 0, [])
    for name, paths in find_views(report.run.renders).items():
        alone = extractor(read_view_files(paths))
        np.testing.assert_array_equal(np.load(report.run.features / f"{name}.npy"), alone)
