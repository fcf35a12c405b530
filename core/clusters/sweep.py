"""Sweeps: clusterings with many settings, compared by a documented score."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import yaml

from core.clusters.agreement import Agreement, compare_with_labels
from core.clusters.cache import ClusteringCache
from core.clusters.clustering import Clustering, cluster_on, write_clusters
from core.clusters.settings import ClusterSettings
from core.collection import Labels
from core.embeddings import Embeddings, select_rows
from core.foundation import Progress, SettingError, check_at_least, check_choice, silent
from core.storage import write_atomically, write_csv

PARTS = ("coverage", "strength", "balance", "number", "stability")
CHOICES = ("score", "ari", "nmi", "purity")
SWEPT = (
    "normalize",
    "pca",
    "umap",
    "min_samples",
    "min_cluster_size",
    "cluster_selection_method",
    "cluster_selection_epsilon",
)


@dataclass(frozen=True)
class ScoreWeights:
    """Weights of the parts of the score, which is their weighted mean.

    Each part lies between 0 and 1; higher is better:

    coverage
        1 − the share of noise.
    strength
        The mean membership strength of the specimens in clusters.
    balance
        Evenness of the cluster sizes: their entropy divided by its maximum, log k.
    number
        Plausibility of the number of clusters: 1 at √(n/2), the rule of thumb of Mardia,
        Kent & Bibby (1979), falling to 0 at a tenfold or a tenth of it.
    stability
        The mean adjusted Rand index between the clusters of all specimens and those of samples of
        80 % of them. Counts only if it was computed (`n_resamples` above 0).

    Fewer than two clusters score 0.
    """

    coverage: float | int = 0.4
    strength: float | int = 0.2
    balance: float | int = 0.2
    number: float | int = 0.2
    stability: float | int = 0.4

    def __post_init__(self) -> None:
        """Check every weight."""
        for name, weight in asdict(self).items():
            check_at_least(name, weight, 0)
        if sum((self.coverage, self.strength, self.balance, self.number)) <= 0:
            raise SettingError("All weights of the score are 0.", advice="Give at least one of them more.")


@dataclass(frozen=True)
class SweepSettings:
    """Settings of a sweep.

    Parameters
    ----------
    base : ClusterSettings
        Settings that are the same in all trials.
    normalize, pca, umap, min_samples, min_cluster_size, cluster_selection_method, cluster_selection_epsilon : tuple
        Values to try, in all combinations.
    n_random : int
        Number of combinations to try, drawn at random; 0 for all.
    n_resamples : int
        Number of samples of the specimens for the stability; 0 for none. Each takes as long as
        the sweep itself.
    choose_by : str
        Criterion of the best setting: `score`, which needs no labels, or `ari`, `nmi`, `purity`,
        which fit the clusters to the labels, so that their agreement is no longer evidence.
    weights : ScoreWeights
        Weights of the parts of the score.
    seed : int
        Seed of all draws.
    """

    base: ClusterSettings = field(default_factory=ClusterSettings)
    normalize: tuple[str, ...] = ("l2",)
    pca: tuple[float | int, ...] = (16, 32, 64, 0.9)
    umap: tuple[bool, ...] = (False,)
    min_samples: tuple[int, ...] = (1, 3, 5)
    min_cluster_size: tuple[int, ...] = (3, 5, 10, 20)
    cluster_selection_method: tuple[str, ...] = ("leaf", "eom")
    cluster_selection_epsilon: tuple[float | int, ...] = (0.0,)
    n_random: int = 0
    n_resamples: int = 0
    choose_by: str = "score"
    weights: ScoreWeights = field(default_factory=ScoreWeights)
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting, and every value to be tried."""
        check_at_least("n_random", self.n_random, 0)
        check_at_least("n_resamples", self.n_resamples, 0)
        check_at_least("seed", self.seed, 0)
        check_choice("choose_by", self.choose_by, CHOICES)
        for name in SWEPT:
            if not getattr(self, name):
                raise SettingError("'{name}' holds no value to try.", advice="Give at least one.", name=name)
        self.combinations()

    def combinations(self) -> tuple[ClusterSettings, ...]:
        """Return the settings to try, ordered so that neighbours share most steps."""
        grid = itertools.product(*(getattr(self, name) for name in SWEPT))
        combinations = [replace(self.base, seed=self.seed, **dict(zip(SWEPT, values, strict=True))) for values in grid]
        if self.n_random and self.n_random < len(combinations):
            chosen = np.random.default_rng(self.seed).choice(len(combinations), self.n_random, replace=False)
            combinations = [combinations[place] for place in sorted(chosen.tolist())]
        return tuple(combinations)


@dataclass(frozen=True)
class Trial:
    """One setting of a sweep and its result.

    Parameters
    ----------
    settings : ClusterSettings
        The settings that were tried.
    noise_ratio, mean_prob : float
        As in `Clustering`.
    n_clusters : int
        Number of clusters.
    parts : mapping of str to float
        The parts of the score; see `ScoreWeights`.
    score : float
        0 to 1; higher is better.
    agreement : Agreement or None
        Comparison with labels; None without labels.
    """

    settings: ClusterSettings
    noise_ratio: float
    mean_prob: float
    n_clusters: int
    parts: Mapping[str, float]
    score: float
    agreement: Agreement | None


@dataclass(frozen=True)
class Sweep:
    """All trials of a sweep, and the best clustering.

    Parameters
    ----------
    trials : tuple of Trial
        In the order in which they were tried.
    best : Clustering
        The clustering of the best trial; the first among equals.
    settings : SweepSettings
        The settings of the sweep.
    """

    trials: tuple[Trial, ...]
    best: Clustering
    settings: SweepSettings

    @property
    def best_trial(self) -> Trial:
        """Return the trial of the best clustering."""
        return max(self.trials, key=lambda trial: _rank(trial, self.settings.choose_by))


def run_sweep(
    embeddings: Embeddings,
    settings: SweepSettings | None = None,
    labels: Labels | None = None,
    progress: Progress = silent,
) -> Sweep:
    """Cluster with every combination of settings and score each.

    PCA's spectrum, neighbours, spanning trees and condensed trees are computed once for all
    settings that share them. Every trial gives the same result as `cluster` with its settings.

    Raises
    ------
    InputError
        If there are no embeddings, or labels belong to other specimens.
    SettingError
        If `choose_by` needs labels and there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from core.clusters import SweepSettings, run_sweep
    >>> from core.embeddings import Embeddings
    >>> points = np.eye(2, 16, dtype=np.float32).repeat(8, axis=0)
    >>> embeddings = Embeddings(tuple(f"bone{row:02d}" for row in range(16)), points)
    >>> settings = SweepSettings(pca=(0,), min_samples=(1,), min_cluster_size=(4, 10))
    >>> sweep = run_sweep(embeddings, settings)
    >>> [(trial.settings.min_cluster_size, trial.n_clusters) for trial in sweep.trials]
    [(4, 2), (4, 2), (10, 0), (10, 0)]
    >>> sweep.best.sizes
    (8, 8)
    """
    settings = settings if settings is not None else SweepSettings()
    if settings.choose_by != "score" and labels is None:
        raise SettingError(
            "'choose_by' is {choose_by}, which needs labels.",
            advice="Give --labels, or choose by score.",
            choose_by=settings.choose_by,
        )
    cache = ClusteringCache(embeddings)
    samples = tuple(_samples(embeddings, settings))
    trials = []
    combinations = settings.combinations()
    for tried in progress(combinations, len(combinations), "Clustering"):
        clustering = cluster_on(cache, tried)
        parts = score_parts(clustering)
        if samples:
            parts["stability"] = _stability(clustering, samples)
        trials.append(
            Trial(
                settings=tried,
                noise_ratio=clustering.noise_ratio,
                mean_prob=clustering.mean_prob,
                n_clusters=clustering.n_clusters,
                parts=parts,
                score=weigh(parts, settings.weights) if clustering.n_clusters > 1 else 0.0,
                agreement=None if labels is None else compare_with_labels(clustering.labels, labels),
            )
        )
    best = max(trials, key=lambda trial: _rank(trial, settings.choose_by))
    return Sweep(tuple(trials), cluster_on(cache, best.settings), settings)


def score_parts(clustering: Clustering) -> dict[str, float]:
    """Return the parts of the score that need a single clustering.

    See `ScoreWeights` for their meaning.
    """
    sizes = np.array(clustering.sizes, dtype=np.float64)
    n_clusters = clustering.n_clusters
    shares = sizes / max(sizes.sum(), 1.0)
    entropy = float(-(shares * np.log(np.maximum(shares, 1e-300))).sum())
    plausible = math.sqrt(max(len(clustering.ids), 2) / 2)
    away = abs(math.log10(n_clusters / plausible)) if n_clusters else 1.0
    return {
        "coverage": 1.0 - clustering.noise_ratio,
        "strength": clustering.mean_prob,
        "balance": entropy / math.log(n_clusters) if n_clusters > 1 else 0.0,
        "number": max(0.0, 1.0 - away),
    }


def weigh(parts: Mapping[str, float], weights: ScoreWeights) -> float:
    """Return the weighted mean of the given parts."""
    by_name: dict[str, float] = asdict(weights)
    total = sum(by_name[name] for name in parts)
    return sum(by_name[name] * value for name, value in parts.items()) / total


def write_sweep(folder: Path, sweep: Sweep, embeddings_path: Path | None = None, ids_path: Path | None = None) -> None:
    """Write `sweep_results.csv`, `best_config.yaml` and `best_clusters.csv`.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    sweep : Sweep
        The sweep to write.
    embeddings_path, ids_path : Path or None
        Paths of the embeddings; with them `python -m core cluster --config best_config.yaml`
        needs no other flag.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
    """
    write_csv(folder / "sweep_results.csv", *_table(sweep))
    text = f"# The best of {len(sweep.trials)} settings by {sweep.settings.choose_by}. Run it from the same folder:\n"
    text += f"# python -m core cluster --config {folder / 'best_config.yaml'}\n"
    text += config_text(sweep.best.settings, embeddings_path, ids_path)
    write_atomically(folder / "best_config.yaml", lambda path: path.write_text(text, encoding="utf-8"))
    write_clusters(folder / "best_clusters.csv", sweep.best)


def config_text(settings: ClusterSettings, embeddings_path: Path | None = None, ids_path: Path | None = None) -> str:
    """Return settings as YAML that `python -m core cluster --config` takes."""
    paths = {name: str(path) for name, path in (("emb", embeddings_path), ("ids", ids_path)) if path is not None}
    return yaml.safe_dump(paths | _as_flags(settings), sort_keys=False)


def _table(sweep: Sweep) -> tuple[list[str], list[list[object]]]:
    parts = list(sweep.trials[0].parts)
    judged = sweep.trials[0].agreement is not None
    measures = ["ari", "nmi", "ami", "homogeneity", "completeness", "purity"] if judged else []
    header = [*SWEPT, "noise_ratio", "n_clusters", "mean_prob", "score", *parts, *measures]
    rows: list[list[object]] = []
    for trial in sweep.trials:
        row: list[object] = [getattr(trial.settings, name) for name in SWEPT]
        row += [f"{trial.noise_ratio:.6f}", trial.n_clusters, f"{trial.mean_prob:.6f}", f"{trial.score:.6f}"]
        row += [f"{trial.parts[name]:.6f}" for name in parts]
        row += [f"{getattr(trial.agreement, name):.6f}" for name in measures]
        rows.append(row)
    return header, rows


def _as_flags(settings: ClusterSettings) -> dict[str, object]:
    flags = {one.name: getattr(settings, one.name) for one in fields(settings)}
    if not settings.n_clusters:
        del flags["n_clusters"]
    return flags


def _rank(trial: Trial, choose_by: str) -> float:
    if choose_by == "score" or trial.agreement is None:
        return trial.score
    return float(getattr(trial.agreement, choose_by))


def _samples(embeddings: Embeddings, settings: SweepSettings) -> Iterator[tuple[np.ndarray, ClusteringCache]]:
    rng = np.random.default_rng(settings.seed)
    count = max(1, round(0.8 * len(embeddings)))
    for _ in range(settings.n_resamples):
        rows = np.sort(rng.choice(len(embeddings), count, replace=False))
        yield rows, ClusteringCache(select_rows(embeddings, rows.tolist()))


def _stability(clustering: Clustering, samples: tuple[tuple[np.ndarray, ClusteringCache], ...]) -> float:
    from sklearn.metrics import adjusted_rand_score

    agreements = [
        float(adjusted_rand_score(clustering.labels[rows], cluster_on(cache, clustering.settings).labels))
        for rows, cache in samples
    ]
    return sum(agreements) / len(agreements)
