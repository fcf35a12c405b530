"""A named run of all stages: embeddings, neighbours, clusters and evaluation.

    inventory ──► child processes: read, render ──► this process: features, pooling ──► files of the run
                         (bounded queue)                  (in order)

The result of every specimen is stored as soon as it is ready. A stored result is reused if its
fingerprint is still the same: each file is recorded with the fingerprint of the settings and the
content that it was made from. The steps after the embedding use all specimens together.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.backbones import TokenSettings
from core.clusters import ClusterSettings, cluster_into
from core.collection import Inventory, Unread, inventory_for_work, write_unread
from core.embeddings import POOLINGS, Embeddings, assemble
from core.evaluation import EvaluationSettings, evaluate_categories_into
from core.features import Extractor, FeatureSettings, open_extractor
from core.foundation import InputError, Progress, SettingError, file_of_specimen, silent
from core.neighbours import SearchSettings
from core.pipeline.configuration import (
    begin_configuration,
    configuration_of_embeddings,
    end_configuration,
    versions_in_use,
)
from core.pipeline.preparation import Failure
from core.pipeline.stages import POOLING_VERSION, search_folder
from core.pipeline.stream import Stream, StreamSettings
from core.pipeline.workers import Children, default_workers
from core.storage import read_npy, remove_unfinished
from core.views import VIEWS_VERSION, ViewSettings
from core.workspace import (
    CONFIG_FORMAT,
    Catalogue,
    RunFolder,
    Workspace,
    embeddings_made_with,
    features_made_with,
    inside,
    mapping_of,
)

# Settings of views and tokens that are listed if they differ from the defaults.
_LISTED_SETTINGS = (
    *("tokens", "layer", "facet", "patch_pool", "patch_mask"),
    *("mixed", "align", "layout", "appearance", "shading", "background"),
)


log = logging.getLogger(__name__)

# From this size on, views are kept as PNG by default, because they are large enough to look at.
KEEP_RENDERS_FROM_PIXELS = 768


@dataclass(frozen=True)
class RunSettings:
    """All settings of a run.

    Parameters
    ----------
    views : ViewSettings
        Settings of the views.
    size : int, optional
        Height and width of the views in pixels; None for the input size of the backbone.
    features : FeatureSettings
        The backbone and its features.
    pool : {"mean", "max"}
        Pooling of view features to an embedding.
    search : SearchSettings
        Settings of the search for neighbours.
    clusters : ClusterSettings
        Settings of clustering.
    evaluation : EvaluationSettings
        Settings of the evaluation of neighbours by category.
    name : str
        Name of the run; if empty, it is made of backbone, views and size.
    keep_renders : bool, optional
        Whether views are kept as PNG; None keeps them from 768 pixels on.
    workers : int, optional
        Child processes that read and render; None for one fewer than processors.
    """

    views: ViewSettings = field(default_factory=ViewSettings)
    size: int | None = None
    features: FeatureSettings = field(default_factory=FeatureSettings)
    pool: str = "mean"
    search: SearchSettings = field(default_factory=SearchSettings)
    clusters: ClusterSettings = field(default_factory=ClusterSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    name: str = ""
    keep_renders: bool | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        """Check the settings that no part checks itself."""
        if self.pool not in POOLINGS:
            raise SettingError(
                "'pool' must be one of {allowed} (got {pool}).", allowed=", ".join(POOLINGS), pool=self.pool
            )
        if self.workers is not None and self.workers < 0:
            raise SettingError("'workers' must be at least 0 (got {workers}).", workers=self.workers)


@dataclass(frozen=True)
class RunReport:
    """The result of a run.

    Parameters
    ----------
    run : RunFolder
        The folder of the run.
    done, unchanged : int
        Number of specimens that were processed, and that were up to date.
    failures : tuple of Failure
        Skipped specimens.
    warnings : tuple of str
        Remarks on the input folder and on specimens that lost much to repair, in sentences.
    unread : tuple of Unread
        Files of the input folder that are of kinds that are not read.
    """

    run: RunFolder
    done: int
    unchanged: int
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


def run_pipeline(
    workspace: Workspace,
    settings: RunSettings,
    *,
    meshes: Path | None = None,
    extractor: Extractor | None = None,
    overwrite: bool = False,
    only: Collection[str] | None = None,
    progress: Progress = silent,
) -> RunReport:
    """Compute embeddings, neighbours and clusters of all specimens of a folder.

    Parameters
    ----------
    workspace : Workspace
        The workspace that holds the run.
    settings : RunSettings
        All settings of the run.
    meshes : Path, optional
        The input folder, which is only read; None for `meshes` of the workspace.
    extractor : Extractor, optional
        An open extractor; opened from the settings if None.
    overwrite : bool
        Compute finished results again.
    only : collection of str, optional
        Ids of the specimens to process; results of others stay as they are. None for all.
    progress : Progress
        Reports every specimen.

    Raises
    ------
    InputError
        If there is no specimen, or none can be used.
    BusyError
        If another run uses this workspace.
    SettingError, WeightsError, DeviceError, WorkspaceError
        If the run cannot start.
    """
    inventory = inventory_for_work(meshes or workspace.meshes)
    workers = settings.workers if settings.workers is not None else default_workers()
    with workspace.locked(), _children_for(workspace, inventory, workers, overwrite) as children:
        extractor = extractor or open_extractor(settings.features)
        views = replace(settings.views, size=settings.size or extractor.image_size)
        run = workspace.run(settings.name or name_of_run(extractor, views))
        keep = settings.keep_renders if settings.keep_renders is not None else views.size >= KEEP_RENDERS_FROM_PIXELS
        for folder in (run.root, workspace.thumbnails):
            remove_unfinished(folder)
        config = _config(inventory, settings, views, extractor, keep) | inside(workspace.root, inventory.folder)
        begin_configuration(run, config)
        write_unread(run.root, inventory.unread)
        chosen = None if only is None else frozenset(only)
        stream = Stream(
            workspace,
            run,
            inventory,
            extractor,
            StreamSettings(
                views,
                settings.pool,
                keep,
                settings.features.dense,
                workers,
                overwrite,
                chosen,
                features_made_with(config),
                embeddings_made_with(config),
            ),
            children,
        )
        failures = stream.process(progress)
        usable = stream.finish()
        if not usable:
            for failure in failures:
                log.error("Passed over %s: %s", failure.specimen_id, failure.reason)
            raise InputError(
                "None of the {specimens} specimens could be used; the first: {specimen_id}: {reason}",
                advice="The lines above tell the reason for each.",
                specimens=len(inventory.specimens),
                specimen_id=failures[0].specimen_id,
                reason=failures[0].reason,
            )
        described = configuration_of_embeddings(run, config, made=stream.done, kept=len(usable) - stream.done)
        vectors, made_with = _read_vectors(run, usable), embeddings_made_with(config)
        embeddings = assemble(run.embeddings, usable, vectors, made_with=made_with, first=described)
        _write_results(run, embeddings, settings, overwrite, progress)
        end_configuration(run)
    unchanged = len(inventory.specimens) - stream.done - len(failures)
    warnings = (*inventory.warnings, *stream.warnings)
    return RunReport(run, stream.done, unchanged, tuple(failures), warnings, inventory.unread)


def _write_results(
    run: RunFolder, embeddings: Embeddings, settings: RunSettings, overwrite: bool, progress: Progress
) -> None:
    """Write neighbours, clusters and the evaluation of the whole collection."""
    search_folder(embeddings, run.knn_results, settings.search, overwrite=overwrite, progress=progress)
    for _ in progress(range(1), 1, "Clusters"):
        cluster_into(run.results, embeddings, settings.clusters, overwrite=overwrite)
    for _ in progress(range(1), 1, "Evaluation"):
        evaluate_categories_into(run.results / "evaluation", embeddings, settings.evaluation, overwrite=overwrite)


@contextmanager
def _children_for(
    workspace: Workspace, inventory: Inventory, workers: int, overwrite: bool
) -> Iterator[Children | None]:
    """Start child processes before the backbone is opened, if there is work for them."""
    known = Catalogue(workspace.catalogue_path).specimens(str(inventory.folder))
    new = sum(specimen.specimen_id not in known for specimen in inventory.specimens)
    if workers == 0 or not (new > 1 or (overwrite and len(inventory.specimens) > 1)):
        yield None
        return
    children = Children(workers)
    try:
        children.warm_up()
        yield children
    finally:
        children.close()


def name_of_run(extractor: Extractor, views: ViewSettings) -> str:
    """Return a name made of backbone, unusual token settings, views and size."""
    identity = extractor.identity
    unusual = [str(identity[name]) for name in ("tokens", "patch_pool", "facet") if identity.get(name, "cls") != "cls"]
    unusual += ["masked"] if identity.get("patch_mask") else []
    unusual += [f"layer{identity['layer']}"] if "layer" in identity else []
    orientation = ["mixed"] if views.mixed else ["aligned"] if views.align else []
    parts = [str(identity["backbone"]), *unusual, f"{views.views}views", *orientation, f"{views.size}px"]
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", "_".join(parts))


def _read_vectors(run: RunFolder, ids: list[str]) -> dict[str, np.ndarray]:
    return {name: read_npy(file_of_specimen(run.embeddings, name, ".npy")) for name in ids}


def _config(
    inventory: Inventory, settings: RunSettings, views: ViewSettings, extractor: Extractor, keep: bool
) -> dict[str, Any]:
    """Return the content of `config.json`, from which the run can be repeated."""
    return {
        "format": CONFIG_FORMAT,
        "input": str(inventory.folder),
        "views": asdict(views),
        "features": dict(extractor.identity),
        "stages": {"views": VIEWS_VERSION, "pooling": POOLING_VERSION},
        "requested_model": settings.features.model,
        "pool": settings.pool,
        "search": asdict(settings.search),
        "clusters": asdict(settings.clusters),
        "evaluation": asdict(settings.evaluation),
        "keep_renders": keep,
        "keep_tokens": settings.features.dense,
        "versions": versions_in_use(),
    }


def unusual_settings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values of settings that differ from the defaults.

    Only settings of views and tokens that change the numbers of a run are listed.

    Parameters
    ----------
    config : mapping
        The content of a run's `config.json`.

    Examples
    --------
    >>> from core.pipeline import unusual_settings
    >>> unusual_settings({"views": {"views": 12, "align": True}, "features": {"tokens": "cls"}})
    [('align', 'True')]
    """
    usual = {**asdict(ViewSettings()), **asdict(TokenSettings())}
    given = {**mapping_of(config, "views"), **mapping_of(config, "features")}
    return [(name, str(given[name])) for name in _LISTED_SETTINGS if given.get(name, usual[name]) != usual[name]]
