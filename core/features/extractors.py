"""Extractors: a network run by an engine, and the classical descriptor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from core.backbones import Backbone, Dense, Engine, TokenSettings, grid_of, patch_shares
from core.features.base import FEATURES_VERSION, fit_images
from core.features.classical import CLASSICAL_VERSION, describe_views
from core.features.settings import FeatureSettings
from core.foundation import SettingError


class NetworkExtractor:
    """A frozen network, run by an engine.

    Parameters
    ----------
    backbone : Backbone
        The network with its facts.
    engine : Engine
        Runs the backbone.
    tokens : TokenSettings
        The tokens that become features; the engine was opened with the same ones.
    """

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
        """Return the height and width in pixels that views are resized to."""
        return self._backbone.image_size

    @property
    def images_at_once(self) -> int:
        """Return how many views the engine processes best in one call."""
        return self._engine.images_at_once

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features per view."""
        del depth
        return self._engine.run(fit_images(images, self.image_size), self._shares(images, masks))

    def begin(
        self, images: UInt8[np.ndarray, "v h w 3"], masks: Bool[np.ndarray, "v h w"] | None = None
    ) -> Callable[[], Float32[np.ndarray, "v d"]]:
        """Start the engine and return a function that waits for the features."""
        return self._engine.begin(fit_images(images, self.image_size), self._shares(images, masks))

    def dense(
        self, images: UInt8[np.ndarray, "v h w 3"], masks: Bool[np.ndarray, "v h w"] | None = None
    ) -> Iterator[Dense]:
        """Yield features and float16 tokens of a few views at a time.

        The class token comes first, then the patch tokens row by row.
        """
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
    """Zernike moments and HOG, without weights or an engine.

    Raises
    ------
    SettingError
        If the settings ask for tokens, layers or facets.
    """

    def __init__(self, backbone: Backbone, settings: FeatureSettings) -> None:
        if settings.dense or settings.token_settings != TokenSettings(settings.tokens):
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
        """Return one row of features per view."""
        return describe_views(images, masks, depth)
