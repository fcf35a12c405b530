"""The part of a run that processes specimens one by one, from file to embedding.

Child processes prepare specimens: they read and render. This process extracts features, pools them
and stores features and embedding. Manifests record what is stored, so that a later run skips it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.collection import Inventory, SpecimenFile, beside_as_text, is_as_recorded, stamp_of
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
from core.pipeline.preparation import Failure, Prepared, Task, fingerprint_for_record, fingerprint_of_views, record_of
from core.pipeline.stages import POOLING_VERSION, manifest_of_views
from core.pipeline.thumbnails import Thumbnails
from core.pipeline.token_folders import begin_with
from core.pipeline.workers import Children, prepare_all
from core.storage import Manifest, fingerprint, remove_file, write_npy
from core.views import ViewSettings
from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace

log = logging.getLogger(__name__)

# Batches given to the engine but not stored: one in work and one ready, so that it never waits.
_BATCHES_IN_FLIGHT = 2
# Facts of the entry of a manifest that stay if only the form of its fingerprint changes.
_FACTS = ("views", "made_with")


@dataclass(frozen=True)
class StreamSettings:
    """Settings of a run that the stream needs.

    Parameters
    ----------
    views : ViewSettings
        Settings of the views, with the final size.
    pool : str
        Pooling of view features to an embedding.
    keep_renders, keep_tokens : bool
        Whether views are kept as PNG, and whether all tokens are kept.
    workers : int
        Child processes that read and render.
    overwrite : bool
        Whether finished results are computed again.
    only : frozenset of str, optional
        Ids of the specimens to process; results of others stay as they are, if they were made with
        the same settings and are not damaged. None for all.
    features_with, embeddings_with : str
        Fingerprints of the settings that decide view features and embeddings, which the manifests
        keep.
    """

    views: ViewSettings
    pool: str
    keep_renders: bool
    keep_tokens: bool
    workers: int
    overwrite: bool
    only: frozenset[str] | None = None
    features_with: str = ""
    embeddings_with: str = ""


class Stream:
    """Processes the specimens of an inventory for one run.

    Call `process`, then `finish`.

    Parameters
    ----------
    workspace : Workspace
        The workspace with the catalogue and thumbnails.
    run : RunFolder
        The folder of the run.
    inventory : Inventory
        The specimens of the input folder.
    extractor : Extractor
        The backbone.
    settings : StreamSettings
        Settings of the run.
    children : Children or None
        Processes that are already started; started here if None.
    """

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
        self.thumbnails = Thumbnails(workspace.thumbnails)
        self.tokens = run.root / TOKENS_FOLDER
        self.catalogue = Catalogue(workspace.catalogue_path)
        self.source = str(inventory.folder)
        self.known = self.catalogue.specimens(self.source)
        self.renamed = _of_folders_that_are_gone(self.catalogue)
        self.features = Manifest(run.features, ".npy")
        self.embeddings = Manifest(run.embeddings, ".npy")
        self.renders = manifest_of_views(run.renders)
        self.token_files = Manifest(self.tokens, ".npy")
        self.has_earlier_tokens = self.tokens.is_dir() and not self.token_files.path.is_file()
        self.done = 0
        self.warnings: list[str] = []

    def process(self, progress: Progress) -> list[Failure]:
        """Process all specimens that are not up to date, and return the skipped ones."""
        only = self.settings.only
        pending = [
            specimen
            for specimen in self.inventory.specimens
            if (only is None or specimen.specimen_id in only or self._is_unusable(specimen.specimen_id))
            and (self.settings.overwrite or not self._is_done(specimen))
        ]
        self._mend_thumbnails({specimen.specimen_id for specimen in pending})
        for specimen in pending:
            self._forget(specimen.specimen_id)
            if (record := self.known.get(specimen.specimen_id)) is not None:
                self.thumbnails.forget(record.sha256)
        renders = self.run.renders if self.settings.keep_renders else None
        with_depth = bool(self.extractor.identity.get("uses_depth"))
        folder = self.thumbnails.folder
        tasks = (Task(specimen, self.settings.views, renders, folder, with_depth) for specimen in pending)
        workers = self.settings.workers if len(pending) > 1 else 0
        prepared = prepare_all(tasks, workers, children=self.children)
        extracted = self._extract(progress(prepared, len(pending), "Rendering"))
        failures = []
        for outcome in progress(extracted, len(pending), "Features"):
            if isinstance(outcome, Failure):
                failures.append(outcome)
                self._record_failure(outcome)
            else:
                self.done += 1
                self.warnings.extend(outcome.warnings)
        return failures

    def finish(self) -> list[str]:
        """Remove results of missing specimens, tidy manifests, return the usable ids."""
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
        if self.settings.keep_tokens or len(self.token_files):
            self.token_files.keep_only(present)
        self.thumbnails.finish()
        return usable

    def _extract(self, stream: Iterable[Prepared | Failure]) -> Iterator[Prepared | Failure]:
        """Yield specimens after their features and embedding are stored.

        Specimens are collected into batches of the size that suits the engine. One thread starts
        the extraction of batches. Another waits for the features and stores them in order. Few
        batches are in flight, so that memory stays bounded.
        """
        in_flight: deque[Future[list[Prepared | Failure]]] = deque()
        batch: list[Prepared] = []
        engine = ThreadPoolExecutor(1, thread_name_prefix="engine")
        storing = ThreadPoolExecutor(1, thread_name_prefix="storing")
        try:
            for item in stream:
                if isinstance(item, Failure):
                    yield item
                    continue
                batch.append(item)
                if sum(len(one.views.images) for one in batch) < views_at_once(self.extractor):
                    continue
                in_flight.append(storing.submit(self._store_all, batch, engine.submit(self._start, batch)))
                batch = []
                while in_flight and (len(in_flight) > _BATCHES_IN_FLIGHT or in_flight[0].done()):
                    yield from in_flight.popleft().result()
            if batch:
                in_flight.append(storing.submit(self._store_all, batch, engine.submit(self._start, batch)))
            while in_flight:
                yield from in_flight.popleft().result()
        finally:
            for pool in (engine, storing):
                pool.shutdown(cancel_futures=True)

    def _start(self, items: list[Prepared]) -> Callable[[], Sequence[np.ndarray | SpecimenError]]:
        """Start the extraction of a batch, and return a function that waits for it."""
        if self.settings.keep_tokens or not isinstance(self.extractor, NetworkExtractor):
            features = [self._features_of(item) for item in items]
            return lambda: features
        images, masks = [item.views.images for item in items], [item.views.masks for item in items]
        ends = np.cumsum([len(some) for some in images])[:-1]
        wait = self.extractor.begin(_concatenated(images), _concatenated(masks))
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
        self, items: list[Prepared], started: Future[Callable[[], Sequence[np.ndarray | SpecimenError]]]
    ) -> list[Prepared | Failure]:
        """Wait for the features of a batch, then pool and store them one by one."""
        outcomes: list[Prepared | Failure] = []
        for item, view_features in zip(items, started.result()(), strict=True):
            try:
                if isinstance(view_features, SpecimenError):
                    raise view_features
                self._store(item, view_features)
                outcomes.append(item)
            except SpecimenError as error:
                outcomes.append(Failure(item.record.specimen_id, "extract", error.reason))
        return outcomes

    def _store(self, item: Prepared, view_features: np.ndarray) -> None:
        """Pool and store one specimen, and record it in the catalogue last."""
        name = item.record.specimen_id
        features_made_from, embedding_made_from = self._fingerprints(item.views_fingerprint)
        store_features(file_of_specimen(self.run.features, name, ".npy"), view_features, sync=False)
        self.features.add(name, features_made_from, views=len(view_features), made_with=self.settings.features_with)
        self._store_embedding(name, embedding_made_from, view_features)
        self.thumbnails.add(item.record.sha256)
        if self.settings.keep_tokens:
            self.token_files.add(name, features_made_from, views=len(view_features))
        if self.settings.keep_renders:
            self.renders.add(name, item.views_fingerprint, views=item.n_files)
        self.catalogue.put_specimens([replace(item.record, source=self.source)])

    def _store_embedding(self, name: str, made_from: str, view_features: np.ndarray) -> None:
        write_npy(self._vector_path(name), pool_views(view_features, self.settings.pool), sync=False)
        self.embeddings.add(name, made_from, made_with=self.settings.embeddings_with)

    def _mend_thumbnails(self, pending: Collection[str]) -> None:
        """Make damaged and missing thumbnails of finished specimens again."""
        tasks = []
        for specimen in self.inventory.specimens:
            name, record = specimen.specimen_id, self.known.get(specimen.specimen_id)
            is_chosen = self.settings.only is None or name in self.settings.only
            if record is None or not record.sha256 or name in pending or not is_chosen:
                continue
            if not self.thumbnails.take(record.sha256):
                self.thumbnails.forget(record.sha256)
                tasks.append(Task(specimen, self.settings.views, None, self.thumbnails.folder, only_files=True))
        for outcome in prepare_all(tasks, self.settings.workers if len(tasks) > 1 else 0):
            if isinstance(outcome, Prepared):
                self.thumbnails.add(outcome.record.sha256)

    def _is_unusable(self, name: str) -> bool:
        """Return whether a stored embedding is damaged or was made with other settings."""
        entry = self.embeddings.get(name)
        if entry is None:
            return False
        made_with = entry.get("made_with", self.settings.embeddings_with)
        if made_with != self.settings.embeddings_with or not self.embeddings.is_sound(name):
            return True
        return self.features.get(name) is not None and not self.features.is_sound(name)

    def _fingerprints(self, views_fingerprint: str) -> tuple[str, str]:
        features = fingerprint("features", self.extractor.identity, views_fingerprint)
        return features, fingerprint("embedding", POOLING_VERSION, self.settings.pool, features)

    def _is_done(self, specimen: SpecimenFile) -> bool:
        """Return whether the stored results of a specimen are up to date.

        If only the pooling changed, the embedding is pooled again from the stored features.
        """
        name = specimen.specimen_id
        record = self.known.get(name) or self._of_renamed_folder(specimen)
        if record is None or record.error:
            return False
        stamp = stamp_of(specimen, record)
        # Rows of earlier versions have no stamp: files of the same size and time may have been swapped.
        if stamp is None or not record.stamp or not is_as_recorded(record, stamp):
            updated = _with_new_stamp(record, specimen)
            if updated is None:
                return False
            if not record.stamp:
                self._accept_earlier_form(specimen, updated)
            self.catalogue.put_specimens([updated])
            self.known[name] = record = updated
        views_fingerprint = fingerprint_for_record(self.settings.views, record)
        features, embedding = self._fingerprints(views_fingerprint)
        if not self.features.is_done(name, features):
            return False
        if self.settings.keep_renders and not self.renders.is_done(name, views_fingerprint):
            return False
        if self.settings.keep_tokens and not self._has_tokens(name, features):
            return False
        if not self.embeddings.is_done(name, embedding):
            try:
                stored = read_features(file_of_specimen(self.run.features, name, ".npy"))
            except SpecimenError:
                return False
            self.embeddings.forget(name)
            self._store_embedding(name, embedding, stored)
        return True

    def _of_renamed_folder(self, specimen: SpecimenFile) -> SpecimenRecord | None:
        """Return the record of a specimen whose input folder was renamed, if its files are the same."""
        before = self.renamed.get(specimen.specimen_id)
        updated = None if before is None or before.error else _with_new_stamp(before, specimen)
        if updated is None:
            return None
        updated = self.known[specimen.specimen_id] = replace(updated, source=self.source)
        self.catalogue.put_specimens([updated])
        return updated

    def _has_tokens(self, name: str, made_from: str) -> bool:
        """Return whether the tokens of a specimen belong to its features.

        An earlier version recorded nothing of them. Such tokens are kept if the class tokens among
        them are the features.
        """
        if self.token_files.is_done(name, made_from):
            return True
        if not self.has_earlier_tokens or not str(self.extractor.identity.get("tokens", "cls")).startswith("cls"):
            return False
        try:
            stored = read_features(file_of_specimen(self.run.features, name, ".npy"))
        except SpecimenError:
            return False
        if not begin_with(file_of_specimen(self.tokens, name, ".npy"), stored):
            return False
        self.token_files.add(name, made_from, views=len(stored))
        return True

    def _accept_earlier_form(self, specimen: SpecimenFile, record: SpecimenRecord) -> None:
        """Keep results in colour that an earlier version made, if the textures are older than they.

        Its fingerprints did not hold the files beside a mesh.
        """
        if not record.own_sha256 or self.settings.views.appearance != "colour":
            return
        name = specimen.specimen_id
        earlier = fingerprint_of_views(self.settings.views, record.own_sha256)
        now = fingerprint_for_record(self.settings.views, record)
        if not _are_older(beside_as_text(specimen)[0], file_of_specimen(self.run.features, name, ".npy")):
            return
        pairs = zip((self.features, self.embeddings), self._fingerprints(earlier), self._fingerprints(now), strict=True)
        for manifest, before, after in (*pairs, (self.renders, earlier, now)):
            if manifest.is_done(name, before):
                entry = manifest.get(name) or {}
                manifest.add(name, after, **{key: entry[key] for key in _FACTS if key in entry})

    def _record_failure(self, failure: Failure) -> None:
        specimen = next(s for s in self.inventory.specimens if s.specimen_id == failure.specimen_id)
        record = SpecimenRecord(self.source, failure.specimen_id, str(specimen.path), error=failure.reason)
        if (stamp := stamp_of(specimen)) is not None:
            record = replace(record, size=stamp.size, mtime_ns=stamp.mtime_ns, stamp=stamp.files)
        self.catalogue.put_specimens([record])
        # Results of an earlier version of the file must not be taken for results of this one.
        self._remove_files(failure.specimen_id)
        log.info("%s was passed over (%s): %s", failure.specimen_id, failure.stage, failure.reason)

    def _forget(self, name: str) -> None:
        """Remove a specimen from the manifests before its files change.

        If this process is killed then, no manifest lists files of mixed versions.
        """
        for manifest in (self.features, self.embeddings, self.renders):
            manifest.forget(name)
        if self.token_files.get(name) is not None:
            self.token_files.forget(name)
            # Without --dense, tokens of other settings would stay beside the new features.
            remove_file(file_of_specimen(self.tokens, name, ".npy"))

    def _remove_files(self, name: str) -> None:
        remove_file(file_of_specimen(self.run.features, name, ".npy"))
        remove_file(self._vector_path(name))
        remove_file(file_of_specimen(self.tokens, name, ".npy"))

    def _vector_path(self, name: str) -> Path:
        return file_of_specimen(self.run.embeddings, name, ".npy")


def _of_folders_that_are_gone(catalogue: Catalogue) -> dict[str, SpecimenRecord]:
    """Return the records of input folders that were moved or renamed, by id."""
    gone = (source for source in catalogue.sources() if not Path(source).exists())
    return {name: record for source in gone for name, record in catalogue.specimens(source).items()}


def _are_older(paths: Iterable[Path], than: Path) -> bool:
    """Return whether files were last changed, and came to their place, before another was written."""
    try:
        latest = max((max(stat.st_mtime_ns, stat.st_ctime_ns) for stat in map(Path.stat, paths)), default=0)
        return latest < than.stat().st_mtime_ns
    except OSError:
        return False


def _concatenated(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _with_new_stamp(record: SpecimenRecord, specimen: SpecimenFile) -> SpecimenRecord | None:
    """Return the record of a file with a new stamp, None if its content changed.

    Rows of earlier versions hold the SHA-256 of the specimen's own file alone.
    """
    try:
        now = record_of(specimen)
    except SpecimenError:
        return None
    if record.sha256 != (now.sha256 if record.stamp else now.form_sha256):
        return None
    return replace(
        record,
        path=now.path,
        size=now.size,
        mtime_ns=now.mtime_ns,
        stamp=now.stamp,
        beside=now.beside,
        sha256=now.sha256,
        own_sha256=now.own_sha256,
    )
