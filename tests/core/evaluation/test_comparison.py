"""Tests of comparisons of runs: common queries, differences and their intervals."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.collection import labels_of_categories
from core.embeddings import Embeddings, select_rows, write_embeddings
from core.evaluation import EvaluationSettings, compare_runs, evaluate
from core.evaluation.comparison import write_comparison
from core.foundation import InputError

IDS = tuple(f"{group}/{number:02d}" for group in "ABCD" for number in range(12))


def blurred(noise: float, seed: int = 0) -> Embeddings:
    """Return four groups of twelve specimens with noise."""
    rng = np.random.default_rng(seed)
    points = np.repeat(np.eye(4), 12, axis=0) + noise * rng.normal(size=(48, 4))
    return Embeddings(IDS, points.astype(np.float32))


def test_compare_runs__finds_a_run_that_is_better() -> None:
    """The difference is clear, and no run differs from itself."""
    found = compare_runs({"blurred": blurred(0.8), "sharp": blurred(0.2), "same": blurred(0.8)})
    assert found.first == "blurred"
    by_key = {(one.run, one.measure): one for one in found.differences}
    better, same = by_key["sharp", "mAP"], by_key["same", "mAP"]
    assert better.is_clear and 0 < better.low < better.mean < better.high
    assert (same.mean, same.low, same.high, same.is_clear) == (0, 0, 0, False)
    for name, evaluation in found.evaluations.items():
        alone = evaluate(blurred(0.2 if name == "sharp" else 0.8), labels_of_categories(IDS))
        assert evaluation.overall == alone.overall


def test_compare_runs__uses_the_common_specimens() -> None:
    """In any order, and the others are counted."""
    part = select_rows(blurred(0.3), list(range(47, 11, -1)))
    found = compare_runs({"all": blurred(0.3), "part": part})
    assert all(evaluation.ids == IDS[12:] for evaluation in found.evaluations.values())
    assert found.notes == ("12 specimens of all are not in all runs and were left out.",)
    assert all(one.mean == 0 for one in found.differences)


def test_compare_runs__is_never_clear_without_resamples() -> None:
    """There is no interval."""
    found = compare_runs({"a": blurred(0.8), "b": blurred(0.1)}, settings=EvaluationSettings(n_bootstrap=0))
    assert not any(one.is_clear for one in found.differences)


def test_compare_runs__refuses_one_run_and_other_collections() -> None:
    """One run alone, or runs of different collections."""
    with pytest.raises(InputError, match="fewer than two runs"):
        compare_runs({"a": blurred(0)})
    other = Embeddings(("X/1", "X/2"), np.eye(2, dtype=np.float32))
    with pytest.raises(InputError, match="no specimen in common"):
        compare_runs({"a": blurred(0), "b": other})


def test_write_comparison__has_a_row_per_run_and_measure(tmp_path: Path) -> None:
    """The first run has no difference."""
    write_comparison(tmp_path / "c.csv", compare_runs({"a": blurred(0.8), "b": blurred(0.1)}))
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["run"], row["difference"] == "") for row in rows if row["measure"] == "mAP"] == [
        ("a", True),
        ("b", False),
    ]


def test_compare__on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs by their folders, measures and labels as for evaluate."""
    for name, noise in (("one", 0.8), ("two", 0.1)):
        write_embeddings(tmp_path / name / "embeddings", blurred(noise))
    runs = ["--run", str(tmp_path / "one"), "--run", str(tmp_path / "two")]
    call = ["compare", *runs, "--depths", "3", "--out", str(tmp_path / "out")]
    assert main(call) == 0
    out = capsys.readouterr().out
    assert "two" in out and "P@3" in out and "against one" in out
    assert (tmp_path / "out" / "comparison.csv").is_file()
    assert main(call) == 0
    assert "Compare: nothing to do" in capsys.readouterr().out
    assert main(["compare", *runs[:2], "--out", str(tmp_path)]) == 1
    assert "Give --run at least twice" in capsys.readouterr().err


def test_evaluate__accepts_measures_and_levels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another metric, other depths, a level of categories, other votes, no resamples."""
    write_embeddings(tmp_path, blurred(0.3))
    flags = [
        "--emb",
        str(tmp_path / "embeddings.npy"),
        "--ids",
        str(tmp_path / "ids.txt"),
        "--out",
        str(tmp_path / "o"),
    ]
    asked = ["--metric", "euclidean", "--depths", "2,7", "--level", "1", "--votes", "3", "--bootstrap", "0"]
    assert main(["evaluate", *flags, *asked]) == 0
    out = capsys.readouterr().out
    assert "P@2" in out and "P@7" in out and "labels: category:1" in out and "3 nearest vote" in out
    assert main(["evaluate", *flags, "--depths", "two"]) == 1
    assert "'depths' must be whole numbers (got two)" in capsys.readouterr().err
    assert main(["evaluate", *flags, "--labels", "x.csv", "--level", "1"]) == 1
    assert "'level' needs labels from categories" in capsys.readouterr().err
