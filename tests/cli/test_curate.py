"""The commands `metadata`, `measure` and `table`."""

from __future__ import annotations

from pathlib import Path

import pytest
import trimesh

from core.cli import main
from core.collection import Curation, read_metadata
from core.storage import sha256_of_file
from core.workspace import Catalogue, SpecimenRecord, Workspace, open_workspace
from tests.fakes import rows_of


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of two boxes, one of them open, and a missing file."""
    made = open_workspace(tmp_path / "data")
    box = trimesh.creation.box((4.0, 2.0, 1.0))
    whole, opened = made.meshes / "Boxes" / "nhm_0012_left.ply", made.meshes / "Boxes" / "nhm_0013.ply"
    whole.parent.mkdir()
    box.export(whole)
    box.update_faces([False, *[True] * 11])
    box.export(opened)
    records = [
        SpecimenRecord(str(made.meshes), f"Boxes/{path.stem}", str(path), kind="mesh", sha256=sha256_of_file(path))
        for path in (whole, opened)
    ]
    gone = SpecimenRecord(str(made.meshes), "Boxes/gone", str(made.meshes / "gone.ply"), kind="mesh", sha256="ab")
    Catalogue(made.catalogue_path).put_specimens([*records, gone])
    return made


def test_metadata__by_catalogue_number(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows without a match give status 3.

    --overwrite replaces values; --dry-run writes nothing, nor does a call without --yes.
    """
    table, call = (
        tmp_path / "m.csv",
        ["metadata", "--workspace", str(workspace.root), "--file", str(tmp_path / "m.csv")],
    )
    catalogue = Catalogue(workspace.catalogue_path)
    table.write_text("number,age\nNHM 12,1.5\nNHM 14,2\n")
    assert main([*call, "--dry-run"]) == 3
    assert read_metadata(catalogue) == {}
    assert main([*call, "--by", "catalogue-number"]) == 1
    assert read_metadata(catalogue) == {}
    said = capsys.readouterr()
    assert "'NHM 12' → Boxes/nhm_0012_left" in said.out
    assert "--by=catalogue-number --column=number --yes" in said.err
    assert main([*call, "--by", "catalogue-number", "--yes"]) == 3
    assert "Line 3, 'NHM 14': no such specimen." in capsys.readouterr().err
    assert read_metadata(catalogue) == {"Boxes/nhm_0012_left": {"number": "NHM 12", "age": 1.5}}
    table.write_text("number,age\nNHM 12,9\n")
    assert main([*call, "--yes"]) == 0
    assert "--overwrite replaces them" in capsys.readouterr().out
    assert read_metadata(catalogue)["Boxes/nhm_0012_left"]["age"] == 1.5
    assert main([*call, "--overwrite", "--yes"]) == 0
    assert read_metadata(catalogue)["Boxes/nhm_0012_left"]["age"] == 9


def test_metadata__nothing_fits(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, and advice."""
    (tmp_path / "m.csv").write_text("a,b\nx,y\n")
    assert main(["metadata", "--workspace", str(workspace.root), "--file", str(tmp_path / "m.csv")]) == 1
    assert "Name the column that holds ids" in capsys.readouterr().err


def test_measure__writes_what_can_be_measured(workspace: Workspace, tmp_path: Path) -> None:
    """Status 3 for a missing file.

    A volume only for closed surfaces.
    """
    assert main(["measure", "--workspace", str(workspace.root), "--out", str(tmp_path / "m.csv")]) == 3
    whole, opened = rows_of(tmp_path / "m.csv")
    assert (whole["specimen_id"], whole["surface"], float(whole["volume"])) == ("Boxes/nhm_0012_left", "closed", 8.0)
    assert (opened["specimen_id"], opened["surface"], opened["volume"]) == ("Boxes/nhm_0013", "open", "")


def test_table__has_sets_tags_and_notes(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All specimens, or a named set in its order.

    An unknown set is an error that lists the sets.
    """
    curation = Curation(Catalogue(workspace.catalogue_path))
    curation.put_set("mine", ["Boxes/nhm_0013", "Boxes/gone"])
    curation.add_tag("left", ["Boxes/gone"])
    call = ["table", "--workspace", str(workspace.root), "--out", str(tmp_path / "t.csv")]
    assert main(call) == 0
    first = rows_of(tmp_path / "t.csv")[0]
    assert (first["specimen_id"], first["tags"]) == ("Boxes/gone", "left")
    assert main([*call, "--set", "mine"]) == 0
    assert [row["specimen_id"] for row in rows_of(tmp_path / "t.csv")] == ["Boxes/nhm_0013", "Boxes/gone"]
    assert main([*call, "--set", "other"]) == 1
    assert "There are: mine." in capsys.readouterr().err
