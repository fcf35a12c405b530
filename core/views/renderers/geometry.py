"""Compiled geometry for all backends: vertex normals, bounds in the image."""

from __future__ import annotations

import numpy as np

from core.foundation import njit
from core.meshes import weld


def with_normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vertex normals, and the faces with a winding that agrees with them.

    Normals are sums of the face normals around a vertex, weighted by area (Gouraud, 1971), and
    shared by vertices at the same position. A face is flipped if its normal opposes the normals
    of its corners.

    Parameters
    ----------
    vertices : (n, 3) float32
        Positions.
    faces : (m, 3) int32
        Vertex indices.

    Returns
    -------
    normals : (n, 3) float32
        Unit normals; zero if the faces around a vertex cancel out.
    faces : (m, 3) int32
        The same faces in the same order; flipped ones have second and third corner exchanged.
    """
    inverse, first = weld(vertices)
    normals = _vertex_normals(vertices, faces, inverse, len(first))
    wound, flipped = _with_winding(vertices, faces, normals)
    if flipped:
        normals = _vertex_normals(vertices, wound, inverse, len(first))
    return normals, wound


@njit(cache=True, nogil=True, fastmath=True)
def _vertex_normals(vertices: np.ndarray, faces: np.ndarray, inverse: np.ndarray, places: int) -> np.ndarray:
    sums = np.zeros((places, 3), np.float32)
    weights = np.zeros(places, np.float32)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        x = uy * vz - uz * vy
        y = uz * vx - ux * vz
        z = ux * vy - uy * vx
        area = np.sqrt(x * x + y * y + z * z)
        for corner in range(3):
            place = inverse[faces[f, corner]]
            sums[place, 0] += x
            sums[place, 1] += y
            sums[place, 2] += z
            weights[place] += area
    normals = np.zeros((len(vertices), 3), np.float32)
    for i in range(len(vertices)):
        place = inverse[i]
        x, y, z = sums[place, 0], sums[place, 1], sums[place, 2]
        length = np.sqrt(x * x + y * y + z * z)
        # Opposed faces cancel out but for a remainder of arbitrary direction.
        if length > 0.05 * weights[place]:
            normals[i, 0] = x / length
            normals[i, 1] = y / length
            normals[i, 2] = z / length
    return normals


@njit(cache=True, nogil=True, fastmath=True)
def _with_winding(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the faces wound in agreement with the normals, and the flipped count."""
    wound = faces.copy()
    flipped = 0
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        agreement = (
            (uy * vz - uz * vy) * (normals[a, 0] + normals[b, 0] + normals[c, 0])
            + (uz * vx - ux * vz) * (normals[a, 1] + normals[b, 1] + normals[c, 1])
            + (ux * vy - uy * vx) * (normals[a, 2] + normals[b, 2] + normals[c, 2])
        )
        if agreement < 0:
            wound[f, 1], wound[f, 2] = c, b
            flipped += 1
    return wound, flipped


def bounds_in_windows(vertices: np.ndarray, camera_to_world: np.ndarray) -> np.ndarray:
    """Return the bounds of some points in the image plane of every camera.

    Parameters
    ----------
    vertices : (n, 3) float32
        Points in front of all cameras.
    camera_to_world : (v, 4, 4) float64
        Poses.

    Returns
    -------
    (v, 4) float64
        Left, right, top and bottom on the plane one unit before each camera.

    Examples
    --------
    >>> import numpy as np
    >>> from core.views import bounds_in_windows, camera_poses
    >>> corners = np.array([[0, -1, -1], [0, 1, 1]], np.float32)
    >>> bounds_in_windows(corners, camera_poses(1, "faces")).round(2).tolist()
    [[-0.25, 0.25, -0.25, 0.25]]
    """
    rotations = np.ascontiguousarray(camera_to_world[:, :3, :3].transpose(0, 2, 1), dtype=np.float32)
    positions = np.ascontiguousarray(camera_to_world[:, :3, 3], dtype=np.float32)
    return _bounds(vertices, rotations, positions).astype(np.float64)


@njit(cache=True, nogil=True, fastmath=True)
def _bounds(vertices: np.ndarray, rotations: np.ndarray, positions: np.ndarray) -> np.ndarray:
    bounds = np.empty((len(rotations), 4), np.float32)
    for view in range(len(rotations)):
        r = rotations[view]
        px, py, pz = positions[view, 0], positions[view, 1], positions[view, 2]
        left = top = np.float32(1e30)
        right = bottom = np.float32(-1e30)
        for i in range(len(vertices)):
            x, y, z = vertices[i, 0] - px, vertices[i, 1] - py, vertices[i, 2] - pz
            depth = np.float32(1.0) / (r[2, 0] * x + r[2, 1] * y + r[2, 2] * z)
            u = (r[0, 0] * x + r[0, 1] * y + r[0, 2] * z) * depth
            v = (r[1, 0] * x + r[1, 1] * y + r[1, 2] * z) * depth
            left = min(left, u)
            right = max(right, u)
            top = min(top, v)
            bottom = max(bottom, v)
        bounds[view, 0] = left
        bounds[view, 1] = right
        bounds[view, 2] = top
        bounds[view, 3] = bottom
    return bounds
