"""The extractor protocol: images in, features and tokens out."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

# Raised when the code changes the numbers, so that kept features are made again.
FEATURES_VERSION = "2"


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


def fit_images(images: UInt8[np.ndarray, "v h w 3"], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Bring views to the backbone's size: by area when shrinking, bicubic when growing."""
    height, width = images.shape[1:3]
    if height == width == size:
        return images
    how = cv2.INTER_AREA if min(height, width) > size else cv2.INTER_CUBIC
    return np.stack([cv2.resize(image, (size, size), interpolation=how) for image in images])
