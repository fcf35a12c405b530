"""Difficult collections and labels for clustering."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.clusters import read_clusters

RNG = np.random.default_rng(0)
CLUSTERS = (np.repeat(np.eye(4), 10, axis=0) + 0.05 * RNG.normal(size=(40, 4))).astype(np.float32)


def put(folder: Path, matrix: np.ndarray) -> list[str]:
    """Write a matrix with ids g0/s00 …, ten to a folder, and return its flags."""
    np.save(folder / "e.npy", matrix.astype(np.float32))
    ids = [f"g{row // 10}/s{row:02d}" for row in range(len(matrix))]
    (folder / "ids.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")
    return ["--emb", str(folder / "e.npy"), "--ids", str(folder / "ids.txt"), "--out", str(folder / "out")]


@pytest.mark.parametrize(
    ("matrix", "flags", "sentence", "n_clusters"),
    [
        (CLUSTERS[:5], [], "fewer specimens (5) than 'min_cluster_size' (10)", 0),
        (CLUSTERS, ["--pca", "64"], "PCA was asked for 64 components; the data allow 4", 4),
        (CLUSTERS[:12], ["--umap", "--pca", "0", "--min-cluster-size", "3"], "UMAP was asked for 30 neighbours", None),
        (np.ones((20, 4)), [], "All embeddings are the same, so all specimens are one cluster", 1),
        (CLUSTERS[:1], ["--min-cluster-size", "2"], "fewer specimens (1) than 'min_cluster_size' (2)", 0),
        (CLUSTERS, ["--pca", "0", "--min-samples", "50", "--min-cluster-size", "30"], "No group", 0),
    ],
)
def test_cluster__notes_changed_settings(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    matrix: np.ndarray,
    flags: list[str],
    sentence: str,
    n_clusters: int | None,
) -> None:
    """A changed setting gives a note, and every specimen has its row."""
    assert main(["cluster", *put(tmp_path, matrix), *flags]) == 0
    said = capsys.readouterr()
    assert sentence in said.out + said.err
    assert len(read_clusters(tmp_path / "out" / "clusters.csv")[0]) == len(matrix)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert n_clusters in (None, summary["n_clusters"])


def test_cluster__a_constant_column_changes_nothing(tmp_path: Path) -> None:
    """A constant feature does not change the clusters."""
    wide = np.hstack([CLUSTERS, np.full((40, 1), 3.0)])
    found = []
    for name, matrix in (("plain", CLUSTERS), ("wide", wide)):
        (tmp_path / name).mkdir()
        flags = ["--metric", "euclidean", "--normalize", "none", "--pca", "4", "--quiet"]
        assert main(["cluster", *put(tmp_path / name, matrix), *flags]) == 0
        found.append(read_clusters(tmp_path / name / "out" / "clusters.csv")[1])
    np.testing.assert_array_equal(*found)
    assert found[0].max() == 3


def test_cluster__advises_if_much_is_noise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The next steps have flags and outcome, the mildest first, useless ones last."""
    noise = RNG.normal(size=(60, 16))
    assert main(["cluster", *put(tmp_path, noise), "--min-samples", "5"]) == 0
    said = capsys.readouterr()
    text = said.out + said.err
    steps = ["--min-samples 2; leads to", "--min-cluster-size 5; leads to", "--pca 50 --umap", "eom; no help here"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


ROWS = {f"g{row // 10}/s{row:02d}": f"heap {row // 10}" for row in range(40)}


@pytest.mark.parametrize(
    ("text", "encoding", "sentence"),
    [
        (
            "\n".join(f"{name},{label}" for name, label in list(ROWS.items())[:20]),
            "utf-8",
            "20 of 40 specimens have no",
        ),
        ("\n".join(f"{name},{label}" for name, label in {**ROWS, "g9/s99": "x"}.items()), "utf-8", "not in the collec"),
        ("\n".join(f"{name},{label}" for name, label in [*ROWS.items()] * 2), "utf-8", "40 lines repeat"),
        ("specimen_id,label\n" + "\n".join(f"{name},殻" for name in ROWS), "cp932", "read as Shift-JIS"),
        ("specimen_id,label\n" + "\n".join(f"{name},{label}" for name, label in ROWS.items()), "utf-8-sig", "settings"),
    ],
)
def test_cluster_sweep__labels_that_are_not_quite_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, encoding: str, sentence: str
) -> None:
    """Odd ids and encodings give a note, and the comparison is made."""
    (tmp_path / "labels.csv").write_text(text, encoding=encoding)
    tried = ["--try-pca", "0", "--try-min-samples", "1", "--try-min-cluster-size", "5"]
    assert main(["cluster-sweep", *put(tmp_path, CLUSTERS), "--labels", str(tmp_path / "labels.csv"), *tried]) == 0
    said = capsys.readouterr()
    assert sentence in said.out + said.err
    header = (tmp_path / "out" / "sweep_results.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"ari", "nmi", "purity"} <= set(header)


@pytest.mark.parametrize(
    ("flags", "prose"),
    [
        (["--try-pca", "many"], "'pca' must be a number"),
        (["--try-umap", "perhaps"], "'try-umap' must be yes or no"),
        (["--try-min-samples", "1,x"], "'try-min_samples' must be numbers"),
        (["--try-min-samples", "0"], "'min_samples' must be at least 1"),
        (["--weights", "beauty=1"], "'weights' takes coverage, strength, balance, number, stability"),
        (["--weights", "coverage=-1"], "each with a number of 0 or more"),
    ],
)
def test_cluster_sweep__values_that_cannot_be_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], prose: str
) -> None:
    """The error names the given and the allowed values.

    Nothing is written.
    """
    assert main(["cluster-sweep", *put(tmp_path, CLUSTERS), *flags]) == 1
    assert prose in capsys.readouterr().err
    assert not (tmp_path / "out" / "sweep_results.csv").exists()
