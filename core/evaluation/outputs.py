"""Files of evaluations, comparisons and robustness, written only if out of date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import core
from core.collection import Labels, labels_of_categories
from core.embeddings import Embeddings, fingerprint_of_results, sha256_of_matrix
from core.evaluation.comparison import Comparison, compare_runs, write_comparison
from core.evaluation.retrieval import EVALUATION_FILES, Evaluation, EvaluationSettings, evaluate, write_evaluation
from core.evaluation.robustness import (
    Describer,
    RobustnessResult,
    RobustnessSettings,
    measure_robustness,
    write_robustness,
)
from core.foundation import Progress, silent
from core.neighbours import Ranking
from core.storage import Manifest, fingerprint, sha256_of_file, write_once

EVALUATED_AT_MOST = 20_000


def evaluate_into(
    out: Path,
    embeddings: Embeddings,
    labels: Labels,
    settings: EvaluationSettings | None = None,
    *,
    ranking: Ranking | None = None,
    overwrite: bool = False,
) -> Evaluation | None:
    """Write an evaluation into a folder, or return None if it is up to date.

    Raises
    ------
    InputError, WorkspaceError
        As `evaluate` and `write_evaluation` do.
    """
    settings = settings if settings is not None else EvaluationSettings()

    def make() -> Evaluation:
        evaluation = evaluate(embeddings, labels, settings, ranking)
        write_evaluation(out, evaluation)
        return evaluation

    files = [out / name for name in EVALUATION_FILES]
    how = () if ranking is None else (dict(ranking.about),)
    made_from = fingerprint_of_results(embeddings, asdict(settings), labels.values, labels.source, *how)
    return write_once(out, "evaluation", made_from, files, make, overwrite)


def evaluate_categories_into(
    out: Path, embeddings: Embeddings, settings: EvaluationSettings, *, overwrite: bool = False
) -> Evaluation | None:
    """Write an evaluation by category into a folder, if categories allow one.

    At least two categories must have two specimens; otherwise an earlier evaluation is removed.
    Collections of more than `EVALUATED_AT_MOST` specimens are left out, because the time grows
    with the square of their number.

    Raises
    ------
    WorkspaceError
        If it cannot be written.
    """
    sizes = Counter(category for category in embeddings.categories if category)
    if sum(size > 1 for size in sizes.values()) < 2 or len(embeddings) > EVALUATED_AT_MOST:
        for name in (*EVALUATION_FILES, Manifest(out).path.name):
            (out / name).unlink(missing_ok=True)
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        return None
    return evaluate_into(out, embeddings, labels_of_categories(embeddings.ids), settings, overwrite=overwrite)


def comparison_into(
    out: Path,
    runs: Mapping[str, Embeddings],
    labels: str,
    settings: EvaluationSettings,
    *,
    rankings: Mapping[str, Ranking] | None = None,
    overwrite: bool = False,
) -> Comparison | None:
    """Write `comparison.csv` and `.json` into a folder, or return None if up to date.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `compare_runs` and `write_comparison` do.
    """

    def make() -> Comparison:
        comparison = compare_runs(runs, labels, settings, rankings)
        write_comparison(out / "comparison.csv", comparison)
        return comparison

    content = sha256_of_file(Path(labels)) if Path(labels).is_file() else ""
    parts = [(name, embeddings.ids, sha256_of_matrix(embeddings)) for name, embeddings in runs.items()]
    how = {name: dict(ranking.about) for name, ranking in (rankings or {}).items()}
    made_from = fingerprint("comparison", core.__version__, parts, labels, content, asdict(settings), how)
    return write_once(out, "comparison", made_from, [out / "comparison.csv", out / "comparison.json"], make, overwrite)


def robustness_into(
    out: Path,
    embeddings: Embeddings,
    describer: Describer,
    file_of: Callable[[str], Path],
    settings: RobustnessSettings,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
) -> tuple[RobustnessResult, ...] | None:
    """Write `robustness.csv` into a folder, or return None if it is up to date.

    Raises
    ------
    InputError, WorkspaceError
        As `measure_robustness` and `write_robustness` do.
    """

    def make() -> tuple[RobustnessResult, ...]:
        results = measure_robustness(embeddings, describer, file_of, settings, progress)
        write_robustness(out / "robustness.csv", results)
        return results

    made_from = fingerprint_of_results(embeddings, asdict(settings), describer.identity)
    return write_once(out, "robustness", made_from, [out / "robustness.csv"], make, overwrite)
