"""Sweeps in the background: started, watched, cancelled, read back as they were tried."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.cli import main
from core.clusters import (
    ClusterSettings,
    SweepSettings,
    cancel_sweep,
    cluster,
    config_text,
    is_sweeping,
    last_log_line,
    read_clusters,
    read_sweep,
    run_sweep,
    start_sweep,
    sweep_folder,
    weigh,
    write_sweep,
)
from core.foundation import BusyError, InputError, MissingStageError
from core.workspace import RunFolder, open_workspace
from tests.core.points import embeddings_of, grouped_points


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a run with embeddings of 40 specimens."""
    made = open_workspace(tmp_path).run("tried")
    embeddings = embeddings_of(grouped_points(40))
    made.matrix_path.parent.mkdir(parents=True)
    np.save(made.matrix_path, embeddings.matrix)
    made.ids_path.write_text("".join(f"{name}\n" for name in embeddings.ids), encoding="utf-8")
    return made


def wait(run: RunFolder) -> None:
    """Return when the sweep has ended."""
    until = time.monotonic() + 120
    while is_sweeping(run):
        if time.monotonic() > until:
            pytest.fail(last_log_line(run))
        time.sleep(0.2)


def test_start_sweep__writes_what_is_read_back(run: RunFolder) -> None:
    """A sweep in a child ends by itself; a second one meanwhile is refused; its table is read."""
    start_sweep(run, ["--try-pca", "0,4", "--try-min-samples", "1", "--try-min-cluster-size", "3,5"])
    with pytest.raises(BusyError, match="still going on"):
        start_sweep(run, [])
    wait(run)
    tried = read_sweep(sweep_folder(run))
    assert len(tried) == 2 * 1 * 2 * 2
    assert "Written to" in last_log_line(run)


def test_cancel_sweep__ends_it(run: RunFolder) -> None:
    """Cancelled, nothing is at work any more, and nothing half-written is there."""
    start_sweep(run, ["--n-resamples", "20"])
    assert is_sweeping(run)
    cancel_sweep(run)
    assert not is_sweeping(run)
    assert not (sweep_folder(run) / "sweep_results.csv").exists()
    cancel_sweep(run)


def test_read_sweep__the_same_as_was_tried(tmp_path: Path) -> None:
    """Settings, parts and scores come back, and weighing again gives the score that was written."""
    settings = SweepSettings(pca=(0.9, 8), min_samples=(1,), min_cluster_size=(3, 6), n_resamples=1)
    found = run_sweep(embeddings_of(grouped_points(50)), settings)
    write_sweep(tmp_path, found)
    tried = read_sweep(tmp_path)
    assert [one.settings for one in tried] == [trial.settings for trial in found.trials]
    for one, trial in zip(tried, found.trials, strict=True):
        assert one.parts == pytest.approx(trial.parts, abs=1e-6)
        if trial.n_clusters > 1:
            assert weigh(one.parts, settings.weights) == pytest.approx(trial.score, abs=1e-5)


def test_read_sweep__what_is_no_sweep(tmp_path: Path) -> None:
    """A missing table and a foreign one are said to be so."""
    with pytest.raises(MissingStageError, match="cluster-sweep"):
        read_sweep(tmp_path)
    (tmp_path / "sweep_results.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="not the table of a sweep"):
        read_sweep(tmp_path)


def test_config_text__runs_as_it_is(run: RunFolder, tmp_path: Path) -> None:
    """`cluster --config` takes it and gives the same clusters."""
    settings = ClusterSettings(pca=8, min_cluster_size=4)
    path = tmp_path / "config.yaml"
    path.write_text(config_text(settings, run.matrix_path, run.ids_path), encoding="utf-8")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["min_cluster_size"] == 4
    assert main(["cluster", "--config", str(path), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    labels = read_clusters(tmp_path / "out" / "clusters.csv")[1]
    np.testing.assert_array_equal(labels, cluster(embeddings_of(grouped_points(40)), settings).labels)
