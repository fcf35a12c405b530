"""Sweeps: the same as clustering alone, a score that can be checked, files that run again."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.clusters import (
    Clustering,
    ClusterSettings,
    ScoreWeights,
    SweepSettings,
    cluster,
    read_clusters,
    run_sweep,
    weigh,
    write_sweep,
)
from core.clusters.sweep import Sweep, score_parts
from core.collection import labels_of_categories
from core.embeddings import Embeddings
from core.foundation import SettingError
from tests.core.points import embeddings_of, grouped_points

GRID = SweepSettings(
    pca=(0, 5, 0.9), min_samples=(1, 4), min_cluster_size=(5, 20), cluster_selection_epsilon=(0.0, 0.2)
)


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    """300 specimens in six groups."""
    return embeddings_of(grouped_points())


@pytest.fixture(scope="module")
def found(embeddings: Embeddings) -> Sweep:
    """Sweep 48 settings with labels."""
    return run_sweep(embeddings, GRID, labels_of_categories(embeddings.ids))


def test_sweep__every_trial_is_what_clustering_alone_gives(embeddings: Embeddings, found: Sweep) -> None:
    """Sharing work changes nothing: each trial's figures are those of a fresh `cluster`."""
    assert len(found.trials) == 3 * 2 * 2 * 2 * 2
    for trial in found.trials:
        alone = cluster(embeddings, trial.settings)
        assert (trial.noise_ratio, trial.n_clusters, trial.mean_prob) == (
            alone.noise_ratio,
            alone.n_clusters,
            alone.mean_prob,
        )


def test_sweep__best_has_the_highest_score(found: Sweep) -> None:
    """The best trial is the first with the highest score, and its clustering is kept."""
    assert found.best_trial.score == max(trial.score for trial in found.trials)
    assert found.best.settings == found.best_trial.settings


def test_sweep__labels_judge_but_do_not_choose(embeddings: Embeddings, found: Sweep) -> None:
    """With and without labels the same setting is best, unless it is asked for otherwise."""
    assert run_sweep(embeddings, GRID).best.settings == found.best.settings
    by_labels = run_sweep(embeddings, replace(GRID, choose_by="ari"), labels_of_categories(embeddings.ids))
    assert by_labels.best_trial.agreement is not None
    assert by_labels.best_trial.agreement.ari == max(t.agreement.ari for t in by_labels.trials if t.agreement)


def test_sweep__choosing_by_labels_needs_labels(embeddings: Embeddings) -> None:
    """Choosing by ARI without labels is refused with what to do."""
    with pytest.raises(SettingError, match="which needs labels"):
        run_sweep(embeddings, replace(GRID, choose_by="ari"))


def test_sweep__stability_is_measured_on_samples(embeddings: Embeddings) -> None:
    """With samples each trial has a stability, the same again with the same seed."""
    few = SweepSettings(pca=(8,), min_samples=(1,), min_cluster_size=(20,), n_resamples=3)
    one, two = (run_sweep(embeddings, few) for _ in range(2))
    assert [trial.parts["stability"] for trial in one.trials] == [trial.parts["stability"] for trial in two.trials]
    assert one.best_trial.parts["stability"] > 0.5


def test_sweep_settings__draws_at_random_without_repeating() -> None:
    """`n_random` takes that many different combinations, the same again with the same seed."""
    drawn = replace(GRID, n_random=10).combinations()
    assert len(set(drawn)) == 10
    assert drawn == replace(GRID, n_random=10).combinations()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pca": ()}, "'pca' holds no value to try"),
        ({"min_cluster_size": (1,)}, "'min_cluster_size' must be at least 2"),
        ({"choose_by": "luck"}, "'choose_by' must be one of"),
        ({"n_resamples": -1}, "'n_resamples' must be at least 0"),
    ],
)
def test_sweep_settings__say_what_is_wrong(changes: dict[str, object], message: str) -> None:
    """Every value to be tried is checked before anything is tried."""
    with pytest.raises(SettingError, match=message):
        replace(GRID, **changes)  # type: ignore[arg-type]


def by_hand(labels: list[int], probabilities: list[float]) -> Clustering:
    """Return a clustering of specimens that are called by their row."""
    ids = tuple(map(str, range(len(labels))))
    return Clustering(ids, np.array(labels), np.array(probabilities, dtype=np.float64), None, ClusterSettings())


def test_score_parts__by_hand() -> None:
    """Eight specimens: clusters of 4 and 2, two of them noise.

    Coverage 6/8; strength the mean of the six; balance the entropy of (2/3, 1/3) over log 2;
    √(8/2) = 2 clusters are usual, so number is 1.
    """
    parts = score_parts(by_hand([0, 0, 0, 0, 1, 1, -1, -1], [1, 1, 0.5, 0.5, 1, 0.5, 0, 0]))
    entropy = -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)) / np.log(2)
    assert parts == pytest.approx({"coverage": 0.75, "strength": 0.75, "balance": entropy, "number": 1.0})
    weights = ScoreWeights(coverage=1, strength=0, balance=1, number=0)
    assert weigh(parts, weights) == pytest.approx((0.75 + entropy) / 2)


def test_score_parts__no_cluster_at_all() -> None:
    """All noise has parts of 0, not an error."""
    assert set(score_parts(by_hand([-1, -1], [0, 0])).values()) == {0.0}


def test_score_weights__not_all_zero() -> None:
    """A score of nothing is refused."""
    with pytest.raises(SettingError, match="All weights of the score are 0"):
        ScoreWeights(0, 0, 0, 0)


def test_write_sweep__writes_the_files_of_the_contract(found: Sweep, tmp_path: Path) -> None:
    """A row a setting with the columns of the contract, and the best clustering."""
    write_sweep(tmp_path, found, Path("emb.npy"), Path("ids.txt"))
    with (tmp_path / "sweep_results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(found.trials)
    assert {"noise_ratio", "n_clusters", "mean_prob", "score", "ari", "nmi", "purity"} <= set(rows[0])
    ids, labels, _ = read_clusters(tmp_path / "best_clusters.csv")
    assert ids == found.best.ids
    np.testing.assert_array_equal(labels, found.best.labels)


def test_write_sweep__best_config_names_every_setting(found: Sweep, tmp_path: Path) -> None:
    """The YAML rebuilds the settings of the best trial and names the embeddings."""
    write_sweep(tmp_path, found, Path("emb.npy"), Path("ids.txt"))
    config = yaml.safe_load((tmp_path / "best_config.yaml").read_text(encoding="utf-8"))
    assert (config.pop("emb"), config.pop("ids")) == ("emb.npy", "ids.txt")
    assert set(config) <= {one.name for one in fields(ClusterSettings)}
    assert ClusterSettings(**config) == found.best.settings
