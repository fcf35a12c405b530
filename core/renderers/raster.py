"""Scan conversion into a depth buffer (Catmull, 1974), compiled: the fastest way to the pixels of a ray caster.

Every pixel is sampled on a grid of 1, 4 or 16 points; what a point shows is what a ray through it
would hit. Coordinates are snapped to 1/256 of a sample and edges decided in whole numbers, so that
neighbouring faces leave no cracks and every machine gives the same pixels.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from math import isqrt

import numpy as np
from numba import njit

from core.renderers.compose import cavities, write_image
from core.renderers.lights import Shading, camera_numbers, colour_of_hit, shading_of
from core.renderers.surface import Cameras, Look, Surface

_SNAP = 256
_NEAREST = np.float32(0.25)  # of a unit before the camera; what is closer is not drawn
_OUTSIDE = 1 << 26
_VISIBLE_STEP = np.float32(14.0)  # of 255, between two samples of one pixel
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


def render(surface: Surface, cameras: Cameras, look: Look, threads: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface from every camera.

    Parameters
    ----------
    surface : Surface
        What to draw; surfaces are two-sided.
    cameras : Cameras
        Poses, windows and picture size.
    look : Look
        Lights and colours.
    threads : int
        How many views are drawn at once; 0 for one a core.

    Returns
    -------
    images : (v, h, w, 3) uint8
        The pictures.
    masks : (v, h, w) bool
        Which pixels the specimen covers by half or more.
    """
    views, size = len(cameras.camera_to_world), cameras.size
    images = np.empty((views, size, size, 3), np.uint8)
    masks = np.empty((views, size, size), np.bool_)
    shading = shading_of(surface, look)
    grid = isqrt(look.antialias)

    def draw(view: int) -> None:
        camera = camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size)
        _draw(surface, camera, shading, grid, images[view], masks[view])

    workers = min(views, threads or len(os.sched_getaffinity(0)))
    if workers == 1:
        for view in range(views):
            draw(view)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(draw, range(views)))
    return images, masks


def _draw(
    surface: Surface, camera: np.ndarray, shading: Shading, grid: int, image: np.ndarray, mask: np.ndarray
) -> None:
    size = len(image)
    places, nearness = _project(shading.arguments[0], camera, grid)
    seen, nearest = _scan(places, nearness, shading.arguments[1], size * grid)
    colours = np.empty((size, size, shading.channels), np.float32)
    coverage = np.empty((size, size), np.float32)
    depth = np.empty((size, size), np.float32)
    _colour(places, nearness, seen, nearest, grid, camera, colours, coverage, depth, *shading.arguments)
    factor = cavities(depth, float(camera[4, 2])) if shading.has_cavities else np.empty((0, 0), np.float32)
    write_image(colours, coverage, factor, shading.background, image, mask)


@njit(cache=True, nogil=True)
def _project(vertices, camera, grid):  # type: ignore[no-untyped-def]
    """Return where vertices fall, in 1/256 samples, and the inverse of their depth (0: not drawn)."""
    places = np.empty((len(vertices), 2), np.int32)
    nearness = np.empty(len(vertices), np.float32)
    scale = np.float32(_SNAP * grid) / camera[4, 2]
    limit = np.float32(_OUTSIDE)
    for i in range(len(vertices)):
        x = vertices[i, 0] - camera[3, 0]
        y = vertices[i, 1] - camera[3, 1]
        z = vertices[i, 2] - camera[3, 2]
        depth = x * camera[2, 0] + y * camera[2, 1] + z * camera[2, 2]
        if depth < _NEAREST:
            nearness[i] = _ZERO
            places[i, 0] = places[i, 1] = 0
            continue
        inverse = _ONE / depth
        right = (x * camera[0, 0] + y * camera[0, 1] + z * camera[0, 2]) * inverse
        down = (x * camera[1, 0] + y * camera[1, 1] + z * camera[1, 2]) * inverse
        nearness[i] = inverse
        places[i, 0] = np.int32(np.floor(min(max((right - camera[4, 0]) * scale, -limit), limit) + _HALF))
        places[i, 1] = np.int32(np.floor(min(max((down - camera[4, 1]) * scale, -limit), limit) + _HALF))
    return places, nearness


@njit(cache=True, nogil=True)
def _scan(places, nearness, faces, width):  # type: ignore[no-untyped-def]
    """Return the face seen through every sample (-1: none) and the inverse of its depth."""
    seen = np.full((width, width), -1, np.int32)
    nearest = np.zeros((width, width), np.float32)
    half = _SNAP // 2
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
        bx, by = np.int64(places[b, 0]), np.int64(places[b, 1])
        cx, cy = np.int64(places[c, 0]), np.int64(places[c, 1])
        first_column = max((min(ax, bx, cx) + (half - 1)) >> 8, 0)
        last_column = min((max(ax, bx, cx) - half) >> 8, width - 1)
        if first_column > last_column:
            continue
        first_row = max((min(ay, by, cy) + (half - 1)) >> 8, 0)
        last_row = min((max(ay, by, cy) - half) >> 8, width - 1)
        if first_row > last_row:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or nearness[a] == _ZERO or nearness[b] == _ZERO or nearness[c] == _ZERO:
            continue
        if area < 0:
            b, c = c, b
            bx, by, cx, cy = cx, cy, bx, by
            area = -area
        # Edge functions, their steps to the right and down, and nearness as a plane over the picture.
        x, y = (first_column << 8) + half, (first_row << 8) + half
        row_b = (x - ax) * (cy - ay) - (y - ay) * (cx - ax)
        row_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        right_b, down_b = (cy - ay) << 8, -((cx - ax) << 8)
        right_c, down_c = -((by - ay) << 8), (bx - ax) << 8
        share = _ONE / np.float32(area)
        near_a = nearness[a]
        slope_b = (nearness[b] - near_a) * share
        slope_c = (nearness[c] - near_a) * share
        for row in range(first_row, last_row + 1):
            at_b, at_c = row_b, row_c
            for column in range(first_column, last_column + 1):
                if at_b >= 0 and at_c >= 0 and at_b + at_c <= area:
                    near = near_a + np.float32(at_b) * slope_b + np.float32(at_c) * slope_c
                    if near > nearest[row, column]:
                        nearest[row, column] = near
                        seen[row, column] = face
                at_b += right_b
                at_c += right_c
            row_b += down_b
            row_c += down_c
    return seen, nearest


@njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def _colour(  # type: ignore[no-untyped-def]
    places,
    nearness,
    seen,
    nearest,
    grid,
    camera,
    colours,
    coverage,
    depth,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Colour every pixel: two samples where they agree, all of them where they do not."""
    height, width = coverage.shape
    channels = colours.shape[2]
    samples = grid * grid
    step = camera[4, 2] / np.float32(grid)
    for row in range(height):
        for column in range(width):
            hits = 0
            closest = _ZERO
            for sample in range(samples):
                r, c = row * grid + sample // grid, column * grid + sample % grid
                if seen[r, c] >= 0:
                    hits += 1
                    closest = max(closest, nearest[r, c])
            coverage[row, column] = np.float32(hits) / np.float32(samples)
            if hits == 0:
                depth[row, column] = np.inf
                continue
            depth[row, column] = _ONE / closest
            red = green = blue = _ZERO
            shaded = 0
            first_red = first_green = first_blue = _ZERO
            settled = False
            for turn in range(samples):
                # The first two are opposite corners of the pixel.
                sample = turn if turn == 0 else (samples - 1 if turn == 1 else turn - 1)
                if settled:
                    break
                r, c = row * grid + sample // grid, column * grid + sample % grid
                face = seen[r, c]
                if face < 0:
                    continue
                right = camera[4, 0] + (np.float32(c) + _HALF) * step
                down = camera[4, 1] + (np.float32(r) + _HALF) * step
                dx = right * camera[0, 0] + down * camera[1, 0] + camera[2, 0]
                dy = right * camera[0, 1] + down * camera[1, 1] + camera[2, 1]
                dz = right * camera[0, 2] + down * camera[1, 2] + camera[2, 2]
                u, v, w = _barycentric(places, nearness, faces, face, r, c)
                one, two, three = colour_of_hit(
                    face,
                    u,
                    v,
                    w,
                    _ONE / nearest[r, c],
                    dx,
                    dy,
                    dz,
                    camera,
                    vertices,
                    faces,
                    normals,
                    vertex_colours,
                    corner_colours,
                    appearance,
                    shading,
                    smooth,
                )
                red += one
                green += two
                blue += three
                shaded += 1
                if shaded == 1:
                    first_red, first_green, first_blue = one, two, three
                elif shaded == 2 and hits == samples:
                    apart = max(abs(one - first_red), abs(two - first_green), abs(three - first_blue))
                    settled = apart < _VISIBLE_STEP
            share = _ONE / np.float32(shaded)
            colours[row, column, 0] = red * share
            if channels == 3:
                colours[row, column, 1] = green * share
                colours[row, column, 2] = blue * share


@njit(cache=True, nogil=True)
def _barycentric(places, nearness, faces, face, row, column):  # type: ignore[no-untyped-def]
    """Return the barycentric coordinates, on the face itself, of what a sample shows."""
    a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
    ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
    bx, by = np.int64(places[b, 0]) - ax, np.int64(places[b, 1]) - ay
    cx, cy = np.int64(places[c, 0]) - ax, np.int64(places[c, 1]) - ay
    x, y = (np.int64(column) << 8) + _SNAP // 2 - ax, (np.int64(row) << 8) + _SNAP // 2 - ay
    area = bx * cy - by * cx
    in_b = x * cy - y * cx
    in_c = bx * y - by * x
    # Picture coordinates are weighted with nearness to become coordinates on the face.
    v = np.float32(in_b) * nearness[b]
    w = np.float32(in_c) * nearness[c]
    u = np.float32(area - in_b - in_c) * nearness[a]
    share = _ONE / (u + v + w)
    return u * share, v * share, w * share
