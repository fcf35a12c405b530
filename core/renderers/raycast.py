"""Ray casting with Embree through Open3D: needs no screen, no driver, and gives the same pixels every time.

One ray goes through the middle of every pixel. Where neighbouring pixels differ, more rays are
cast and averaged (adaptive supersampling, Whitted, 1980), so that edges are smooth at little cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.poses import DISTANCE
from core.renderers import kernels
from core.renderers.surface import Cameras, Look, Surface

_OFFSETS = {
    1: np.zeros((0, 2), np.float32),
    4: np.array([(-0.125, -0.375), (0.375, -0.125), (-0.375, 0.125), (0.125, 0.375)], np.float32),
}


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
        Where the ray through the pixel's middle hits the specimen.
    """
    scene = _Scene(surface, look, threads)
    views, size = len(cameras.camera_to_world), cameras.size
    images = np.empty((views, size, size, 3), np.uint8)
    masks = np.empty((views, size, size), np.bool_)
    for view in range(views):
        scene.draw(cameras.camera_to_world[view], cameras.windows[view], images[view], masks[view])
    return images, masks


_CAVITY_REACH = 0.02  # of the picture's width
_CAVITY_STRENGTH = 0.5


class _Scene:
    """Embree's search tree over a surface, and what shading looks up for a hit."""

    def __init__(self, surface: Surface, look: Look, threads: int) -> None:
        import open3d as o3d

        self._tensor: Any = o3d.core.Tensor
        self._threads = threads
        self._embree: Any = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._embree.add_triangles(
            self._tensor.from_numpy(surface.vertices), self._tensor.from_numpy(surface.faces.view(np.uint32))
        )
        self._look = look
        self._shading = kernels.shading_numbers(surface, look)
        self._rays = np.empty((0, 6), np.float32)

    def draw(self, pose: np.ndarray, window: np.ndarray, image: np.ndarray, mask: np.ndarray) -> None:
        size = len(image)
        if len(self._rays) != size * size:
            self._rays = np.empty((size * size, 6), np.float32)
        camera = kernels.camera_numbers(pose, window, size)
        kernels.fill_rays(self._rays, camera, size)
        depth, colours = self._shade(self._rays, camera)
        factor = np.empty(0, np.float32)
        if self._look.shading == "clay" and self._look.appearance in ("gray", "colour"):
            reach = max(1, round(_CAVITY_REACH * size))
            world = reach * float(camera[4, 2]) * DISTANCE
            factor = kernels.find_cavities(depth, size, reach, np.float32(world), np.float32(_CAVITY_STRENGTH))
        coverage = kernels.find_coverage(depth, mask.reshape(-1))
        offsets = _OFFSETS[self._look.antialias]
        edges = kernels.find_edges(depth, colours, size) if len(offsets) else np.empty(0, np.int32)
        if len(edges):
            more = np.empty((len(edges) * len(offsets), 6), np.float32)
            kernels.fill_edge_rays(more, camera, edges, offsets, size)
            edge_depth, edge_colours = self._shade(more, camera)
            kernels.average_edges(colours, coverage, edges, edge_depth, edge_colours, len(offsets))
        kernels.write_image(colours, coverage, factor, self._shading.background, image.reshape(-1, 3))

    def _shade(self, rays: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hits = self._embree.cast_rays(self._tensor.from_numpy(rays), nthreads=self._threads)
        depth = hits["t_hit"].numpy()
        colours = np.empty((len(rays), self._shading.channels), np.float32)
        kernels.shade(
            rays,
            depth,
            hits["primitive_ids"].numpy(),
            hits["primitive_uvs"].numpy(),
            hits["primitive_normals"].numpy(),
            camera,
            *self._shading.arrays,
            colours,
        )
        return depth, colours
