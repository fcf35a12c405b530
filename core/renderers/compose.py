"""From what the casters found to finished pictures, compiled: cavities, edges, background."""

from __future__ import annotations

import numpy as np
from numba import njit

from core.poses import DISTANCE

_CAVITY_REACH = 0.012  # of the picture's width; the second ring lies twice as far out
_CAVITY_STRENGTH = np.float32(1.0)
_DARKEST, _LIGHTEST = np.float32(0.55), np.float32(1.12)
_BRIGHTEST = np.float32(250.0)
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


def cavities(depth: np.ndarray, bends: np.ndarray, step: float) -> np.ndarray:
    """Return a factor for every pixel: below 1 in cavities, above 1 on ridges and cusps.

    Parameters
    ----------
    depth : (h, w) float32
        Distance along the camera's axis, infinite where nothing is seen.
    bends : (h, w, 2) float32
        The normal's parts to the right and down.
    step : float
        Width of a pixel on the plane one unit before the camera.

    Returns
    -------
    (h, w) float32
        What to multiply the light with. It follows the mean curvature that the normals show over
        four directions at two distances: where they lean apart the surface stands out, where they
        lean together it is hollow. What lies across a step in depth is left out. (Cavity shading in
        the manner of Kindlmann et al., 2003, and of the depth unsharp masking of Luft, Colditz and
        Deussen, 2006; from normals, so that a coarse mesh does not show its facets.)
    """
    reach = max(1, round(_CAVITY_REACH * len(depth)))
    factor: np.ndarray = _cavities(depth, bends, reach, np.float32(step * DISTANCE))
    return factor


@njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def _cavities(depth, bends, reach, pixel):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    factor = np.ones((height, width), np.float32)
    diagonal = np.float32(0.70710678)
    for row in range(height):
        for column in range(width):
            here = depth[row, column]
            if not here < np.inf:
                continue
            total = _ZERO
            for ring in range(1, 3):
                far = reach * ring
                near = max(1, (far * 181) // 256)
                limit = np.float32(2.0) * far * pixel
                for direction in range(4):
                    if direction == 0:
                        r, c, down, right = 0, far, _ZERO, _ONE
                    elif direction == 1:
                        r, c, down, right = far, 0, _ONE, _ZERO
                    elif direction == 2:
                        r, c, down, right = near, near, diagonal, diagonal
                    else:
                        r, c, down, right = near, -near, diagonal, -diagonal
                    if row < r or row + r >= height or column < abs(c) or column + abs(c) >= width:
                        continue
                    if (
                        abs(depth[row + r, column + c] - here) < limit
                        and abs(depth[row - r, column - c] - here) < limit
                    ):
                        leans_right = bends[row + r, column + c, 0] - bends[row - r, column - c, 0]
                        leans_down = bends[row + r, column + c, 1] - bends[row - r, column - c, 1]
                        total += _HALF * (leans_right * right + leans_down * down)
            x, y = bends[row, column, 0], bends[row, column, 1]
            # Towards its outline every body bends away; that is no ridge.
            facing = np.sqrt(max(_ONE - x * x - y * y, _ZERO))
            value = _ONE + _CAVITY_STRENGTH * facing * total * np.float32(0.125)
            factor[row, column] = min(max(value, _DARKEST), _LIGHTEST)
    return factor


def finish(
    colours: np.ndarray,
    coverage: np.ndarray,
    factor: np.ndarray,
    background: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Write a picture and its mask.

    Parameters
    ----------
    colours : (h, w, 1 or 3) float32
        From 0 to 255.
    coverage : (h, w) float32
        Which share of each pixel shows the specimen.
    factor : (h, w) float32
        What `cavities` returned; (0, 0) for none.
    background : (3,) float32
        From 0 to 255.
    image : (h, w, 3) uint8
        Written to.
    mask : (h, w) bool
        Written to: which pixels are half covered; in views of something thinner than that, covered at all.
    """
    _write(colours, coverage, factor, background, image, mask)
    if not mask.any():
        np.greater(coverage, 0, out=mask)


@njit(cache=True, nogil=True)
def _write(colours, coverage, factor, background, image, mask):  # type: ignore[no-untyped-def]
    """Blend colours with the background by coverage, round to bytes, and mark what is half covered."""
    gray = colours.shape[2] == 1
    height, width = coverage.shape
    has_factor = factor.shape[0] > 0
    for row in range(height):
        for column in range(width):
            share = coverage[row, column]
            mask[row, column] = share >= _HALF
            if share == _ZERO:
                for channel in range(3):
                    image[row, column, channel] = np.uint8(background[channel])
                continue
            bright = factor[row, column] if has_factor else _ONE
            limit = _BRIGHTEST if has_factor else np.float32(255.0)
            for channel in range(3):
                colour = colours[row, column, 0 if gray else channel] * bright
                value = share * min(colour, limit) + (_ONE - share) * background[channel]
                image[row, column, channel] = np.uint8(min(value + _HALF, np.float32(255.0)))
