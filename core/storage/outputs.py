"""What is asked of a collection, written into a folder once: clusters, sweeps, evaluations and the like.

Each answer is noted with the fingerprint of what it was made from; asked again, it is not made again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import core
from core.clusters.clustering import Clustering, ClusterSettings, Groundwork, cluster_on, write_clustering
from core.clusters.sweep import Sweep, SweepSettings, sweep, write_sweep
from core.collection.labels import Labels, labels_of_categories
from core.embeddings.matrix import Embeddings, sha256_of_matrix
from core.evaluation.comparison import Comparison, compare, write_comparison
from core.evaluation.retrieval import (
    EVALUATION_FILES,
    Evaluation,
    EvaluationSettings,
    Ranking,
    evaluate,
    write_evaluation,
)
from core.evaluation.robustness import RobustnessSettings, Survival, measure_robustness, write_robustness
from core.foundation.errors import WorkspaceError
from core.foundation.progress import Progress, silent
from core.neighbours.duplicates import Duplicates, DuplicateSettings, find_duplicates, write_duplicates
from core.pipeline.newcomers import Describer
from core.storage.files import fingerprint, remove_unfinished, sha256_of_file
from core.storage.manifest import Manifest

T = TypeVar("T")
EVALUATED_AT_MOST = 20_000
EARLIER = "earlier"
_BEING_WRITTEN = "being written"
log = logging.getLogger(__name__)


def cluster_into(
    out: Path,
    embeddings: Embeddings,
    settings: ClusterSettings,
    *,
    pca_report: Path | None = None,
    work: Groundwork | None = None,
    overwrite: bool = False,
) -> Clustering | None:
    """Write clusters into a folder, or return None where exactly these are there already.

    Where the groundwork of the embeddings is at hand (`work`), it is not laid again.

    Raises
    ------
    InputError, WorkspaceError
        As `core.clusters.clustering.cluster` and `write_clustering` do.
    """
    files = [out / "clusters.csv", out / "summary.json"]
    if pca_report is not None and settings.pca:
        files.append(pca_report)

    def make() -> Clustering:
        clustering = cluster_on(work if work is not None else Groundwork(embeddings), settings)
        write_clustering(out, clustering, pca_report or out / "pca_report.csv")
        return clustering

    made_from = _made_from(embeddings, asdict(settings), str(pca_report))
    return once(out, "clusters", made_from, files, make, overwrite)


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
        As `core.clusters.sweep.sweep` and `write_sweep` do.
    """

    def make() -> Sweep:
        found = sweep(embeddings, settings, labels, progress)
        write_sweep(out, found, *(paths or (None, None)))
        return found

    files = [out / name for name in ("sweep_results.csv", "best_config.yaml", "best_clusters.csv")]
    values = None if labels is None else labels.values
    return once(out, "sweep", _made_from(embeddings, asdict(settings), values), files, make, overwrite)


def evaluate_into(
    out: Path,
    embeddings: Embeddings,
    labels: Labels,
    settings: EvaluationSettings | None = None,
    *,
    ranking: Ranking | None = None,
    overwrite: bool = False,
) -> Evaluation | None:
    """Write an evaluation into a folder, or return None where exactly this one is there already.

    Raises
    ------
    InputError, WorkspaceError
        As `core.evaluation.retrieval.evaluate` and `write_evaluation` do.
    """
    settings = settings if settings is not None else EvaluationSettings()

    def make() -> Evaluation:
        evaluation = evaluate(embeddings, labels, settings, ranking)
        write_evaluation(out, evaluation)
        return evaluation

    files = [out / name for name in EVALUATION_FILES]
    how = () if ranking is None else (dict(ranking.about),)
    made_from = _made_from(embeddings, asdict(settings), labels.values, labels.source, *how)
    return once(out, "evaluation", made_from, files, make, overwrite)


def evaluate_categories_into(
    out: Path, embeddings: Embeddings, settings: EvaluationSettings, *, overwrite: bool = False
) -> Evaluation | None:
    """Write an evaluation by category into a folder, where categories say enough to judge by.

    At least two of them must have two specimens; where they do not, an evaluation that was written
    there before is removed. Collections of more than `EVALUATED_AT_MOST` specimens are left to
    `evaluate`, since the time grows with the square of their number.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
    """
    sizes = Counter(category for category in embeddings.categories if category)
    if sum(size > 1 for size in sizes.values()) < 2 or len(embeddings) > EVALUATED_AT_MOST:
        for name in (*EVALUATION_FILES, Manifest(out).path.name):
            (out / name).unlink(missing_ok=True)
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        return None
    return evaluate_into(out, embeddings, labels_of_categories(embeddings.ids), settings, overwrite=overwrite)


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
    return once(out, "duplicates", made_from, [out / "duplicates.csv"], make, overwrite)


def comparison_into(
    out: Path,
    runs: Mapping[str, Embeddings],
    labels: str,
    settings: EvaluationSettings,
    *,
    rankings: Mapping[str, Ranking] | None = None,
    overwrite: bool = False,
) -> Comparison | None:
    """Write `comparison.csv` and `.json` into a folder, or return None where exactly these are there already.

    Raises
    ------
    InputError, SettingError, WorkspaceError
        As `core.evaluation.comparison.compare` and `write_comparison` do.
    """

    def make() -> Comparison:
        found = compare(runs, labels, settings, rankings)
        write_comparison(out / "comparison.csv", found)
        return found

    content = sha256_of_file(Path(labels)) if Path(labels).is_file() else ""
    parts = [(name, embeddings.ids, sha256_of_matrix(embeddings)) for name, embeddings in runs.items()]
    how = {name: dict(ranking.about) for name, ranking in (rankings or {}).items()}
    made_from = fingerprint("comparison", core.__version__, parts, labels, content, asdict(settings), how)
    return once(out, "comparison", made_from, [out / "comparison.csv", out / "comparison.json"], make, overwrite)


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
        As `core.evaluation.robustness.measure_robustness` and `write_robustness` do.
    """

    def make() -> tuple[Survival, ...]:
        found = measure_robustness(embeddings, describer, file_of, settings, progress)
        write_robustness(out / "robustness.csv", found)
        return found

    identity = (describer.extractor.identity, vars(describer.view_settings))
    made_from = _made_from(embeddings, asdict(settings), identity)
    return once(out, "robustness", made_from, [out / "robustness.csv"], make, overwrite)


def once(out: Path, name: str, made_from: str, files: list[Path], make: Callable[[], T], overwrite: bool) -> T | None:
    """Make an answer and note what it was made from, or return None where exactly this one is there already.

    Parameters
    ----------
    out : Path
        The folder that holds the note.
    name : str
        What the answer is called there.
    made_from : str
        Fingerprint of settings and inputs.
    files : list of Path
        What `make` writes; a file that was edited or removed is made again.
    make : callable
        Writes the files; what it returns is returned.
    overwrite : bool
        Make it again.
    """
    manifest = Manifest(out)
    entry = manifest.get(name)
    if (
        not overwrite
        and entry is not None
        and entry["fingerprint"] == made_from
        and entry.get("files") == _hashes(files)
    ):
        # A process killed after its last file left the manifest untidy.
        manifest.keep_only(manifest.ids)
        return None
    remove_unfinished(out)
    _set_aside(files, entry)
    # A process killed in between leaves files that are neither what is recorded nor anybody else's.
    manifest.add(name, _BEING_WRITTEN)
    result = make()
    manifest.add(name, made_from, files=_hashes(files))
    manifest.keep_only(manifest.ids)
    return result


def _set_aside(files: list[Path], entry: Mapping[str, Any] | None) -> None:
    """Keep, under `earlier/`, what would be written over although it is not what was written here last.

    Somebody tuned these clusters on the screen and kept them, or put a file of their own in this place.
    """
    if entry is not None and entry["fingerprint"] == _BEING_WRITTEN:
        return
    ours = set(entry.get("files", ())) if entry is not None else set()
    for path in files:
        if not path.is_file() or sha256_of_file(path) in ours:
            continue
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        kept = path.parent / EARLIER / f"{when:%Y%m%dT%H%M%S}" / path.name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)
        except OSError as error:
            raise WorkspaceError(
                f"{path} was made elsewhere and cannot be kept as {kept} ({error.strerror or error}).",
                advice="Move it away yourself, or check the permissions of that folder.",
            ) from error
        log.warning("%s was made elsewhere; it is kept as %s", path, kept)


def _hashes(files: list[Path]) -> list[str]:
    """Return the SHA-256 of every file, so that one that was replaced or edited is made again."""
    return [sha256_of_file(path) if path.is_file() else "" for path in files]


def _made_from(embeddings: Embeddings, *settings: object) -> str:
    return fingerprint("results", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), *settings)
