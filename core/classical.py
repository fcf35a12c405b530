"""The backbone without a network: Zernike moments of silhouette and depth, HOG of shading."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

# Raised when the numbers change, so that kept features are made again.
CLASSICAL_VERSION = "1"
ZERNIKE_ORDER = 12
ZERNIKE_PIXELS = 96
HOG_PIXELS = 128
# How much each part weighs in the cosine of two views (its squared norm).
WEIGHTS = {"silhouette": 0.3, "depth": 0.3, "shading": 0.4}


def describe_views(
    images: UInt8[np.ndarray, "v h w 3"],
    masks: Bool[np.ndarray, "v h w"] | None = None,
    depth: Float[np.ndarray, "v h w"] | None = None,
) -> Float32[np.ndarray, "v d"]:
    """Return one classical descriptor a view.

    Parameters
    ----------
    images : (v, h, w, 3) uint8
        Shaded views on a plain background.
    masks : (v, h, w) bool, optional
        The specimen's own pixels; where missing, what differs from the corner's colour.
    depth : (v, h, w) float, optional
        Any distance along the line of sight; where missing, brightness stands in for it.

    Returns
    -------
    (v, d) float32
        Silhouette, depth and shading, each of a fixed norm, joined; D is constant.

    Notes
    -----
    Magnitudes of Zernike moments do not change when a picture is turned (Khotanzad & Hong
    1990). Histograms of oriented gradients: Dalal & Triggs (2005).
    """
    if masks is None:
        masks = masks_from_background(images)
    rows = []
    for index in range(len(images)):
        grey = cv2.cvtColor(images[index], cv2.COLOR_RGB2GRAY)
        mask = masks[index]
        relief = _relief(mask, depth[index] if depth is not None else grey.astype(np.float32))
        parts = (
            ("silhouette", _zernike_magnitudes(mask.astype(np.float32), mask)),
            ("depth", _zernike_magnitudes(relief, mask)),
            ("shading", _hog(grey)),
        )
        rows.append(np.concatenate([_scaled(values, WEIGHTS[name]) for name, values in parts]))
    return np.asarray(rows, dtype=np.float32)


def masks_from_background(images: UInt8[np.ndarray, "v h w 3"]) -> Bool[np.ndarray, "v h w"]:
    """Return the pixels that differ visibly from the colour of the upper left corner."""
    corner = images[:, :1, :1].astype(np.int16)
    masks: np.ndarray = np.abs(images.astype(np.int16) - corner).max(axis=3) > 6
    return masks


def _scaled(values: np.ndarray, weight: float) -> np.ndarray:
    norm = float(np.linalg.norm(values))
    return values * (math.sqrt(weight) / norm) if norm > 0 else values


def _relief(mask: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Scale the depth of the specimen's pixels to [0.2, 1], nearest brightest; 0 elsewhere."""
    relief = np.zeros(mask.shape, dtype=np.float32)
    values = depth[mask]
    if values.size:
        low, high = float(values.min()), float(values.max())
        relief[mask] = 1.0 - 0.8 * (values - low) / max(high - low, 1e-9)
    return relief


def _zernike_magnitudes(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return |Z_nm| for n up to ZERNIKE_ORDER over the disc that just holds the mask."""
    basis = _zernike_basis()
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return np.zeros(basis.shape[0], dtype=np.float32)
    centre_x, centre_y = float(columns.mean()), float(rows.mean())
    radius = float(np.hypot(columns - centre_x, rows - centre_y).max()) + 1.0
    scale = ZERNIKE_PIXELS / (2 * radius)
    shift = ZERNIKE_PIXELS / 2 - 0.5
    matrix = np.array([[scale, 0, shift - scale * centre_x], [0, scale, shift - scale * centre_y]])
    disc = cv2.warpAffine(picture, matrix, (ZERNIKE_PIXELS, ZERNIKE_PIXELS), flags=cv2.INTER_LINEAR)
    magnitudes: np.ndarray = np.abs(basis @ disc.ravel())
    return magnitudes


@lru_cache(maxsize=1)
def _zernike_basis() -> np.ndarray:
    """Return the conjugated Zernike polynomials on a grid of pixels: (k, pixels) complex64."""
    axis = (np.arange(ZERNIKE_PIXELS) + 0.5) / (ZERNIKE_PIXELS / 2) - 1
    x, y = np.meshgrid(axis, axis)
    rho, theta = np.hypot(x, y), np.arctan2(y, x)
    inside = rho <= 1
    rows = []
    for n in range(ZERNIKE_ORDER + 1):
        for m in range(n % 2, n + 1, 2):
            radial = sum(
                (-1) ** k
                * math.factorial(n - k)
                / (math.factorial(k) * math.factorial((n + m) // 2 - k) * math.factorial((n - m) // 2 - k))
                * rho ** (n - 2 * k)
                for k in range((n - m) // 2 + 1)
            )
            rows.append((n + 1) / math.pi * np.where(inside, radial * np.exp(-1j * m * theta), 0).ravel())
    return (np.asarray(rows) * (2 / ZERNIKE_PIXELS) ** 2).astype(np.complex64)


def _hog(grey: np.ndarray) -> np.ndarray:
    from skimage.feature import hog

    small = cv2.resize(grey, (HOG_PIXELS, HOG_PIXELS), interpolation=cv2.INTER_AREA)
    histogram: np.ndarray = hog(small, orientations=9, pixels_per_cell=(16, 16), cells_per_block=(2, 2))
    return histogram
