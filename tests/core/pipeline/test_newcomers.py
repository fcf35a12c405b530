"""Files outside the collection: described as those of the run, never added to it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.collection import file_of, specimen_at
from core.foundation import InputError, MissingStageError, SpecimenError, WeightsError, WorkspaceError, file_of_specimen
from core.pipeline import Describer
from core.pipeline.newcomers import check_same_backbone
from core.storage import read_json, read_npy, write_json
from core.workspace import RunFolder
from tests.fakes import PIXELS, FakeExtractor, bytes_below, write_specimen, write_specimens

pytestmark = pytest.mark.specimens("A/one A/two B/three B/four")


def test_describer__sees_a_file_as_the_run_does(run: RunFolder) -> None:
    """A specimen of the run, described again, has the very same features.

    Nothing is written.
    """
    before = bytes_below(run.root)
    newcomer = Describer(run, extractor=FakeExtractor()).describe(file_of(run, "A/one"), mirror=True)
    assert newcomer.name == "one"
    assert np.array_equal(newcomer.features, read_npy(file_of_specimen(run.features, "A/one", ".npy")))
    assert np.array_equal(newcomer.embedding, read_npy(file_of_specimen(run.embeddings, "A/one", ".npy")))
    fields = newcomer.features.reshape(3, 4, 4)[:, :, ::-1].reshape(3, 16)
    assert newcomer.mirrored is not None
    assert np.allclose(newcomer.mirrored, fields, atol=1e-3)
    assert bytes_below(run.root) == before


def test_describer__takes_photographs(run: RunFolder, tmp_path: Path) -> None:
    """One, or a folder of them: a view each, of the run's size."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):
        Image.new("RGB", (90, 60), (number * 90, 20, 30)).save(folder / f"{number}.jpg")
    describer = Describer(run, extractor=FakeExtractor())
    several, one = describer.describe(folder), describer.describe(folder / "1.jpg")
    assert several.views.images.shape == (2, PIXELS, PIXELS, 3)
    assert (several.name, one.name) == ("photos", "1")
    assert np.array_equal(one.features, several.features[1:])


def test_describer__refuses_other_weights(run: RunFolder) -> None:
    """Another backbone is an error, because its features have another meaning."""
    with pytest.raises(WeightsError, match=r"The run was made with other backbone: fake, here other\. Give the same"):
        Describer(run, extractor=FakeExtractor("other"))


def test_describer__says_what_is_wrong_with_a_run(run: RunFolder) -> None:
    """An incomplete configuration is an error."""
    write_json(run.config_path, {"features": {}})
    with pytest.raises(WorkspaceError, match="does not say how its views and features were made"):
        Describer(run, extractor=FakeExtractor())


@pytest.mark.parametrize("key", ["weights_sha256", "image_size", "layer"])
def test_check_same_backbone__names_what_differs(key: str) -> None:
    """Engine and device may differ.

    Settings that change the features may not, in any part.
    """
    recorded = {"weights_sha256": "a" * 64, "image_size": 224, "engine": "openvino", "layer": 3}
    check_same_backbone(recorded, {**recorded, "engine": "torch", "device": "cuda"})
    with pytest.raises(WeightsError, match=f"other {key.replace('_sha256', '').replace('_', ' ')}: "):
        check_same_backbone(recorded, {**recorded, key: "else"})
    with pytest.raises(WeightsError, match="other parts"):
        check_same_backbone({"parts": [recorded]}, {"parts": [{**recorded, key: "else"}]})


def test_specimen_at__says_what_it_takes(tmp_path: Path) -> None:
    """Missing, empty, or of another kind."""
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    for path, prose in (
        (tmp_path / "none.ply", "is not there"),
        (tmp_path, "holds no photographs"),
        (tmp_path / "notes.txt", r"neither a mesh nor a photograph\. Meshes end in \.ply"),
    ):
        with pytest.raises(InputError, match=prose):
            specimen_at(path)


def test_describe__says_why_a_file_cannot_be_used(run: RunFolder, tmp_path: Path) -> None:
    """The error gives the reason of the reader."""
    (tmp_path / "bad.ply").write_bytes(b"ply\nnonsense")
    with pytest.raises(SpecimenError, match=r"bad\.ply cannot be used: "):
        Describer(run, extractor=FakeExtractor()).describe(tmp_path / "bad.ply")


def test_file_of__says_where_it_was(run: RunFolder) -> None:
    """A missing input folder is an error."""
    shutil.rmtree(read_json(run.config_path)["input"])
    with pytest.raises(MissingStageError, match="The file of A/one is no longer in "):
        file_of(run, "A/one")


def test_search__by_a_file_through_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line: a copy of a specimen finds it first, by embedding, by views, and mirrored."""
    workspace = tmp_path / "workspace"
    write_specimens(workspace / "meshes", "A/one A/two B/three B/four")
    made = ["run", "--workspace", str(workspace), "--name", "r", "--model", "classical", "--views=3", "--workers=0"]
    assert main([*made, "--min-cluster-size", "2"]) == 0
    write_specimen(tmp_path / "one.off")
    run, out = str(workspace / "runs" / "r"), str(tmp_path / "out")
    views = ["--match", "maxsim", "--center", "--k-reciprocal", "--mirror"]
    for flags in ([], views, ["--only-category", "A"]):
        assert main(["search", "--run", run, "--file", str(tmp_path / "one.off"), "--out", out, *flags]) == 0
        with (tmp_path / "out" / "knn_one.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert (rows[0]["query_id"], rows[0]["neighbor_id"]) == ("one", "A/one")
        assert rows[0]["distance"] == "0.000000" or flags == views  # re-ranking compares neighbourhoods, too
        assert len(rows) == (2 if "A" in flags else 4)
    assert main(["search", "--run", run, "--query", "one", "--out", out, "--not-same-category", *views]) == 0
    assert "Nearest to A/one (maxsim of views distance):" in capsys.readouterr().out
    several = ["--query", "one", "--also", "two", "--unlike", "four", "--combine", "any"]
    assert main(["search", "--run", run, "--out", out, *several]) == 0
    assert "   1  " in capsys.readouterr().out.split("A/one + A/two - B/four")[1].split("B/three")[0]


@pytest.mark.parametrize(
    ("flags", "prose"),
    [
        (["--file", "x.ply"], "--file needs the settings of a run. Give its folder with --run."),
        (["--query", "a", "--mirror", "--match", "maxsim"], "--mirror needs the settings of a run"),
        (["--query", "a", "--file", "x.ply"], "Both --query and --file"),
        (["--query", "a", "--run", "r", "--mirror"], "Add --match maxsim"),
        (["--query", "a", "--also", "b", "--match", "maxsim"], "--also and --unlike need --query"),
        (["--file", "x.ply", "--run", "r", "--not-same-category"], "a file outside the collection has no category"),
    ],
)
def test_search__says_which_flags_go_together(flags: list[str], prose: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is read."""
    assert main(["search", *flags]) == 1
    assert prose in capsys.readouterr().err
