"""Single stages, each from one folder to the next.

- render: meshes → views
- extract: views → features
- pool: features → embeddings
- search-all: embeddings → neighbours of every specimen

Each stage skips finished specimens, continues after a specimen that cannot be used, and reports.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.collection import Unread, inventory_for_work
from core.embeddings import Embeddings, assemble, pool_views, sha256_of_matrix
from core.features import TOKENS_FOLDER, Extractor, extract_with_tokens, read_features, store_features
from core.foundation import MissingStageError, Progress, SpecimenError, file_of_specimen, ids_of_names, silent
from core.neighbours import Neighbours, Searcher, SearchSettings, write_neighbours
from core.pipeline.preparation import Failure, Task, fingerprint_for_record, record_of
from core.pipeline.token_folders import (
    check_apart_from_tokens,
    is_token_file,
    remark_on_earlier_tokens,
    remark_on_other_tokens,
)
from core.pipeline.workers import prepare_all
from core.storage import (
    TEMPORARY_PREFIX,
    Manifest,
    fingerprint,
    is_blank,
    json_bytes,
    read_npy,
    remove_unfinished,
    sha256_of_file,
    write_bytes,
    write_json,
    write_npy,
)
from core.views import ViewSettings, drop_views_from, find_views, read_view_files, view_paths

POOLING_VERSION = "1"
_RECORDED_TOGETHER = 64
_WRITERS = 4


@dataclass(frozen=True)
class StageReport:
    """The result of a stage.

    Parameters
    ----------
    done, unchanged : int
        Number of specimens that were processed, and that were up to date.
    failures : tuple of Failure
        Skipped specimens.
    warnings : tuple of str
        Remarks on the input folder and on specimens that lost much to repair, in sentences.
    unread : tuple of Unread
        Files of the input folder that are of kinds that are not read.
    """

    done: int
    unchanged: int
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def usable(self) -> int:
        """Return the number of specimens with results."""
        return self.done + self.unchanged


def render_folder(
    meshes: Path,
    renders: Path,
    settings: ViewSettings,
    *,
    workers: int = 0,
    overwrite: bool = False,
    progress: Progress = silent,
) -> StageReport:
    """Render every specimen of a folder.

    The views are `<category>/<specimen>_view00.png` … below `renders`.

    Raises
    ------
    InputError
        If the folder is missing or holds no specimen.
    """
    inventory = inventory_for_work(meshes)
    remove_unfinished(renders)
    manifest = manifest_of_views(renders)
    source = str(inventory.folder)
    failures: list[Failure] = []
    warnings: list[str] = []
    tasks: list[Task] = []
    for specimen in inventory.specimens:
        try:
            made_from = fingerprint_for_record(settings, record_of(specimen))
        except SpecimenError as error:
            failures.append(Failure(specimen.specimen_id, "render", error.reason))
            continue
        if overwrite or not manifest.is_done(specimen.specimen_id, made_from):
            manifest.forget(specimen.specimen_id)
            tasks.append(Task(specimen, settings, renders, only_files=True))
    unchanged = len(inventory.specimens) - len(tasks) - len(failures)
    done = 0
    for item in progress(prepare_all(tasks, workers if len(tasks) > 1 else 0), len(tasks), "Rendering"):
        if isinstance(item, Failure):
            failures.append(item)
            continue
        drop_views_from(renders, item.record.specimen_id, item.n_files)
        manifest.add(item.record.specimen_id, item.views_fingerprint, views=item.n_files, source=source)
        warnings.extend(item.warnings)
        done += 1
    present = [specimen.specimen_id for specimen in inventory.specimens]
    for name in _outdated(manifest, source, present, failures):
        manifest.forget(name)
        drop_views_from(renders, name, 0)
    if done or failures or is_blank(renders / "settings.json"):
        write_json(renders / "settings.json", vars(settings))
    manifest.keep_only(manifest.ids)
    return StageReport(done, unchanged, tuple(failures), (*inventory.warnings, *warnings), inventory.unread)


def extract_folder(
    renders: Path,
    features: Path,
    extractor: Extractor,
    *,
    tokens: Path | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> StageReport:
    """Extract the features of the views of every specimen.

    The files are `<category>/<specimen>.npy`, (V, D) float32.

    Parameters
    ----------
    renders : Path
        Views, as `render_folder` writes them.
    features : Path
        Folder for the features.
    extractor : Extractor
        The backbone.
    tokens : Path, optional
        Folder for all tokens, see `core.features.extract_with_tokens`, with a manifest of its own; None
        writes none.
    overwrite : bool
        Whether finished results are computed again.
    progress : Progress
        Reports every specimen.

    Raises
    ------
    MissingStageError
        If there are no views.
    SettingError
        If a category has the name of the folder of tokens below `features`.
    """
    paths_by_id = find_views(renders)
    check_apart_from_tokens(features, paths_by_id, keeps_tokens=tokens is not None)
    remove_unfinished(features)
    manifest = Manifest(features, ".npy")
    token_files = None if tokens is None else Manifest(tokens, ".npy")
    source = str(renders.resolve())
    failures: list[Failure] = []
    done = unchanged = 0
    for specimen_id, paths in progress(paths_by_id.items(), len(paths_by_id), "Features"):
        target = file_of_specimen(features, specimen_id, ".npy")
        kept_tokens = file_of_specimen(tokens, specimen_id, ".npy") if tokens is not None else None
        try:
            made_from = fingerprint("features", extractor.identity, [sha256_of_file(path) for path in paths])
            exists = token_files is None or token_files.is_done(specimen_id, made_from)
            if not overwrite and exists and manifest.is_done(specimen_id, made_from):
                unchanged += 1
                continue
            manifest.forget(specimen_id)
            if token_files is not None:
                token_files.forget(specimen_id)
            views = read_view_files(paths)
            store_features(
                target,
                extractor(views) if kept_tokens is None else extract_with_tokens(extractor, kept_tokens, views),
                sync=False,
            )
        except SpecimenError as error:
            failures.append(Failure(specimen_id, "extract", error.reason))
            continue
        manifest.add(specimen_id, made_from, views=len(paths), source=source)
        if token_files is not None:
            token_files.add(specimen_id, made_from, views=len(paths), source=source)
        done += 1
    for name in _outdated(manifest, source, paths_by_id, failures):
        _remove_result(manifest, features, name, ".npy")
        if token_files is not None and tokens is not None:
            _remove_result(token_files, tokens, name, ".npy")
    if done or is_blank(features / "settings.json"):
        write_json(features / "settings.json", extractor.identity)
    manifest.keep_only(manifest.ids)
    if token_files is not None and tokens is not None:
        token_files.keep_only(token_files.ids)
        write_json(tokens / "settings.json", extractor.identity)
        remarks = remark_on_earlier_tokens(features, tokens)
    else:
        folder = features / TOKENS_FOLDER
        remarks = remark_on_other_tokens(folder, Manifest(folder), manifest)
    return StageReport(done, unchanged, tuple(failures), remarks)


def pool_folder(
    features: Path, out: Path, pool: str = "mean", *, overwrite: bool = False, progress: Progress = silent
) -> StageReport:
    """Pool every `(V, D)` feature file to an embedding, and write matrix and ids.

    Raises
    ------
    MissingStageError
        If there are no features.
    MisalignedEmbeddingsError
        If the folder holds features of different backbones.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from core.pipeline import pool_folder
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "features").mkdir()
    >>> np.save(folder / "features" / "femur.npy", np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    >>> pool_folder(folder / "features", folder / "embeddings").done
    1
    >>> np.load(folder / "embeddings" / "embeddings.npy").shape
    (1, 2)
    """
    paths = sorted(features.rglob("*.npy")) if features.is_dir() else []
    paths = [path for path in paths if not path.name.startswith(TEMPORARY_PREFIX) and not is_token_file(features, path)]
    if not paths:
        raise MissingStageError(
            "There are no features in {features}.", advice="Run `python -m core extract` first.", features=features
        )
    remove_unfinished(out)
    manifest = Manifest(out, ".npy")
    failures: list[Failure] = []
    finished: dict[str, np.ndarray] = {}
    done = unchanged = 0
    ids = ids_of_names([path.relative_to(features).as_posix().removesuffix(".npy") for path in paths])
    for specimen_id, path in progress(zip(ids, paths, strict=True), len(paths), "Pooling"):
        target = file_of_specimen(out, specimen_id, ".npy")
        made_from = fingerprint("embedding", POOLING_VERSION, pool, sha256_of_file(path))
        if not overwrite and manifest.is_done(specimen_id, made_from):
            unchanged += 1
        else:
            manifest.forget(specimen_id)
            try:
                write_npy(target, pool_views(read_features(path), pool), sync=False)
            except SpecimenError as error:
                failures.append(Failure(specimen_id, "pool", error.reason))
                continue
            manifest.add(specimen_id, made_from)
            done += 1
        finished[specimen_id] = read_npy(target)
    for name in set(manifest.ids).union(failure.specimen_id for failure in failures) - finished.keys():
        _remove_result(manifest, out, name, ".npy")
    manifest.keep_only(finished)
    if done or is_blank(out / "settings.json"):
        write_json(out / "settings.json", {"pool": pool, "version": POOLING_VERSION})
    if finished:
        assemble(out, sorted(finished), finished)
    return StageReport(done, unchanged, tuple(failures))


def search_folder(
    embeddings: Embeddings,
    out: Path,
    settings: SearchSettings,
    *,
    how: Mapping[str, object] | None = None,
    all_nearest: Callable[[], Iterator[Neighbours]] | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> StageReport:
    """Write the neighbours of every specimen, their settings and a log.

    The files are `<category>/<specimen>.csv`, `settings.json` and `search_all.log`.

    Parameters
    ----------
    embeddings : Embeddings
        The embeddings to search.
    out : Path
        Folder for the files.
    settings : SearchSettings
        Number of neighbours and metric.
    how : mapping, optional
        Settings of `all_nearest`, which are recorded.
    all_nearest : callable, optional
        Returns the neighbours of every specimen in another order than that of the embeddings, for
        example `core.matching.Matcher.all_nearest`.
    overwrite : bool
        Whether finished results are computed again.
    progress : Progress
        Reports every specimen.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from core.embeddings import Embeddings
    >>> from core.neighbours import SearchSettings
    >>> from core.pipeline import search_folder
    >>> embeddings = Embeddings(("femur", "rib", "skull"), np.eye(3, dtype=np.float32))
    >>> folder = Path(tempfile.mkdtemp())
    >>> search_folder(embeddings, folder, SearchSettings(topk=2)).done
    3
    >>> sorted(path.name for path in folder.glob("*.csv"))
    ['femur.csv', 'rib.csv', 'skull.csv']
    """
    remove_unfinished(out)
    manifest = Manifest(out, ".csv")
    made_from = (vars(settings), embeddings.ids, sha256_of_matrix(embeddings), *(() if how is None else (dict(how),)))
    collection = fingerprint("neighbours", *made_from)
    log = f"{len(embeddings)} specimens, topk {settings.topk}, metric {settings.metric}, made from {collection}\n"
    about = {
        out / "settings.json": json_bytes({**vars(settings), **(how or {}), "made_from": collection}),
        out / "search_all.log": log.encode("utf-8"),
    }
    if not overwrite and all(manifest.is_done(name, collection) for name in embeddings.ids) and _are_there(about):
        manifest.keep_only(embeddings.ids)
        return StageReport(0, len(embeddings))
    for name in set(manifest.ids).difference(embeddings.ids):
        _remove_result(manifest, out, name, ".csv")
    neighbours_of_all = Searcher(embeddings, settings).all_nearest() if all_nearest is None else all_nearest()

    def write(neighbours: Neighbours) -> str:
        write_neighbours(file_of_specimen(out, neighbours.query_id, ".csv"), neighbours, sync=False)
        return neighbours.query_id

    # Small files spend most of their time waiting for the file system.
    with ThreadPoolExecutor(_WRITERS) as pool:
        remaining = iter(progress(neighbours_of_all, len(embeddings), "Neighbours"))
        while batch := list(itertools.islice(remaining, _RECORDED_TOGETHER)):
            for neighbours in batch:
                manifest.forget(neighbours.query_id)
            manifest.add_all(list(pool.map(write, batch)), collection)
    manifest.keep_only(embeddings.ids)
    for path, data in about.items():
        write_bytes(path, data)
    return StageReport(len(embeddings), 0)


def manifest_of_views(renders: Path) -> Manifest:
    """Return the manifest of a folder of views."""
    return Manifest(renders, lambda name, entry: view_paths(renders, name, int(entry.get("views", 0))))


def _are_there(files: Mapping[Path, bytes]) -> bool:
    try:
        return all(path.read_bytes() == data for path, data in files.items())
    except OSError:
        return False


def _remove_result(manifest: Manifest, folder: Path, specimen_id: str, suffix: str) -> None:
    manifest.forget(specimen_id)
    file_of_specimen(folder, specimen_id, suffix).unlink(missing_ok=True)


def _outdated(manifest: Manifest, source: str, present: Iterable[str], failures: Sequence[Failure]) -> set[str]:
    """Return the ids whose results came from this source, which has them no longer.

    Results from other sources stay, because several input folders may share one output folder.
    """
    from_source = {name for name in manifest.ids if (manifest.get(name) or {}).get("source") == source}
    return (from_source - set(present)) | {failure.specimen_id for failure in failures}
