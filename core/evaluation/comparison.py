"""Comparison of runs on the same queries, with intervals of the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.collection import Labels, resolve_labels
from core.embeddings import Embeddings, select_rows
from core.evaluation.retrieval import Evaluation, EvaluationSettings, evaluate
from core.foundation import InputError, note
from core.neighbours import Ranking
from core.storage import write_csv, write_json

COLUMNS = ("run", "measure", "value", "low", "high", "difference", "difference_low", "difference_high", "is_clear")


@dataclass(frozen=True)
class Difference:
    """Difference of a run to the first one, by one measure.

    Parameters
    ----------
    run, measure : str
        Names of the run and of the measure.
    mean, low, high : float
        Mean over queries, and its confidence interval.
    """

    run: str
    measure: str
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Comparison:
    """Evaluations of several runs on their common specimens.

    Parameters
    ----------
    evaluations : mapping
        Evaluation of every run by name, with the same queries. The first is the reference.
    differences : tuple of Difference
        One for every other run and measure.
    notes : tuple of str
        Specimens that were left out, in sentences.
    """

    evaluations: Mapping[str, Evaluation]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """Return the name of the reference run."""
        return next(iter(self.evaluations))


def compare_runs(
    runs: Mapping[str, Embeddings],
    labels: str = "category",
    settings: EvaluationSettings | None = None,
    rankings: Mapping[str, Ranking] | None = None,
) -> Comparison:
    """Evaluate several runs by labels, with intervals of their differences.

    Only the specimens of all runs are used, so that every run answers the same queries. Intervals
    of differences are percentiles of a paired bootstrap: queries are resampled, the same for both
    runs (Efron & Tibshirani 1993, An introduction to the bootstrap). Specimens are not a random
    sample, and labels of one skeleton are not independent. A clear difference is therefore only a
    hint, to be confirmed on other collections.

    Parameters
    ----------
    runs : mapping
        Embeddings by the name of the run; the first is the reference.
    labels : str
        As for `core.collection.resolve_labels`.
    settings : EvaluationSettings, optional
        Measures, number of resamples, confidence and seed.
    rankings : mapping, optional
        Ranking of each run by name, if it is not that of embedding distances (see
        `core.matching.ranking_by`). Use the same settings for all runs, so that only the runs
        differ.

    Raises
    ------
    InputError
        If there are fewer than two runs, they share no specimens, or labels do not fit.

    Examples
    --------
    >>> ids = ("A/1", "A/2", "B/1", "B/2")
    >>> mixed = Embeddings(ids, np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32))
    >>> apart = Embeddings(ids, np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32))
    >>> comparison = compare_runs({"mixed": mixed, "apart": apart})
    >>> [(one.run, one.mean, one.is_clear) for one in comparison.differences if one.measure == "NN"]
    [('apart', 1.0, True)]
    """
    settings = settings or EvaluationSettings()
    if len(runs) < 2:
        raise InputError("There is nothing to compare with fewer than two runs.", advice="Give --run at least twice.")
    shared = set.intersection(*(set(embeddings.ids) for embeddings in runs.values()))
    if not shared:
        raise InputError("These runs have no specimen in common.", advice="Compare runs of one collection.")
    ids = tuple(sorted(shared))
    given: Labels = resolve_labels(labels, ids)
    reordered = rankings or {}
    evaluations = {
        name: evaluate(
            select_rows(embeddings, [embeddings.row_of[one] for one in ids]), given, settings, reordered.get(name)
        )
        for name, embeddings in runs.items()
    }
    first, *others = evaluations
    differences = [
        difference
        for name in others
        for difference in _differences(name, evaluations[name], evaluations[first], settings)
    ]
    left_out = {name: len(embeddings) - len(ids) for name, embeddings in runs.items() if len(embeddings) > len(ids)}
    told = "{count} specimens of {run} are not in all runs and were left out."
    notes = [note(told, count=count, run=name) for name, count in left_out.items()]
    return Comparison(evaluations, tuple(differences), (*notes, *evaluations[first].notes))


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write a CSV with one row per run and measure, and a JSON with the settings.

    A row holds the value with its interval and the difference to the first run. The JSON has the
    same name with the suffix .json and holds labels, settings, notes and rankings.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
    """
    first = comparison.evaluations[comparison.first]
    about = {"labels": first.source, "settings": asdict(first.settings), "notes": list(comparison.notes)}
    rankings = {name: evaluation.ranking for name, evaluation in comparison.evaluations.items()}
    write_json(path.with_suffix(".json"), {**about, "ranking": rankings})
    by_key = {(one.run, one.measure): one for one in comparison.differences}
    rows: list[Sequence[object]] = []
    for name, evaluation in comparison.evaluations.items():
        for measure, value in evaluation.overall.items():
            interval = evaluation.intervals.get(measure, ("", ""))
            one = by_key.get((name, measure))
            apart = ("", "", "", "") if one is None else (one.mean, one.low, one.high, str(one.is_clear).lower())
            rows.append((name, measure, *(_digits(cell) for cell in (value, *interval, *apart))))
    write_csv(path, COLUMNS, rows)


def _differences(
    name: str, evaluation: Evaluation, first: Evaluation, settings: EvaluationSettings
) -> list[Difference]:
    apart = evaluation.values - first.values
    rng = np.random.default_rng(settings.seed)
    draws = [apart[rng.integers(0, len(apart), len(apart))].mean(axis=0) for _ in range(settings.n_bootstrap)]
    means = apart.mean(axis=0)
    tail = (1 - settings.confidence) / 2
    # Without resamples the interval is unknown.
    unknown = np.full((2, len(means)), [[-np.inf], [np.inf]])
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0) if draws else unknown
    return [
        Difference(name, measure, float(mean), float(a), float(b))
        for measure, mean, a, b in zip(settings.measures, means, low, high, strict=True)
    ]


def _digits(cell: float | str) -> str:
    return cell if isinstance(cell, str) else f"{cell:.6f}"
