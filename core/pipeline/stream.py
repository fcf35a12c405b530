"""The part of a run that goes specimen by specimen: made ready by children, extracted, pooled, stored."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.collection import Inventory, SpecimenFile, stamp_of
from core.embeddings import pool_views
from core.features import (
    TOKENS_FOLDER,
    Extractor,
    NetworkExtractor,
    extract_with_tokens,
    read_features,
    store_features,
    views_at_once,
)
from core.foundation import Progress, SpecimenError, file_of_specimen
from core.pipeline.preparation import Failure, Prepared, Task, fingerprint_of_views, record_of
from core.pipeline.stages import POOLING_VERSION
from core.pipeline.workers import Children, prepare_all
from core.storage import Manifest, fingerprint, remove_file, write_npy
from core.views import ViewSettings
from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace

log = logging.getLogger(__name__)

# Handed to the engine and not stored yet: one at work, one that is next, so that it never waits.
_ON_THEIR_WAY = 2


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
    only : frozenset of str, optional
        The specimens that may be worked on; what is known of others stays as it is. All where None.
    """

    views: ViewSettings
    pool: str
    keep_renders: bool
    keep_tokens: bool
    workers: int
    overwrite: bool
    only: frozenset[str] | None = None


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
        only = self.settings.only
        waiting = [
            specimen
            for specimen in self.inventory.specimens
            if (only is None or specimen.specimen_id in only)
            and (self.settings.overwrite or not self._is_done(specimen))
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
        """Extract and store as specimens come, as many together as the engine likes to be given.

        One thread hands specimens to the engine, one stores them in the same order as soon as their
        features are there, whatever the children are at. A few are on their way at most.
        """
        on_their_way: deque[Future[list[Prepared | Failure]]] = deque()
        together: list[Prepared] = []
        engine = ThreadPoolExecutor(1, thread_name_prefix="engine")
        storing = ThreadPoolExecutor(1, thread_name_prefix="storing")
        try:
            for item in stream:
                if isinstance(item, Failure):
                    yield item
                    continue
                together.append(item)
                if sum(len(held.views.images) for held in together) < views_at_once(self.extractor):
                    continue
                on_their_way.append(storing.submit(self._store_all, together, engine.submit(self._begin, together)))
                together = []
                while on_their_way and (len(on_their_way) > _ON_THEIR_WAY or on_their_way[0].done()):
                    yield from on_their_way.popleft().result()
            if together:
                on_their_way.append(storing.submit(self._store_all, together, engine.submit(self._begin, together)))
            while on_their_way:
                yield from on_their_way.popleft().result()
        finally:
            for pool in (engine, storing):
                pool.shutdown(cancel_futures=True)

    def _begin(self, items: list[Prepared]) -> Callable[[], Sequence[np.ndarray | SpecimenError]]:
        """Set the engine to work on specimens; return what waits for their features."""
        if self.settings.keep_tokens or not isinstance(self.extractor, NetworkExtractor):
            ready = [self._features_of(item) for item in items]
            return lambda: ready
        images, masks = [item.views.images for item in items], [item.views.masks for item in items]
        ends = np.cumsum([len(some) for some in images])[:-1]
        wait = self.extractor.begin(_joined(images), _joined(masks))
        return lambda: np.split(wait(), ends)

    def _features_of(self, item: Prepared) -> np.ndarray | SpecimenError:
        try:
            if self.settings.keep_tokens:
                path = file_of_specimen(self.tokens, item.record.specimen_id, ".npy")
                return extract_with_tokens(self.extractor, path, item.views.images, item.views.masks)
            return self.extractor(item.views.images, item.views.masks, item.views.depth)
        except SpecimenError as error:
            return error

    def _store_all(
        self, items: list[Prepared], begun: Future[Callable[[], Sequence[np.ndarray | SpecimenError]]]
    ) -> list[Prepared | Failure]:
        """Wait for the features of specimens, then pool and store them one by one."""
        outcomes: list[Prepared | Failure] = []
        for item, view_features in zip(items, begun.result()(), strict=True):
            try:
                if isinstance(view_features, SpecimenError):
                    raise view_features
                self._store(item, view_features)
                outcomes.append(item)
            except SpecimenError as error:
                outcomes.append(Failure(item.record.specimen_id, "extract", error.reason))
        return outcomes

    def _store(self, item: Prepared, view_features: np.ndarray) -> None:
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
        size, time, _ = stamp_of(specimen) or (-1, -1, 0)
        record = SpecimenRecord(
            self.source, failure.specimen_id, str(specimen.path), size=size, mtime_ns=time, error=failure.reason
        )
        self.catalogue.put_specimens([record])
        # What an earlier state of the file gave must not pass for this one.
        self._remove_files(failure.specimen_id)
        log.info("%s was passed over (%s): %s", failure.specimen_id, failure.stage, failure.reason)

    def _forget(self, name: str) -> None:
        """Take a specimen off the record before its files change, in case this process is killed."""
        for manifest in (self.features, self.embeddings, self.renders):
            manifest.forget(name)

    def _remove_files(self, name: str) -> None:
        remove_file(file_of_specimen(self.run.features, name, ".npy"))
        remove_file(self._vector_path(name))
        remove_file(file_of_specimen(self.tokens, name, ".npy"))

    def _vector_path(self, name: str) -> Path:
        return file_of_specimen(self.run.embeddings, name, ".npy")


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _is_same_file(record: SpecimenRecord, specimen: SpecimenFile) -> bool:
    """Compare size and time; where they differ the file is read and hashed again."""
    stamp = stamp_of(specimen)
    return stamp is not None and (record.size, record.mtime_ns) == stamp[:2]


def _with_new_time(record: SpecimenRecord, specimen: SpecimenFile) -> SpecimenRecord | None:
    """Return the record of a file that was only copied or touched, None where its content changed."""
    try:
        now = record_of(specimen)
    except SpecimenError:
        return None
    return replace(record, size=now.size, mtime_ns=now.mtime_ns) if now.sha256 == record.sha256 else None
