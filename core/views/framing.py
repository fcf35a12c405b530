"""Framing: which window each camera shows of a specimen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.views.renderers.surface import Cameras, Surface

FRAMINGS = ("view", "specimen")
_MARGIN = 0.04  # of a window's width, kept free on each side


def frame_cameras(
    surface: Surface,
    body: np.ndarray | None,
    camera_to_world: Float[np.ndarray, "v 4 4"],
    *,
    size: int,
    framing: str = "view",
) -> Cameras:
    """Return cameras with square windows around what they see of the specimen's body.

    Parameters
    ----------
    surface : Surface
        The normalised specimen.
    body : (k,) int, optional
        Vertices that belong to the body, as `core.meshes.normalise_with_body` returns them; None for all.
    camera_to_world : (v, 4, 4) float64
        Poses as `core.views.camera_poses` returns them.
    size : int
        Width and height of an image in pixels.
    framing : str
        `view` fits a window to every view, `specimen` gives all views windows of the same width.

    Returns
    -------
    Cameras
        Poses, windows and image size.
    """
    from core.views.renderers.geometry import bounds_in_windows

    vertices = surface.vertices
    if body is not None:
        vertices = np.ascontiguousarray(vertices[body]) if len(body) == len(vertices) else _within_reach(vertices)
    bounds = bounds_in_windows(vertices, camera_to_world)
    centres = np.stack([bounds[:, 0] + bounds[:, 1], bounds[:, 2] + bounds[:, 3]], axis=1) / 2
    halves = np.maximum(bounds[:, 1] - bounds[:, 0], bounds[:, 3] - bounds[:, 2]) / 2
    if framing == "specimen":
        halves[:] = halves.max()
    halves = np.maximum(halves, 1e-3 * halves.max()) * (1 + 2 * _MARGIN) + 1e-6
    windows = np.stack(
        [centres[:, 0] - halves, centres[:, 0] + halves, centres[:, 1] - halves, centres[:, 1] + halves], axis=1
    )
    return Cameras(camera_to_world, windows, size)


def _within_reach(vertices: np.ndarray) -> np.ndarray:
    """Return the corners of discs within the body of a point cloud.

    The body has radius 1.
    """
    return np.ascontiguousarray(vertices[np.einsum("ni,ni->n", vertices, vertices) <= 1.05**2])
