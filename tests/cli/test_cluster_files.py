"""The command `cluster`: members of clusters, and agreement with labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from core.cli import main
from tests.fakes import bytes_below, rows_of

CONTRACT = ("clusters.csv", "summary.json", "pca_report.csv")
MEMBERS = {"members.csv", "cluster_report.csv", "validity.json"}
AGREEMENT = {"agreement.json", "crosstab.csv", "misfits.csv"}
ODD = "g3/s00"


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    """Write four clusters, one misfiled specimen, and noise.

    Return the call.
    """
    rng = np.random.default_rng(0)
    heaps = np.repeat(np.eye(6)[:4], 12, axis=0) + 0.03 * rng.normal(size=(48, 6))
    ids = [f"g{row // 12}/s{row:02d}" for row in range(48)]
    ids[0] = ODD
    strewn = rng.normal(size=(10, 6))
    np.save(tmp_path / "e.npy", np.concatenate([heaps, strewn]).astype(np.float32))
    ids += [f"strewn/s{row}" for row in range(10)]
    (tmp_path / "ids.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")
    files = ["--emb", str(tmp_path / "e.npy"), "--ids", str(tmp_path / "ids.txt"), "--out", str(tmp_path / "out")]
    return ["cluster", *files, "--pca", "4", "--min-cluster-size", "6"]


def test_cluster__says_who_is_in_the_groups(tmp_path: Path, call: list[str]) -> None:
    """Medoids of clusters, nearest clusters of noise, and outlier scores."""
    assert main(call) == 0
    out = tmp_path / "out"
    assert set(bytes_below(out)) == {*CONTRACT, *MEMBERS, "manifest.jsonl"}
    rows, clusters = rows_of(out / "members.csv"), rows_of(out / "clusters.csv")
    assert [(row["specimen_id"], row["cluster_id"], row["prob"]) for row in rows] == [
        tuple(row.values()) for row in clusters
    ]
    found = {row["cluster_id"] for row in rows} - {"-1"}
    assert len(found) == 4
    for label in found:
        roles = [row["role"] for row in rows if row["cluster_id"] == label]
        assert roles.count("medoid") == 1
        assert {"exemplar", "borderline"} <= set(roles)
    noise = [row for row in rows if row["cluster_id"] == "-1"]
    assert noise
    assert all(row["nearest_cluster"] in found and row["role"] == "" for row in noise)
    assert all(0 <= float(row["outlier_score"]) <= 1 for row in rows)


def test_cluster__labels_add_agreement_only(
    tmp_path: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels do not change the documented files.

    Scores, a table and misfits are added.
    """
    assert main(call) == 0
    plain = bytes_below(tmp_path / "out")
    capsys.readouterr()
    assert main([*call, "--labels", "category"]) == 0
    said = capsys.readouterr().out
    out = bytes_below(tmp_path / "out")
    assert {name for name in out if name not in plain} == AGREEMENT
    assert all(out[name] == plain[name] for name in (*CONTRACT, *MEMBERS))
    clusters = rows_of(tmp_path / "out" / "clusters.csv")
    figures = json.loads(out["agreement.json"])
    truth = [row["specimen_id"].split("/")[0] for row in clusters]
    assert figures["ari"] == pytest.approx(adjusted_rand_score(truth, [row["cluster_id"] for row in clusters]))
    assert {"nmi", "ami", "purity", "homogeneity", "completeness"} <= set(figures)
    assert figures["labels"] == "category"
    assert f"ARI {figures['ari']:.3f}" in said
    table = rows_of(tmp_path / "out" / "crosstab.csv")
    assert [row["cluster_id"] for row in table] == ["0", "1", "2", "3", "-1"]
    assert sum(int(value) for row in table for name, value in row.items() if name != "cluster_id") == 58
    misfits = rows_of(tmp_path / "out" / "misfits.csv")
    assert misfits[0]["specimen_id"] == ODD
    assert (misfits[0]["label"], misfits[0]["cluster_label"], misfits[0]["neighbour_label"]) == ("g3", "g0", "g0")
    assert f"first {ODD} (g3), whose neighbours are mostly g0" in said
    assert main([*call, "--labels", "category"]) == 0
    assert "Cluster: nothing to do" in capsys.readouterr().out
    assert bytes_below(tmp_path / "out") == out


def test_cluster__labels_from_a_file(tmp_path: Path, call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Missing labels give a note.

    Labels without a known id are an error.
    """
    path = tmp_path / "labels.csv"
    path.write_text("specimen_id,label\n" + "".join(f"g{row // 12}/s{row:02d},x\n" for row in range(1, 48)), "utf-8")
    assert main([*call, "--labels", str(path)]) == 0
    assert "11 of 58 specimens have no label" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "agreement.json").read_text(encoding="utf-8"))["n_labelled"] == 47
    path.write_text("specimen_id,label\nnobody,x\n", encoding="utf-8")
    before = bytes_below(tmp_path / "out")
    assert main([*call, "--labels", str(path)]) == 1
    assert "None of the 1 ids in" in capsys.readouterr().err
    assert bytes_below(tmp_path / "out") == before
