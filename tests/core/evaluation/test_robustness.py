"""Tests of robustness: changes of a mesh, and the counts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.collection import SampleSettings, file_of, make_samples
from core.embeddings import read_embeddings
from core.evaluation import CHANGES, RobustnessSettings
from core.evaluation.robustness import measure_robustness
from core.foundation import InputError, SettingError, SpecimenError
from core.meshes import Mesh, read_mesh
from core.pipeline import Describer
from core.workspace import RunFolder
from tests.fakes import FakeExtractor, write_specimens

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """Return a sample specimen."""
    folder = tmp_path_factory.mktemp("samples")
    make_samples(folder, SampleSettings(per_category=1))
    return read_mesh(sorted(folder.rglob("*.ply"))[0])


pytestmark = pytest.mark.specimens("A/one A/two B/three C/four")


def test_changes__do_what_they_say(mesh: Mesh) -> None:
    """A rotation keeps all distances, a cut some faces, a cloud none."""
    turned = CHANGES["turned"](mesh, RNG)
    apart, before = (np.linalg.norm(np.diff(one.vertices, axis=0), axis=1) for one in (turned, mesh))
    assert np.allclose(apart, before)
    assert not np.allclose(turned.vertices, mesh.vertices)
    corners = turned.vertices[turned.faces[0]], mesh.vertices[mesh.faces[0]]
    volumes = [
        np.linalg.det(part - one.vertices.mean(axis=0)) for part, one in zip(corners, (turned, mesh), strict=True)
    ]
    assert volumes[0] == pytest.approx(volumes[1])  # rotated, not mirrored
    for name in ("decimated", "holes", "cut"):
        assert 0 < len(CHANGES[name](mesh, RNG).faces) < len(mesh.faces)
    assert CHANGES["cloud"](mesh, RNG).is_point_cloud
    noise = CHANGES["noise"](mesh, RNG).vertices - mesh.vertices
    assert noise.std() == pytest.approx(0.005 * mesh.extent.max(), rel=0.1)
    assert CHANGES["none"](mesh, RNG) is mesh


def test_changes__are_errors_if_nothing_is_left() -> None:
    """A cut through a mesh of one face."""
    tiny = Mesh(np.eye(3) * 1e-3 + [[0, 0, 0], [0, 0, 0], [0, 0, 0]], np.array([[0, 1, 2]], dtype=np.int32))
    with pytest.raises(SpecimenError, match="is left of it"):
        CHANGES["cut"](tiny, RNG)


def test_measure_robustness__counts_right_results(run: RunFolder) -> None:
    """Unchanged specimens find themselves, and only shared categories count."""
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    describer = Describer(run, extractor=FakeExtractor())
    settings = RobustnessSettings(("none", "turned"))
    unchanged, turned = measure_robustness(embeddings, describer, lambda name: file_of(run, name), settings)
    assert (unchanged.change, unchanged.n_specimens, unchanged.finds_itself) == ("none", 4, 1.0)
    assert (unchanged.n_with_class, turned.n_with_class) == (2, 2)
    again = measure_robustness(embeddings, describer, lambda name: file_of(run, name), settings)
    assert again == (unchanged, turned)


def test_measure_robustness__of_a_change_does_not_depend_on_the_others(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A specimen is changed in the same way, alone or after other changes."""
    given: dict[str, list[np.ndarray]] = {}
    noise = CHANGES["noise"]

    def watched(mesh: Mesh, rng: np.random.Generator) -> Mesh:
        made = noise(mesh, rng)
        given.setdefault(kind, []).append(made.vertices)
        return made

    monkeypatch.setitem(CHANGES, "noise", watched)
    embeddings, describer = read_embeddings(run.matrix_path, run.ids_path), Describer(run, extractor=FakeExtractor())
    for kind, changes in (("alone", ("noise",)), ("last", ("cut", "none", "noise"))):  # noqa: B007  # `watched` reads it
        measure_robustness(embeddings, describer, lambda name: file_of(run, name), RobustnessSettings(changes))
    assert len(given["alone"]) == 4
    assert all(np.array_equal(one, other) for one, other in zip(given["alone"], given["last"], strict=True))


def test_measure_robustness__needs_meshes(run: RunFolder, tmp_path: Path) -> None:
    """Unreadable files are skipped, but not all of them."""
    (tmp_path / "bad.ply").write_bytes(b"")
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    with pytest.raises(InputError, match="None of these specimens is a mesh"):
        measure_robustness(embeddings, Describer(run, extractor=FakeExtractor()), lambda _: tmp_path / "bad.ply")


@pytest.mark.parametrize(
    ("given", "prose"),
    [
        ({"changes": ("burnt",)}, r"'changes' must be of none, turned, .* \(got burnt\)"),
        ({"changes": ()}, r"\(got none\)"),
        ({"specimens": 0}, r"'specimens' must be at least 1 \(got 0\)"),
    ],
)
def test_robustness_settings__say_what_is_allowed(given: dict[str, object], prose: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(SettingError, match=prose):
        RobustnessSettings(**given)  # type: ignore[arg-type]


def test_robustness__on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table on the screen and in a file."""
    write_specimens(tmp_path / "w" / "meshes", "A/one A/two B/three")
    made = ["run", "--workspace", str(tmp_path / "w"), "--name", "r", "--model", "classical", "--views=2"]
    assert main([*made, "--workers=0", "--min-cluster-size=2"]) == 0
    call = ["robustness", "--run", str(tmp_path / "w" / "runs" / "r"), "--out", str(tmp_path / "out")]
    assert main([*call, "--changes", "none,noise", "--specimens", "2"]) == 0
    assert "none        100.0% of 2 nearest to themselves" in capsys.readouterr().out
    assert main([*call, "--changes", "none,noise", "--specimens", "2"]) == 0
    assert "Robustness: nothing to do" in capsys.readouterr().out
    with (tmp_path / "out" / "robustness.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["change"] for row in rows] == ["none", "noise"]
    assert main([*call, "--changes", "burnt"]) == 1
    assert "'changes' must be of none, turned" in capsys.readouterr().err
