"""The command `map`: coordinates as in the app, their settings, pages and drawings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.maps import MapSettings, map_in
from tests.fakes import bytes_below, rows_of


@pytest.fixture
def call(embeddings: list[str], tmp_path: Path) -> list[str]:
    """Return the arguments that map three groups into the folder `map`."""
    return ["map", *embeddings, "--out", str(tmp_path / "map")]


def embeddings_of(call: list[str]) -> Embeddings:
    """Return the embeddings of a call."""
    return read_embeddings(Path(call[2]), Path(call[4]))


@pytest.mark.parametrize("method", ["pca", "umap", "tsne", "pacmap"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_map__has_the_coordinates_of_the_app(
    tmp_path: Path, call: list[str], method: str, dimensions: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal to the bit.

    A second call does nothing; another seed makes a new map.
    """
    words = [*call, "--method", method, "--dimensions", str(dimensions), "--n_neighbors", "8"]
    assert main(words) == 0
    said = capsys.readouterr().out
    settings = MapSettings(method=method, dimensions=dimensions, n_neighbors=8)
    shown = map_in(tmp_path / "app", embeddings_of(call), settings)
    rows = rows_of(tmp_path / "map" / "map.csv")
    assert list(rows[0]) == ["specimen_id", *"xyz"[:dimensions]]
    assert tuple(row["specimen_id"] for row in rows) == shown.ids
    found = np.array([[row[axis] for axis in "xyz"[:dimensions]] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(found, shown.coordinates)
    about = json.loads((tmp_path / "map" / "map.json").read_text(encoding="utf-8"))
    assert about["settings"]["method"] == method
    assert about["n_total"] == 34
    assert 0.5 < about["trustworthiness"] <= 1
    assert f"trustworthiness {about['trustworthiness']:.2f}" in said
    before = bytes_below(tmp_path / "map")
    assert set(before) == {"map.csv", "map.json", "manifest.jsonl"}
    assert main(words) == 0
    assert "Map: nothing to do, map.csv is already there" in capsys.readouterr().out
    assert bytes_below(tmp_path / "map") == before


def test_map__adds_page_and_drawing_to_existing_coordinates(
    tmp_path: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A later call adds page and drawing.

    Other colours draw them again; the table stays.
    """
    words = [*call, "--method", "pca"]
    assert main(words) == 0
    table = tmp_path / "map" / "map.csv"
    stamp = table.stat().st_mtime_ns
    capsys.readouterr()
    assert main([*words, "--html", "--svg"]) == 0
    assert "Written to " in (said := capsys.readouterr().out)
    assert said.rstrip().endswith("map.html, map.svg")
    page = (tmp_path / "map" / "map.html").read_text(encoding="utf-8")
    assert '"column": "category"' in page
    assert not re.search(r"(?:src|href)=[\"']?https?://", page)
    drawing = (tmp_path / "map" / "map.svg").read_text(encoding="utf-8")
    assert "Ammonoids/Oxycone" in drawing
    assert "trustworthiness" in drawing
    assert main([*words, "--html", "--svg"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main([*words, "--svg", "--colour", "category:1"]) == 0
    assert "Ammonoids/Oxycone" not in (tmp_path / "map" / "map.svg").read_text(encoding="utf-8")
    assert table.stat().st_mtime_ns == stamp


def test_map__is_coloured_by_clusters_or_labels(
    tmp_path: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By a clusters.csv or a CSV of labels.

    Specimens without either are grey, with a note.
    """
    clusters, labels = tmp_path / "clusters.csv", tmp_path / "labels.csv"
    ids = embeddings_of(call).ids
    lines = [f"{name},{-1 if row < 4 else row % 2},1.0" for row, name in enumerate(ids[:-3])]
    clusters.write_text("specimen_id,cluster_id,prob\n" + "\n".join(lines) + "\n", encoding="utf-8")
    labels.write_text("specimen_id,label\n" + "\n".join(f"{name},歯" for name in ids[5:]), encoding="utf-8")
    words = [*call, "--method", "pca", "--html", "--svg"]
    assert main([*words, "--colour", str(clusters)]) == 0
    assert f"3 of 34 specimens are not in {clusters} and are grey" in capsys.readouterr().out
    page = (tmp_path / "map" / "map.html").read_text(encoding="utf-8")
    assert '"column": "cluster"' in page
    assert '"names": ["0", "1"]' in page
    assert main([*words, "--colour", str(labels)]) == 0
    assert "5 of 34 specimens have no label" in capsys.readouterr().out
    assert "歯" in (tmp_path / "map" / "map.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "prose"),
    [
        (["--dimensions", "3", "--svg"], "An SVG shows maps of two dimensions. Leave --svg out"),
        (["--dimensions", "4"], "--dimensions: invalid choice: 4"),
        (["--method", "mds"], "--method: invalid choice: 'mds'"),
        (["--n-neighbors", "1"], "'n_neighbors' must be at least 2 (got 1)"),
        (["--colour", "nowhere.csv"], "The labels 'nowhere.csv' are not there"),
        (["--colour", "other"], "None of the specimens is in "),
    ],
)
def test_map__says_what_is_wrong(
    tmp_path: Path, call: list[str], flags: list[str], prose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, what is given and what is allowed.

    Nothing is written.
    """
    other = tmp_path / "clusters.csv"
    other.write_text("specimen_id,cluster_id,prob\nnobody,0,1\n", encoding="utf-8")
    given = [str(other) if flag == "other" else flag for flag in flags]
    assert main([*call, *given]) == 1
    assert prose in capsys.readouterr().err
    assert not (tmp_path / "map").exists()


def test_map__of_one_specimen_and_without_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A single specimen has coordinates.

    Without categories all points are grey.
    """
    write_embeddings(tmp_path, Embeddings(("alone",), np.ones((1, 4), dtype=np.float32)))
    call = ["map", "--emb", str(tmp_path / "embeddings.npy"), "--ids", str(tmp_path / "ids.txt"), "--svg", "--html"]
    assert main([*call, "--out", str(tmp_path / "map")]) == 0
    assert "UMAP needs at least 4 specimens" in capsys.readouterr().out
    assert len(rows_of(tmp_path / "map" / "map.csv")) == 1
