"""A run once more from its `config.json`: the same settings, the same bytes."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import core
from core.backbones import DEVICES, ENGINES, PRECISIONS, EngineSettings
from core.clusters import ClusterSettings
from core.collection import take_inventory
from core.evaluation import EvaluationSettings
from core.features import open_extractor
from core.foundation import Progress, SettingError, few_of, note, silent
from core.neighbours import SearchSettings
from core.pipeline.newcomers import check_same_backbone, feature_settings_of
from core.pipeline.run import RunReport, RunSettings, run_pipeline
from core.storage import read_json
from core.views import ViewSettings
from core.workspace import RunFolder, Workspace

CONFIG_FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """What a configuration says.

    Parameters
    ----------
    settings : RunSettings
        Everything that makes the run; its name is empty.
    input : Path
        The input folder.
    features : mapping
        What made the features, to compare with what is at hand.
    warnings : tuple of str
        What is not as it was, in sentences: versions, specimens.
    """

    settings: RunSettings
    input: Path
    features: Mapping[str, Any]
    warnings: tuple[str, ...]


def is_run_config(values: object) -> bool:
    """Return whether this is the content of a run's `config.json`, and not of a file of flags."""
    return isinstance(values, dict) and isinstance(values.get("features"), dict) and "format" in values


def read_recipe(path: Path, *, weights: Path | None = None, download: bool = True) -> Recipe:
    """Read a run's `config.json`.

    Parameters
    ----------
    path : Path
        The file, or the folder of the run.
    weights : Path, optional
        Weights, where they are no longer where they were found.
    download : bool
        Whether weights may be fetched.

    Raises
    ------
    SettingError
        Where it is no such file, or was written by a newer version.
    WorkspaceError
        Where it cannot be read.
    """
    path = path / "config.json" if path.is_dir() else path
    config = read_json(path)
    if not is_run_config(config):
        raise SettingError("{path} is not the configuration of a run.", advice="Give runs/NAME/config.json.", path=path)
    if config["format"] != CONFIG_FORMAT:
        raise SettingError(
            "{path} has the format {format}; this version knows {config_format}.",
            advice="Update FossilViT Explorer.",
            path=path,
            format=config["format"],
            config_format=CONFIG_FORMAT,
        )
    try:
        recorded = config["features"]
        features = replace(
            feature_settings_of(recorded, weights, download),
            dense=bool(config["keep_tokens"]),
            engine=_engine_settings(recorded),
        )
        views = ViewSettings(**_known(ViewSettings, config["views"]))
        settings = RunSettings(
            views=views,
            size=views.size,
            features=features,
            pool=str(config["pool"]),
            search=SearchSettings(**_known(SearchSettings, config["search"])),
            clusters=ClusterSettings(**_known(ClusterSettings, config["clusters"])),
            evaluation=EvaluationSettings(**_known(EvaluationSettings, config.get("evaluation", {}))),
            keep_renders=bool(config["keep_renders"]),
        )
        folder = Path(str(config["input"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingError(
            "{path} lacks something or holds what does not belong there ({reason}).",
            advice="Make the run anew.",
            path=path,
            reason=error,
        ) from error
    return Recipe(settings, folder, recorded, _other_versions(config.get("versions", {})))


def reproduce(
    workspace: Workspace,
    recipe: Recipe,
    name: str,
    *,
    meshes: Path | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> RunReport:
    """Make a run by a recipe, under a name of its own.

    Raises
    ------
    WeightsError
        Where the backbone or its weights are not those of the recipe.
    InputError, BusyError, SettingError, DeviceError, WorkspaceError
        As `core.pipeline.run.run_pipeline` does.
    """
    workspace.run(name)
    extractor = open_extractor(recipe.settings.features)
    check_same_backbone(recipe.features, extractor.identity)
    settings = replace(recipe.settings, name=name, workers=workers)
    return run_pipeline(workspace, settings, meshes=meshes or recipe.input, extractor=extractor, progress=progress)


def changes_of_input(run: RunFolder, folder: Path) -> tuple[str, ...]:
    """Say which specimens of a run are gone from a folder and which have come, in sentences.

    Raises
    ------
    InputError
        Where the folder is missing or empty.
    """
    if not run.ids_path.is_file():
        return ()
    before = set(run.ids_path.read_text(encoding="utf-8").split("\n")) - {""}
    now = {specimen.specimen_id for specimen in take_inventory(folder).specimens}
    gone, come = sorted(before - now), sorted(now - before)
    return (
        *((note("No longer in {folder}: {named}.", folder=folder, named=few_of(gone)),) if gone else ()),
        *((note("New since the run in {folder}: {named}.", folder=folder, named=few_of(come)),) if come else ()),
    )


def free_name(workspace: Workspace, name: str) -> str:
    """Return a name for another run like this one that no run has yet."""
    taken = {run.name.casefold() for run in workspace.runs()}
    number = 2
    while (candidate := f"{name[:58]} {number}").casefold() in taken:
        number += 1
    return candidate


def _engine_settings(recorded: Mapping[str, Any]) -> EngineSettings:
    """Return how the network was run; the parts of a joined backbone may differ, and choose for themselves."""
    engine, precision = str(recorded.get("engine")), str(recorded.get("precision"))
    device = "cpu" if recorded.get("device") == "cpu" else "cuda"
    return EngineSettings(
        engine=engine if engine in ENGINES else "auto",
        device=device if engine in ENGINES and device in DEVICES else "auto",
        precision=precision if engine in ENGINES and precision in PRECISIONS else "auto",
    )


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that settings of this kind take; lists become tuples, as JSON knows none."""
    names = {field.name for field in fields(kind)}
    unknown = sorted(values.keys() - names)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _other_versions(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """Say which programs have another version now; they may change the last digits."""
    others = []
    for name, version in recorded.items():
        now = _version_of(name)
        if now and now != version:
            others.append(f"{name} {version} → {now}")
    told = "Made with other versions, numbers may differ in their last digits: {others}."
    return (note(told, others=", ".join(others)),) if others else ()


def _version_of(name: str) -> str:
    if name == "fossilvit_explorer":
        return core.__version__
    if name == "python":
        return ""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
