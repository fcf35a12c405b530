"""Scan conversion into a depth buffer (Catmull, 1974), compiled: the fastest way to the pixels of a ray caster.

Every pixel is sampled on a grid of 1, 4 or 16 points; what a point shows is what a ray through it
would hit. Coordinates are snapped to 1/256 of a sample and edges decided in whole numbers, so that
neighbouring faces leave no cracks and every machine gives the same pixels.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from math import isqrt
from queue import SimpleQueue

import numpy as np

from core.renderers.compose import cavities, finish
from core.renderers.kernels import average_edges, locate, pick, project, samples_of, scan
from core.renderers.lights import Shading, camera_numbers, shading_of
from core.renderers.surface import Cameras, Look, Surface


def render(
    surface: Surface, cameras: Cameras, look: Look, threads: int = 0, distances: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
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
    distances : (v, h, w) float32, optional
        Written to where given: distance along the camera's axis, infinite off the specimen.

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

    buffers: SimpleQueue[tuple[np.ndarray, np.ndarray]] = SimpleQueue()
    workers = min(views, threads or len(os.sched_getaffinity(0)))
    for _ in range(workers):
        # Used for one view after the other: fresh memory would cost more than what is done to it.
        buffers.put((np.empty((size * grid,) * 2, np.int32), np.empty((size * grid,) * 2, np.float32)))

    def draw(view: int) -> None:
        buffer = buffers.get()
        camera = camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size)
        depth = _draw(camera, shading, buffer, grid, images[view], masks[view])
        buffers.put(buffer)
        if distances is not None:
            distances[view] = depth

    if workers == 1:
        for view in range(views):
            draw(view)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(draw, range(views)))
    return images, masks


def _draw(
    camera: np.ndarray,
    shading: Shading,
    buffer: tuple[np.ndarray, np.ndarray],
    grid: int,
    image: np.ndarray,
    mask: np.ndarray,
) -> np.ndarray:
    """Write a picture and its mask; return the depth of every pixel."""
    size = len(image)
    vertices, faces = shading.arguments[:2]
    places, nearness = project(vertices, camera, grid)
    seen, nearest = buffer
    scan(places, nearness, faces, seen, nearest)
    found = (places, nearness, faces, seen, nearest, grid)
    mixed = np.empty((size, size), np.bool_)
    coverage, picked = pick(nearest, grid, camera[4, 2], mixed)
    hits = locate(picked.ravel(), True, *found)
    colours, bends = shading.colour(hits, camera)
    depth: np.ndarray = hits[3].reshape(size, size)
    pixels = np.flatnonzero(mixed)
    if len(pixels):
        more = locate(samples_of(pixels, size, grid), False, *found)
        average_edges(colours, coverage.ravel(), pixels, more[3], shading.colour(more, camera)[0], grid * grid)
    factor = np.empty((0, 0), np.float32)
    if shading.has_cavities:
        factor = cavities(depth, bends.reshape(size, size, 2), float(camera[4, 2]))
    finish(colours.reshape(size, size, -1), coverage, factor, shading.background, image, mask)
    return depth
