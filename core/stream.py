"""The part of a run that goes specimen by specimen: made ready by children, extracted, pooled, stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.catalogue import Catalogue, SpecimenRecord
from core.dense import TOKENS_FOLDER, extract_with_tokens
from core.errors import SpecimenError
from core.features import Extractor, views_at_once
from core.inventory import Inventory, SpecimenFile
from core.pooling import pool_views
from core.progress import Progress
from core.stages import POOLING_VERSION, read_features, store_features
from core.storage import Manifest, file_of_specimen, fingerprint, write_npy
from core.views import ViewSettings
from core.workers import Children, Failure, Prepared, Task, fingerprint_of_views, prepare_all, record_of
from core.workspace import RunFolder, Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamSettings:
    """What the stream needs to know of a run.

    Parameters
    ----------
    views : ViewSettings
        How specimens are rendered, with the final size.
    pool : str
        How view features become an embedding.
    keep_renders, keep_tokens : bool
        Whether views are kept as PNG, and all tokens of the network.
    workers : int
        Child processes that read and render.
    overwrite : bool
        Whether finished work is done again.
    """

    views: ViewSettings
    pool: str
    keep_renders: bool
    keep_tokens: bool
    workers: int
    overwrite: bool


class Stream:
    """The part of a run that goes specimen by specimen."""

    def __init__(
        self,
        workspace: Workspace,
        run: RunFolder,
        inventory: Inventory,
        extractor: Extractor,
        settings: StreamSettings,
        children: Children | None,
    ) -> None:
        self.run, self.inventory, self.extractor, self.settings = run, inventory, extractor, settings
        self.children = children
        self.thumbnails = workspace.thumbnails
        self.tokens = run.root / TOKENS_FOLDER
        self.catalogue = Catalogue(workspace.catalogue_path)
        self.source = str(inventory.folder)
        self.known = self.catalogue.specimens(self.source)
        self.features = Manifest(run.features)
        self.embeddings = Manifest(run.embeddings)
        self.renders = Manifest(run.renders)
        self.done = 0

    def work(self, progress: Progress) -> list[Failure]:
        """Do what is not done yet; return who was passed over."""
        waiting = [
            specimen for specimen in self.inventory.specimens if self.settings.overwrite or not self._is_done(specimen)
        ]
        for specimen in waiting:
            self._forget(specimen.specimen_id)
        renders = self.run.renders if self.settings.keep_renders else None
        with_depth = bool(self.extractor.identity.get("uses_depth"))
        tasks = (Task(specimen, self.settings.views, renders, self.thumbnails, with_depth) for specimen in waiting)
        workers = self.settings.workers if len(waiting) > 1 else 0
        prepared = prepare_all(tasks, workers, children=self.children)
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
        manifests = (
            (self.features, self.embeddings, self.renders)
            if self.settings.keep_renders
            else (self.features, self.embeddings)
        )
        for manifest in manifests:
            manifest.keep_only(present)
        return usable

    def _extract(self, stream: Iterable[Prepared | Failure]) -> Iterator[Prepared | Failure]:
        """Extract and store as specimens come, as many together as the engine likes to be given."""
        together: list[Prepared] = []
        for item in stream:
            if isinstance(item, Failure):
                yield item
                continue
            together.append(item)
            if sum(len(held.views.images) for held in together) >= views_at_once(self.extractor):
                yield from self._extract_together(together)
                together = []
        yield from self._extract_together(together)

    def _extract_together(self, items: list[Prepared]) -> Iterator[Prepared | Failure]:
        features = (
            self._features_of_several(items)
            if len(items) > 1 and not self.settings.keep_tokens
            else [None] * len(items)
        )
        for item, known in zip(items, features, strict=True):
            try:
                yield self._store(item, self._features_of(item) if known is None else known)
            except SpecimenError as error:
                yield Failure(item.record.specimen_id, "extract", str(error))

    def _features_of(self, item: Prepared) -> np.ndarray:
        if self.settings.keep_tokens:
            path = file_of_specimen(self.tokens, item.record.specimen_id, ".npy")
            return extract_with_tokens(self.extractor, path, item.views.images, item.views.masks)
        return self.extractor(item.views.images, item.views.masks, item.views.depth)

    def _features_of_several(self, items: list[Prepared]) -> list[np.ndarray]:
        images = np.concatenate([item.views.images for item in items])
        masks = np.concatenate([item.views.masks for item in items])
        ends = np.cumsum([len(item.views.images) for item in items])[:-1]
        return np.split(self.extractor(images, masks), ends)

    def _store(self, item: Prepared, view_features: np.ndarray) -> Prepared:
        """Pool and store one specimen; the catalogue learns of it last."""
        name = item.record.specimen_id
        features_made_from, embedding_made_from = self._fingerprints(item.views_fingerprint)
        store_features(file_of_specimen(self.run.features, name, ".npy"), view_features)
        self.features.add(name, features_made_from, views=len(view_features))
        write_npy(self._vector_path(name), pool_views(view_features, self.settings.pool))
        self.embeddings.add(name, embedding_made_from)
        if self.settings.keep_renders:
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
        views_fingerprint = fingerprint_of_views(self.settings.views, record.sha256)
        features, embedding = self._fingerprints(views_fingerprint)
        if not self.features.is_done(name, features) or not file_of_specimen(self.run.features, name, ".npy").is_file():
            return False
        if self.settings.keep_renders and not self.renders.is_done(name, views_fingerprint):
            return False
        if self.settings.keep_tokens and not file_of_specimen(self.tokens, name, ".npy").is_file():
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
        file_of_specimen(self.tokens, name, ".npy").unlink(missing_ok=True)

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
