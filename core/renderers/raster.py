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

from core.renderers.compose import cavities, finish
from core.renderers.kernels import colour_samples, project, scan
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

    def draw(view: int) -> None:
        camera = camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size)
        depth = _draw(camera, shading, grid, images[view], masks[view])
        if distances is not None:
            distances[view] = depth

    workers = min(views, threads or len(os.sched_getaffinity(0)))
    if workers == 1:
        for view in range(views):
            draw(view)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(draw, range(views)))
    return images, masks


def _draw(camera: np.ndarray, shading: Shading, grid: int, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Write a picture and its mask; return the depth of every pixel."""
    size = len(image)
    places, nearness = project(shading.arguments[0], camera, grid)
    seen, nearest = scan(places, nearness, shading.arguments[1], size * grid)
    colours = np.empty((size, size, shading.channels), np.float32)
    coverage = np.empty((size, size), np.float32)
    depth = np.empty((size, size), np.float32)
    bends = np.empty((size, size, 2), np.float32)
    colour_samples(places, nearness, seen, nearest, grid, camera, colours, coverage, depth, bends, *shading.arguments)
    factor = cavities(depth, bends, float(camera[4, 2])) if shading.has_cavities else np.empty((0, 0), np.float32)
    finish(colours, coverage, factor, shading.background, image, mask)
    return depth
