"""Scan conversion into a depth buffer (Catmull, 1974), the fastest renderer.

Every pixel is sampled on a grid of 1, 4 or 16 points. A sample shows what a ray through it would
hit. Coordinates are snapped to 1/256 of a sample and edges are tested with integers, so that
neighbouring faces leave no cracks and every machine gives the same pixels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isqrt
from queue import SimpleQueue

import numpy as np

from core.foundation import processors
from core.views.renderers.compositing import finish
from core.views.renderers.culling import clusters_of, coarse_nearness, split_by_facing, unoccluded
from core.views.renderers.kernels import average_edges, locate, pick, samples_of
from core.views.renderers.scan_conversion import TILE, project, scan
from core.views.renderers.shading import Shading, camera_numbers, shading_of
from core.views.renderers.surface import Cameras, Look, Surface

_TILES = 64  # of the coarse depth buffer, at least, along a side of the image


def render(
    surface: Surface, cameras: Cameras, look: Look, threads: int = 0, distances: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface from every camera.

    Parameters
    ----------
    surface : Surface
        The specimen; surfaces are two-sided.
    cameras : Cameras
        Poses, windows and image size.
    look : Look
        Lights and colours.
    threads : int
        Number of views drawn at once; 0 for one a core.
    distances : (v, h, w) float32, optional
        Array for the distance along the camera's axis, infinite off the specimen.

    Returns
    -------
    images : (v, h, w, 3) uint8
        The images.
    masks : (v, h, w) bool
        Which pixels the specimen covers by half or more.
    """
    views, size = len(cameras.camera_to_world), cameras.size
    images = np.empty((views, size, size, 3), np.uint8)
    masks = np.empty((views, size, size), np.bool_)
    shading = shading_of(surface, look)
    grid = isqrt(look.antialias)

    scene = _Scene.of(*shading.arguments[:2])
    buffers: SimpleQueue[_Buffers] = SimpleQueue()
    workers = min(views, threads or processors())
    for _ in range(workers):
        buffers.put(_Buffers(len(surface.vertices), size, grid, shading.channels))

    def draw(view: int) -> None:
        buffer = buffers.get()
        camera = camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size)
        depth = _draw(camera, shading, scene, buffer, grid, images[view], masks[view])
        if distances is not None:
            distances[view] = depth
        buffers.put(buffer)

    if workers == 1:
        for view in range(views):
            draw(view)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(draw, range(views)))
    return images, masks


@dataclass(frozen=True)
class _Scene:
    """Arrays that all views of a surface share.

    Parameters
    ----------
    faces : (m, 3) int32
        Vertex indices.
    clusters : (7, k) float32
        As `core.views.renderers.culling.clusters_of` returns them.
    vertex_columns : (3, n) float32
        x, y and z as rows, for vectorised loops.
    face_columns : (3, m) int32
        First, second and third corners as rows.
    """

    faces: np.ndarray
    clusters: np.ndarray
    vertex_columns: np.ndarray
    face_columns: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray, faces: np.ndarray) -> _Scene:
        """Return the arrays of some vertices and faces."""
        columns = np.ascontiguousarray(vertices.T), np.ascontiguousarray(faces.T)
        return cls(faces, clusters_of(vertices, faces), *columns)


class _Buffers:
    """Arrays that one view after the other uses.

    Allocation would cost more than the work on them.
    """

    def __init__(self, vertices: int, size: int, grid: int, channels: int) -> None:
        samples, pixels = (size * grid, size * grid), size * size
        self.places = np.empty((vertices, 2), np.int32)
        self.nearness = np.empty(vertices, np.float32)
        self.cells = np.empty(vertices, np.int32)
        self.seen, self.nearest = np.empty(samples, np.int32), np.empty(samples, np.float32)
        self.coverage, self.factor = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
        self.picked, self.mixed = np.empty((size, size), np.int32), np.empty(pixels + 1, np.int32)
        self.hits = _empty_hits(pixels)
        # Initialised, so that pixels without a hit hold finite numbers.
        self.colours, self.normals_xy = np.zeros((pixels, channels), np.float32), np.zeros((2, pixels), np.float32)


def _empty_hits(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return arrays for faces, barycentric coordinates, sides and depths."""
    facing, depth = np.empty(count, np.float32), np.empty(count, np.float32)
    return np.empty(count, np.int32), np.empty((count, 2), np.float32), facing, depth


def _draw(
    camera: np.ndarray,
    shading: Shading,
    scene: _Scene,
    buffer: _Buffers,
    grid: int,
    image: np.ndarray,
    mask: np.ndarray,
) -> np.ndarray:
    """Write an image and its mask and return its depth.

    The next view overwrites the depth.
    """
    size = len(image)
    _scan(camera, scene, buffer, grid)
    sampled = (buffer.places, buffer.nearness, scene.faces, buffer.seen, buffer.nearest, grid)
    coverage, colours, normals_xy = buffer.coverage, buffer.colours, buffer.normals_xy
    count = pick(buffer.nearest, grid, camera[4, 2], coverage, buffer.picked, buffer.mixed)
    locate(buffer.picked.ravel(), True, *sampled, *buffer.hits)
    shading.colour(buffer.hits, camera, (colours, normals_xy))
    depth = buffer.hits[3].reshape(size, size)
    if count:
        pixels = buffer.mixed[:count]
        samples = samples_of(pixels, size, grid)
        more = _empty_hits(len(samples))
        locate(samples, False, *sampled, *more)
        average_edges(colours, coverage.ravel(), pixels, more[3], shading.colour(more, camera)[0], grid * grid)
    factor = np.empty((0, 0), np.float32)
    if shading.relief is not None:
        factor = shading.relief(depth, normals_xy.reshape(2, size, size), float(camera[4, 2]), buffer.factor)
    finish(colours.reshape(size, size, -1), coverage, factor, shading.background, image, mask)
    return depth


def _scan(camera: np.ndarray, scene: _Scene, buffer: _Buffers, grid: int) -> None:
    """Write the visible face of every sample (-1: none) and the inverse of its depth."""
    seen, nearest = buffer.seen, buffer.nearest
    width = len(seen)
    both_halves = buffer.places.view(np.int64)[:, 0]
    project(scene.vertex_columns, camera, grid, width, both_halves, buffer.nearness, buffer.cells)
    corners = (buffer.places, buffer.nearness, buffer.cells, scene.faces, scene.face_columns)
    seen.fill(-1)
    nearest.fill(0)
    towards, away = split_by_facing(scene.clusters, camera)
    scan(towards, *corners, np.empty((0, 0), np.float32), seen, nearest)
    tiles = coarse_nearness(nearest, TILE)
    coarser = max(0, (len(tiles) // _TILES).bit_length() - 1)
    shift = TILE.bit_length() - 1 + coarser
    away = unoccluded(away, scene.clusters, camera, grid, width, coarse_nearness(tiles, 1 << coarser), shift)
    scan(away, *corners, tiles, seen, nearest)
