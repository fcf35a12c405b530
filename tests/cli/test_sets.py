"""The commands `tags` and `sets`."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cli import main
from core.collection import Curation
from core.workspace import Catalogue, SpecimenRecord, Workspace, open_workspace

A, B, C = "Boxes/a", "Boxes/b", "Teeth/歯"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of three specimens."""
    made = open_workspace(tmp_path / "data")
    records = [SpecimenRecord(str(made.meshes), name, f"{name}.ply", kind="mesh") for name in (A, B, C)]
    Catalogue(made.catalogue_path).put_specimens(records)
    return made


@pytest.fixture
def curation(workspace: Workspace) -> Curation:
    """Return its tags and sets."""
    return Curation(Catalogue(workspace.catalogue_path))


def call(workspace: Workspace, command: str, *words: object) -> int:
    """Call a command on the workspace."""
    return main([command, "--workspace", str(workspace.root), *map(str, words)])


def test_tags__are_added_listed_and_removed(
    workspace: Workspace, curation: Curation, capsys: pytest.CaptureFixture[str]
) -> None:
    """By ids and by a set.

    Removed from some, then from all.
    """
    assert call(workspace, "tags") == 0
    assert "There are no tags yet." in capsys.readouterr().out
    curation.put_set("mine", [B, C])
    assert call(workspace, "tags", "--add", "left", "--specimens", A, "--set", "mine") == 0
    assert curation.tags() == dict.fromkeys((A, B, C), ("left",))
    assert call(workspace, "tags", "--remove", "left", "--specimens", A) == 0
    assert curation.tags() == dict.fromkeys((B, C), ("left",))
    capsys.readouterr()
    assert call(workspace, "tags") == 0
    assert capsys.readouterr().out.split() == ["left", "2", "specimens"]
    assert call(workspace, "tags", "--remove", "left") == 0
    assert curation.tags() == {}


def test_tags__of_unknown_specimens(
    workspace: Workspace, curation: Curation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 3, and the other specimens are tagged.

    Status 1 if no specimen is known.
    """
    (tmp_path / "ids.txt").write_text(f"{A}\n\nBoxes/typo\n", encoding="utf-8")
    assert call(workspace, "tags", "--add", "left", "--file", tmp_path / "ids.txt") == 3
    assert "Passed over Boxes/typo: there is no such specimen." in capsys.readouterr().err
    assert curation.tags() == {A: ("left",)}
    assert call(workspace, "tags", "--add", "right", "--specimens", "nobody") == 1
    assert "None of these specimens is in the workspace." in capsys.readouterr().err
    assert curation.tags() == {A: ("left",)}


def test_tags__csv_can_be_read_again(workspace: Workspace, curation: Curation, tmp_path: Path) -> None:
    """The output of one call gives the specimens of another."""
    curation.add_tag("left", [A, C])
    out = tmp_path / "tags.csv"
    assert call(workspace, "tags", "--out", out) == 0
    assert out.read_text(encoding="utf-8") == f"specimen_id,tag\n{A},left\n{C},left\n"
    assert call(workspace, "tags", "--add", "seen", "--file", out) == 0
    assert curation.tags() == {A: ("left", "seen"), C: ("left", "seen")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tags", "--add", "x"), "No specimens are given for the tag."),
        (("tags", "--add", "x", "--remove", "y", "--specimens", A), "--add and --remove cannot be given together."),
        (("tags", "--specimens", A), "Give --add, --remove or --out."),
        (("tags", "--add", "a;b", "--specimens", A), "'a;b' cannot be the name of a tag."),
        (("tags", "--add", "x", "--set", "none"), "There is no set 'none'. There are: none."),
        (("tags", "--add", "x", "--file", "nowhere.txt"), "The file 'nowhere.txt' is not there."),
        (("sets", "--specimens", A), "No set is named. Give --name."),
        (("sets", "--name", "x", "--delete"), "There is no set 'x'."),
        (("sets", "--name", "x", "--delete", "--specimens", A), "--delete, --in and specimens cannot"),
    ],
)
def test_tags_and_sets__say_what_is_missing(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """Status 1, the problem and the advice."""
    assert call(workspace, *words) == 1
    assert said in capsys.readouterr().err


def test_sets__export_and_import(
    workspace: Workspace, curation: Curation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sets keep their order through export and import.

    --overwrite replaces a set.
    """
    assert call(workspace, "sets", "--name", "mine", "--specimens", C, A) == 0
    assert call(workspace, "sets", "--name", "mine", "--specimens", B) == 1
    assert "There is a set 'mine' already." in capsys.readouterr().err
    out = tmp_path / "sets.csv"
    assert call(workspace, "sets", "--out", out) == 0
    assert out.read_text(encoding="utf-8") == f"set,specimen_id\nmine,{C}\nmine,{A}\n"
    assert call(workspace, "sets", "--name", "mine", "--delete") == 0
    assert curation.sets() == {}
    assert call(workspace, "sets", "--in", out) == 0
    assert curation.sets() == {"mine": (C, A)}
    out.write_text(f"set,specimen_id\nmine,{B}\nmine,nobody\n", encoding="utf-8")
    assert call(workspace, "sets", "--in", out) == 1
    assert call(workspace, "sets", "--in", out, "--overwrite") == 3
    assert curation.sets() == {"mine": (B,)}
    capsys.readouterr()
    assert call(workspace, "sets") == 0
    assert capsys.readouterr().out.split() == ["mine", "1", "specimen"]


def test_sets__refuse_another_table(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table without the two columns is named, with advice."""
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert call(workspace, "sets", "--in", tmp_path / "t.csv") == 1
    assert "t.csv has no columns set and specimen_id." in capsys.readouterr().err
