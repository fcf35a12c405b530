"""Ray casting with Embree (Wald et al., 2014) through Open3D: needs no screen and no driver.

One ray goes through the middle of every pixel. Where neighbouring pixels differ, more rays are
cast and averaged (adaptive supersampling: Whitted, 1980), so that edges are smooth at little cost.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numba import njit

from core.renderers.compose import cavities, write_image
from core.renderers.lights import camera_numbers, colour_of_hit, shading_of
from core.renderers.surface import Cameras, Look, Surface

_VISIBLE_STEP = np.float32(20.0)  # of 255, between neighbouring pixels
_ONE, _HALF = np.float32(1.0), np.float32(0.5)


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
        How many threads cast rays; 0 for all.

    Returns
    -------
    images : (v, h, w, 3) uint8
        The pictures.
    masks : (v, h, w) bool
        Which pixels the specimen covers by half or more.
    """
    scene = _Scene(surface, look, threads)
    views, size = len(cameras.camera_to_world), cameras.size
    images = np.empty((views, size, size, 3), np.uint8)
    masks = np.empty((views, size, size), np.bool_)
    for view in range(views):
        camera = camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size)
        scene.draw(camera, images[view], masks[view])
    return images, masks


class _Scene:
    """Embree's search tree over a surface, and what shading looks up for a hit."""

    def __init__(self, surface: Surface, look: Look, threads: int) -> None:
        import open3d as o3d

        self._tensor: Any = o3d.core.Tensor
        self._threads = threads
        self._embree: Any = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._embree.add_triangles(
            self._tensor.from_numpy(np.array(surface.vertices)),
            self._tensor.from_numpy(np.array(surface.faces, dtype=np.uint32)),
        )
        self._shading = shading_of(surface, look)
        grid = isqrt(look.antialias)
        places = ((np.arange(grid) + 0.5) / grid - 0.5).astype(np.float32)
        self._offsets = np.stack([axis.ravel() for axis in np.meshgrid(places, places)], axis=1)

    def draw(self, camera: np.ndarray, image: np.ndarray, mask: np.ndarray) -> None:
        size = len(image)
        rays = _aim(camera, np.arange(size * size, dtype=np.int32), np.zeros((1, 2), np.float32), size)
        depth, colours = self._shade(rays, camera)
        depth = depth.reshape(size, size)
        colours = colours.reshape(size, size, -1)
        coverage = np.isfinite(depth).astype(np.float32)
        empty = np.empty((0, 0), np.float32)
        factor = cavities(depth, float(camera[4, 2])) if self._shading.has_cavities else empty
        if len(self._offsets) > 1:
            edges = _find_edges(depth, colours)
            more = _aim(camera, edges, self._offsets, size)
            if len(more):
                edge_depth, edge_colours = self._shade(more, camera)
                _average(colours, coverage, edges, edge_depth, edge_colours, len(self._offsets))
        write_image(colours, coverage, factor, self._shading.background, image, mask)

    def _shade(self, rays: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hits = self._embree.cast_rays(self._tensor.from_numpy(rays), nthreads=self._threads)
        depth: np.ndarray = hits["t_hit"].numpy()
        colours = np.zeros((len(rays), self._shading.channels), np.float32)
        triangles, places = hits["primitive_ids"].numpy(), hits["primitive_uvs"].numpy()
        _colour(rays, depth, triangles, places, colours, camera, *self._shading.arguments)
        return depth, colours


@njit(cache=True, nogil=True, fastmath=True)
def _aim(camera, pixels, offsets, size):  # type: ignore[no-untyped-def]
    """Return rays through some pixels, one for each offset from their middle; length 1 along the axis."""
    rays = np.empty((len(pixels) * len(offsets), 6), np.float32)
    ray = 0
    for pixel in pixels:
        row, column = pixel // size, pixel % size
        for k in range(len(offsets)):
            right = camera[4, 0] + (np.float32(column) + _HALF + offsets[k, 0]) * camera[4, 2]
            down = camera[4, 1] + (np.float32(row) + _HALF + offsets[k, 1]) * camera[4, 2]
            for axis in range(3):
                rays[ray, axis] = camera[3, axis]
                rays[ray, 3 + axis] = right * camera[0, axis] + down * camera[1, axis] + camera[2, axis]
            ray += 1
    return rays


@njit(cache=True, nogil=True)
def _colour(  # type: ignore[no-untyped-def]
    rays,
    depth,
    triangles,
    places,
    colours,
    camera,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Compute a colour from 0 to 255 for every ray that hits; the others are left alone."""
    channels = colours.shape[1]
    for i in range(len(depth)):
        if not depth[i] < np.inf:
            continue
        v, w = places[i, 0], places[i, 1]
        red, green, blue = colour_of_hit(
            triangles[i],
            _ONE - v - w,
            v,
            w,
            depth[i],
            rays[i, 3],
            rays[i, 4],
            rays[i, 5],
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
        colours[i, 0] = red
        if channels == 3:
            colours[i, 1] = green
            colours[i, 2] = blue


@njit(cache=True, nogil=True)
def _find_edges(depth, colours):  # type: ignore[no-untyped-def]
    """Return the pixels that differ visibly from a neighbour."""
    height, width = depth.shape
    marked = np.zeros((height, width), np.bool_)
    for row in range(height):
        for column in range(width):
            hit = depth[row, column] < np.inf
            for side in range(2):
                r, c = row + side, column + 1 - side
                if r == height or c == width:
                    continue
                other = depth[r, c] < np.inf
                differs = hit != other
                if hit and other:
                    for channel in range(colours.shape[2]):
                        if abs(colours[row, column, channel] - colours[r, c, channel]) > _VISIBLE_STEP:
                            differs = True
                if differs:
                    marked[row, column] = True
                    marked[r, c] = True
    return np.flatnonzero(marked).astype(np.int32)


@njit(cache=True, nogil=True)
def _average(colours, coverage, edges, edge_depth, edge_colours, samples):  # type: ignore[no-untyped-def]
    """Give each edge pixel the mean colour of its rays that hit, and their share as its coverage."""
    width = coverage.shape[1]
    for e in range(len(edges)):
        row, column = edges[e] // width, edges[e] % width
        hits = 0
        colours[row, column] = 0.0
        for k in range(e * samples, (e + 1) * samples):
            if edge_depth[k] < np.inf:
                hits += 1
                for channel in range(colours.shape[2]):
                    colours[row, column, channel] += edge_colours[k, channel]
        coverage[row, column] = np.float32(hits) / np.float32(samples)
        if hits:
            for channel in range(colours.shape[2]):
                colours[row, column, channel] /= np.float32(hits)
