"""The extractor protocol, and resizing of images to the size of an extractor."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

# Raised when the code changes the numbers, so that stored features are computed again.
FEATURES_VERSION = "2"


class Extractor(Protocol):
    """Turn the views of one specimen into features."""

    @property
    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers: backbone, weights, size, engine."""
        ...

    @property
    def image_size(self) -> int:
        """Return the height and width in pixels that views are resized to."""
        ...

    def __call__(
        self,
        images: UInt8[np.ndarray, "v h w 3"],
        masks: Bool[np.ndarray, "v h w"] | None = None,
        depth: Float[np.ndarray, "v h w"] | None = None,
    ) -> Float32[np.ndarray, "v d"]:
        """Return one row of features per view.

        Parameters
        ----------
        images : (v, h, w, 3) uint8
            Views of one specimen.
        masks : (v, h, w) bool, optional
            The specimen's own pixels.
        depth : (v, h, w) float, optional
            Distance along the line of sight, infinite off the specimen.
        """
        ...


def fit_images(images: UInt8[np.ndarray, "v h w 3"], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Resize views to the size of a backbone.

    They are shrunk by area and enlarged bicubically. Views of that size are returned as they are.

    Examples
    --------
    >>> import numpy as np
    >>> fit_images(np.zeros((2, 100, 100, 3), dtype=np.uint8), 56).shape
    (2, 56, 56, 3)
    """
    height, width = images.shape[1:3]
    if height == width == size:
        return images
    how = cv2.INTER_AREA if min(height, width) > size else cv2.INTER_CUBIC
    return np.stack([cv2.resize(image, (size, size), interpolation=how) for image in images])
