"""Workspaces that are moved, and input folders that are renamed: work is found, ghosts are not."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli import main
from core.clusters import ClusterSettings
from core.collection import Curation, file_of, known_specimens, specimens_in_use
from core.pipeline import RunReport, RunSettings, run_pipeline
from core.views import ViewSettings
from core.workspace import Catalogue, SpecimenRecord, Workspace, hashes_of, open_workspace, pictures_of_run
from tests.fakes import FakeExtractor, write_specimens

SETTINGS = RunSettings(
    views=ViewSettings(views=2), name="run", workers=0, clusters=ClusterSettings(min_cluster_size=2, pca=0)
)
NAMES = "Molars/a Molars/b Shells/c d"
pytestmark = pytest.mark.specimens(NAMES)


def run(workspace: Workspace, meshes: Path | None = None, name: str = "run") -> RunReport:
    """Run with the fake extractor."""
    return run_pipeline(workspace, replace(SETTINGS, name=name), meshes=meshes, extractor=FakeExtractor())


def moved(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Move a workspace and open it."""
    place = tmp_path / "another disk" / "data"
    place.parent.mkdir()
    shutil.move(workspace.root, place)
    return open_workspace(place)


def as_of_an_earlier_version(workspace: Workspace) -> None:
    """Give the catalogue and the runs the absolute paths that earlier versions wrote."""
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection, connection:
        absolute = "UPDATE specimens SET source = ? || substr(source, 2), path = ? || substr(path, 2)"
        connection.execute(absolute, (str(workspace.root),) * 2)
        connection.execute("UPDATE specimens SET stamp = '', beside = ''")
    for folder in workspace.runs():
        config = json.loads(folder.config_path.read_text())
        config.pop("input_in_workspace", None)
        folder.config_path.write_text(json.dumps(config))


def listed(workspace: Workspace, command: str = "table") -> list[str]:
    """Return the ids that a command lists."""
    out = workspace.root.parent / f"{command}.csv"
    assert main([command, "--workspace", str(workspace.root), "--out", str(out), "--quiet"]) == 0
    with out.open(newline="", encoding="utf-8") as stream:
        return [row["specimen_id"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize("earlier", [False, True], ids=["this version", "earlier version"])
def test_moved_workspace__finds_its_work(workspace: Workspace, tmp_path: Path, earlier: bool) -> None:
    """No specimen is read again, and screens find files, pictures and settings in the new place."""
    before = run(workspace).run.matrix_path.read_bytes()
    if earlier:
        as_of_an_earlier_version(workspace)
    after = moved(workspace, tmp_path)
    assert listed(after) == sorted(NAMES.split())
    folder = after.run("run")
    assert folder.config()["input"] == str(after.meshes)
    assert file_of(folder, "Molars/a") == after.meshes / "Molars" / "a.off"
    assert sorted(hashes_of(folder)) == sorted(pictures_of_run(folder)) == sorted(NAMES.split())
    records = Catalogue(after.catalogue_path).specimens(str(after.meshes))
    assert all(Path(record.path).is_relative_to(after.meshes) for record in records.values())
    report = run(after)
    assert (report.done, report.unchanged) == (0, 4)
    assert folder.matrix_path.read_bytes() == before
    assert Catalogue(after.catalogue_path).sources() == [str(after.meshes)]


def test_moved_workspace__reads_what_changed(workspace: Workspace, tmp_path: Path) -> None:
    """A file that changed on the way is made again."""
    run(workspace)
    as_of_an_earlier_version(workspace)
    write_specimens(workspace.meshes, "Shells/x")
    (workspace.meshes / "Shells" / "x.off").replace(workspace.meshes / "Shells" / "c.off")
    after = moved(workspace, tmp_path)
    report = run(after)
    assert (report.done, report.unchanged) == (1, 3)


def test_moved_workspace__keeps_folders_outside(workspace: Workspace, tmp_path: Path) -> None:
    """An input folder elsewhere is neither moved nor taken for the folder of the same name inside."""
    outside = tmp_path / "usb" / "meshes"
    write_specimens(outside, "Corals/e")
    run(workspace, outside, "outside")
    shutil.rmtree(outside)
    after = moved(workspace, tmp_path)
    assert Catalogue(after.catalogue_path).sources() == [str(outside)]
    assert after.run("outside").config()["input"] == str(outside)


def test_copied_workspace__reads_its_own_files(workspace: Workspace, tmp_path: Path) -> None:
    """A copy beside the original shows the files of the copy."""
    run(workspace)
    shutil.copytree(workspace.root, tmp_path / "copy")
    copy = open_workspace(tmp_path / "copy")
    assert copy.run("run").config()["input"] == str(copy.meshes)
    assert run(copy).done == 0


def test_catalogue__holds_no_absolute_path_of_the_workspace(workspace: Workspace) -> None:
    """Paths inside are relative in the file and absolute for callers."""
    run(workspace)
    with closing(sqlite3.connect(workspace.catalogue_path)) as connection:
        rows = connection.execute("SELECT DISTINCT source, path FROM specimens ORDER BY path").fetchall()
    assert rows[0] == ("./meshes", "./meshes/Molars/a.off")
    record = Catalogue(workspace.catalogue_path).specimens(str(workspace.meshes))["Molars/a"]
    assert (record.source, record.path) == (str(workspace.meshes), str(workspace.meshes / "Molars" / "a.off"))


def test_renamed_folder__leaves_no_ghosts(workspace: Workspace, tmp_path: Path) -> None:
    """Specimens of the old folder that are not in the new one are listed no more, and named."""
    old, new = tmp_path / "old", tmp_path / "new"
    write_specimens(old, "Corals/e Corals/f")
    run(workspace, old, "corals")
    old.rename(new)
    (new / "Corals" / "f.off").rename(new / "Corals" / "g.off")
    assert listed(workspace) == ["Corals/e", "Corals/f"]  # the run still holds both
    report = run(workspace, new, "corals")
    assert (report.done, report.unchanged) == (1, 1)  # the renamed folder's work is found
    for command in ("table", "measure"):
        assert listed(workspace, command) == ["Corals/e", "Corals/g"]
    assert sorted(known_specimens(workspace)) == ["Corals/e", "Corals/g"]
    assert specimens_in_use(workspace).gone == ("Corals/f",)


def test_renamed_category__leaves_no_ghosts(workspace: Workspace) -> None:
    """After the next run, the table has the new ids alone."""
    run(workspace)
    (workspace.meshes / "Molars").rename(workspace.meshes / "Teeth")
    run(workspace)
    for command in ("table", "measure"):
        assert listed(workspace, command) == ["Shells/c", "Teeth/a", "Teeth/b", "d"]


def test_table__prefers_the_folder_that_has_the_file(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one id in two folders, the record of the file that is there."""
    write_specimens(tmp_path / "a", "Corals/e")
    write_specimens(tmp_path / "z", "Corals/e")
    run(workspace, tmp_path / "a", "one")
    run(workspace, tmp_path / "z", "two")
    shutil.rmtree(tmp_path / "z")
    assert specimens_in_use(workspace).records["Corals/e"].path == str(tmp_path / "a" / "Corals" / "e.off")
    assert listed(workspace, "measure") == ["Corals/e"]
    assert "Left out" not in capsys.readouterr().err


def test_table__shows_what_was_written_about_a_missing_file(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tag or a note is not hidden because the file is missing; other missing files are named."""
    catalogue = Catalogue(workspace.catalogue_path)
    source = str(workspace.meshes)
    catalogue.put_specimens(SpecimenRecord(source, name, f"{source}/{name}.off") for name in ("tagged", "plain"))
    Curation(catalogue).add_tag("holotype", ["tagged"])
    assert listed(workspace) == ["tagged"]
    assert "plain" in capsys.readouterr().err


def test_copied_workspace__without_its_scans_reads_the_original(workspace: Workspace, tmp_path: Path) -> None:
    """Runs and catalogue of the copy know the scans where they are."""
    run(workspace)
    shutil.copytree(workspace.root, tmp_path / "copy", ignore=shutil.ignore_patterns("meshes", ".lock"))
    copy = open_workspace(tmp_path / "copy")
    folder = copy.run("run")
    assert folder.config()["input"] == str(workspace.meshes)
    assert file_of(folder, "Molars/a") == workspace.meshes / "Molars" / "a.off"
    assert sorted(pictures_of_run(folder)) == sorted(NAMES.split())
    assert Catalogue(copy.catalogue_path).sources() == [str(workspace.meshes)]
    assert run(copy, workspace.meshes).done == 0
