"""What is asked of a whole collection, written into a folder once: clusters, sweeps, evaluations and the like.

Each answer is noted with the fingerprint of what it was made from; asked again, it is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import core
from core.clusters import Clustering, ClusterSettings, cluster, write_clustering
from core.comparison import Comparison, compare, write_comparison
from core.duplicates import Duplicates, DuplicateSettings, find_duplicates, write_duplicates
from core.embeddings import Embeddings
from core.evaluation import Evaluation, EvaluationSettings, evaluate, write_evaluation
from core.labels import Labels
from core.newcomers import Describer
from core.progress import Progress, silent
from core.robustness import RobustnessSettings, Survival, measure_robustness, write_robustness
from core.stages import sha256_of_matrix
from core.storage import Manifest, fingerprint, remove_unfinished, sha256_of_file
from core.sweep import Sweep, SweepSettings, sweep, write_sweep

T = TypeVar("T")


def cluster_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    pca_report: Path | None = None,
    overwrite: bool = False,
) -> Clustering | None:
    """Write clusters into a folder, or return None where exactly these are there already.

    Raises
    ------
    InputError, WorkspaceError
        As `core.clusters.cluster` and `write_clustering` do.
    """
    files = [out / "clusters.csv", out / "summary.json"]
    if pca_report is not None and settings.pca:
        files.append(pca_report)

    def make() -> Clustering:
        clustering = cluster(embeddings, settings)
        write_clustering(out, clustering, pca_report or out / "pca_report.csv")
        return clustering

    made_from = _made_from(embeddings, asdict(settings), str(pca_report))
    return _once(out, "clusters", made_from, files, make, overwrite)


def sweep_into(
    out: Path,
    embeddings: Embeddings,
    settings: SweepSettings,
    labels: Labels | None,
    *,
    paths: tuple[Path, Path] | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Sweep | None:
    """Write a sweep of cluster settings into a folder, or return None where it is there already.

    Parameters
    ----------
    out : Path
        Where the files go.
    embeddings : Embeddings
        The collection.
    settings : SweepSettings
        What is tried.
    labels : Labels, optional
        To compare clusters with.
    paths : (Path, Path), optional
        Matrix and ids, to be named in `best_config.yaml`.
    overwrite : bool
        Do it again.
    progress : Progress
        Told of every setting.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `core.sweep.sweep` and `write_sweep` do.
    """

    def make() -> Sweep:
        found = sweep(embeddings, settings, labels, progress)
        write_sweep(out, found, *(paths or (None, None)))
        return found

    files = [out / name for name in ("sweep_results.csv", "best_config.yaml", "best_clusters.csv")]
    values = None if labels is None else labels.values
    return _once(out, "sweep", _made_from(embeddings, asdict(settings), values), files, make, overwrite)


def evaluate_into(
    out: Path,
    embeddings: Embeddings,
    labels: Labels,
    settings: EvaluationSettings | None = None,
    *,
    overwrite: bool = False,
) -> Evaluation | None:
    """Write an evaluation into a folder, or return None where exactly this one is there already.

    Raises
    ------
    InputError, WorkspaceError
        As `core.evaluation.evaluate` and `write_evaluation` do.
    """
    settings = settings if settings is not None else EvaluationSettings()

    def make() -> Evaluation:
        evaluation = evaluate(embeddings, labels, settings)
        write_evaluation(out, evaluation)
        return evaluation

    files = [out / name for name in ("retrieval.json", "retrieval.csv", "queries.csv", "confusion.csv")]
    made_from = _made_from(embeddings, asdict(settings), labels.values, labels.source)
    return _once(out, "evaluation", made_from, files, make, overwrite)


def duplicates_into(
    out: Path,
    embeddings: Embeddings,
    settings: DuplicateSettings,
    sha256: Mapping[str, str] | None = None,
    *,
    overwrite: bool = False,
) -> Duplicates | None:
    """Write `duplicates.csv` into a folder, or return None where exactly this one is there already.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
    """

    def make() -> Duplicates:
        found = find_duplicates(embeddings, settings, sha256)
        write_duplicates(out / "duplicates.csv", found)
        return found

    made_from = _made_from(embeddings, asdict(settings), dict(sha256 or {}))
    return _once(out, "duplicates", made_from, [out / "duplicates.csv"], make, overwrite)


def comparison_into(
    out: Path,
    runs: Mapping[str, Embeddings],
    labels: str,
    settings: EvaluationSettings,
    *,
    overwrite: bool = False,
) -> Comparison | None:
    """Write `comparison.csv` into a folder, or return None where exactly this one is there already.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `core.comparison.compare` and `write_comparison` do.
    """

    def make() -> Comparison:
        found = compare(runs, labels, settings)
        write_comparison(out / "comparison.csv", found)
        return found

    content = sha256_of_file(Path(labels)) if Path(labels).is_file() else ""
    parts = [(name, embeddings.ids, sha256_of_matrix(embeddings)) for name, embeddings in runs.items()]
    made_from = fingerprint("comparison", core.__version__, parts, labels, content, asdict(settings))
    return _once(out, "comparison", made_from, [out / "comparison.csv"], make, overwrite)


def robustness_into(
    out: Path,
    embeddings: Embeddings,
    describer: Describer,
    file_of: Callable[[str], Path],
    settings: RobustnessSettings,
    *,
    overwrite: bool = False,
    progress: Progress = silent,
) -> tuple[Survival, ...] | None:
    """Write `robustness.csv` into a folder, or return None where exactly this one is there already.

    Raises
    ------
    InputError, WorkspaceError
        As `core.robustness.measure_robustness` and `write_robustness` do.
    """

    def make() -> tuple[Survival, ...]:
        found = measure_robustness(embeddings, describer, file_of, settings, progress)
        write_robustness(out / "robustness.csv", found)
        return found

    identity = (describer.extractor.identity, vars(describer.view_settings))
    made_from = _made_from(embeddings, asdict(settings), identity)
    return _once(out, "robustness", made_from, [out / "robustness.csv"], make, overwrite)


def _once(out: Path, name: str, made_from: str, files: list[Path], make: Callable[[], T], overwrite: bool) -> T | None:
    manifest = Manifest(out)
    entry = manifest.get(name)
    if (
        not overwrite
        and entry is not None
        and entry["fingerprint"] == made_from
        and entry.get("files") == _hashes(files)
    ):
        return None
    remove_unfinished(out)
    manifest.forget(name)
    result = make()
    manifest.add(name, made_from, files=_hashes(files))
    manifest.keep_only(manifest.ids)
    return result


def _hashes(files: list[Path]) -> list[str]:
    """Return the SHA-256 of every file, so that one that was replaced or edited is made again."""
    return [sha256_of_file(path) if path.is_file() else "" for path in files]


def _made_from(embeddings: Embeddings, *settings: object) -> str:
    return fingerprint("results", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), *settings)
