"""Repetition of a run from its `config.json`, with the same settings and results."""

from __future__ import annotations

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
from core.foundation import Progress, SettingError, few_of, installed_version, note, silent
from core.neighbours import SearchSettings
from core.pipeline.newcomers import check_same_backbone, feature_settings_of
from core.pipeline.run import RunReport, RunSettings, run_pipeline
from core.storage import read_json
from core.views import ViewSettings
from core.workspace import CONFIG_FORMAT, RunFolder, Workspace


@dataclass(frozen=True)
class Recipe:
    """The content of a run's configuration.

    Parameters
    ----------
    settings : RunSettings
        All settings of the run; the name is empty.
    input : Path
        The input folder.
    features : mapping
        Backbone and weights of the run, for comparison with those in use now.
    warnings : tuple of str
        Differences from the run, in sentences: versions of programs.
    """

    settings: RunSettings
    input: Path
    features: Mapping[str, Any]
    warnings: tuple[str, ...]


def is_run_config(values: object) -> bool:
    """Return whether a value is the content of a run's `config.json`.

    A file of command-line flags is not.

    Examples
    --------
    >>> from core.pipeline import is_run_config
    >>> is_run_config({"format": 1, "features": {"backbone": "dinov2_vits14"}}), is_run_config({"views": 12})
    (True, False)
    """
    return isinstance(values, dict) and isinstance(values.get("features"), dict) and "format" in values


def read_recipe(path: Path, *, weights: Path | None = None, download: bool = True) -> Recipe:
    """Read a run's `config.json`.

    Parameters
    ----------
    path : Path
        The file, or the folder of the run.
    weights : Path, optional
        A weights file or its folder, if the weights have moved.
    download : bool
        Whether weights may be downloaded.

    Raises
    ------
    SettingError
        If the file is not a run configuration, or was written by a newer version.
    WorkspaceError
        If it cannot be read.
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
    config = RunFolder(path.absolute().parent).with_present_input(config)
    try:
        recorded = config["features"]
        features = replace(
            feature_settings_of(recorded, weights, download),
            dense=bool(config["keep_tokens"]),
            engine=_engine_settings(recorded),
        )
        views = ViewSettings(**_checked_values(ViewSettings, config["views"]))
        settings = RunSettings(
            views=views,
            size=views.size,
            features=features,
            pool=str(config["pool"]),
            search=SearchSettings(**_checked_values(SearchSettings, config["search"])),
            clusters=ClusterSettings(**_checked_values(ClusterSettings, config["clusters"])),
            evaluation=EvaluationSettings(**_checked_values(EvaluationSettings, config.get("evaluation", {}))),
            keep_renders=bool(config["keep_renders"]),
        )
        folder = Path(str(config["input"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingError(
            "{path} is incomplete or has unknown entries ({reason}).",
            advice="Make the run again.",
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
    """Repeat a run from its recipe under a new name.

    Raises
    ------
    WeightsError
        If the backbone or its weights are not those of the recipe.
    InputError, BusyError, SettingError, DeviceError, WorkspaceError
        As `core.pipeline.run_pipeline` does.
    """
    workspace.run(name)
    extractor = open_extractor(recipe.settings.features)
    check_same_backbone(recipe.features, extractor.identity)
    settings = replace(recipe.settings, name=name, workers=workers)
    return run_pipeline(workspace, settings, meshes=meshes or recipe.input, extractor=extractor, progress=progress)


def changes_of_input(run: RunFolder, folder: Path) -> tuple[str, ...]:
    """Return sentences on the specimens missing from or new in the input folder.

    Raises
    ------
    InputError
        If the folder is missing or empty.
    """
    if not run.ids_path.is_file():
        return ()
    before = set(run.ids_path.read_text(encoding="utf-8").split("\n")) - {""}
    now = {specimen.specimen_id for specimen in take_inventory(folder).specimens}
    missing, new = sorted(before - now), sorted(now - before)
    return (
        *((note("No longer in {folder}: {named}.", folder=folder, named=few_of(missing)),) if missing else ()),
        *((note("New since the run in {folder}: {named}.", folder=folder, named=few_of(new)),) if new else ()),
    )


def free_name(workspace: Workspace, name: str) -> str:
    """Return an unused name for another run with the settings of this one."""
    taken = {run.name.casefold() for run in workspace.runs()}
    number = 2
    while (candidate := f"{name[:58]} {number}").casefold() in taken:
        number += 1
    return candidate


def _engine_settings(recorded: Mapping[str, Any]) -> EngineSettings:
    """Return engine, device and precision of a run.

    They are `auto` for a joined backbone, whose parts may differ.
    """
    engine, precision = str(recorded.get("engine")), str(recorded.get("precision"))
    device = "cpu" if recorded.get("device") == "cpu" else "cuda"
    return EngineSettings(
        engine=engine if engine in ENGINES else "auto",
        device=device if engine in ENGINES and device in DEVICES else "auto",
        precision=precision if engine in ENGINES and precision in PRECISIONS else "auto",
    )


def _checked_values(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments of a settings class, lists as tuples."""
    names = {field.name for field in fields(kind)}
    unknown = sorted(values.keys() - names)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _other_versions(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence on programs with another version than in the run."""
    differing = []
    for name, version in recorded.items():
        if name == "python":
            continue
        now = core.__version__ if name == "fossilvit_explorer" else installed_version(name)
        if now != version:
            differing.append(f"{name} {version} → {now}")
    sentence = "Made with other versions, numbers may differ in their last digits: {others}."
    return (note(sentence, others=", ".join(differing)),) if differing else ()
