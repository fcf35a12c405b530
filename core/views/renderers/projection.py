"""Cameras and surfaces in the conventions of graphics libraries."""

from __future__ import annotations

import numpy as np

from core.views.renderers.surface import Cameras, Look, Surface

NEAR, FAR = 0.25, 12.0


def frustum(cameras: Cameras, view: int) -> tuple[float, float, float, float]:
    """Return the bounds of a view's window on the near plane.

    The order is left, right, bottom, top, with y upwards.
    """
    left, right, top, bottom = cameras.windows[view] * NEAR
    return float(left), float(right), float(-bottom), float(-top)


def projection_matrix(cameras: Cameras, view: int) -> np.ndarray:
    """Return the (4, 4) projection matrix of OpenGL.

    The camera looks along -z, and clip z is from -1 to 1.
    """
    left, right, bottom, top = frustum(cameras, view)
    matrix = np.zeros((4, 4))
    matrix[0] = (2 * NEAR / (right - left), 0, (right + left) / (right - left), 0)
    matrix[1] = (0, 2 * NEAR / (top - bottom), (top + bottom) / (top - bottom), 0)
    matrix[2] = (0, 0, -(FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR))
    matrix[3, 2] = -1
    return matrix


def eye_target_up(cameras: Cameras, view: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the position of a camera, a point that it looks at, and its up vector."""
    pose = cameras.camera_to_world[view]
    return pose[:3, 3], pose[:3, 3] + pose[:3, 2], -pose[:3, 1]


def drawable(surface: Surface, look: Look) -> Surface:
    """Return a surface whose colours and normals all belong to vertices.

    With corner colours or flat normals, every corner becomes a vertex of its own.
    """
    coloured = look.appearance == "colour"
    if look.normals == "smooth" and not (coloured and surface.corner_colours is not None):
        return surface
    corners = surface.faces.ravel()
    vertices = surface.vertices[corners]
    normals = surface.normals[corners]
    if look.normals == "flat":
        a, b, c = (vertices[corner::3] for corner in range(3))
        facets = np.cross(b - a, c - a)
        facets /= np.maximum(np.linalg.norm(facets, axis=1, keepdims=True), 1e-20)
        normals = np.repeat(facets.astype(np.float32), 3, axis=0)
    colours = None if surface.vertex_colours is None else surface.vertex_colours[corners]
    if surface.corner_colours is not None:
        colours = surface.corner_colours.reshape(-1, 3)
    faces = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    return Surface(vertices, faces, normals, colours)


def on_background(image: np.ndarray, coverage: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """Return an image blended with a background by coverage from 0 to 1."""
    share = coverage[..., None].astype(np.float32)
    blended = share * image + (1 - share) * np.array(background, np.float32)
    return np.asarray(np.rint(blended), dtype=np.uint8)


def lit(normals: np.ndarray, pose: np.ndarray, shading: str) -> np.ndarray:
    """Return the light that surfaces of some world normals send to a camera.

    Parameters
    ----------
    normals : (..., 3) float32
        World normals of any length; either sign.
    pose : (4, 4) float64
        `camera_to_world`.
    shading : str
        As in `core.views.ViewSettings`.

    Returns
    -------
    (...) float32
        From 0 to 1; the same light as in the compiled renderers, without cavities.
    """
    seen = normals @ pose[:3, :3].astype(np.float32)
    seen /= np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
    seen = np.where(seen[..., 2:] > 0, -seen, seen)
    x, y, z = seen[..., 0], seen[..., 1], -seen[..., 2]
    key = -0.5 * x - 0.5 * y + 0.7071 * z
    if shading == "headlight":
        return np.asarray(0.12 + 0.88 * z, np.float32)
    if shading == "key":
        return np.asarray(0.12 + 0.88 * np.maximum(key, 0), np.float32)
    return np.asarray(0.14 + 0.32 * z + 0.54 * np.maximum((key + 0.3) / 1.3, 0), np.float32)
