"""Damage in a workspace is found and named, and repaired if possible."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.clusters import ClusterSettings
from core.collection import Curation, metadata_table, put_metadata
from core.doctor import Damage, examine_workspace, repair_workspace
from core.foundation import BusyError, NewerVersionError
from core.pipeline import RunSettings, run_pipeline
from core.storage import Manifest
from core.views import ViewSettings
from core.workspace import Catalogue, RunFolder, Workspace, open_workspace
from tests.fakes import FakeExtractor, bytes_below, write_specimens

NAMES = ("A/a", "A/b", "B/c", "B/d", "e")
SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a read-only workspace with a run, metadata, tags, a set and a note."""
    workspace = open_workspace(tmp_path_factory.mktemp("whole"))
    write_specimens(workspace.meshes, list(NAMES))
    (workspace.meshes / "broken.ply").write_bytes(b"ply")
    run_pipeline(workspace, SETTINGS, extractor=FakeExtractor())
    catalogue = Catalogue(workspace.catalogue_path)
    put_metadata(catalogue, {name: {"age": at, "bed": f"bed {at}"} for at, name in enumerate(NAMES)})
    curation = Curation(catalogue)
    curation.put_set("mine", ["e", "A/a"])
    curation.add_tag("odd", ["B/c"])
    curation.put_note("A/b", "look again")
    return workspace


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:
    """Return a copy of it to damage, with scans of its own, whose run names them as its input."""
    shutil.copytree(whole.root, tmp_path / "w")
    copy = open_workspace(tmp_path / "w")
    config = copy.run("run").config_path
    config.write_text(config.read_text("utf-8").replace(str(whole.root), str(copy.root)), "utf-8")
    return copy


def run_of(workspace: Workspace) -> RunFolder:
    """Return its run."""
    return workspace.run("run")


def known(workspace: Workspace) -> tuple[object, ...]:
    """Return everything that the catalogue knows, except for the place and the times of the files."""
    catalogue = Catalogue(workspace.catalogue_path)
    records = {
        name: (Path(record.path).name, record.kind, record.sha256, record.n_faces, record.extent_x, bool(record.error))
        for name, record in catalogue.specimens(str(workspace.meshes)).items()
    }
    curation = Curation(catalogue)
    return records, metadata_table(catalogue, NAMES).to_dict(), curation.sets(), curation.tags(), curation.notes()


def places(damages: tuple[Damage, ...]) -> list[str]:
    """Return the places of the damage."""
    return [damage.place for damage in damages]


def test_examine_workspace__finds_nothing_in_a_sound_one(workspace: Workspace) -> None:
    """Neither in a full one nor in an empty one, and it changes nothing."""
    before = bytes_below(workspace.root)
    assert examine_workspace(workspace) == ()
    assert examine_workspace(workspace, thoroughly=False) == ()
    assert set(bytes_below(workspace.root)) == set(before)


def test_examine_workspace__finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    """A workspace of the first day has no catalogue, which is no damage."""
    assert examine_workspace(open_workspace(tmp_path)) == ()


def test_repair_workspace__leaves_a_sound_one_alone(workspace: Workspace) -> None:
    """It says that it did nothing, and did nothing."""
    before = bytes_below(workspace.root / "runs")
    report = repair_workspace(workspace)
    assert (report.done, report.left) == ((), ())
    assert bytes_below(workspace.root / "runs") == before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.7, 0.95])
def test_repair_workspace__makes_a_truncated_catalogue_again(
    workspace: Workspace, whole: Workspace, share: float
) -> None:
    """Every specimen and every valid row is kept, and the next run renders nothing."""
    data = workspace.catalogue_path.read_bytes()
    workspace.catalogue_path.write_bytes(data[: int(share * len(data))] or b"no")
    assert "catalogue.sqlite" in places(examine_workspace(workspace))
    report = repair_workspace(workspace)
    assert report.left == ()
    assert "The damaged catalogue is kept as catalogue.damaged-1.sqlite." in report.done
    assert known(workspace)[0] == known(whole)[0]
    extractor = FakeExtractor()
    again = run_pipeline(workspace, SETTINGS, meshes=workspace.meshes, extractor=extractor)
    assert (extractor.calls, again.unchanged, len(again.failures)) == (0, len(NAMES), 1)


def test_repair_workspace__keeps_user_annotations(workspace: Workspace, whole: Workspace) -> None:
    """A catalogue with damaged specimens keeps all metadata, tags, sets and notes."""
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection, connection:
        connection.execute("UPDATE specimens SET sha256 = x'00ff' WHERE specimen_id = 'A/a'")
        connection.execute("INSERT INTO metadata VALUES ('zz', '[not fields]')")
        connection.execute("CREATE TABLE more (name TEXT, size REAL)")
        connection.execute("INSERT INTO more VALUES ('a', 1.5)")
    assert places(examine_workspace(workspace)) == ["catalogue.sqlite"]
    report = repair_workspace(workspace)
    assert "5 rows of 'metadata' were read from it." in report.done
    assert "1 rows of 'more' were read from it." in report.done
    assert report.left == ()
    assert known(workspace) == known(whole)


def test_repair_workspace__understands_an_older_catalogue(workspace: Workspace, whole: Workspace) -> None:
    """One that lacks a column is made new, and loses nothing."""
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection, connection:
        connection.execute("ALTER TABLE specimens DROP COLUMN extent_x")
        connection.execute("PRAGMA user_version = 0")
    (damage,) = examine_workspace(workspace)
    assert "no such column: extent_x" in damage.problem
    assert repair_workspace(workspace).left == ()
    assert known(workspace)[1:] == known(whole)[1:]


def test_repair_workspace__makes_a_lost_catalogue_and_lost_pictures_again(
    workspace: Workspace, whole: Workspace
) -> None:
    """From the scans alone."""
    workspace.catalogue_path.unlink()
    shutil.rmtree(workspace.thumbnails)
    report = repair_workspace(workspace)
    assert report.done[-1] == f"6 of 6 scans in {workspace.meshes} were read again."
    assert known(workspace)[0] == known(whole)[0]
    assert len(list(workspace.thumbnails.rglob("*.webp"))) == len(NAMES)


def test_repair_workspace__leaves_the_catalogue_of_a_newer_version_alone(workspace: Workspace) -> None:
    """It is no damage: the program is to be updated."""
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    (damage,) = examine_workspace(workspace)
    assert (damage.is_mendable, damage.remedy) == (False, "Update FossilViT Explorer.")
    with pytest.raises(NewerVersionError, match=r"newer version of this program \(format 99, here 1\)\. Update"):
        repair_workspace(workspace)


@pytest.mark.parametrize("damage", ["ids short", "ids gone", "matrix cut", "matrix gone", "nan", "ids text"])
def test_repair_workspace__reassembles_embeddings(workspace: Workspace, damage: str) -> None:
    """A damaged matrix is assembled from the single embeddings with the same bytes."""
    run = run_of(workspace)
    before = bytes_below(run.root)
    matrix = np.load(run.matrix_path)
    match damage:
        case "ids short":
            run.ids_path.write_text("A/a\nA/b\n", encoding="utf-8")
        case "ids gone":
            run.ids_path.unlink()
        case "matrix cut":
            run.matrix_path.write_bytes(run.matrix_path.read_bytes()[:-7])
        case "matrix gone":
            run.matrix_path.unlink()
        case "nan":
            np.save(run.matrix_path, np.where(np.arange(16) == 3, np.nan, matrix))
        case _:
            run.ids_path.write_bytes(b"\xff\xfe\x00")
    (found,) = examine_workspace(workspace)
    assert (found.place, found.is_mendable) == ("runs/run/embeddings", True)
    report = repair_workspace(workspace)
    assert report.done == ("The embeddings of the run 'run' were put together again from 5 files.",)
    assert report.left == ()
    assert bytes_below(run.root) == before


def test_repair_workspace__names_what_only_a_run_can_make_again(workspace: Workspace) -> None:
    """A partly deleted run is reported with a remedy that restores the same bytes."""
    run = run_of(workspace)
    before = bytes_below(run.root)
    shutil.rmtree(run.features / "A")
    (run.embeddings / "B" / "c.npy").unlink()
    run.matrix_path.unlink()
    report = repair_workspace(workspace)
    assert report.done == ("The embeddings of the run 'run' were put together again from 4 files; 1 are gone.",)
    (left,) = report.left
    assert left.problem == "3 files of specimens are gone from the run 'run'."
    assert left.remedy == "Start the run 'run' again with the same settings: what it has done is kept."
    run_pipeline(workspace, SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor())
    assert examine_workspace(workspace) == ()
    assert bytes_below(run.root) == before


def test_repair_workspace__deletes_unreadable_files(workspace: Workspace) -> None:
    """Truncated, empty and NaN files are deleted, and the run writes the same bytes."""
    run = run_of(workspace)
    before = bytes_below(run.root)
    features = sorted(run.features.rglob("*.npy"))
    features[0].write_bytes(features[0].read_bytes()[:100])
    features[1].write_bytes(b"")
    np.save(features[2], np.full_like(np.load(features[2]), np.nan))
    (damage,) = examine_workspace(workspace)
    assert damage.problem == "3 files of specimens cannot be read in the run 'run'."
    assert damage.is_mendable
    report = repair_workspace(workspace)
    assert report.done == ("3 files of specimens that could not be read were taken away.",)
    (left,) = report.left
    assert left.problem == "3 files of specimens are gone from the run 'run'."
    run_pipeline(workspace, SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor())
    assert examine_workspace(workspace) == ()
    assert bytes_below(run.root) == before


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, r"The run 'run' has lost its configuration\."),
        (b"{", r"cannot be read as JSON"),
        (b"[" * 100_000, r"cannot be read as JSON"),
        (b"[]", r"is not a configuration"),
        (b'{"format": 2}', r"newer version of this program \(format 2, here 1\)"),
        (b'{"format": "x"}', r"is damaged: its format is 'x'"),
        (b'{"views": 5}', r"its part 'views' cannot be understood"),
    ],
)
def test_examine_workspace__names_a_damaged_configuration(
    workspace: Workspace, config: bytes | None, problem: str
) -> None:
    """Gone, no JSON, no configuration, of another time."""
    path = run_of(workspace).config_path
    path.unlink() if config is None else path.write_bytes(config)
    (damage,) = examine_workspace(workspace, thoroughly=False)
    assert damage.place == "runs/run/config.json"
    assert re.search(problem, damage.problem)
    assert not damage.is_mendable


def test_examine_workspace__ignores_damaged_manifests(workspace: Workspace) -> None:
    """After a damaged manifest the next run repeats the work without lost results."""
    run = run_of(workspace)
    before = bytes_below(run.root)
    Manifest(run.features).path.write_bytes(b"\x00\xff" * 500)
    assert examine_workspace(workspace) == ()
    run_pipeline(workspace, SETTINGS, meshes=workspace.meshes, extractor=FakeExtractor())
    assert bytes_below(run.root) == before


def test_repair_workspace__waits_for_no_run(workspace: Workspace) -> None:
    """While another process works there, nothing is changed."""
    with workspace.locked(), pytest.raises(BusyError):
        repair_workspace(workspace)


def test_repair__says_what_it_did(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The command reports damage and repairs, and its status whether damage remains."""
    run = run_of(workspace)
    run.ids_path.unlink()
    words = ["repair", "--workspace", str(workspace.root), "--workers", "0"]
    assert main(["repair", "--workspace", str(workspace.root / "nope")]) == 1
    assert f"There is no workspace {workspace.root / 'nope'}." in capsys.readouterr().err
    assert not (workspace.root / "nope").exists()
    assert main([*words, "--dry-run"]) == 3
    assert "runs/run/embeddings: " in capsys.readouterr().err
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "The embeddings of the run 'run' were put together again from 5 files." in said
    assert f"The workspace {workspace.root} is undamaged." in said
    config = json.loads(run.config_path.read_text(encoding="utf-8"))
    run.config_path.write_text(json.dumps({**config, "format": 7}), encoding="utf-8")
    assert main(words) == 3
    assert "Update FossilViT Explorer." in capsys.readouterr().err
