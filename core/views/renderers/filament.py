"""Filament through Open3D, for the child process of `isolation` alone.

Filament draws normals and colours, and this module lights them: Filament's lights depend on the
driver, and these images must match those of the other renderers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.views.renderers.projection import FAR, NEAR, drawable, eye_target_up, frustum, lit, on_background
from core.views.renderers.surface import Cameras, Look, Surface

_CLAY = 238.0
_NAME = "specimen"


class Renderer:
    """One OffscreenRenderer for all specimens of one image size.

    Creating one repeatedly leaks memory (Open3D issues 4480, 5352 and 6791).
    """

    def __init__(self) -> None:
        self._offscreen: Any = None
        self._size = 0

    def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
        """Draw a surface from every camera, as `raster.render` does.

        With antialiasing, images are drawn at twice their size and averaged.
        """
        finer = 1 if look.antialias == 1 else 2
        surface = drawable(surface, look)
        coloured = look.appearance == "colour" and surface.vertex_colours is not None
        normals, depths = self._pass(surface, cameras, "normals", finer)
        plain = self._pass(surface, cameras, "defaultUnlit", finer)[0] if coloured else [None] * len(normals)
        views = len(cameras.camera_to_world)
        images = np.empty((views, cameras.size, cameras.size, 3), np.uint8)
        masks = np.empty((views, cameras.size, cameras.size), np.bool_)
        for view in range(views):
            hit = (np.isfinite(depths[view]) & (depths[view] < 0.99 * FAR))[..., None]
            light = lit(normals[view] / np.float32(127.5) - 1, cameras.camera_to_world[view], look.shading)[..., None]
            own = plain[view]
            colours = np.repeat(_CLAY * light, 3, axis=2) if own is None else own * (0.2 + 0.8 * light)
            coverage = _averaged(hit.astype(np.float32), finer)
            mean = _averaged(colours * hit, finer) / np.maximum(coverage, 1e-6)
            images[view] = on_background(np.minimum(mean, 250.0), coverage[..., 0], look.background)
            masks[view] = coverage[..., 0] >= 0.5
        return images, masks

    def _pass(
        self, surface: Surface, cameras: Cameras, shader: str, finer: int
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Draw all views with one material and return images and depths."""
        from open3d.visualization import rendering

        size = cameras.size * finer
        if self._size != size:
            self._offscreen = rendering.OffscreenRenderer(size, size)
            self._size = size
        scene = self._offscreen.scene
        scene.set_background(np.array([1.0, 1.0, 1.0, 1.0], np.float32))
        scene.view.set_post_processing(False)
        material = rendering.MaterialRecord()
        material.shader = shader
        scene.add_geometry(_NAME, _geometry(surface), material)
        images, depths = [], []
        for view in range(len(cameras.camera_to_world)):
            eye, target, up = eye_target_up(cameras, view)
            scene.camera.look_at(target, eye, up)
            scene.camera.set_projection(rendering.Camera.Projection.Perspective, *frustum(cameras, view), NEAR, FAR)
            images.append(np.asarray(self._offscreen.render_to_image()).copy())
            depths.append(np.asarray(self._offscreen.render_to_depth_image(True)).copy())
        scene.clear_geometry()
        return images, depths


def _geometry(surface: Surface) -> Any:
    """Return Open3D's mesh with every face twice, once a side.

    Filament draws one side only.
    """
    import open3d as o3d

    count = len(surface.vertices)
    vertices = np.concatenate([surface.vertices, surface.vertices])
    normals = np.concatenate([surface.normals, -surface.normals])
    faces = np.concatenate([surface.faces, surface.faces[:, [0, 2, 1]] + count])
    mesh = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(vertices.astype(np.float64)), o3d.utility.Vector3iVector(faces)
    )
    mesh.vertex_normals = o3d.utility.Vector3dVector(normals.astype(np.float64))
    if surface.vertex_colours is not None:
        mesh.vertex_colors = o3d.utility.Vector3dVector(np.tile(surface.vertex_colours / 255.0, (2, 1)))
    return mesh


def _averaged(image: np.ndarray, finer: int) -> np.ndarray:
    """Return an image averaged over blocks, (h / finer, w / finer) pixels."""
    if finer == 1:
        return image
    height, width, channels = image.shape
    blocks = image.reshape(height // finer, finer, width // finer, finer, channels)
    return np.asarray(blocks.mean(axis=(1, 3)))
