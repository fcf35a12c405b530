"""All stages in order as one stream: mesh → views → features → embedding, then neighbours and clusters.

    inventory ──► children: read, render ──► this process: features, pooling ──► files of the run
                        (bounded queue)             (one specimen at a time)

Every specimen's result is stored as it is ready. What is stored is not done again: each file
is recorded with the fingerprint of the settings and the content that it was made from.
"""

from __future__ import annotations

import importlib.metadata
import logging
import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import core
from core.catalogue import Catalogue, SpecimenRecord
from core.clusters import ClusterSettings
from core.errors import InputError, SettingError, SpecimenError
from core.features import Extractor, FeatureSettings, open_extractor
from core.inventory import Inventory, SpecimenFile, take_inventory
from core.neighbours import SearchSettings
from core.pooling import POOLINGS, pool_views
from core.progress import Progress, silent
from core.results import cluster_into
from core.stages import POOLING_VERSION, assemble, read_features, search_folder, store_features
from core.storage import (
    Manifest,
    file_of_specimen,
    fingerprint,
    read_npy,
    remove_unfinished,
    write_json,
    write_npy,
)
from core.views import ViewSettings
from core.workers import Failure, Prepared, Task, default_workers, fingerprint_of_views, prepare_all, record_of
from core.workspace import RunFolder, Workspace

log = logging.getLogger(__name__)

# From this size on a run keeps its views as PNG unless told otherwise: somebody wants to look at them.
PIXELS_WORTH_KEEPING = 768
_VERSIONED = ("torch", "timm", "openvino", "open3d", "numpy", "scikit-learn", "hdbscan", "umap-learn")


@dataclass(frozen=True)
class RunSettings:
    """Everything that makes a run.

    Parameters
    ----------
    views : ViewSettings
        How specimens are rendered.
    size : int, optional
        Height and width in pixels of the views; the backbone's own where None.
    features : FeatureSettings
        The backbone and what is taken out of it.
    pool : {"mean", "max"}
        How view features become an embedding.
    search : SearchSettings
        How the neighbours of every specimen are found.
    clusters : ClusterSettings
        How specimens are grouped.
    name : str
        Name of the run; made from backbone, views and size where empty.
    keep_renders : bool, optional
        Whether views are kept as PNG; where None, from 768 pixels on.
    workers : int, optional
        Child processes that read and render; one fewer than processors where None.
    """

    views: ViewSettings = field(default_factory=ViewSettings)
    size: int | None = None
    features: FeatureSettings = field(default_factory=FeatureSettings)
    pool: str = "mean"
    search: SearchSettings = field(default_factory=SearchSettings)
    clusters: ClusterSettings = field(default_factory=ClusterSettings)
    name: str = ""
    keep_renders: bool | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        """Check what the parts do not check themselves."""
        if self.pool not in POOLINGS:
            raise SettingError(f"'pool' must be one of {', '.join(POOLINGS)} (got {self.pool}).")
        if self.workers is not None and self.workers < 0:
            raise SettingError(f"'workers' must be at least 0 (got {self.workers}).")


@dataclass(frozen=True)
class RunReport:
    """What a run did."""

    run: RunFolder
    done: int
    unchanged: int
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...]


def run_pipeline(
    workspace: Workspace,
    settings: RunSettings,
    *,
    meshes: Path | None = None,
    extractor: Extractor | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> RunReport:
    """Take every specimen of an input folder to its embedding, neighbours and cluster.

    Parameters
    ----------
    workspace : Workspace
        Where the run is kept.
    settings : RunSettings
        Everything that makes the run.
    meshes : Path, optional
        The input folder; the workspace's own `meshes` where None. It is only read.
    extractor : Extractor, optional
        Handed in by tests; opened from the settings where None.

    Raises
    ------
    InputError
        Where there is no specimen, or none could be used.
    BusyError
        Where another run works on this workspace.
    SettingError, WeightsError, DeviceError, WorkspaceError
        Where the run cannot begin.
    """
    inventory = take_inventory(meshes or workspace.meshes)
    with workspace.locked():
        extractor = extractor or open_extractor(settings.features)
        views = replace(settings.views, size=settings.size or extractor.image_size)
        run = workspace.run(settings.name or name_of_run(extractor, views))
        keep = settings.keep_renders if settings.keep_renders is not None else views.size >= PIXELS_WORTH_KEEPING
        for folder in (run.root, workspace.thumbnails):
            remove_unfinished(folder)
        write_json(run.config_path, _config(inventory, settings, views, extractor, keep))
        stream = _Stream(workspace, run, inventory, settings, views, extractor, keep, overwrite)
        failures = stream.work(progress)
        usable = stream.finish()
        if not usable:
            for failure in failures:
                log.error("Passed over %s: %s", failure.specimen_id, failure.reason)
            raise InputError(
                f"None of the {len(inventory.specimens)} specimens could be used; the first: "
                f"{failures[0].specimen_id}: {failures[0].reason}",
                advice="The lines above tell the reason for each.",
            )
        embeddings = assemble(run.embeddings, usable, _read_vectors(run, usable))
        search_folder(embeddings, run.knn_results, settings.search, overwrite=overwrite, progress=progress)
        for _ in progress(range(1), 1, "Clusters"):
            cluster_into(run.results, embeddings, settings.clusters, overwrite=overwrite)
    unchanged = len(inventory.specimens) - stream.done - len(failures)
    return RunReport(run, stream.done, unchanged, tuple(failures), inventory.warnings)


def name_of_run(extractor: Extractor, views: ViewSettings) -> str:
    """Return a name that tells backbone, number of views and size."""
    backbone = re.sub(r"[^A-Za-z0-9._+-]+", "_", str(extractor.identity["backbone"]))
    return f"{backbone}_{views.views}views_{views.size}px"


class _Stream:
    """The part of a run that goes specimen by specimen."""

    def __init__(
        self,
        workspace: Workspace,
        run: RunFolder,
        inventory: Inventory,
        settings: RunSettings,
        views: ViewSettings,
        extractor: Extractor,
        keep: bool,
        overwrite: bool,
    ) -> None:
        self.run, self.inventory, self.settings, self.views = run, inventory, settings, views
        self.extractor, self.keep, self.overwrite = extractor, keep, overwrite
        self.thumbnails = workspace.thumbnails
        self.catalogue = Catalogue(workspace.catalogue_path)
        self.source = str(inventory.folder)
        self.known = self.catalogue.specimens(self.source)
        self.features = Manifest(run.features)
        self.embeddings = Manifest(run.embeddings)
        self.renders = Manifest(run.renders)
        self.done = 0

    def work(self, progress: Progress) -> list[Failure]:
        """Do what is not done yet; return who was passed over."""
        waiting = [specimen for specimen in self.inventory.specimens if self.overwrite or not self._is_done(specimen)]
        for specimen in waiting:
            self._forget(specimen.specimen_id)
        renders = self.run.renders if self.keep else None
        with_depth = bool(self.extractor.identity.get("uses_depth"))
        tasks = (Task(specimen, self.views, renders, self.thumbnails, with_depth) for specimen in waiting)
        workers = self.settings.workers if self.settings.workers is not None else default_workers()
        prepared = prepare_all(tasks, workers if len(waiting) > 1 else 0)
        extracted = self._extract(progress(prepared, len(waiting), "Rendering"))
        failures = []
        for outcome in progress(extracted, len(waiting), "Features"):
            if isinstance(outcome, Failure):
                failures.append(outcome)
                self._note_failure(outcome)
            else:
                self.done += 1
        return failures

    def finish(self) -> list[str]:
        """Forget specimens that are gone, put manifests in order, return the usable ids."""
        present = [specimen.specimen_id for specimen in self.inventory.specimens]
        self.catalogue.forget_missing(self.source, present)
        usable = [
            name for name in present if self.embeddings.get(name) is not None and self._vector_path(name).is_file()
        ]
        for name in set(self.features.ids + self.embeddings.ids) - set(present):
            self._forget(name)
            self._remove_files(name)
        manifests = (self.features, self.embeddings, self.renders) if self.keep else (self.features, self.embeddings)
        for manifest in manifests:
            manifest.keep_only(present)
        return usable

    def _extract(self, stream: Iterable[Prepared | Failure]) -> Iterator[Prepared | Failure]:
        for item in stream:
            if isinstance(item, Failure):
                yield item
                continue
            try:
                yield self._store(item)
            except SpecimenError as error:
                yield Failure(item.record.specimen_id, "extract", str(error))

    def _store(self, item: Prepared) -> Prepared:
        """Extract, pool and store one specimen; the catalogue learns of it last."""
        name = item.record.specimen_id
        features_made_from, embedding_made_from = self._fingerprints(item.views_fingerprint)
        view_features = self.extractor(item.views.images, item.views.masks, item.views.depth)
        store_features(file_of_specimen(self.run.features, name, ".npy"), view_features)
        self.features.add(name, features_made_from, views=len(view_features))
        write_npy(self._vector_path(name), pool_views(view_features, self.settings.pool))
        self.embeddings.add(name, embedding_made_from)
        if self.keep:
            self.renders.add(name, item.views_fingerprint, views=item.n_files)
        self.catalogue.put_specimens([replace(item.record, source=self.source)])
        return item

    def _fingerprints(self, views_fingerprint: str) -> tuple[str, str]:
        features = fingerprint("features", self.extractor.identity, views_fingerprint)
        return features, fingerprint("embedding", POOLING_VERSION, self.settings.pool, features)

    def _is_done(self, specimen: SpecimenFile) -> bool:
        """Return whether file, settings and results are as they were when it was finished."""
        record = self.known.get(specimen.specimen_id)
        if record is None or record.error:
            return False
        if not _is_same_file(record, specimen):
            moved = _with_new_time(record, specimen)
            if moved is None:
                return False
            self.catalogue.put_specimens([moved])
        name = specimen.specimen_id
        views_fingerprint = fingerprint_of_views(self.views, record.sha256)
        features, embedding = self._fingerprints(views_fingerprint)
        if not self.features.is_done(name, features) or not file_of_specimen(self.run.features, name, ".npy").is_file():
            return False
        if self.keep and not self.renders.is_done(name, views_fingerprint):
            return False
        if not self.embeddings.is_done(name, embedding) or not self._vector_path(name).is_file():
            # Only the pooling changed: no need to render again.
            try:
                stored = read_features(file_of_specimen(self.run.features, name, ".npy"))
            except SpecimenError:
                return False
            self.embeddings.forget(name)
            write_npy(self._vector_path(name), pool_views(stored, self.settings.pool))
            self.embeddings.add(name, embedding)
        return True

    def _note_failure(self, failure: Failure) -> None:
        specimen = next(s for s in self.inventory.specimens if s.specimen_id == failure.specimen_id)
        record = SpecimenRecord(self.source, failure.specimen_id, str(specimen.path), error=failure.reason)
        self.catalogue.put_specimens([record])
        # What an earlier state of the file gave must not pass for this one.
        self._remove_files(failure.specimen_id)
        log.info("%s was passed over (%s): %s", failure.specimen_id, failure.stage, failure.reason)

    def _forget(self, name: str) -> None:
        """Take a specimen off the record before its files change, in case this process is killed."""
        for manifest in (self.features, self.embeddings, self.renders):
            manifest.forget(name)

    def _remove_files(self, name: str) -> None:
        file_of_specimen(self.run.features, name, ".npy").unlink(missing_ok=True)
        self._vector_path(name).unlink(missing_ok=True)

    def _vector_path(self, name: str) -> Path:
        return file_of_specimen(self.run.embeddings, name, ".npy")


def _is_same_file(record: SpecimenRecord, specimen: SpecimenFile) -> bool:
    """Compare size and time; where they differ the file is read and hashed again."""
    try:
        stats = [path.stat() for path in specimen.images or (specimen.path,)]
    except OSError:
        return False
    size, time = sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)
    return record.size == size and record.mtime_ns == time


def _with_new_time(record: SpecimenRecord, specimen: SpecimenFile) -> SpecimenRecord | None:
    """Return the record of a file that was only copied or touched, None where its content changed."""
    try:
        now = record_of(specimen)
    except SpecimenError:
        return None
    return replace(record, size=now.size, mtime_ns=now.mtime_ns) if now.sha256 == record.sha256 else None


def _read_vectors(run: RunFolder, ids: list[str]) -> dict[str, np.ndarray]:
    return {name: read_npy(file_of_specimen(run.embeddings, name, ".npy")) for name in ids}


def _config(
    inventory: Inventory, settings: RunSettings, views: ViewSettings, extractor: Extractor, keep: bool
) -> dict[str, Any]:
    """Return everything needed to get the same run again."""
    return {
        "format": 1,
        "input": str(inventory.folder),
        "views": asdict(views),
        "features": dict(extractor.identity),
        "requested_model": settings.features.model,
        "pool": settings.pool,
        "search": asdict(settings.search),
        "clusters": asdict(settings.clusters),
        "keep_renders": keep,
        "versions": {
            "fossilvit_explorer": core.__version__,
            "python": platform.python_version(),
            **{name: _version_of(name) for name in _VERSIONED},
        },
    }


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
