"""Ambient occlusion of the vertices of a surface, and normals of point clouds."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

REACH = 0.9  # of the specimen's radius; more distant surface does not occlude
MOST_RAYS = 500_000
MOST_DIRECTIONS = 32
FEWEST_DIRECTIONS = 6
SMOOTHING_ROUNDS = 2
GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
NEIGHBOURS_FOR_NORMAL = 12


def ambient_occlusion_of_vertices(
    vertices: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"], normals: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, " n"]:
    """Return the share of the sky that is visible from each vertex.

    Rays leave each vertex with a cosine-weighted distribution (Zhukov, Iones and Kronin, 1998), on
    both sides of the surface. The side with less occlusion counts, so that surfaces that are open or
    inside out are lit too. The result is all ones if the ray caster is not installed.

    Parameters
    ----------
    vertices : (n, 3) float32
        Positions; the specimen's radius is about 1.
    faces : (m, 3) int32
        Vertex indices.
    normals : (n, 3) float32
        Unit normals.

    Returns
    -------
    (n,) float32
        From 0 (fully occluded) to 1 (not occluded).
    """
    try:
        import open3d

        o3d: Any = open3d
    except (ImportError, OSError):
        return np.ones(len(vertices), np.float32)
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(vertices, np.float32)),
        o3d.core.Tensor(np.ascontiguousarray(faces, np.uint32)),
    )
    count = int(np.clip(MOST_RAYS // (2 * len(vertices)), FEWEST_DIRECTIONS, MOST_DIRECTIONS))
    best = np.zeros(len(vertices), np.float32)
    for side in (1.0, -1.0):
        outwards = (side * normals).astype(np.float32)
        directions = _spread(outwards, count)
        origins = np.broadcast_to((vertices + 2e-3 * outwards)[:, None, :], directions.shape)
        rays = np.concatenate([origins, directions], axis=2).astype(np.float32)
        distance = scene.cast_rays(o3d.core.Tensor(rays))["t_hit"].numpy()
        best = np.maximum(best, np.minimum(distance / REACH, 1.0).mean(axis=1))
    return _smoothed(best, faces)


def point_normals(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Return the normal of each point: the direction of least local variance.

    Its sign is arbitrary (Hoppe et al., 1992), because drawing is two-sided.

    Examples
    --------
    >>> import numpy as np
    >>> from core.scenes.ambient_occlusion import point_normals
    >>> plane = np.array([[0, 0, 5], [1, 0, 5], [0, 1, 5], [1, 1, 5]], float)
    >>> abs(point_normals(plane)[:, 2]).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    count = min(NEIGHBOURS_FOR_NORMAL, len(points))
    if count < 3:
        return np.tile(np.array([0, 0, 1], np.float32), (len(points), 1))
    _, index = cKDTree(points).query(points, k=count)
    around = points[index] - points[index].mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
    return np.ascontiguousarray(vectors[:, :, 0], dtype=np.float32)


def point_spacing(points: Float[np.ndarray, "n 3"]) -> float:
    """Return the median distance between nearest neighbours, 0 for a single point.

    Examples
    --------
    >>> import numpy as np
    >>> from core.scenes.ambient_occlusion import point_spacing
    >>> point_spacing(np.array([[0, 0, 0], [0.5, 0, 0], [1, 0, 0]]))
    0.5
    """
    if len(points) < 2:
        return 0.0
    distance, _ = cKDTree(points).query(points, k=2)
    return float(np.median(distance[:, 1]))


def _spread(normals: np.ndarray, count: int) -> np.ndarray:
    """Return (n, count, 3) cosine-weighted directions around each normal."""
    helper = np.where(np.abs(normals[:, :1]) < 0.9, np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32))
    tangent = np.cross(normals, helper)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    bitangent = np.cross(normals, tangent)
    step = np.arange(count, dtype=np.float32)
    radius = np.sqrt((step + 0.5) / count)
    # Rotated from vertex to vertex, so that smoothing removes the pattern of the directions.
    angle = step[None, :] * GOLDEN_ANGLE + (np.arange(len(normals)) * 2.4)[:, None]
    height = np.sqrt(1.0 - radius**2)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    spread = x[..., None] * tangent[:, None] + y[..., None] * bitangent[:, None] + height[:, None] * normals[:, None]
    return np.asarray(spread, dtype=np.float32)


def _smoothed(values: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return values averaged over the vertices that share an edge."""
    start, end = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    both = np.concatenate([start, end]), np.concatenate([end, start])
    size = len(values)
    links = coo_matrix((np.ones(len(both[0]), np.float32), both), shape=(size, size)).tocsr()
    total = np.asarray(links.sum(axis=1)).ravel() + 1.0
    for _ in range(SMOOTHING_ROUNDS):
        values = (links @ values + values) / total
    return np.asarray(values, dtype=np.float32)
