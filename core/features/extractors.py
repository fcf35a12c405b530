"""Views → view features: `open_extractor` once, then call it for every specimen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.backbones.engines import Engine, EngineSettings, open_engine
from core.backbones.engines.base import Dense
from core.backbones.loading import AUTO, EMBEDDED, Backbone, choose_auto, load_backbone
from core.backbones.tokens import BEST, TokenSettings, grid_of, patch_shares
from core.features.classical import CLASSICAL_VERSION, describe_views
from core.foundation.errors import SettingError

__all__ = ["Extractor", "FeatureSettings", "NetworkExtractor", "open_extractor", "views_at_once"]

log = logging.getLogger(__name__)

# Raised when the code changes the numbers, so that kept features are made again.
FEATURES_VERSION = "2"
JOINT = "+"


@dataclass(frozen=True)
class FeatureSettings:
    """What is taken out of every view.

    Parameters
    ----------
    model : str
        A backbone of the registry, a timm name, or `auto`; several joined by `+`.
    weights : Path, optional
        A weights file, or a folder that holds it.
    download : bool
        Whether weights that are not on this machine may be fetched from timm's hub.
    image_size : int, optional
        Height and width in pixels that the backbone sees; its own default where None.
    tokens, patch_pool, patch_mask, layer, facet
        As `core.backbones.tokens.TokenSettings` has them. Tokens may be `best`: what found best with the
        backbone in the trials of docs/retrieval.md, see `settled`.
    dense : bool
        Whether class token and all patch tokens are kept, too.
    model_weights : tuple of float
        How much each of several joined backbones counts; all alike where empty.
    engine : EngineSettings
        How the backbone is run.

    Raises
    ------
    SettingError
        Where a value is outside of what is allowed. Names and sizes are checked where they
        are resolved.
    """

    model: str = "dinov2_vits14"
    weights: Path | None = None
    download: bool = True
    image_size: int | None = None
    tokens: str = "cls"
    patch_pool: str = "mean"
    patch_mask: bool = False
    layer: int = -1
    facet: str = "token"
    dense: bool = False
    model_weights: tuple[float, ...] = ()
    engine: EngineSettings = field(default_factory=EngineSettings)

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.tokens == BEST:
            if (self.patch_pool, self.patch_mask, self.layer, self.facet) != ("mean", False, -1, "token"):
                raise SettingError(
                    "'tokens' best chooses patch-pool, patch-mask, layer and facet by itself.",
                    advice="Leave these out, or say which tokens to take.",
                )
        else:
            _ = self.taken
        names = self.models
        if not all(names):
            raise SettingError(
                "'model' must name a backbone on each side of a + (got {model!r}).",
                advice="Like dinov2_vits14+classical.",
                model=self.model,
            )
        if self.model_weights and (len(self.model_weights) != len(names) or min(self.model_weights) <= 0):
            given = ", ".join(f"{weight:g}" for weight in self.model_weights)
            raise SettingError(
                "'model-weights' must be {names} number(s) above 0, one a backbone of {model} (got {given}).",
                names=len(names),
                model=self.model,
                given=given,
            )
        if len(names) > 1 and self.dense:
            raise SettingError(
                "'dense' keeps the tokens of one backbone, but several are joined.", advice="Extract them one by one."
            )

    @property
    def models(self) -> tuple[str, ...]:
        """Return the backbones that are joined; mostly one."""
        return tuple(name.strip() for name in self.model.split(JOINT))

    def settled(self, backbone: str) -> FeatureSettings:
        """Return these settings with `best` replaced by what it stands for with a backbone.

        Layers, the last of them by GeM, and the background left out for the embedded
        EfficientNet; the class token, or what stands for it, for all others.
        """
        if self.tokens != BEST:
            return self
        if backbone == EMBEDDED:
            return replace(self, tokens="layers", patch_pool="gem", patch_mask=True)
        return replace(self, tokens="cls")

    @property
    def taken(self) -> TokenSettings:
        """Return what is taken out of a network."""
        return TokenSettings(self.tokens, self.patch_pool, self.patch_mask, self.layer, self.facet)


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
    if len(settings.models) > 1:
        from core.features.joined import JoinedExtractor

        if settings.weights is not None and settings.weights.is_file():
            raise SettingError(
                "'weights' is one file, but {model} are several backbones.",
                advice="Give the folder that holds the weights of all of them.",
                model=settings.model,
            )
        alone = [replace(settings, model=name, model_weights=()) for name in settings.models]
        weights = settings.model_weights or (1.0,) * len(alone)
        return JoinedExtractor([open_extractor(part) for part in alone], weights)
    model = settings.model
    if model == AUTO:
        model, why = choose_auto(settings.weights, download=settings.download)
        log.warning("Backbone: %s, because %s.", model, why)
    given = settings.weights if model == settings.model or model == "dinov2_vits14" else None
    backbone = load_backbone(model, image_size=settings.image_size, weights=given, download=settings.download)
    settings = settings.settled(model)
    if not backbone.spec.is_network:
        return ClassicalExtractor(backbone, settings)
    _check_patches(backbone, settings)
    engine = open_engine(backbone, settings.taken, settings.engine, dense=settings.dense)
    return NetworkExtractor(backbone, engine, settings.taken)


class NetworkExtractor:
    """A frozen network run by an engine; both are handed in."""

    def __init__(self, backbone: Backbone, engine: Engine, tokens: TokenSettings) -> None:
        self._backbone, self._engine, self._tokens = backbone, engine, tokens

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers: backbone, weights, size, engine."""
        return {
            **self._backbone.identity,
            **self._engine.identity,
            **self._tokens.identity,
            "version": FEATURES_VERSION,
        }

    @property
    def image_size(self) -> int:
        """Return the height and width in pixels that views are brought to."""
        return self._backbone.image_size

    @property
    def images_at_once(self) -> int:
        """Return how many views the engine likes to be given together."""
        return self._engine.images_at_once

    @property
    def tokens_a_view(self) -> int:
        """Return 1 + P, the tokens that `dense` keeps of a view."""
        return 1 + self._grid**2

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features a view."""
        del depth
        return self._engine.run(fit_images(images, self.image_size), self._shares(images, masks))

    def begin(
        self, images: UInt8[np.ndarray, "v h w 3"], masks: Bool[np.ndarray, "v h w"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "v d"]]:
        """Set the engine to work and return what waits for the features."""
        return self._engine.begin(fit_images(images, self.image_size), self._shares(images, masks))

    def dense(
        self, images: UInt8[np.ndarray, "v h w 3"], masks: Bool[np.ndarray, "v h w"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and float16 tokens, class token first, of a few views at a time."""
        return self._engine.run_dense(fit_images(images, self.image_size), self._shares(images, masks))

    @property
    def _grid(self) -> int:
        return grid_of(self.image_size, self._backbone.spec.patch_size)

    def _shares(self, images: np.ndarray, masks: np.ndarray | None) -> np.ndarray | None:
        if not self._tokens.patch_mask:
            return None
        if masks is None:
            from core.features.classical import masks_from_background

            masks = masks_from_background(images)
        return patch_shares(masks, self._grid)


class ClassicalExtractor:
    """Zernike moments and HOG; needs neither weights nor an engine."""

    def __init__(self, backbone: Backbone, settings: FeatureSettings) -> None:
        if settings.dense or settings.taken != TokenSettings(settings.tokens):
            raise SettingError(
                "The classical backbone has no tokens, layers or facets.",
                advice="Leave these settings out, or take a DINOv2 backbone.",
            )
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


def views_at_once(extractor: Extractor) -> int:
    """Return how many views it likes to be given together, of several specimens if need be."""
    return extractor.images_at_once if isinstance(extractor, NetworkExtractor) else 1


def fit_images(images: UInt8[np.ndarray, "v h w 3"], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Bring views to the backbone's size: by area when shrinking, bicubic when growing."""
    height, width = images.shape[1:3]
    if height == width == size:
        return images
    how = cv2.INTER_AREA if min(height, width) > size else cv2.INTER_CUBIC
    return np.stack([cv2.resize(image, (size, size), interpolation=how) for image in images])


def _check_patches(backbone: Backbone, settings: FeatureSettings) -> None:
    has_maps = settings.tokens == "layers"
    if backbone.spec.patch_size == 0 and (settings.dense or (settings.patch_mask and not has_maps)):
        which = "dense" if settings.dense else "patch-mask"
        raise SettingError(
            "'{which}' needs a vision transformer; {spec} has no patches.",
            advice="Take a DINOv2 backbone, or --tokens layers with --patch-mask.",
            which=which,
            spec=backbone.spec.name,
        )
