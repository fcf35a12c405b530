"""Compiled compositing: cavities, screen-space occlusion, edges and background."""

from __future__ import annotations

import numpy as np

from core.foundation import njit
from core.views.cameras import DISTANCE

_CAVITY_REACH = 0.012  # of the image's width; the second ring has twice this radius
_CAVITY_STRENGTH = np.float32(1.0)
_DARKEST, _LIGHTEST = np.float32(0.55), np.float32(1.12)
_SKY_REACH = 0.35  # of the specimen's radius; more distant surface does not occlude
_SKY_STEPS = 8
_SKY_BIAS = np.float32(0.08)  # a smaller rise above the tangent plane is a facet of the mesh
_SKY_STRENGTH = np.float32(1.6)
_BRIGHTEST = np.float32(250.0)
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_ACROSS, _ALONG = (1, 1, 0, -1, -1, -1, 0, 1), (0, 1, 1, 1, 0, -1, -1, -1)  # columns and rows of eight directions


def cavities(depth: np.ndarray, normals_xy: np.ndarray, step: float, factor: np.ndarray | None = None) -> np.ndarray:
    """Return a light factor for every pixel: below 1 in cavities, above 1 on ridges.

    Parameters
    ----------
    depth : (h, w) float32
        Distance along the camera's axis, infinite on the background.
    normals_xy : (2, h, w) float32
        The normal's components to the right and down; any value on the background.
    step : float
        Width of a pixel on the plane one unit before the camera.
    factor : (h, w) float32, optional
        Array for the result.

    Returns
    -------
    (h, w) float32
        Factor of the light. It follows the mean curvature, estimated from normals in four directions
        at two distances: the surface is convex if the normals diverge and concave if they converge.
        Pixels across a step in depth are left out. (Cavity shading in the manner of Kindlmann et
        al., 2003, and of the depth unsharp masking of Luft, Colditz and Deussen, 2006; from
        normals, so that the facets of a coarse mesh do not show.)
    """
    reach = max(1, round(_CAVITY_REACH * len(depth)))
    if factor is None:
        factor = np.empty(depth.shape, np.float32)
    _cavities(depth, normals_xy[0], normals_xy[1], reach, np.float32(step * DISTANCE), factor)
    return factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def _cavities(depth, rights, downs, reach, pixel, factor):  # type: ignore[no-untyped-def]
    """Write the factor of `cavities`, row by row and direction by direction.

    Inner loops have no branch, so that the compiler vectorises them.
    """
    height, width = depth.shape
    diagonal = np.float32(0.70710678)
    total = np.empty(width, np.float32)
    for row in range(height):
        total[:] = _ZERO
        for index in range(8):
            far = reach * (1 + index // 4)
            near = max(1, (far * 181) // 256)
            limit = np.float32(2.0) * np.float32(far) * pixel
            direction = index % 4
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
            # Normals diverge towards the outline of every body, which is not a ridge.
            facing = np.sqrt(max(_ONE - x * x - y * y, _ZERO))
            value = _ONE + _CAVITY_STRENGTH * facing * total[column] * np.float32(0.125)
            value = min(max(value, _DARKEST), _LIGHTEST)
            factor[row, column] = value if depth[row, column] < np.inf else _ONE


def screen_space_occlusion(
    depth: np.ndarray, normals_xy: np.ndarray, step: float, factor: np.ndarray | None = None
) -> np.ndarray:
    """Return a light factor for every pixel: 1 under an open sky, less if occluded.

    Parameters and result are those of `cavities`. In each of eight directions, the highest point of
    the depth buffer above the surface's tangent plane counts, and distant points count less
    (image-space horizon-based ambient occlusion: Bavoil, Sainz and Dimitrov, 2008; the use of the
    depth buffer alone: Mittring, 2007).
    """
    if factor is None:
        factor = np.empty(depth.shape, np.float32)
    pixel = step * DISTANCE
    reach = _SKY_REACH / pixel
    lengths = np.unique(np.maximum(1, np.rint(reach * (np.arange(1, _SKY_STEPS + 1) / _SKY_STEPS) ** 1.5)))
    lengths = lengths[lengths < len(depth) // 2].astype(np.int64)
    _screen_space_occlusion(depth, normals_xy[0], normals_xy[1], lengths, np.float32(pixel), factor)
    return factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def _screen_space_occlusion(depth, rights, downs, lengths, pixel, factor):  # type: ignore[no-untyped-def]
    """Write the factor of `screen_space_occlusion`, row by row as `_cavities` does."""
    height, width = depth.shape
    hidden, highest = np.empty(width, np.float32), np.empty(width, np.float32)
    leans = np.empty(width, np.float32)
    facing = np.empty(width, np.float32)
    most = np.float32(_SKY_REACH * _SKY_REACH)
    for row in range(height):
        hidden[:] = _ZERO
        for column in range(width):
            x, y = rights[row, column], downs[row, column]
            facing[column] = np.sqrt(max(_ONE - x * x - y * y, _ZERO))
        for direction in range(8):
            across, along = _ACROSS[direction], _ALONG[direction]
            norm = np.float32(np.sqrt(np.float32(across * across + along * along)))
            for column in range(width):
                leans[column] = (rights[row, column] * across + downs[row, column] * along) / norm
            highest[:] = _ZERO
            for length in lengths:
                steps = np.int64(np.rint(length / norm))
                r, c = row + along * steps, across * steps
                if r < 0 or r >= height or abs(c) >= width:
                    continue
                far = np.float32(steps) * norm * pixel
                start, count = (0 if c > 0 else -c), width - abs(c)
                here, ahead = depth[row, start : start + count], depth[r, start + c : start + c + count]
                lean, high = leans[start : start + count], highest[start : start + count]
                towards = facing[start : start + count]
                for i in range(count):
                    # The background is infinitely far behind; one unit is enough.
                    rise = max(here[i] - ahead[i], -_ONE)
                    square = far * far + rise * rise
                    above = (lean[i] * far + towards[i] * rise) / np.sqrt(square) - _SKY_BIAS
                    high[i] = max(high[i], above * max(_ONE - square / most, _ZERO))
            for column in range(width):
                hidden[column] += highest[column]
        for column in range(width):
            value = max(_ONE - _SKY_STRENGTH * np.float32(0.125) * hidden[column], np.float32(0.35))
            factor[row, column] = value if depth[row, column] < np.inf else _ONE


def finish(
    colours: np.ndarray,
    coverage: np.ndarray,
    factor: np.ndarray,
    background: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Write an image and its mask.

    Parameters
    ----------
    colours : (h, w, 1 or 3) float32
        From 0 to 255.
    coverage : (h, w) float32
        Share of each pixel that shows the specimen.
    factor : (h, w) float32
        Result of `cavities` or `screen_space_occlusion`; shape (0, 0) for none.
    background : (3,) float32
        From 0 to 255.
    image : (h, w, 3) uint8
        Result.
    mask : (h, w) bool
        Result: pixels covered by half or more; all covered pixels if no pixel is covered by half.
    """
    _write(colours, coverage, factor, background, image, mask)
    if not mask.any():
        np.greater(coverage, 0, out=mask)


@njit(cache=True, nogil=True)
def _write(colours, coverage, factor, background, image, mask):  # type: ignore[no-untyped-def]
    """Blend colours with the background by coverage and write image and mask."""
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
