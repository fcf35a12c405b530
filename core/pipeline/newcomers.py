"""Embeddings of files outside the collection, made with the settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from core.backbones import TokenSettings
from core.collection import specimen_at
from core.embeddings import POOLINGS, pool_views
from core.features import Extractor, FeatureSettings, open_extractor
from core.foundation import SpecimenError, WeightsError, WorkspaceError
from core.meshes import Mesh
from core.pipeline.preparation import Failure, Task
from core.pipeline.workers import prepare_all
from core.views import Views, ViewSettings, render_views
from core.workspace import RunFolder

# These may differ from the run: they change the last digits of features, not their meaning.
_MACHINE_KEYS = ("engine", "engine_version", "device", "precision", "weights_source")


@dataclass(frozen=True)
class Newcomer:
    """A specimen outside the collection, described with the settings of a run.

    Parameters
    ----------
    name : str
        Its file's or folder's name, without suffix.
    views : Views
        Pictures and camera poses.
    features : (v, d) float32
        View features; read-only.
    embedding : (d,) float32
        Features pooled as in the run; read-only.
    mirrored : (v, d) float32, optional
        Features of its mirrored views, if requested; read-only.
    """

    name: str
    views: Views
    features: Float32[np.ndarray, "v d"]
    embedding: Float32[np.ndarray, " d"]
    mirrored: Float32[np.ndarray, "v d"] | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.features, self.embedding, self.mirrored):
            if array is not None:
                array.setflags(write=False)


class Describer:
    """Describes files outside the collection with the recorded settings of a run.

    The run itself does not change.

    Parameters
    ----------
    run : RunFolder
        The run whose configuration is used.
    weights : Path, optional
        A weights file, or a folder that holds it, if the backbone's own is not found.
    download : bool
        Whether weights may be downloaded from the hub.
    extractor : Extractor, optional
        An open extractor; opened from the configuration if None.

    Raises
    ------
    WeightsError
        If backbone or weights differ from those of the run.
    MissingStageError, WorkspaceError, SettingError, DeviceError
        If the run or its backbone is not available.
    """

    def __init__(
        self, run: RunFolder, *, weights: Path | None = None, download: bool = False, extractor: Extractor | None = None
    ) -> None:
        config = run.config()
        try:
            recorded = dict(config["features"])
            # The configuration of an earlier version has fewer settings; the others had the default values.
            known = {field.name for field in fields(ViewSettings)}
            self.view_settings = ViewSettings(**{k: v for k, v in config["views"].items() if k in known})
            self._pool = str(config.get("pool", POOLINGS[0]))
            settings = feature_settings_of(recorded, weights, download)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WorkspaceError(
                "{config_path} does not say how its views and features were made.",
                advice="Make the run again.",
                config_path=run.config_path,
            ) from error
        self.extractor = extractor if extractor is not None else open_extractor(settings)
        check_same_backbone(recorded, self.extractor.identity)

    @property
    def identity(self) -> tuple[object, ...]:
        """Return the backbone, the weights and the settings that the features depend on."""
        return self.extractor.identity, vars(self.view_settings)

    def describe(self, path: Path, *, mirror: bool = False, workers: int = 0) -> Newcomer:
        """Describe a mesh, a point cloud, a photograph or a folder of photographs.

        Parameters
        ----------
        path : Path
            The file or folder; it is only read.
        mirror : bool
            Whether the features of its mirrored views are computed, too.
        workers : int
            1 reads it in a child process, so that a damaged file cannot crash this one; 0 in this one.

        Raises
        ------
        InputError
            If it does not exist, or has no readable format.
        SpecimenError
            If it cannot be used.
        """
        return self._described(specimen_at(path).specimen_id, self._views(path, workers), mirror=mirror)

    def mirrored(self, path: Path) -> Float32[np.ndarray, "v d"]:
        """Return the features of the mirrored views of a file.

        Raises as `describe` does.
        """
        views = self._views(path, 0)
        return self.extractor(*_mirrored(views))

    def describe_mesh(self, mesh: Mesh, name: str) -> Newcomer:
        """Render and describe a mesh that is in memory.

        Raises
        ------
        SpecimenError
            If it has no extent, or is not visible in any view.
        """
        with_depth = bool(self.extractor.identity.get("uses_depth"))
        return self._described(name, render_views(mesh, self.view_settings, with_depth=with_depth))

    def _views(self, path: Path, workers: int) -> Views:
        with_depth = bool(self.extractor.identity.get("uses_depth"))
        task = Task(specimen_at(path), self.view_settings, with_depth=with_depth)
        (outcome,) = prepare_all([task], workers)
        if isinstance(outcome, Failure):
            raise SpecimenError("{path} cannot be used: {reason}", path=path, reason=outcome.reason)
        return outcome.views

    def _described(self, name: str, views: Views, *, mirror: bool = False) -> Newcomer:
        features = self.extractor(views.images, views.masks, views.depth)
        mirrored = self.extractor(*_mirrored(views)) if mirror else None
        return Newcomer(name, views, features, pool_views(features, self._pool), mirrored)


def _mirrored(views: Views) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return images, masks and depth of views, mirrored left to right."""
    depth = None if views.depth is None else np.ascontiguousarray(views.depth[:, :, ::-1])
    return np.ascontiguousarray(views.images[:, :, ::-1]), np.ascontiguousarray(views.masks[:, :, ::-1]), depth


def check_same_backbone(recorded: Mapping[str, Any], now: Mapping[str, object]) -> None:
    """Check that the backbone and weights of a run are those in use now.

    Raises
    ------
    WeightsError
        If anything differs that changes the meaning of the features.
    """
    before, here = _decisive(recorded), _decisive(now)
    for key in sorted(before.keys() | here.keys()):
        if before.get(key) != here.get(key):
            what = "weights" if key == "weights_sha256" else key.replace("_", " ")
            raise WeightsError(
                "The run was made with other {what}: {before}, here {here}.",
                advice="Give the same weights with --weights, or make the run again.",
                what=what,
                before=_short(before.get(key)),
                here=_short(here.get(key)),
            )


def _decisive(identity: Mapping[str, Any]) -> dict[str, object]:
    decisive = {key: value for key, value in identity.items() if key not in _MACHINE_KEYS}
    if "parts" in decisive:
        decisive["parts"] = [_decisive(part) for part in decisive["parts"]]
    # JSON turns tuples into lists, so both sides are compared as lists.
    return {key: list(value) if isinstance(value, tuple) else value for key, value in decisive.items()}


def feature_settings_of(recorded: Mapping[str, Any], weights: Path | None, download: bool) -> FeatureSettings:
    """Return the feature settings of a run, without those of the engine.

    Parameters
    ----------
    recorded : mapping
        The entry `features` of a run's `config.json`.
    weights : Path or None
        A weights file or its folder.
    download : bool
        Whether weights may be downloaded.

    Examples
    --------
    >>> from core.pipeline import feature_settings_of
    >>> feature_settings_of({"backbone": "dinov2_vits14", "image_size": 224}, None, False).image_size
    224
    """
    parts = recorded.get("parts", [recorded])
    taken = {name: parts[0][name] for name in vars(TokenSettings()) if name in parts[0]}
    return FeatureSettings(
        model=str(recorded["backbone"]),
        weights=weights,
        download=download,
        image_size=int(recorded["image_size"]) if len(parts) == 1 else None,
        model_weights=tuple(recorded.get("shares", ())),
        **taken,
    )


def _short(value: object) -> str:
    text = "nothing" if value is None or value == "" else str(value)
    return text if len(text) <= 16 else f"{text[:16]}…"
