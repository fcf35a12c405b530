"""Flags of matching: mirror images, and the comparison of several runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.cli import main
from core.collection import file_of
from core.embeddings import read_embeddings
from core.matching import FeatureFolder, Matcher, MatchSettings
from core.neighbours import SearchSettings
from core.pipeline import Describer
from core.workspace import RunFolder
from tests.fakes import write_specimens

NAMES = ("Left/one", "Left/two", "Left/three", "Other/four", "Other/five", "Other/six")
MIRRORED = "Right/one"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a run of six specimens and a mirror image, with symmetric cameras."""
    workspace = tmp_path_factory.mktemp("mirrored")
    write_specimens(workspace / "meshes", list(NAMES))
    lines = (workspace / "meshes" / "Left" / "one.off").read_text(encoding="ascii").splitlines()
    corners = [[float(number) for number in line.split()] for line in lines[2:6]]
    mirrored = [f"{-x} {y} {z}" for x, y, z in corners]
    faces = [" ".join(("3", *reversed(line.split()[1:]))) for line in lines[6:]]
    (workspace / "meshes" / "Right").mkdir()
    (workspace / "meshes" / "Right" / "one.off").write_text(
        "\n".join([*lines[:2], *mirrored, *faces]) + "\n", encoding="ascii"
    )
    make_run(workspace, "six_sides", "--layout", "faces", "--views", "6")
    make_run(workspace, "three_views", "--views", "3")
    return RunFolder(workspace / "runs" / "six_sides")


def make_run(workspace: Path, name: str, *views: str) -> None:
    """Make a run without a network."""
    words = ["run", "--workspace", str(workspace), "--name", name, "--model", "classical", "--workers", "0", *views]
    assert main([*words, "--min-cluster-size", "2", "--pca", "0", "--quiet"]) == 0


def first_of(folder: Path, name: str) -> dict[str, str]:
    """Return the nearest neighbour in a file of `search-all`."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return next(csv.DictReader(stream))


def test_search_all__mirror_finds_the_mirror_image(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Left finds right and right left, nearer than without.

    Settings are recorded; a second call is idle.
    """
    call = ["search-all", "--run", str(run.root), "--match", "maxsim", "--topk", "6"]
    plain, both = tmp_path / "plain", tmp_path / "both"
    assert main([*call, "--out", str(plain)]) == 0
    assert main([*call, "--mirror", "--out", str(both)]) == 0
    for name, other in (("Left/one", MIRRORED), (MIRRORED, "Left/one")):
        found, without = first_of(both, name), first_of(plain, name)
        assert found["neighbor_id"] == other
        assert float(found["distance"]) < 0.7 * float(without["distance"])
    recorded = [json.loads((folder / "settings.json").read_text(encoding="utf-8")) for folder in (plain, both)]
    assert [one["mirror"] for one in recorded] == [False, True]
    capsys.readouterr()
    assert main([*call, "--mirror", "--out", str(both)]) == 0
    assert "Search: nothing to do, 7 specimens already there" in capsys.readouterr().out


def test_search_all__mirror_agrees_with_the_function(run: RunFolder, tmp_path: Path) -> None:
    """The command gives the same as the function, by views and mirrored views."""
    call = ["search-all", "--run", str(run.root), "--match", "maxsim", "--whiten", "3", "--topk", "4", "--mirror"]
    assert main([*call, "--out", str(tmp_path)]) == 0
    embeddings, describer = read_embeddings(run.matrix_path, run.ids_path), Describer(run)
    settings = MatchSettings("maxsim", whiten=3)
    matcher = Matcher(embeddings, FeatureFolder(run.features), SearchSettings(4), settings)
    for name in embeddings.ids:
        expected = matcher.nearest(name, describer.mirrored(file_of(run, name)))
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            assert [row["neighbor_id"] for row in csv.DictReader(stream)] == list(expected.ids)


def test_evaluate__mirror_brings_left_and_right_together(run: RunFolder, tmp_path: Path) -> None:
    """With --mirror, the mirror image of the other side is the nearest.

    Without, it is not.
    """
    labels = tmp_path / "labels.csv"
    rows = [f"{name},{'pair' if name.endswith('/one') else name}" for name in (*NAMES, MIRRORED)]
    labels.write_text("specimen_id,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    call = ["evaluate", "--run", str(run.root), "--labels", str(labels), "--match", "maxsim", "--mirror"]
    assert main([*call, "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "retrieval.json").read_text(encoding="utf-8"))
    assert (found["ranking"]["match"], found["ranking"]["mirror"]) == ("maxsim", True)
    with (tmp_path / "queries.csv").open(encoding="utf-8", newline="") as stream:
        nearest = {row["specimen_id"]: row["nearest_id"] for row in csv.DictReader(stream)}
    assert nearest == {"Left/one": MIRRORED, MIRRORED: "Left/one"}


@pytest.mark.parametrize("command", ["search-all", "evaluate"])
def test_mirror__says_what_it_needs(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """--mirror needs views instead of embeddings, and a run with its settings."""
    assert main([command, "--run", str(run.root), "--mirror", "--out", str(tmp_path)]) == 1
    assert "Add --match maxsim." in capsys.readouterr().err
    flags = ["--emb", str(run.matrix_path), "--ids", str(run.ids_path), "--match", "maxsim", "--mirror"]
    assert main([command, *flags, "--out", str(tmp_path)]) == 1
    assert "Give its folder with --run." in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [[], ["--match", "maxsim", "--whiten", "3", "--k-reciprocal"], ["--match", "chamfer", "--mirror"]]
)
def test_compare__agrees_with_evaluate(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """Each run has the figures of `evaluate`.

    The matching is recorded, and a second call does nothing.
    """
    folders = [run.root, run.root.parent / "three_views"]
    call = ["compare", "--bootstrap", "20", *flags, "--out", str(tmp_path)]
    call += [word for folder in folders for word in ("--run", str(folder))]
    assert main(call) == 0
    assert ("the same way in all runs" in capsys.readouterr().out) is bool(flags)
    with (tmp_path / "comparison.csv").open(encoding="utf-8", newline="") as stream:
        values = {(row["run"], row["measure"]): float(row["value"]) for row in csv.DictReader(stream)}
    recorded = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["ranking"]
    for folder in folders:
        out = tmp_path / folder.name
        assert main(["evaluate", "--run", str(folder), "--bootstrap", "20", *flags, "--out", str(out)]) == 0
        alone = json.loads((out / "retrieval.json").read_text(encoding="utf-8"))
        for measure, value in alone["overall"].items():
            assert values[folder.name, measure] == pytest.approx(value, abs=1e-6)
        assert recorded[folder.name] == alone.get("ranking")
    capsys.readouterr()
    assert main(call) == 0
    assert "Compare: nothing to do" in capsys.readouterr().out
    assert main([*call, "--candidates", "3"]) == 0
    assert ("nothing to do" in capsys.readouterr().out) is not bool(flags)
