"""Several runs judged by the same queries, so that what is better can be chosen from evidence."""

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
    """How much better a run is than the first one, by one measure.

    Parameters
    ----------
    run, measure : str
        Which run, by which measure.
    mean, low, high : float
        Mean over queries and the ends of its interval.
    """

    run: str
    measure: str
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Comparison:
    """Runs on the specimens that all of them have.

    Parameters
    ----------
    evaluations : mapping
        Of every run by name, the one that others are compared with first; the same queries in all.
    differences : tuple of Difference
        Of every other run and measure.
    notes : tuple of str
        What was left out, in sentences.
    """

    evaluations: Mapping[str, Evaluation]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """Return the run that others are compared with."""
        return next(iter(self.evaluations))


def compare_runs(
    runs: Mapping[str, Embeddings],
    labels: str = "category",
    settings: EvaluationSettings | None = None,
    rankings: Mapping[str, Ranking] | None = None,
) -> Comparison:
    """Judge several runs by labels and tell how sure their differences are.

    Only specimens that every run has are looked at, so that all answer the same queries among
    the same others. Intervals of differences are percentiles of a paired bootstrap: queries are
    drawn again, the same for both runs (Efron & Tibshirani 1993, An introduction to the
    bootstrap). The specimens themselves were not drawn at random, nor are labels of one skeleton
    independent: take a clear difference as a hint, and look at more than one collection.

    Parameters
    ----------
    runs : mapping
        Embeddings by the name of the run; the first is what others are compared with.
    labels : str
        As `core.collection.labels.resolve_labels` takes it.
    settings : EvaluationSettings, optional
        Measures, draws, confidence and seed.
    rankings : mapping, optional
        By the name of the run: what puts its neighbours in another order than the distances of
        embeddings do (see `core.matching.view_sets`); the same for all runs, so that these alone differ.

    Raises
    ------
    InputError
        Where there are fewer than two runs, they share no specimens, or labels do not fit.
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
    """Write a row a run and measure: its value and interval, and its difference to the first run.

    Beside it, with the suffix .json: by which labels and settings, and how neighbours were compared.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
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
    chance = np.random.default_rng(settings.seed)
    draws = [apart[chance.integers(0, len(apart), len(apart))].mean(axis=0) for _ in range(settings.n_bootstrap)]
    means = apart.mean(axis=0)
    tail = (1 - settings.confidence) / 2
    # Without draws nothing is known of how sure a difference is.
    unknown = np.full((2, len(means)), [[-np.inf], [np.inf]])
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0) if draws else unknown
    return [
        Difference(name, measure, float(mean), float(a), float(b))
        for measure, mean, a, b in zip(settings.measures, means, low, high, strict=True)
    ]


def _digits(cell: float | str) -> str:
    return cell if isinstance(cell, str) else f"{cell:.6f}"
