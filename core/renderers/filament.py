"""Filament through Open3D's OffscreenRenderer. Only ever used inside the child process of `core.renderers.child`.

Filament draws normals and colours, and the light is put on them here: its own lights depend on the
driver, and these pictures are to look like those of the other renderers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.renderers.projection import FAR, NEAR, drawable, eye_target_up, frustum, lit, on_background
from core.renderers.surface import Cameras, Look, Surface

_CLAY = 238.0
_NORMALS, _COLOURS = "normals", "colours"


class Renderer:
    """One OffscreenRenderer, used again for every specimen of one picture size.

    Made again and again it leaks memory (Open3D issues 4480, 5352 and 6791).
    """

    def __init__(self) -> None:
        self._offscreen: Any = None
        self._size = 0

    def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
        """Draw a surface from every camera; see `core.renderers.raster.render`.

        Pictures are drawn at twice their size and averaged where the look asks for antialiasing.
        """
        from open3d.visualization import rendering

        finer = 1 if look.antialias == 1 else 2
        size = cameras.size * finer
        if self._size != size:
            self._offscreen = rendering.OffscreenRenderer(size, size)
            self._size = size
        scene = self._offscreen.scene
        scene.clear_geometry()
        scene.set_background(np.array([1.0, 1.0, 1.0, 1.0], np.float32))
        scene.view.set_post_processing(False)
        surface = drawable(surface, look)
        coloured = look.appearance == "colour" and surface.vertex_colours is not None
        # One geometry for each material: changing the material of one aborts when it is removed.
        geometry = _geometry(surface)
        scene.add_geometry(_NORMALS, geometry, _material("normals"))
        if coloured:
            scene.add_geometry(_COLOURS, geometry, _material("defaultUnlit"))
            scene.show_geometry(_COLOURS, False)
        views = len(cameras.camera_to_world)
        images = np.empty((views, cameras.size, cameras.size, 3), np.uint8)
        masks = np.empty((views, cameras.size, cameras.size), np.bool_)
        for view in range(views):
            eye, target, up = eye_target_up(cameras, view)
            scene.camera.look_at(target, eye, up)
            scene.camera.set_projection(rendering.Camera.Projection.Perspective, *frustum(cameras, view), NEAR, FAR)
            normals = np.asarray(self._offscreen.render_to_image()).astype(np.float32)
            depth = np.asarray(self._offscreen.render_to_depth_image(True))
            hit = (np.isfinite(depth) & (depth < 0.99 * FAR))[..., None]
            light = lit(normals / 127.5 - 1, cameras.camera_to_world[view], look.shading)[..., None]
            if coloured:
                scene.show_geometry(_NORMALS, False)
                scene.show_geometry(_COLOURS, True)
                colours = np.asarray(self._offscreen.render_to_image()).astype(np.float32) * (0.2 + 0.8 * light)
                scene.show_geometry(_COLOURS, False)
                scene.show_geometry(_NORMALS, True)
            else:
                colours = np.repeat(_CLAY * light, 3, axis=2)
            coverage = _averaged(hit.astype(np.float32), finer)
            mean = _averaged(colours * hit, finer) / np.maximum(coverage, 1e-6)
            images[view] = on_background(np.minimum(mean, 250.0), coverage[..., 0], look.background)
            masks[view] = coverage[..., 0] >= 0.5
        return images, masks


def _geometry(surface: Surface) -> Any:
    """Return Open3D's mesh, every face there once for either side: Filament draws one side only."""
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


def _material(shader: str) -> Any:
    from open3d.visualization import rendering

    material = rendering.MaterialRecord()
    material.shader = shader
    return material


def _averaged(picture: np.ndarray, finer: int) -> np.ndarray:
    """Return a picture of (h / finer, w / finer) pixels."""
    if finer == 1:
        return picture
    height, width, channels = picture.shape
    blocks = picture.reshape(height // finer, finer, width // finer, finer, channels)
    return np.asarray(blocks.mean(axis=(1, 3)))
