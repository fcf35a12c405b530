"""Ray casting with Embree through Open3D, without screen or driver.

Source: Wald et al. (2014).

One ray goes through the centre of every pixel in which the surface may be visible. At outlines and
steps in depth, more rays are cast and averaged (adaptive supersampling: Whitted, 1980), so that edges
are smooth at little cost. Rays of several views are cast together, so that no processor is idle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from math import isqrt
from typing import Any

import numpy as np

from core.foundation import processors
from core.views.renderers.compositing import finish
from core.views.renderers.culling import clusters_of, within_reach
from core.views.renderers.kernels import aim, average_edges, find_edges, write_hits
from core.views.renderers.shading import Shading, camera_numbers, shading_of
from core.views.renderers.surface import Cameras, Look, Surface

_PIXELS_AT_ONCE = 2_000_000
_SHIFT = 2  # rays are cast for whole squares of 4 × 4 pixels
_CENTRE = np.zeros((1, 2), np.float32)

_Hits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def render(
    surface: Surface, cameras: Cameras, look: Look, threads: int = 0, distances: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a surface from every camera, as `raster.render` does."""
    views, size = len(cameras.camera_to_world), cameras.size
    images = np.empty((views, size, size, 3), np.uint8)
    masks = np.empty((views, size, size), np.bool_)
    shading = shading_of(surface, look)
    embree = _Embree(surface, threads)
    clusters = clusters_of(*shading.arguments[:2])
    together = max(1, _PIXELS_AT_ONCE // size**2)
    with ThreadPoolExecutor(threads or processors()) as pool:
        for first in range(0, views, together):
            batch = range(first, min(first + together, views))
            aims = [camera_numbers(cameras.camera_to_world[view], cameras.windows[view], size) for view in batch]
            drawings = [_Drawing(camera, size, shading) for camera in aims]
            list(pool.map(lambda drawing: drawing.choose_pixels(clusters), drawings))
            embree.cast(drawings, _CENTRE, pool.map)
            list(pool.map(_Drawing.shade, drawings))
            if look.antialias > 1:
                embree.cast(drawings, _offsets(isqrt(look.antialias)), pool.map)
            list(pool.map(_Drawing.finish, drawings, (images[view] for view in batch), (masks[view] for view in batch)))
            if distances is not None:
                distances[batch.start : batch.stop] = [drawing.depth for drawing in drawings]
    return images, masks


def _offsets(grid: int) -> np.ndarray:
    """Return the offsets of a grid of samples from the centre of their pixel."""
    steps = ((np.arange(grid) + 0.5) / grid - 0.5).astype(np.float32)
    return np.stack([axis.ravel() for axis in np.meshgrid(steps, steps)], axis=1)


class _Drawing:
    """State of one view during rendering."""

    def __init__(self, camera: np.ndarray, size: int, shading: Shading) -> None:
        self.camera, self._size, self._shading = camera, size, shading
        self._hits = _no_hits(size * size)
        self.depth = self._hits[3].reshape(size, size)

    def choose_pixels(self, clusters: np.ndarray) -> None:
        """Choose the pixels in which the surface may be visible."""
        self.pixels = within_reach(clusters, self.camera, self._size, _SHIFT)

    def aim(self, offsets: np.ndarray, rays: np.ndarray) -> None:
        """Write the rays through the chosen pixels."""
        aim(self.camera, self.pixels, offsets, self._size, rays)

    def store(self, found: _Hits, rays: np.ndarray, samples: int) -> None:
        """Store the hits of the chosen pixels, or their mean for several rays a pixel."""
        if samples == 1:
            write_hits(self.pixels, found, rays, *self._hits)
            return
        hits = _no_hits(len(rays))
        write_hits(np.arange(len(rays)), found, rays, *hits)
        colours, _ = self._shading.colour(hits, self.camera)
        average_edges(self._colours, self._coverage, self.pixels, hits[3], colours, samples)

    def shade(self) -> None:
        """Compute the colours of all hits, and choose the pixels that need more rays."""
        self._colours, self._normals_xy = self._shading.colour(self._hits, self.camera)
        self._coverage = np.isfinite(self._hits[3]).astype(np.float32)
        self.pixels = find_edges(self.depth, self.camera[4, 2])

    def finish(self, image: np.ndarray, mask: np.ndarray) -> None:
        """Write the image and its mask."""
        size, factor = self._size, np.empty((0, 0), np.float32)
        if self._shading.relief is not None:
            factor = self._shading.relief(self.depth, self._normals_xy.reshape(2, size, size), float(self.camera[4, 2]))
        coverage = self._coverage.reshape(size, size)
        finish(self._colours.reshape(size, size, -1), coverage, factor, self._shading.background, image, mask)


def _no_hits(count: int) -> _Hits:
    """Return faces (-1), coordinates, sides and depths of rays without a hit."""
    triangles, depth = np.full(count, -1, np.int32), np.full(count, np.inf, np.float32)
    return triangles, np.empty((count, 2), np.float32), np.empty(count, np.float32), depth


class _Embree:
    """Embree's search tree over a surface, built once."""

    def __init__(self, surface: Surface, threads: int) -> None:
        import open3d as o3d

        self._tensor: Any = o3d.core.Tensor
        self._threads = threads
        self._scene: Any = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._scene.add_triangles(
            self._tensor.from_numpy(np.array(surface.vertices)),
            self._tensor.from_numpy(np.array(surface.faces, dtype=np.uint32)),
        )

    def cast(self, drawings: list[_Drawing], offsets: np.ndarray, for_all: Callable[..., Iterable[object]]) -> None:
        """Cast rays through the chosen pixels of some views, one for each offset."""
        ends = np.cumsum([len(drawing.pixels) * len(offsets) for drawing in drawings])
        if not ends[-1]:
            return
        rays = np.empty((ends[-1], 6), np.float32)
        shares = np.split(rays, ends[:-1])
        list(for_all(lambda drawing, share: drawing.aim(offsets, share), drawings, shares))
        found = self._scene.cast_rays(self._tensor.from_numpy(rays), nthreads=self._threads)
        names = ("primitive_ids", "primitive_uvs", "primitive_normals", "t_hit")
        parts = zip(*(np.split(found[name].numpy(), ends[:-1]) for name in names), strict=True)
        list(for_all(lambda drawing, *part: drawing.store(part[0], part[1], len(offsets)), drawings, parts, shares))
