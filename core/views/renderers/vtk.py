"""VTK through PyVista, off screen, for the child process of `isolation` alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.views.renderers.projection import drawable, eye_target_up, on_background, projection_matrix
from core.views.renderers.surface import Cameras, Look, Surface

_CLAY = (238, 238, 238)
_AMBIENT = 0.16
_LIGHTS = {
    # Direction in the camera's frame (x right, y up, z towards it) and strength.
    "clay": (((0.0, 0.0, 1.0), 0.32), ((-0.5, 0.5, 0.7071), 0.52)),
    "occlusion": (((0.0, 0.0, 1.0), 0.32), ((-0.5, 0.5, 0.7071), 0.52)),
    "headlight": (((0.0, 0.0, 1.0), 0.84),),
    "key": (((-0.5, 0.5, 0.7071), 0.84),),
}


class Renderer:
    """One plotter for all specimens of one image size."""

    def __init__(self) -> None:
        self._plotter: Any = None
        self._size_and_antialias: tuple[int, int] = (0, 0)

    def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
        """Draw a surface from every camera, as `raster.render` does."""
        plotter = self._plotter_for(cameras.size, look.antialias)
        self._light(look.shading)
        actor = self._show(drawable(surface, look), look)
        views, size = len(cameras.camera_to_world), cameras.size
        images = np.empty((views, size, size, 3), np.uint8)
        masks = np.empty((views, size, size), np.bool_)
        for view in range(views):
            self._aim(cameras, view)
            plotter.render()
            image = plotter.screenshot(transparent_background=True, return_img=True)
            coverage = image[..., 3].astype(np.float32) / 255
            images[view] = on_background(image[..., :3], coverage, look.background)
            masks[view] = coverage >= 0.5
        plotter.remove_actor(actor, render=False)
        return images, masks

    def _plotter_for(self, size: int, antialias: int) -> Any:
        import pyvista as pv

        if self._size_and_antialias != (size, antialias):
            if self._plotter is not None:
                self._plotter.close()
            self._plotter = pv.Plotter(off_screen=True, window_size=[size, size], lighting="none")
            if antialias > 1:
                self._plotter.enable_anti_aliasing("msaa", multi_samples=min(antialias, 8))
            self._plotter.show(auto_close=False)
            self._size_and_antialias = (size, antialias)
        return self._plotter

    def _light(self, shading: str) -> None:
        import pyvista as pv

        self._plotter.remove_all_lights()
        for direction, strength in _LIGHTS[shading]:
            self._plotter.add_light(
                pv.Light(position=direction, light_type="camera light", intensity=strength, color="white")
            )

    def _show(self, surface: Surface, look: Look) -> Any:
        import pyvista as pv

        mesh = pv.PolyData.from_regular_faces(np.array(surface.vertices), np.array(surface.faces))
        mesh.point_data["Normals"] = np.array(surface.normals)
        mesh.point_data.active_normals_name = "Normals"
        coloured = look.appearance == "colour" and surface.vertex_colours is not None
        if coloured:
            mesh.point_data["colour"] = np.array(surface.vertex_colours)
        actor = self._plotter.add_mesh(
            mesh,
            scalars="colour" if coloured else None,
            rgb=coloured,
            color=None if coloured else _CLAY,
            ambient=_AMBIENT,
            diffuse=1.0,
            specular=0.0,
            reset_camera=False,
            render=False,
        )
        actor.prop.interpolation = "Phong"
        return actor

    def _aim(self, cameras: Cameras, view: int) -> None:
        from vtkmodules.vtkCommonMath import vtkMatrix4x4

        camera = self._plotter.camera
        eye, target, up = eye_target_up(cameras, view)
        camera.position, camera.focal_point, camera.up = tuple(eye), tuple(target), tuple(up)
        matrix = vtkMatrix4x4()
        matrix.DeepCopy(projection_matrix(cameras, view).ravel().tolist())
        camera.SetExplicitProjectionTransformMatrix(matrix)
        camera.SetUseExplicitProjectionTransformMatrix(True)
