"""One folder to the next: the stages as single commands do them.

render: meshes → views · extract: views → features · pool: features → embeddings ·
search-all: embeddings → neighbours of every specimen. Each skips what is done, goes on after
a specimen that cannot be used, and reports.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from core.dense import extract_with_tokens
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.errors import CoreError, InputError, MisalignedEmbeddingsError, MissingStageError, SpecimenError
from core.features import Extractor
from core.inventory import take_inventory
from core.neighbours import Searcher, SearchSettings, write_neighbours
from core.pooling import pool_views
from core.progress import Progress, silent
from core.storage import (
    TEMPORARY_PREFIX,
    Manifest,
    file_of_specimen,
    fingerprint,
    read_npy,
    remove_unfinished,
    sha256_of_file,
    write_atomically,
    write_json,
    write_npy,
)
from core.views import ViewSettings
from core.workers import Failure, Task, fingerprint_of_views, prepare_all, record_of

POOLING_VERSION = "1"
_RECORDED_TOGETHER = 64
_ROWS_HASHED_TOGETHER = 16_384
_VIEW_NAME = re.compile(r"(?P<stem>.+)_view(?P<number>\d{2,})\.png")


@dataclass(frozen=True)
class StageReport:
    """What a stage did: counts of specimens, and who was passed over and why."""

    done: int
    unchanged: int
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def usable(self) -> int:
        """Return how many specimens are there now."""
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
    """Render every specimen below `meshes` as `<category>/<specimen>_view00.png` … in `renders`.

    Raises
    ------
    InputError
        Where the folder is missing or holds no specimen.
    """
    inventory = take_inventory(meshes)
    remove_unfinished(renders)
    manifest = Manifest(renders)
    source = str(inventory.folder)
    failures: list[Failure] = []
    tasks: list[Task] = []
    for specimen in inventory.specimens:
        try:
            made_from = fingerprint_of_views(settings, record_of(specimen).sha256)
        except SpecimenError as error:
            failures.append(Failure(specimen.specimen_id, "render", str(error)))
            continue
        if overwrite or not _views_are_done(renders, manifest, specimen.specimen_id, made_from):
            manifest.forget(specimen.specimen_id)
            tasks.append(Task(specimen, settings, renders))
    unchanged = len(inventory.specimens) - len(tasks) - len(failures)
    done = 0
    for item in progress(prepare_all(tasks, workers if len(tasks) > 1 else 0), len(tasks), "Rendering"):
        if isinstance(item, Failure):
            failures.append(item)
            continue
        _drop_views_from(renders, item.record.specimen_id, item.n_files)
        manifest.add(item.record.specimen_id, item.views_fingerprint, views=item.n_files, source=source)
        done += 1
    present = [specimen.specimen_id for specimen in inventory.specimens]
    for name in _gone(manifest, source, present, failures):
        manifest.forget(name)
        _drop_views_from(renders, name, 0)
    if done or failures:
        write_json(renders / "settings.json", vars(settings))
    manifest.keep_only(manifest.ids)
    return StageReport(done, unchanged, tuple(failures), inventory.warnings)


def extract_folder(
    renders: Path,
    features: Path,
    extractor: Extractor,
    *,
    tokens: Path | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> StageReport:
    """Extract the features of every specimen's views into `<category>/<specimen>.npy`, (V, D).

    Parameters
    ----------
    renders : Path
        Views, as `render_folder` writes them.
    features : Path
        Where features go.
    extractor : Extractor
        The backbone.
    tokens : Path, optional
        Where all tokens go as well, see `core.dense`; nowhere where None.
    overwrite : bool
        Whether finished work is done again.
    progress : Progress
        Told about every specimen.

    Raises
    ------
    MissingStageError
        Where there are no views.
    """
    found = find_views(renders)
    remove_unfinished(features)
    manifest = Manifest(features)
    source = str(renders.resolve())
    failures: list[Failure] = []
    done = unchanged = 0
    for specimen_id, paths in progress(found.items(), len(found), "Features"):
        target = file_of_specimen(features, specimen_id, ".npy")
        kept_tokens = file_of_specimen(tokens, specimen_id, ".npy") if tokens is not None else None
        try:
            made_from = fingerprint("features", extractor.identity, [sha256_of_file(path) for path in paths])
            is_there = target.is_file() and (kept_tokens is None or kept_tokens.is_file())
            if not overwrite and is_there and manifest.is_done(specimen_id, made_from):
                unchanged += 1
                continue
            manifest.forget(specimen_id)
            views = read_view_files(paths)
            store_features(
                target, extractor(views) if kept_tokens is None else extract_with_tokens(extractor, kept_tokens, views)
            )
        except SpecimenError as error:
            failures.append(Failure(specimen_id, "extract", str(error)))
            continue
        manifest.add(specimen_id, made_from, views=len(paths), source=source)
        done += 1
    for name in _gone(manifest, source, found, failures):
        manifest.forget(name)
        file_of_specimen(features, name, ".npy").unlink(missing_ok=True)
    if done:
        write_json(features / "settings.json", extractor.identity)
    manifest.keep_only(manifest.ids)
    return StageReport(done, unchanged, tuple(failures))


def pool_folder(
    features: Path, out: Path, pool: str = "mean", *, overwrite: bool = False, progress: Progress = silent
) -> StageReport:
    """Pool every `(V, D)` file below `features`; write one `(D,)` a specimen, matrix and ids.

    Raises
    ------
    MissingStageError
        Where there are no features.
    MisalignedEmbeddingsError
        Where features of different backbones lie in one folder.
    """
    paths = sorted(features.rglob("*.npy")) if features.is_dir() else []
    paths = [path for path in paths if not path.name.startswith(TEMPORARY_PREFIX)]
    if not paths:
        raise MissingStageError(f"There are no features in {features}.", advice="Run `python -m core extract` first.")
    remove_unfinished(out)
    manifest = Manifest(out)
    failures: list[Failure] = []
    finished: dict[str, np.ndarray] = {}
    done = unchanged = 0
    for path in progress(paths, len(paths), "Pooling"):
        specimen_id = path.relative_to(features).as_posix().removesuffix(".npy")
        target = file_of_specimen(out, specimen_id, ".npy")
        made_from = fingerprint("embedding", POOLING_VERSION, pool, sha256_of_file(path))
        if not overwrite and target.is_file() and manifest.is_done(specimen_id, made_from):
            unchanged += 1
        else:
            manifest.forget(specimen_id)
            try:
                write_npy(target, pool_views(read_features(path), pool))
            except SpecimenError as error:
                failures.append(Failure(specimen_id, "pool", str(error)))
                continue
            manifest.add(specimen_id, made_from)
            done += 1
        finished[specimen_id] = read_npy(target)
    for name in set(manifest.ids).union(failure.specimen_id for failure in failures) - finished.keys():
        manifest.forget(name)
        file_of_specimen(out, name, ".npy").unlink(missing_ok=True)
    manifest.keep_only(finished)
    if done:
        write_json(out / "settings.json", {"pool": pool, "version": POOLING_VERSION})
    if finished:
        assemble(out, sorted(finished), finished)
    return StageReport(done, unchanged, tuple(failures))


def search_folder(
    embeddings: Embeddings, out: Path, settings: SearchSettings, *, overwrite: bool = False, progress: Progress = silent
) -> StageReport:
    """Write the neighbours of every specimen to `<category>/<specimen>.csv`, and a log."""
    remove_unfinished(out)
    manifest = Manifest(out)
    collection = fingerprint("neighbours", vars(settings), embeddings.ids, sha256_of_matrix(embeddings))
    if not overwrite and all(
        manifest.is_done(name, collection) and file_of_specimen(out, name, ".csv").is_file() for name in embeddings.ids
    ):
        return StageReport(0, len(embeddings))
    for name in set(manifest.ids).difference(embeddings.ids):
        manifest.forget(name)
        file_of_specimen(out, name, ".csv").unlink(missing_ok=True)
    searcher = Searcher(embeddings, settings)
    done: list[str] = []
    for neighbours in progress(searcher.all_nearest(), len(embeddings), "Neighbours"):
        manifest.forget(neighbours.query_id)
        write_neighbours(file_of_specimen(out, neighbours.query_id, ".csv"), neighbours)
        done.append(neighbours.query_id)
        if len(done) == _RECORDED_TOGETHER:
            manifest.add_all(done, collection)
            done = []
    manifest.add_all(done, collection)
    manifest.keep_only(embeddings.ids)
    log = f"{len(embeddings)} specimens, topk {settings.topk}, metric {settings.metric}, made from {collection}\n"
    write_atomically(out / "search_all.log", lambda path: path.write_text(log, encoding="utf-8", newline="\n"))
    return StageReport(len(embeddings), 0)


def assemble(out: Path, ids: Sequence[str], vectors: dict[str, np.ndarray]) -> Embeddings:
    """Write matrix, ids and parquet of these specimens in the order given, and return them.

    Raises
    ------
    MisalignedEmbeddingsError
        Where vectors differ in length.
    """
    widths = {vectors[name].shape for name in ids}
    if len(widths) > 1:
        raise MisalignedEmbeddingsError(
            f"Embeddings of different lengths lie in one folder ({', '.join(str(w[0]) for w in sorted(widths))}).",
            advice="They come from different backbones: pool them into folders of their own.",
        )
    embeddings = Embeddings(tuple(ids), np.stack([vectors[name] for name in ids]).astype(np.float32))
    if not _is_written(out, embeddings):
        write_embeddings(out, embeddings)
    return embeddings


def _is_written(out: Path, embeddings: Embeddings) -> bool:
    """Return whether exactly these embeddings lie in a folder already."""
    try:
        stored = read_embeddings(out / "embeddings.npy", out / "ids.txt")
    except CoreError:
        return False
    is_same = stored.ids == embeddings.ids and np.array_equal(stored.matrix, embeddings.matrix)
    return is_same and (out / "embeddings.parquet").is_file()


def sha256_of_matrix(embeddings: Embeddings) -> str:
    """Return the SHA-256 of the bytes of a matrix, which may be larger than the memory there is."""
    digest = hashlib.sha256()
    for start in range(0, len(embeddings), _ROWS_HASHED_TOGETHER):
        digest.update(np.ascontiguousarray(embeddings.matrix[start : start + _ROWS_HASHED_TOGETHER]).data)
    return digest.hexdigest()


def find_views(renders: Path) -> dict[str, list[Path]]:
    """Return the view files below a folder by specimen id, in the order of their numbers.

    Raises
    ------
    MissingStageError
        Where there are none.
    """
    numbered: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(renders.rglob("*.png")) if renders.is_dir() else []:
        match = _VIEW_NAME.fullmatch(path.name)
        if match:
            folder = path.parent.relative_to(renders).as_posix()
            name = match["stem"] if folder == "." else f"{folder}/{match['stem']}"
            numbered.setdefault(name, []).append((int(match["number"]), path))
    if not numbered:
        raise MissingStageError(
            f"There are no views in {renders} (files named SPECIMEN_view00.png).",
            advice="Run `python -m core render` first.",
        )
    return {name: [path for _, path in sorted(numbered[name])] for name in sorted(numbered)}


def read_view_files(paths: Sequence[Path]) -> UInt8[np.ndarray, "v h w 3"]:
    """Read the view files of one specimen; a broken one is a `SpecimenError`."""
    images = []
    for path in paths:
        image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
        if image is None:
            raise SpecimenError(f"{path.name} is not a readable picture; render it again with --overwrite.")
        images.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    if len({image.shape for image in images}) > 1:
        raise SpecimenError("Its views differ in size; render it again with --overwrite.")
    return np.stack(images)


def read_features(path: Path) -> Float32[np.ndarray, "v d"]:
    """Read the view features of one specimen; a broken file is a `SpecimenError`."""
    try:
        array = read_npy(path)
    except InputError as error:
        raise SpecimenError(error.problem, advice="Extract it again with --overwrite.") from error
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise SpecimenError(f"{path.name} does not hold view features (V, D).")
    if not np.isfinite(array).all():
        raise SpecimenError(f"{path.name} holds NaN or infinite values; extract it again with --overwrite.")
    return array.astype(np.float32)


def store_features(path: Path, view_features: Float32[np.ndarray, "v d"]) -> None:
    """Write view features as float32, having made sure that they are numbers.

    Raises
    ------
    SpecimenError
        Where the backbone gave NaN or infinite values.
    """
    if not np.isfinite(view_features).all():
        raise SpecimenError("The backbone gave NaN or infinite values for it; try --precision fp32.")
    write_npy(path, np.ascontiguousarray(view_features, dtype=np.float32))


def _views_are_done(renders: Path, manifest: Manifest, specimen_id: str, made_from: str) -> bool:
    entry = manifest.get(specimen_id)
    if entry is None or entry.get("fingerprint") != made_from:
        return False
    return all(path.is_file() for path in _view_paths(renders, specimen_id, int(entry.get("views", 0))))


def _view_paths(renders: Path, specimen_id: str, count: int) -> Iterator[Path]:
    return (file_of_specimen(renders, specimen_id, f"_view{number:02d}.png") for number in range(count))


def _drop_views_from(renders: Path, specimen_id: str, number: int) -> None:
    """Remove views of an earlier, larger set of the same specimen, from a number on."""
    while (path := file_of_specimen(renders, specimen_id, f"_view{number:02d}.png")).is_file():
        path.unlink()
        number += 1


def _gone(manifest: Manifest, source: str, present: Iterable[str], failures: Sequence[Failure]) -> set[str]:
    """Return whose results are out of date: made from this source, which no longer gives them.

    What other sources gave stays: several input folders may be brought into one.
    """
    from_here = {name for name in manifest.ids if (manifest.get(name) or {}).get("source") == source}
    return (from_here - set(present)) | {failure.specimen_id for failure in failures}
