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


def cavities(depth: np.ndarray, bends: np.ndarray, step: float, factor: np.ndarray | None = None) -> np.ndarray:
    """Return a factor for every pixel: below 1 in cavities, above 1 on ridges and cusps.

    Parameters
    ----------
    depth : (h, w) float32
        Distance along the camera's axis, infinite where nothing is seen.
    bends : (2, h, w) float32
        The normal's parts to the right and down; what they hold where nothing is seen does not matter.
    step : float
        Width of a pixel on the plane one unit before the camera.
    factor : (h, w) float32, optional
        Written to where given, and returned.

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
    if factor is None:
        factor = np.empty(depth.shape, np.float32)
    _cavities(depth, bends[0], bends[1], reach, np.float32(step * DISTANCE), factor)
    return factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def _cavities(depth, rights, downs, reach, pixel, factor):  # type: ignore[no-untyped-def]
    """Go row by row and direction by direction: loops without a branch are done for many pixels at once."""
    height, width = depth.shape
    diagonal = np.float32(0.70710678)
    total = np.empty(width, np.float32)
    for row in range(height):
        total[:] = _ZERO
        for turn in range(8):
            far = reach * (1 + turn // 4)
            near = max(1, (far * 181) // 256)
            limit = np.float32(2.0) * np.float32(far) * pixel
            direction = turn % 4
            if direction == 0:
                r, c, down, right = 0, far, _ZERO, _ONE
            elif direction == 1:
                r, c, down, right = far, 0, _ONE, _ZERO
            elif direction == 2:
                r, c, down, right = near, near, diagonal, diagonal
            else:
                r, c, down, right = near, -near, diagonal, -diagonal
            edge = abs(c)
            if row < r or row + r >= height or width <= 2 * edge:
                continue
            count = width - 2 * edge
            here = depth[row, edge : edge + count]
            ahead, behind = depth[row + r, edge + c : edge + c + count], depth[row - r, edge - c : edge - c + count]
            rights_ahead = rights[row + r, edge + c : edge + c + count]
            rights_behind = rights[row - r, edge - c : edge - c + count]
            downs_ahead = downs[row + r, edge + c : edge + c + count]
            downs_behind = downs[row - r, edge - c : edge - c + count]
            sums = total[edge : edge + count]
            for i in range(count):
                lean = (rights_ahead[i] - rights_behind[i]) * right + (downs_ahead[i] - downs_behind[i]) * down
                joined = (abs(ahead[i] - here[i]) < limit) & (abs(behind[i] - here[i]) < limit)
                sums[i] += _HALF * lean if joined else _ZERO
        for column in range(width):
            x, y = rights[row, column], downs[row, column]
            # Towards its outline every body bends away; that is no ridge.
            facing = np.sqrt(max(_ONE - x * x - y * y, _ZERO))
            value = _ONE + _CAVITY_STRENGTH * facing * total[column] * np.float32(0.125)
            value = min(max(value, _DARKEST), _LIGHTEST)
            factor[row, column] = value if depth[row, column] < np.inf else _ONE


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
