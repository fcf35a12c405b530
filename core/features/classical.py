"""The classical descriptor: Zernike moments and histograms of gradients."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

# Raised when the numbers change, so that stored features are computed again.
CLASSICAL_VERSION = "2"
ZERNIKE_ORDER = 16
ZERNIKE_RADII, ZERNIKE_ANGLES = 64, 256
HOG_PIXELS = 128
_HOG_CELL = 16
# Weight of each part in the cosine of two views (its squared norm). Depth says the most about form. The
# two histograms add detail: one in the position of the camera, which helps for specimens that were
# scanned in the same position, and one turned to the longest axis.
WEIGHTS = {"silhouette": 0.1, "depth": 0.5, "upright": 0.15, "turned": 0.25}


def describe_views(
    images: UInt8[np.ndarray, "v h w 3"],
    masks: Bool[np.ndarray, "v h w"] | None = None,
    depth: Float[np.ndarray, "v h w"] | None = None,
) -> Float32[np.ndarray, "v d"]:
    """Return one classical descriptor per view.

    Parameters
    ----------
    images : (v, h, w, 3) uint8
        Shaded views on a plain background.
    masks : (v, h, w) bool, optional
        The specimen's own pixels. If None, the pixels that differ from the colour of the corner.
    depth : (v, h, w) float, optional
        Distance along the line of sight, infinite off the specimen. If None, brightness replaces it,
        since surfaces that face the camera are lit the most; the descriptor then says less.

    Returns
    -------
    (v, 3690) float32
        Silhouette, depth and shading, each of a fixed norm, joined.

    Notes
    -----
    Magnitudes of Zernike moments do not change when a picture is turned (Khotanzad & Hong
    1990). Depth is measured from its mean, so that its moments describe the relief and not the
    silhouette again. Histograms of oriented gradients: Dalal & Triggs (2005).

    Examples
    --------
    >>> import numpy as np
    >>> views = np.full((1, 64, 64, 3), 255, dtype=np.uint8)
    >>> views[0, 20:40, 10:50] = 90
    >>> describe_views(views).shape
    (1, 3690)
    """
    if masks is None:
        masks = masks_from_background(images)
    rows = []
    for index in range(len(images)):
        grey = cv2.cvtColor(images[index], cv2.COLOR_RGB2GRAY)
        mask = masks[index]
        distance = depth[index] if depth is not None else -grey.astype(np.float32)
        disc = _disc_of(mask)
        parts = (
            ("silhouette", _zernike_magnitudes(mask.astype(np.float32), disc)),
            ("depth", _zernike_magnitudes(_relief(mask, distance), disc)),
            ("upright", _hog(cv2.resize(grey, (HOG_PIXELS, HOG_PIXELS), interpolation=cv2.INTER_AREA)).ravel()),
            ("turned", _turned_hog(grey, mask)),
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


def _relief(mask: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return how much nearer than the mean each pixel is, 0 off the specimen."""
    seen = mask & np.isfinite(distance)
    relief = np.zeros(mask.shape, dtype=np.float32)
    if seen.any():
        values = distance[seen].astype(np.float32)
        relief[seen] = values.mean(dtype=np.float64) - values
    return relief


def _disc_of(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return x and y in the picture of samples in the smallest disc around the mask.

    The disc is centred at the mean of the mask's pixels. None if the mask is empty.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return None
    centre_x, centre_y = float(columns.mean()), float(rows.mean())
    radius = np.float32(np.hypot(columns - centre_x, rows - centre_y).max() + 1.0)
    x, y, _ = _zernike_basis()
    return x * radius + np.float32(centre_x), y * radius + np.float32(centre_y)


def _zernike_magnitudes(picture: np.ndarray, disc: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """Return |Z_nm| for n up to ZERNIKE_ORDER over a disc, zeros without a disc."""
    radials = _zernike_basis()[2]
    if disc is None:
        return np.zeros(len(_ORDERS), dtype=np.float32)
    samples = cv2.remap(picture, *disc, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    # On circles the angular part is a Fourier transform, which leaves a sum over the radius.
    circles = np.fft.rfft(samples, axis=1)[:, : ZERNIKE_ORDER + 1]
    magnitudes: np.ndarray = np.abs((radials * circles[:, [m for _, m in _ORDERS]]).sum(axis=0))
    return magnitudes


_ORDERS = tuple((n, m) for n in range(ZERNIKE_ORDER + 1) for m in range(n % 2, n + 1, 2))


@lru_cache(maxsize=1)
def _zernike_basis() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return samples in the unit disc and weighted radial polynomials there.

    Returns
    -------
    x, y : (radii, angles) float32
        Coordinates of the samples.
    radials : (radii, k) float64
        Polynomials of every order, weighted by the area of the samples.
    """
    rho = (np.arange(ZERNIKE_RADII) + 0.5) / ZERNIKE_RADII
    theta = np.arange(ZERNIKE_ANGLES) * (2 * math.pi / ZERNIKE_ANGLES)
    radials = np.stack([(n + 1) / math.pi * _radial_polynomial(n, m, rho) * rho for n, m in _ORDERS], axis=1)
    radials *= (1 / ZERNIKE_RADII) * (2 * math.pi / ZERNIKE_ANGLES)
    x, y = rho[:, None] * np.cos(theta), rho[:, None] * np.sin(theta)
    return x.astype(np.float32), y.astype(np.float32), radials


def _radial_polynomial(n: int, m: int, rho: np.ndarray) -> np.ndarray:
    total = np.zeros_like(rho)
    for k in range((n - m) // 2 + 1):
        divisor = math.factorial(k) * math.factorial((n + m) // 2 - k) * math.factorial((n - m) // 2 - k)
        total += (-1) ** k * (math.factorial(n - k) // divisor) * rho ** (n - 2 * k)
    return total


def _turned_hog(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return HOG with the longest axis horizontal, summed over its two directions."""
    rows, columns = np.nonzero(mask)
    if rows.size < 3:
        return np.zeros(_hog(np.zeros((HOG_PIXELS, HOG_PIXELS), dtype=np.uint8)).size, dtype=np.float32)
    centre = np.array([columns.mean(), rows.mean()])
    places = np.stack([columns, rows]) - centre[:, None]
    longest = np.linalg.eigh(places @ places.T)[1][:, 1]
    turn = np.array([[longest[0], longest[1]], [-longest[1], longest[0]]])
    half = float(np.abs(turn @ places).max()) + 2.0
    matrix = np.empty((2, 3))
    matrix[:, :2] = turn * (HOG_PIXELS / 2 / half)
    matrix[:, 2] = HOG_PIXELS / 2 - 0.5 - matrix[:, :2] @ centre
    turned = cv2.warpAffine(grey, matrix, (HOG_PIXELS, HOG_PIXELS), flags=cv2.INTER_LINEAR, borderValue=int(grey[0, 0]))
    histogram = _hog(turned)
    # An axis has no direction. After half a turn, cells and blocks change places and angles stay.
    both: np.ndarray = histogram + histogram[::-1, ::-1, ::-1, ::-1]
    return both.ravel()


def _hog(picture: np.ndarray) -> np.ndarray:
    """Return normalised histograms by block, cell and angle."""
    from skimage.feature import hog

    histogram: np.ndarray = hog(
        picture,
        orientations=9,
        pixels_per_cell=(_HOG_CELL, _HOG_CELL),
        cells_per_block=(2, 2),
        feature_vector=False,
    )
    return histogram
