"""Ray casting with Embree (Wald et al., 2014) through Open3D: needs no screen and no driver.

One ray goes through the middle of every pixel. Where neighbouring pixels differ, more rays are
cast and averaged (adaptive supersampling: Whitted, 1980), so that edges are smooth at little cost.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from core.renderers.compose import cavities, finish
from core.renderers.kernels import aim, average_edges, find_edges, sides
from core.renderers.lights import camera_numbers, shading_of
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
        How many threads cast rays; 0 for all.
    distances : (v, h, w) float32, optional
        Written to where given: distance along the camera's axis, infinite off the specimen.

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
        depth = scene.draw(camera, images[view], masks[view])
        if distances is not None:
            distances[view] = depth
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

    def draw(self, camera: np.ndarray, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Write a picture and its mask; return the depth of every pixel."""
        size = len(image)
        hits = self._cast(aim(camera, np.arange(size * size), np.zeros((1, 2), np.float32), size))
        colours, bends = self._shading.colour(hits, camera)
        depth = hits[3].reshape(size, size)
        coverage = np.isfinite(depth).astype(np.float32)
        if len(self._offsets) > 1:
            edges = find_edges(depth, colours.reshape(size, size, -1))
            if len(edges):
                more = self._cast(aim(camera, edges, self._offsets, size))
                averaged = self._shading.colour(more, camera)[0]
                average_edges(colours, coverage.ravel(), edges, more[3], averaged, len(self._offsets))
        factor = np.empty((0, 0), np.float32)
        if self._shading.has_cavities:
            factor = cavities(depth, bends.reshape(2, size, size), float(camera[4, 2]))
        finish(colours.reshape(size, size, -1), coverage, factor, self._shading.background, image, mask)
        return depth

    def _cast(self, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        found = self._embree.cast_rays(self._tensor.from_numpy(rays), nthreads=self._threads)
        triangles = found["primitive_ids"].numpy().view(np.int32)  # what Embree calls invalid becomes -1
        facing = sides(found["primitive_normals"].numpy(), rays)
        return triangles, found["primitive_uvs"].numpy(), facing, found["t_hit"].numpy()
