"""Views → view features: `open_extractor` once, then call it for every specimen."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.backbones import AUTO, Backbone, choose_auto, load_backbone
from core.classical import CLASSICAL_VERSION, describe_views
from core.engines import Engine, EngineSettings, open_engine
from core.errors import SettingError

log = logging.getLogger(__name__)

# Raised when the code changes the numbers, so that kept features are made again.
FEATURES_VERSION = "1"
TOKENS = ("cls", "patch", "cls+patch")


@dataclass(frozen=True)
class FeatureSettings:
    """What is taken out of every view.

    Parameters
    ----------
    model : str
        A backbone of the registry, a timm name, or `auto`.
    weights : Path, optional
        A weights file, or a folder that holds it.
    download : bool
        Whether weights that are not on this machine may be fetched from timm's hub.
    image_size : int, optional
        Height and width in pixels that the backbone sees; its own default where None.
    tokens : {"cls", "patch", "cls+patch"}
        Class token, mean of the patch tokens, or both joined.
    engine : EngineSettings
        How the backbone is run.
    """

    model: str = "dinov2_vits14"
    weights: Path | None = None
    download: bool = True
    image_size: int | None = None
    tokens: str = "cls"
    engine: EngineSettings = field(default_factory=EngineSettings)

    def __post_init__(self) -> None:
        """Check the choice of tokens; names and sizes are checked where they are resolved."""
        if self.tokens not in TOKENS:
            raise SettingError(f"'tokens' must be one of {', '.join(TOKENS)} (got {self.tokens}).")


class Extractor(Protocol):
    """Turns the views of one specimen into features."""

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers: backbone, weights, size, engine."""
        ...

    @property
    def image_size(self) -> int:
        """Return the height and width in pixels that views are brought to."""
        ...

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features a view."""
        ...


def open_extractor(settings: FeatureSettings) -> Extractor:
    """Load the backbone and make its engine ready.

    Raises
    ------
    SettingError, WeightsError, DeviceError
        Where the backbone, its weights, or the device asked for cannot be had.
    """
    model = settings.model
    if model == AUTO:
        model, why = choose_auto(settings.weights, download=settings.download)
        log.warning("Backbone: %s, because %s.", model, why)
    weights = settings.weights if model == settings.model or model == "dinov2_vits14" else None
    backbone = load_backbone(model, image_size=settings.image_size, weights=weights, download=settings.download)
    if backbone.module is None:
        return ClassicalExtractor(backbone)
    return NetworkExtractor(backbone, open_engine(backbone, settings.tokens, settings.engine), settings.tokens)


class NetworkExtractor:
    """A frozen network run by an engine; both are handed in."""

    def __init__(self, backbone: Backbone, engine: Engine, tokens: str) -> None:
        self._backbone, self._engine, self._tokens = backbone, engine, tokens

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers: backbone, weights, size, engine."""
        return {
            **self._backbone.identity,
            **self._engine.identity,
            "tokens": self._tokens,
            "version": FEATURES_VERSION,
        }

    @property
    def image_size(self) -> int:
        """Return the height and width in pixels that views are brought to."""
        return self._backbone.image_size

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features a view."""
        del masks, depth
        return self._engine.run(fit_images(images, self.image_size))


class ClassicalExtractor:
    """Zernike moments and HOG; needs neither weights nor an engine."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers."""
        return {
            **self._backbone.identity,
            "engine": "opencv",
            "engine_version": cv2.__version__,
            "device": "cpu",
            "precision": "fp32",
            "uses_depth": True,
            "version": f"{FEATURES_VERSION}.{CLASSICAL_VERSION}",
        }

    @property
    def image_size(self) -> int:
        """Return the height and width in pixels that views are rendered at."""
        return self._backbone.image_size

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features a view."""
        return describe_views(images, masks, depth)


def fit_images(images: UInt8[np.ndarray, "v h w 3"], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Bring views to the backbone's size: by area when shrinking, bicubic when growing."""
    height, width = images.shape[1:3]
    if height == width == size:
        return images
    how = cv2.INTER_AREA if min(height, width) > size else cv2.INTER_CUBIC
    return np.stack([cv2.resize(image, (size, size), interpolation=how) for image in images])
