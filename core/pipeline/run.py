"""All stages in order as one stream: mesh → views → features → embedding, then neighbours, clusters, evaluation.

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
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import core
from core.backbones import TokenSettings
from core.clusters import ClusterSettings, cluster_into
from core.collection import Inventory, take_inventory
from core.embeddings import POOLINGS, Embeddings, assemble
from core.evaluation import EvaluationSettings, evaluate_categories_into
from core.features import Extractor, FeatureSettings, open_extractor
from core.foundation import InputError, Progress, SettingError, file_of_specimen, silent
from core.neighbours import SearchSettings
from core.pipeline.preparation import Failure
from core.pipeline.stages import search_folder
from core.pipeline.stream import Stream, StreamSettings
from core.pipeline.workers import Children, default_workers
from core.storage import read_npy, remove_unfinished, write_json
from core.views import ViewSettings
from core.workspace import CONFIG_FORMAT, Catalogue, RunFolder, Workspace, mapping_of

# Settings of views and tokens that are told where they are unusual.
_TOLD = (
    *("tokens", "layer", "facet", "patch_pool", "patch_mask"),
    *("mixed", "align", "layout", "appearance", "shading", "background"),
)


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
    evaluation : EvaluationSettings
        How neighbours are judged by the categories.
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
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    name: str = ""
    keep_renders: bool | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        """Check what the parts do not check themselves."""
        if self.pool not in POOLINGS:
            raise SettingError(
                "'pool' must be one of {allowed} (got {pool}).", allowed=", ".join(POOLINGS), pool=self.pool
            )
        if self.workers is not None and self.workers < 0:
            raise SettingError("'workers' must be at least 0 (got {workers}).", workers=self.workers)


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
    only: Collection[str] | None = None,
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
    overwrite : bool
        Do finished work again.
    only : collection of str, optional
        The specimens that may be worked on; what is known of others stays as it is. All where None.
    progress : Progress
        Told of every specimen.

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
    workers = settings.workers if settings.workers is not None else default_workers()
    with workspace.locked(), _children_for(workspace, inventory, workers, overwrite) as children:
        extractor = extractor or open_extractor(settings.features)
        views = replace(settings.views, size=settings.size or extractor.image_size)
        run = workspace.run(settings.name or name_of_run(extractor, views))
        keep = settings.keep_renders if settings.keep_renders is not None else views.size >= PIXELS_WORTH_KEEPING
        for folder in (run.root, workspace.thumbnails):
            remove_unfinished(folder)
        write_json(run.config_path, _config(inventory, settings, views, extractor, keep))
        some = None if only is None else frozenset(only)
        stream = Stream(
            workspace,
            run,
            inventory,
            extractor,
            StreamSettings(views, settings.pool, keep, settings.features.dense, workers, overwrite, some),
            children,
        )
        failures = stream.work(progress)
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
        embeddings = assemble(run.embeddings, usable, _read_vectors(run, usable))
        _ask_all(run, embeddings, settings, overwrite, progress)
    unchanged = len(inventory.specimens) - stream.done - len(failures)
    return RunReport(run, stream.done, unchanged, tuple(failures), inventory.warnings)


def _ask_all(
    run: RunFolder, embeddings: Embeddings, settings: RunSettings, overwrite: bool, progress: Progress
) -> None:
    """Ask of the whole collection what every run tells: neighbours, clusters, and how good the neighbours are."""
    search_folder(embeddings, run.knn_results, settings.search, overwrite=overwrite, progress=progress)
    for _ in progress(range(1), 1, "Clusters"):
        cluster_into(run.results, embeddings, settings.clusters, overwrite=overwrite)
    for _ in progress(range(1), 1, "Evaluation"):
        evaluate_categories_into(run.results / "evaluation", embeddings, settings.evaluation, overwrite=overwrite)


@contextmanager
def _children_for(
    workspace: Workspace, inventory: Inventory, workers: int, overwrite: bool
) -> Iterator[Children | None]:
    """Start the children while the backbone is being opened, where there is surely work for them."""
    known = Catalogue(workspace.catalogue_path).specimens(str(inventory.folder))
    new = sum(specimen.specimen_id not in known for specimen in inventory.specimens)
    if workers == 0 or not (new > 1 or (overwrite and len(inventory.specimens) > 1)):
        yield None
        return
    children = Children(workers)
    try:
        children.get_ready()
        yield children
    finally:
        children.close()


def name_of_run(extractor: Extractor, views: ViewSettings) -> str:
    """Return a name that tells backbone, what is unusual about what is taken out of it, views and size."""
    identity = extractor.identity
    unusual = [str(identity[name]) for name in ("tokens", "patch_pool", "facet") if identity.get(name, "cls") != "cls"]
    unusual += ["masked"] if identity.get("patch_mask") else []
    unusual += [f"layer{identity['layer']}"] if "layer" in identity else []
    turned = ["mixed"] if views.mixed else ["aligned"] if views.align else []
    parts = [str(identity["backbone"]), *unusual, f"{views.views}views", *turned, f"{views.size}px"]
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", "_".join(parts))


def _read_vectors(run: RunFolder, ids: list[str]) -> dict[str, np.ndarray]:
    return {name: read_npy(file_of_specimen(run.embeddings, name, ".npy")) for name in ids}


def _config(
    inventory: Inventory, settings: RunSettings, views: ViewSettings, extractor: Extractor, keep: bool
) -> dict[str, Any]:
    """Return everything needed to get the same run again."""
    return {
        "format": CONFIG_FORMAT,
        "input": str(inventory.folder),
        "views": asdict(views),
        "features": dict(extractor.identity),
        "requested_model": settings.features.model,
        "pool": settings.pool,
        "search": asdict(settings.search),
        "clusters": asdict(settings.clusters),
        "evaluation": asdict(settings.evaluation),
        "keep_renders": keep,
        "keep_tokens": settings.features.dense,
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


def unusual_settings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what else decides the numbers of a run, where it is not the usual: names of settings, and values."""
    usual = {**asdict(ViewSettings()), **asdict(TokenSettings())}
    given = {**mapping_of(config, "views"), **mapping_of(config, "features")}
    return [(name, str(given[name])) for name in _TOLD if given.get(name, usual[name]) != usual[name]]
