"""What the ray caster computes for every pixel, compiled.

Lights are fixed to the camera, as a researcher's lamp is to the drawing board: one at the camera,
one from the upper left, the convention of scientific illustration. Both wrap around the surface
(half-Lambert), so that nothing turns black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.renderers.surface import Look, Surface

_APPEARANCE = {"gray": 0, "colour": 1, "depth": 2, "normals": 3}
_SHADING = {"clay": 0, "headlight": 1, "key": 2}


@dataclass(frozen=True)
class Shading:
    """What `shade` needs besides the hits.

    Parameters
    ----------
    arrays : tuple
        Arguments of `shade` between the camera and the output.
    channels : int
        1 for gray, 3 for colours.
    background : (3,) float32
        From 0 to 255.
    """

    arrays: tuple[np.ndarray | int | bool, ...]
    channels: int
    background: np.ndarray


def shading_numbers(surface: Surface, look: Look) -> Shading:
    """Gather what shading looks up, in the forms that the compiled code takes."""
    empty = np.empty((0, 3), np.uint8)
    corner_colours = surface.corner_colours if surface.corner_colours is not None else np.empty((0, 3, 3), np.uint8)
    vertex_colours = surface.vertex_colours if surface.vertex_colours is not None else empty
    appearance = look.appearance
    if appearance == "colour" and not len(corner_colours) and not len(vertex_colours):
        appearance = "gray"
    arrays = (
        surface.faces,
        surface.normals,
        vertex_colours,
        corner_colours,
        _APPEARANCE[appearance],
        _SHADING[look.shading],
        look.normals == "smooth",
    )
    return Shading(arrays, 1 if appearance in ("gray", "depth") else 3, np.array(look.background, np.float32))


def camera_numbers(pose: np.ndarray, window: np.ndarray, size: int) -> np.ndarray:
    """Return right, down, forward, position (rows 0 to 3) and left, top, step (row 4) as float32."""
    camera = np.empty((5, 3), np.float32)
    camera[:4] = pose[:3, :4].T
    camera[4] = (window[0], window[2], (window[1] - window[0]) / size)
    return camera


@njit(cache=True, nogil=True, fastmath=True)
def fill_rays(rays: np.ndarray, camera: np.ndarray, size: int) -> None:
    """Aim a ray through the middle of every pixel; its length is 1 along the camera's axis."""
    half = np.float32(0.5)
    for row in range(size):
        y = camera[4, 1] + (np.float32(row) + half) * camera[4, 2]
        for column in range(size):
            x = camera[4, 0] + (np.float32(column) + half) * camera[4, 2]
            ray = row * size + column
            for axis in range(3):
                rays[ray, axis] = camera[3, axis]
                rays[ray, 3 + axis] = x * camera[0, axis] + y * camera[1, axis] + camera[2, axis]


@njit(cache=True, nogil=True, fastmath=True)
def fill_edge_rays(rays: np.ndarray, camera: np.ndarray, edges: np.ndarray, offsets: np.ndarray, size: int) -> None:
    """Aim several rays through each of some pixels."""
    half = np.float32(0.5)
    ray = 0
    for edge in edges:
        row, column = edge // size, edge % size
        for k in range(len(offsets)):
            x = camera[4, 0] + (np.float32(column) + half + offsets[k, 0]) * camera[4, 2]
            y = camera[4, 1] + (np.float32(row) + half + offsets[k, 1]) * camera[4, 2]
            for axis in range(3):
                rays[ray, axis] = camera[3, axis]
                rays[ray, 3 + axis] = x * camera[0, axis] + y * camera[1, axis] + camera[2, axis]
            ray += 1


@njit(cache=True, nogil=True)
def shade(
    rays: np.ndarray,
    depth: np.ndarray,
    triangles: np.ndarray,
    places: np.ndarray,
    facets: np.ndarray,
    camera: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    vertex_colours: np.ndarray,
    corner_colours: np.ndarray,
    appearance: int,
    shading: int,
    smooth: bool,
    out: np.ndarray,
) -> None:
    """Compute a colour from 0 to 255 for every ray that hits; the others are left alone."""
    for i in range(len(depth)):
        if not np.isfinite(depth[i]):
            continue
        face = triangles[i]
        v, w = places[i, 0], places[i, 1]
        u = np.float32(1.0) - v - w
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        dx, dy, dz = rays[i, 3], rays[i, 4], rays[i, 5]
        gx, gy, gz = facets[i, 0], facets[i, 1], facets[i, 2]
        nx, ny, nz = gx, gy, gz
        if smooth:
            sx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
            sy = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
            sz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
            length = np.sqrt(sx * sx + sy * sy + sz * sz)
            if length > np.float32(0.1):
                # Turned faces keep the smooth normal of their neighbours, on the facet's own side.
                if sx * gx + sy * gy + sz * gz < 0:
                    length = -length
                nx, ny, nz = sx / length, sy / length, sz / length
        towards = gx * dx + gy * dy + gz * dz
        if towards > 0:
            nx, ny, nz = -nx, -ny, -nz
        # In the camera's frame: x right, y down, z towards the camera.
        x = nx * camera[0, 0] + ny * camera[0, 1] + nz * camera[0, 2]
        y = nx * camera[1, 0] + ny * camera[1, 1] + nz * camera[1, 2]
        z = -(nx * camera[2, 0] + ny * camera[2, 1] + nz * camera[2, 2])
        if appearance == 2:
            # 255 at the near pole of the unit sphere, 55 at the far one.
            value = np.float32(255.0) - np.float32(100.0) * (depth[i] - np.float32(3.0))
            out[i, 0] = min(max(value, np.float32(20.0)), np.float32(255.0))
            continue
        if appearance == 3:
            out[i, 0] = np.float32(127.5) * (np.float32(1.0) + x)
            out[i, 1] = np.float32(127.5) * (np.float32(1.0) - y)
            out[i, 2] = np.float32(127.5) * (np.float32(1.0) + z)
            continue
        light = _light(x, y, z, shading)
        if appearance == 0:
            out[i, 0] = np.float32(236.0) * light
            continue
        for channel in range(3):
            if len(corner_colours):
                value = (
                    u * corner_colours[face, 0, channel]
                    + v * corner_colours[face, 1, channel]
                    + w * corner_colours[face, 2, channel]
                )
            else:
                value = u * vertex_colours[a, channel] + v * vertex_colours[b, channel] + w * vertex_colours[c, channel]
            out[i, channel] = value * (np.float32(0.25) + np.float32(0.75) * light)


@njit(cache=True, nogil=True, fastmath=True)
def _light(x: float, y: float, z: float, shading: int) -> float:
    """Return the light that a surface of this normal sends to the camera, 0 to 1."""
    head = max(z, np.float32(0.0))
    if shading == 1:
        return np.float32(0.15) + np.float32(0.85) * head
    # From the upper left, 45 degrees above the drawing board.
    key = np.float32(-0.5) * x + np.float32(-0.5) * y + np.float32(0.7071) * z
    if shading == 2:
        return np.float32(0.12) + np.float32(0.88) * max(key, np.float32(0.0))
    wrapped = max((key + np.float32(0.35)) / np.float32(1.35), np.float32(0.0))
    return np.float32(0.14) + np.float32(0.34) * head + np.float32(0.52) * wrapped


@njit(cache=True, nogil=True)
def find_cavities(depth: np.ndarray, size: int, reach: int, scale: float, strength: float) -> np.ndarray:
    """Return a factor for every pixel: below 1 in cavities, above 1 on what stands out.

    The factor follows the difference between the depth and its mean over a square of `reach`
    pixels to either side (unsharp masking of the depth buffer: Luft, Colditz and Deussen, 2006);
    `scale` is the world length of that reach.
    """
    across = np.zeros((size, size), np.float32)
    weight = np.zeros((size, size), np.float32)
    for row in range(size):
        total = np.float32(0.0)
        count = np.float32(0.0)
        for column in range(size + reach):
            if column < size and np.isfinite(depth[row * size + column]):
                total += depth[row * size + column]
                count += np.float32(1.0)
            gone = column - 2 * reach - 1
            if gone >= 0 and np.isfinite(depth[row * size + gone]):
                total -= depth[row * size + gone]
                count -= np.float32(1.0)
            if column >= reach:
                across[row, column - reach] = total
                weight[row, column - reach] = count
    factor = np.ones(size * size, np.float32)
    totals = np.zeros(size, np.float32)
    counts = np.zeros(size, np.float32)
    for row in range(size + reach):
        gone = row - 2 * reach - 1
        middle = row - reach
        for column in range(size):
            if row < size:
                totals[column] += across[row, column]
                counts[column] += weight[row, column]
            if gone >= 0:
                totals[column] -= across[gone, column]
                counts[column] -= weight[gone, column]
        if middle < 0:
            continue
        for column in range(size):
            i = middle * size + column
            if np.isfinite(depth[i]):
                stands_out = (totals[column] / counts[column] - depth[i]) / scale
                factor[i] = np.float32(1.0) + strength * min(max(stands_out, np.float32(-0.5)), np.float32(0.5))
    return factor


@njit(cache=True, nogil=True)
def find_edges(depth: np.ndarray, colours: np.ndarray, size: int) -> np.ndarray:
    """Return the pixels that differ visibly from a neighbour."""
    marked = np.zeros(size * size, np.bool_)
    limit = np.float32(20.0)
    for row in range(size):
        for column in range(size):
            i = row * size + column
            hit = np.isfinite(depth[i])
            for side in range(2):
                if (side == 0 and column + 1 == size) or (side == 1 and row + 1 == size):
                    continue
                j = i + 1 if side == 0 else i + size
                other = np.isfinite(depth[j])
                differs = hit != other
                if hit and other:
                    for channel in range(colours.shape[1]):
                        if abs(colours[i, channel] - colours[j, channel]) > limit:
                            differs = True
                if differs:
                    marked[i] = True
                    marked[j] = True
    return np.flatnonzero(marked).astype(np.int32)


@njit(cache=True, nogil=True)
def average_edges(
    colours: np.ndarray,
    coverage: np.ndarray,
    edges: np.ndarray,
    edge_depth: np.ndarray,
    edge_colours: np.ndarray,
    samples: int,
) -> None:
    """Give each edge pixel the mean colour of its rays that hit, and their share as its coverage."""
    for e in range(len(edges)):
        hits = 0
        for channel in range(colours.shape[1]):
            colours[edges[e], channel] = 0.0
        for k in range(e * samples, (e + 1) * samples):
            if np.isfinite(edge_depth[k]):
                hits += 1
                for channel in range(colours.shape[1]):
                    colours[edges[e], channel] += edge_colours[k, channel]
        coverage[edges[e]] = np.float32(hits) / np.float32(samples)
        if hits:
            for channel in range(colours.shape[1]):
                colours[edges[e], channel] /= np.float32(hits)


@njit(cache=True, nogil=True)
def find_coverage(depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return 1 where a ray hits and 0 elsewhere, and write the same into `mask`."""
    coverage = np.empty(len(depth), np.float32)
    for i in range(len(depth)):
        mask[i] = np.isfinite(depth[i])
        coverage[i] = np.float32(1.0) if mask[i] else np.float32(0.0)
    return coverage


@njit(cache=True, nogil=True, fastmath=True)
def write_image(
    colours: np.ndarray, coverage: np.ndarray, factor: np.ndarray, background: np.ndarray, image: np.ndarray
) -> None:
    """Blend with the background and round to bytes."""
    last = colours.shape[1] - 1
    for i in range(len(coverage)):
        share = coverage[i]
        for channel in range(3):
            value = background[channel]
            if share > np.float32(0.0):
                colour = colours[i, min(channel, last)]
                if len(factor):
                    colour = min(colour * factor[i], np.float32(250.0))
                value = share * colour + (np.float32(1.0) - share) * value
            image[i, channel] = np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))
