"""Every command called as by a user: files, output and exit status."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.cli import main
from core.collection import take_inventory
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.storage import write_json, write_npy
from tests.cli.conftest import GROUPS
from tests.fakes import PROJECT, bytes_below, rows_of, write_specimens


def test_stages__go_from_meshes_to_embeddings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """render, extract, pool: a broken file is named, with status 3."""
    write_specimens(tmp_path / "meshes", "A/one A/two B/three")
    (tmp_path / "meshes" / "A" / "bad.ply").write_bytes(b"ply\nnonsense")
    folders = {name: str(tmp_path / name) for name in ("meshes", "renders", "features", "embeddings")}
    render = ["render", "--in", folders["meshes"], "--out", folders["renders"], "--views=2", "--size=64", "--workers=0"]
    assert main(render) == 3
    captured = capsys.readouterr()
    assert "Render: 3 specimens done, in " in captured.out
    assert "Passed over A/bad: " in captured.err
    assert "1 specimen passed over; the lines above tell why." in captured.err
    assert "Passed over A/bad: " in (tmp_path / "renders" / "render.log").read_text(encoding="utf-8")
    extract = ["extract", "--renders", folders["renders"], "--out", folders["features"], "--model", "classical"]
    assert main(extract) == 0
    assert "Backbone: classical at " in capsys.readouterr().out
    pool = ["pool", "--features", folders["features"], "--out", folders["embeddings"], "--pool", "max"]
    assert main(pool) == 0
    made = read_embeddings(tmp_path / "embeddings/embeddings.npy", tmp_path / "embeddings/ids.txt")
    assert made.ids == ("A/one", "A/two", "B/three")
    before = bytes_below(tmp_path)
    capsys.readouterr()
    assert [main(words) for words in (render, extract, pool)] == [3, 0, 0]
    assert capsys.readouterr().out.count("nothing to do, 3 specimens already there") == 3
    after = bytes_below(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"renders/render.log"}
    assert main([*pool, "--overwrite"]) == 0
    assert "Pool: 3 specimens done, in " in capsys.readouterr().out


def test_run__runs_all_stages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One call from meshes to clusters.

    A second does nothing; a third overwrites.
    """
    write_specimens(tmp_path / "meshes", "A/one A/two B/three")
    call = ["run", "--workspace", str(tmp_path), "--name", "first", "--model", "classical", "--views", "2"]
    call += ["--size", "64", "--workers", "0", "--min_cluster_size", "2", "--pca", "0", "--keep-renders"]
    assert main(call) == 0
    assert "Run first: 3 specimens done, in " in capsys.readouterr().out
    run = tmp_path / "runs" / "first"
    files = bytes_below(run)
    assert {"config.json", "renders/A/one_view01.png", "features/A/one.npy", "embeddings/A/one.npy"} <= set(files)
    assert {"embeddings/ids.txt", "knn_results/B/three.csv", "results/clusters.csv"} <= set(files)
    assert main(call) == 0
    assert "Run first: nothing to do, 3 specimens already there" in capsys.readouterr().out
    assert bytes_below(run) == files
    assert main([*call, "--overwrite"]) == 0
    assert "Run first: 3 specimens done" in capsys.readouterr().out
    assert bytes_below(run) == files


@pytest.mark.slow
def test_run__works_with_the_embedded_network(tmp_path: Path, shared: Path) -> None:
    """Real scans, the built-in network and one broken file, in a separate process."""
    for specimen in take_inventory(shared / "specimens").specimens[:3]:
        target = tmp_path / "meshes" / f"{specimen.specimen_id}{specimen.path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(specimen.path, target)
    shutil.copy(shared / "dirty_meshes" / "garbage.ply", tmp_path / "meshes")
    command = [sys.executable, "-m", "core", "run", "--workspace", str(tmp_path), "--views", "2", "--no-download"]
    child = subprocess.run([*command, "--model", "auto"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert child.returncode == 3, child.stderr
    assert "Passed over garbage: " in child.stderr
    assert child.stderr.count("garbage") == 1
    assert "Backbone: efficientnet_lite2, because " in child.stderr
    (run,) = (tmp_path / "runs").iterdir()
    made = read_embeddings(run / "embeddings" / "embeddings.npy", run / "embeddings" / "ids.txt")
    assert made.matrix.shape == (3, 1280)


def test_samples__makes_every_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One specimen of each category.

    A second call makes none.
    """
    call = ["samples", "--out", str(tmp_path), "--per-category", "1", "--quiet"]
    assert main(call) == 0
    assert len(take_inventory(tmp_path).specimens) >= 8
    assert main(call[:-1]) == 0
    assert "Samples: nothing to do" in capsys.readouterr().out


def test_search__prints_and_writes_neighbours(
    tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the unique end of an id.

    The file has the full id in its name.
    """
    call = ["search", *embeddings, "--query", "Teeth/s03", "--topk", "4", "--out", str(tmp_path / "results")]
    assert main(call) == 0
    path = tmp_path / "results" / "knn_Teeth__s03.csv"
    rows = rows_of(path)
    assert list(rows[0]) == ["query_id", "neighbor_id", "distance"]
    assert len(rows) == 4
    assert all(row["query_id"] == "Teeth/s03" and row["neighbor_id"].startswith("Teeth/") for row in rows)
    assert f"Written to {path}" in capsys.readouterr().out
    stamp = path.stat().st_mtime_ns
    assert main(call) == 0
    assert f"Search: nothing to write, {path} is up to date" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == stamp
    assert main([*call, "--overwrite"]) == 0
    assert path.stat().st_mtime_ns > stamp


def test_search_all__writes_a_file_for_each_specimen(
    tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Category folders are kept, with a log beside them."""
    call = ["search-all", *embeddings, "--topk", "3", "--out", str(tmp_path / "knn")]
    assert main(call) == 0
    assert len(list((tmp_path / "knn").rglob("*.csv"))) == sum(GROUPS.values())
    assert len(rows_of(tmp_path / "knn" / "Ammonoids" / "Oxycone" / "s00.csv")) == 3
    assert (tmp_path / "knn" / "search_all.log").is_file()
    assert main(call) == 0
    assert "Search: nothing to do, 34 specimens already there" in capsys.readouterr().out


def test_cluster__writes_clusters_and_summary(
    tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Documented columns and keys, with either spelling.

    Again only after a change.
    """
    report = tmp_path / "elsewhere" / "pca.csv"
    call = ["cluster", *embeddings, "--out", str(tmp_path / "results"), "--pca", "8", "--pca_report", str(report)]
    call += ["--min_cluster_size", "5", "--cluster-selection-method", "eom"]
    assert main(call) == 0
    rows = rows_of(tmp_path / "results" / "clusters.csv")
    assert list(rows[0]) == ["specimen_id", "cluster_id", "prob"]
    assert {row["cluster_id"] for row in rows} >= {"0", "1", "2"}
    summary = json.loads((tmp_path / "results" / "summary.json").read_text(encoding="utf-8"))
    assert {"n_total", "n_noise", "noise_ratio", "n_clusters", "mean_prob", "settings"} <= set(summary)
    assert (summary["n_total"], summary["n_clusters"], summary["settings"]["min_cluster_size"]) == (34, 3, 5)
    assert list(rows_of(report)[0]) == ["component", "explained_variance_ratio", "cumulative"]
    capsys.readouterr()
    assert main(call) == 0
    assert "Cluster: nothing to do, clusters.csv is already there" in capsys.readouterr().out
    for change in (["--overwrite"], ["--min_samples", "2"]):
        assert main([*call, *change]) == 0
        assert "3 clusters of 34 specimens" in capsys.readouterr().out
    (tmp_path / "results" / "clusters.csv").write_text("edited", encoding="utf-8")
    assert main([*call, "--min_samples", "2"]) == 0
    assert len(rows_of(tmp_path / "results" / "clusters.csv")) == 34


def test_cluster_sweep__finds_settings_that_cluster_takes(
    tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One row for each setting, with label scores.

    The best configuration gives the best clusters.
    """
    out = tmp_path / "sweep"
    call = ["cluster-sweep", *embeddings, "--out", str(out), "--labels", "category", "--n-random", "6"]
    assert main(call) == 0
    rows = rows_of(out / "sweep_results.csv")
    assert len(rows) == 6
    assert {"noise_ratio", "n_clusters", "mean_prob", "score", "ari", "nmi", "purity"} <= set(rows[0])
    assert "emb" in yaml.safe_load((out / "best_config.yaml").read_text(encoding="utf-8"))
    again = ["cluster", "--config", str(out / "best_config.yaml"), "--out", str(tmp_path / "best")]
    assert main(again) == 0
    assert (tmp_path / "best" / "clusters.csv").read_bytes() == (out / "best_clusters.csv").read_bytes()
    capsys.readouterr()
    assert main(call) == 0
    assert "Sweep: nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("labels", ["category", "file"])
def test_evaluate__judges_by_labels(
    tmp_path: Path, embeddings: list[str], labels: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By folder or by a CSV: three well-separated groups score perfectly."""
    if labels == "file":
        ids = (tmp_path / "embeddings" / "ids.txt").read_text(encoding="utf-8").split()
        text = "".join(f"{name},{name.rsplit('/', 1)[0]}\n" for name in ids)
        (tmp_path / "labels.csv").write_text(f"specimen_id,label\n{text}", encoding="utf-8")
        labels = str(tmp_path / "labels.csv")
    call = ["evaluate", *embeddings, "--labels", labels, "--out", str(tmp_path / "evaluation")]
    assert main(call) == 0
    table = rows_of(tmp_path / "evaluation" / "retrieval.csv")
    assert [row["label"] for row in table] == ["", *sorted(GROUPS)]
    assert json.loads((tmp_path / "evaluation" / "retrieval.json").read_text(encoding="utf-8"))
    assert "34 queries in 3 classes" in capsys.readouterr().out
    assert main(call) == 0
    assert "Evaluate: nothing to do" in capsys.readouterr().out


def test_backbones__lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Documented names, and the available weights."""
    assert main(["backbones"]) == 0
    out = capsys.readouterr().out
    assert all(
        name in out for name in ("dinov2_vits14", "dinov3_vitb16", "clip_vitl14", "efficientnet_lite2", "classical")
    )


def test_quiet__says_nothing(tmp_path: Path, embeddings: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Neither progress nor summary.

    Errors are still printed.
    """
    assert main(["search-all", *embeddings, "--out", str(tmp_path / "knn"), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert main(["search", *embeddings, "--query", "nobody", "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("Error: There is no specimen 'nobody'")


@pytest.fixture
def views(embeddings: list[str], tmp_path: Path) -> list[str]:
    """Write twelve view features of every specimen, and return the flags."""
    made = read_embeddings(Path(embeddings[1]), Path(embeddings[3]))
    rng = np.random.default_rng(1)
    for name, vector in zip(made.ids, made.matrix, strict=True):
        write_npy(tmp_path / f"features/{name}.npy", (vector + rng.normal(size=(12, 24))).astype(np.float32))
    write_json(tmp_path / "renders/settings.json", {"layout": "icosahedron", "views": 12})
    return embeddings


@pytest.mark.parametrize("match", ["maxsim", "chamfer", "aligned"])
def test_match__is_the_same_flag_everywhere(
    views: list[str], tmp_path: Path, match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Search, search-all and evaluate use the same matching, record it, and do it once."""
    how = ["--match", match, "--whiten", "8", "--candidates", "15", "--expand", "2", "--k-reciprocal"]
    one = ["search", *views, "--query", "Teeth/s03", "--out", str(tmp_path / "one"), *how]
    every = ["search-all", *views, "--out", str(tmp_path / "all"), *how]
    judged = ["evaluate", *views, "--out", str(tmp_path / "judged"), "--bootstrap", "10", *how]
    assert [main(words) for words in (one, every, judged)] == [0, 0, 0]
    assert rows_of(tmp_path / "one/knn_Teeth__s03.csv") == rows_of(tmp_path / "all/Teeth/s03.csv")
    records = [
        json.loads((tmp_path / "one/knn_Teeth__s03.json").read_text(encoding="utf-8")),
        json.loads((tmp_path / "all/settings.json").read_text(encoding="utf-8")),
        json.loads((tmp_path / "judged/retrieval.json").read_text(encoding="utf-8"))["ranking"],
    ]
    for record in records:
        assert (record["match"], record["whiten"], record["candidates"], record["expand"]) == (match, 8, 15, 2)
        assert record["projection"] == records[0]["projection"] != ""
    assert (tmp_path / "projections/whitened_8.npy").is_file()
    before = bytes_below(tmp_path)
    capsys.readouterr()
    assert [main(words) for words in (one, every, judged)] == [0, 0, 0]
    said = capsys.readouterr().out
    assert "nothing to write" in said
    assert said.count("nothing to do") == 2
    assert bytes_below(tmp_path) == before


def test_match__refuses_a_projection_of_other_embeddings(
    views: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A projection belongs to the collection that it was fitted on."""
    call = ["search", *views, "--query", "Teeth/s03", "--out", str(tmp_path / "o"), "--match", "maxsim", "--center"]
    assert main(call) == 0
    made = read_embeddings(Path(views[1]), Path(views[3]))
    write_embeddings(tmp_path / "other", Embeddings(made.ids, made.matrix * 2))
    other = ["--emb", str(tmp_path / "other/embeddings.npy"), "--ids", str(tmp_path / "other/ids.txt")]
    kept = ["--projection", str(tmp_path / "projections/centred.npy")]
    assert main([*call, *other, "--features", str(tmp_path / "features"), *kept]) == 1
    assert "was learned from other embeddings" in capsys.readouterr().err
    assert main(["search", *views, "--query", "Teeth/s03", *kept]) == 1
    assert "--projection needs --center or --whiten" in capsys.readouterr().err


def test_search__filters_by_metadata_and_cluster(
    embeddings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only specimens that pass the filters are listed.

    The filters are recorded.
    """
    table, clusters = tmp_path / "table.csv", tmp_path / "clusters.csv"
    table.write_text("id,length\nTeeth/s01,3\nTeeth/s02,4\nTeeth/s05,9\n", encoding="utf-8")
    clusters.write_text("specimen_id,cluster_id,prob\nTeeth/s01,0,1\nTeeth/s05,0,1\nTeeth/s02,1,1\n", encoding="utf-8")
    call = ["search", *embeddings, "--query", "Teeth/s03", "--out", str(tmp_path / "o"), "--metadata", str(table)]
    assert main([*call, "--where", "length=3..5"]) == 0
    found = rows_of(tmp_path / "o/knn_Teeth__s03.csv")
    assert {row["neighbor_id"] for row in found} == {"Teeth/s01", "Teeth/s02"}
    both = ["--where", "length=3..10", "--clusters", str(clusters), "--cluster", "0"]
    assert main([*call, *both]) == 0
    assert {row["neighbor_id"] for row in rows_of(tmp_path / "o/knn_Teeth__s03.csv")} == {"Teeth/s01", "Teeth/s05"}
    record = json.loads((tmp_path / "o/knn_Teeth__s03.json").read_text(encoding="utf-8"))
    assert (record["where"], record["cluster"]) == (["length=3..10"], 0)
    assert main(["search", *embeddings, "--query", "Teeth/s03", "--where", "length=3"]) == 1
    assert "--where needs the metadata" in capsys.readouterr().err
