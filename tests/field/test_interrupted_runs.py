"""A run that is interrupted while it is made again: its files describe what they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.clusters import ClusterSettings
from core.doctor import examine_workspace, repair_workspace
from core.embeddings import read_embeddings
from core.foundation import MisalignedEmbeddingsError, MissingStageError, WorkspaceError
from core.matching import MatchSettings, open_matcher
from core.neighbours import SearchSettings
from core.pipeline import Describer, RunSettings, run_pipeline
from core.report import gather_facts
from core.storage import Manifest, read_json, write_json
from core.views import ViewSettings
from core.workspace import RunFolder, Workspace, list_runs, open_workspace
from tests.fakes import FakeExtractor, bytes_below, write_specimen, write_specimens

NAMES = "Molars/a Molars/b Shells/c Shells/d e"
ASKED_FIRST = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
ASKED_NEXT = replace(ASKED_FIRST, views=ViewSettings(views=3), pool="max")
BY_VIEWS = MatchSettings(match="maxsim", candidates=5)


class Interrupted(FakeExtractor):
    """An extractor that is interrupted at a call."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def __call__(
        self, images: np.ndarray, masks: np.ndarray | None = None, depth: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the features of the fake, until the interruption."""
        if self.calls + 1 == self.at:
            raise KeyboardInterrupt
        return super().__call__(images, masks, depth)


def make(workspace: Workspace, settings: RunSettings, **more: object) -> RunFolder:
    """Run to the end."""
    return run_pipeline(workspace, settings, extractor=FakeExtractor(), **more).run  # type: ignore[arg-type]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace with a complete run."""
    workspace = open_workspace(tmp_path / "workspace")
    write_specimens(workspace.meshes, NAMES)
    make(workspace, ASKED_FIRST)
    return workspace


@pytest.fixture
def interrupted(workspace: Workspace) -> RunFolder:
    """Return a run that was interrupted at its fourth specimen, when it was made with other settings."""
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(workspace, ASKED_NEXT, extractor=Interrupted(4))
    return workspace.run("run")


def test_run_pipeline__keeps_the_configuration_of_the_embeddings(workspace: Workspace, interrupted: RunFolder) -> None:
    """config.json is that of the matrix, config.next.json what was asked for."""
    assert interrupted.config()["views"]["views"] == 2
    assert interrupted.config()["pool"] == "mean"
    asked = read_json(interrupted.next_config_path)
    assert (asked["views"]["views"], asked["pool"]) == (3, "max")
    assert interrupted.is_being_made_again
    (facts,) = list_runs(workspace)
    assert (facts.state, facts.views, facts.is_being_made_again) == ("complete", 2, True)


def test_runs__names_a_run_that_is_being_made_again(
    workspace: Workspace, interrupted: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is made, and no longer."""
    words = ["runs", "--workspace", str(workspace.root)]
    assert main(words) == 0
    assert "2 views at 64 px, being made again" in capsys.readouterr().out
    make(workspace, ASKED_NEXT)
    assert not interrupted.is_being_made_again
    assert main(words) == 0
    assert "being made again" not in capsys.readouterr().out


def test_run_pipeline__ends_with_the_bytes_of_an_uninterrupted_run(
    workspace: Workspace, interrupted: RunFolder, tmp_path: Path
) -> None:
    """Made again with what was asked for, and with what it was made with before."""
    fresh = open_workspace(tmp_path / "fresh")
    for asked in (ASKED_NEXT, ASKED_FIRST):
        expected = make(fresh, replace(asked, name=f"run{asked.pool}"), meshes=workspace.meshes)
        run = make(workspace, asked)
        made, wanted = bytes_below(run.root), bytes_below(expected.root)
        # The path of the input folder depends on the workspace.
        assert made.pop("config.json") != wanted.pop("config.json")
        assert made == wanted
        assert (run.config()["pool"], run.config()["views"]) == (asked.pool, expected.config()["views"])


def test_describer__describes_as_the_embeddings_were_made(interrupted: RunFolder) -> None:
    """A file is searched with by the views and pooling of the matrix."""
    describer = Describer(interrupted, extractor=FakeExtractor())
    embeddings = read_embeddings(interrupted.matrix_path, interrupted.ids_path)
    file = interrupted.root.parent.parent / "meshes" / "Molars" / "a.off"
    assert np.allclose(describer.describe(file).embedding, embeddings.matrix[embeddings.row_of["Molars/a"]], atol=1e-6)


def test_matcher__refuses_views_of_other_settings(workspace: Workspace, interrupted: RunFolder) -> None:
    """View features of two kinds are not compared, until the run is made."""
    embeddings = read_embeddings(interrupted.matrix_path, interrupted.ids_path)

    def nearest(query: str) -> tuple[str, ...]:
        matcher = open_matcher(
            embeddings, interrupted.features, interrupted.root / "projections", SearchSettings(2), BY_VIEWS
        )
        return matcher.nearest(query).ids

    for query in embeddings.ids:
        with pytest.raises(MissingStageError, match="the run is being made again"):
            nearest(query)
    make(workspace, ASKED_FIRST)
    assert len(nearest("Molars/a")) == 2


def test_gather_facts__reports_the_settings_of_the_embeddings(workspace: Workspace, interrupted: RunFolder) -> None:
    """A report is about the matrix, not about what is being made."""
    facts = gather_facts(workspace, "run")
    assert (facts.run.views, facts.run.pool) == (2, "mean")
    assert facts.embeddings.ids == read_embeddings(interrupted.matrix_path, interrupted.ids_path).ids


def test_repair_workspace__never_mixes_settings(workspace: Workspace, interrupted: RunFolder) -> None:
    """A damaged matrix is not put together from embeddings of two kinds."""
    interrupted.matrix_path.write_bytes(b"")
    before = interrupted.matrix_path.read_bytes()
    report = repair_workspace(workspace)
    assert interrupted.matrix_path.read_bytes() == before
    left = {damage.place: damage.remedy for damage in report.left}
    assert left["runs/run/embeddings"].startswith("Start the run 'run' again")
    make(workspace, ASKED_NEXT)
    assert examine_workspace(workspace) == ()


def test_config__is_refused_beside_other_embeddings(workspace: Workspace) -> None:
    """A configuration of other settings, put there by hand or left by an outage, is not believed."""
    run = workspace.run("run")
    write_json(run.config_path, {**run.config(), "pool": "max"})
    for refused in (run.config, lambda: gather_facts(workspace, "run"), lambda: Describer(run)):
        with pytest.raises(WorkspaceError, match="is not the configuration that the embeddings beside it were made"):
            refused()
    assert [damage.place for damage in examine_workspace(workspace)] == ["runs/run/config.json"]
    assert list_runs(workspace)[0].state == "damaged"
    make(workspace, ASKED_FIRST)
    assert run.config()["pool"] == "mean"


def test_run_pipeline__only_some_with_other_settings_makes_all_again(workspace: Workspace) -> None:
    """No matrix has rows of two kinds."""
    extractor = FakeExtractor()
    report = run_pipeline(workspace, ASKED_NEXT, extractor=extractor, only=["e"])
    assert report.done == extractor.calls == 5
    write_specimen(workspace.meshes / "e.off", stretch=2)
    write_specimen(workspace.meshes / "Molars" / "a.off", stretch=2)
    assert run_pipeline(workspace, ASKED_NEXT, extractor=FakeExtractor(), only=["e"]).done == 1


def test_run_pipeline__opens_a_run_of_an_earlier_version(workspace: Workspace) -> None:
    """Without the record, without hashes, with few versions: nothing is done again."""
    run = workspace.run("run")
    (run.embeddings / "embeddings.json").unlink()
    config = run.config()
    config.pop("stages")
    config["versions"] = {name: config["versions"][name] for name in ("fossilvit_explorer", "python", "torch", "numpy")}
    write_json(run.config_path, config)
    for folder in (run.features, run.embeddings, run.knn_results):
        manifest = Manifest(folder)
        lines = [manifest.get(name) or {} for name in manifest.ids]
        kept = [{key: line[key] for key in ("id", "fingerprint", "views") if key in line} for line in lines]
        manifest.path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    assert run.config()["pool"] == "mean"
    assert examine_workspace(workspace) == ()
    extractor = FakeExtractor()
    assert run_pipeline(workspace, ASKED_FIRST, extractor=extractor).done == extractor.calls == 0


def test_config__names_every_package_that_makes_numbers(workspace: Workspace) -> None:
    """Pictures, meshes, networks, neighbours, clusters, maps."""
    versions = workspace.run("run").config()["versions"]
    expected = {"opencv-python-headless", "pillow", "scipy", "numba", "faiss-cpu", "scikit-learn", "hdbscan"}
    assert {*expected, "umap-learn", "pacmap", "open3d", "numpy", "torch", "timm", "openvino"} <= versions.keys()


def test_config__keeps_the_versions_that_embeddings_were_made_with(workspace: Workspace) -> None:
    """A run that does nothing changes no version; one that does some names both."""
    run = workspace.run("run")
    config = run.config()
    config["versions"]["numpy"] = "1.0"
    write_json(run.config_path, config)
    make(workspace, replace(ASKED_FIRST, search=SearchSettings(3)))
    assert run.config()["versions"]["numpy"] == "1.0"
    assert run.config()["search"]["topk"] == 3
    write_specimens(workspace.meshes, "f")
    make(workspace, ASKED_FIRST)
    assert run.config()["versions"]["numpy"] == np.__version__
    assert [versions["numpy"] for versions in run.config()["earlier_versions"]] == ["1.0"]


def test_read_embeddings__refuses_ids_in_another_order(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lines that changed places are seen, and repaired."""
    run = workspace.run("run")
    before = bytes_below(run.root)
    lines = run.ids_path.read_text(encoding="utf-8").splitlines()
    run.ids_path.write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n", encoding="utf-8")
    for mapped in (False, True):
        with pytest.raises(MisalignedEmbeddingsError, match=r"are not those that .* was written with"):
            read_embeddings(run.matrix_path, run.ids_path, mapped=mapped)
    words = ["search", "--emb", str(run.matrix_path), "--ids", str(run.ids_path), "--query", lines[0]]
    assert main([*words, "--out", str(run.root.parent / "out")]) == 1
    assert "repair" in capsys.readouterr().err
    repair_workspace(workspace)
    assert bytes_below(run.root) == before


def test_read_embeddings__refuses_rows_of_another_run(workspace: Workspace) -> None:
    """A matrix of the same size that was moved there, even an older one."""
    run = workspace.run("run")
    rows = np.load(run.matrix_path)
    np.save(run.root / "older.npy", rows[::-1])
    (run.root / "older.npy").replace(run.matrix_path)
    for mapped in (False, True):
        with pytest.raises(MisalignedEmbeddingsError, match=r"The rows in .* are not those"):
            read_embeddings(run.matrix_path, run.ids_path, mapped=mapped)


def test_read_embeddings__reads_files_of_other_programs(tmp_path: Path) -> None:
    """Without a record, with a file of that name that is none, and with the line ends of Windows."""
    np.save(tmp_path / "vectors.npy", np.eye(2, dtype=np.float32))
    (tmp_path / "ids.txt").write_bytes(b"a\r\nb\r\n")
    assert read_embeddings(tmp_path / "vectors.npy", tmp_path / "ids.txt").ids == ("a", "b")
    (tmp_path / "vectors.json").write_text('{"made": "elsewhere"}', encoding="utf-8")
    assert read_embeddings(tmp_path / "vectors.npy", tmp_path / "ids.txt").ids == ("a", "b")
