"""The main body of a scan, its box, centre and radius without stray fragments."""

from __future__ import annotations

import numpy as np

from core.foundation import SpecimenError, njit
from core.meshes.welding import weld

_ENOUGH_OF_THE_POINTS = 0.99
_STRAY_SHARE = 0.02  # of the largest piece's area; smaller pieces may be stray fragments
_STRAY_REACH = 1.1  # a stray fragment lies beyond this many times the radius of the large pieces
_MOST_VERTICES_PER_FACE = 0.75  # a closed surface has half a vertex per face


def body_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray | None:
    """Return a mask of the vertices of the main body, None if it has all vertices.

    A fragment is stray if its area is small compared with that of the largest piece and it lies
    wholly outside the radius of the large pieces. Points of a cloud are stray beyond twice the
    distance from the median within which 99 % of the points lie.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions.
    faces : (m, 3) int
        Vertex indices; m is 0 for a point cloud.

    Returns
    -------
    (n,) bool or None
        True for vertices of the body.
    """
    if not len(faces):
        middle = np.median(vertices, axis=0)
        distances = _distances(vertices, middle)
        near = distances <= 2 * float(np.quantile(distances, _ENOUGH_OF_THE_POINTS))
        return None if near.all() else near
    joined = faces
    if len(vertices) > _MOST_VERTICES_PER_FACE * len(faces):
        # Some exporters give every face its own vertices, which makes every face a piece of its own.
        inverse, _ = weld(vertices)
        pieces = _pieces(inverse[joined], len(vertices))[inverse]
    else:
        pieces = _pieces(joined, len(vertices))
    if not pieces.any():
        return None  # a single piece, since pieces are numbered by their first vertex
    areas = _areas(vertices, faces, pieces)
    large = areas >= _STRAY_SHARE * areas.max()
    if large[pieces].all():
        return None
    body = vertices[large[pieces]]
    low, high = box_of(body)
    middle = (low + high) / 2
    reach = float(_distances(body, middle).max())
    nearest = np.full(len(vertices), np.inf)
    np.minimum.at(nearest, pieces, _distances(vertices, middle))
    stray = (~large & (nearest > _STRAY_REACH * reach))[pieces]
    return ~stray if stray.any() else None


def centre_and_radius(vertices: np.ndarray, body: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Return the centre of the body's bounding box, and its radius.

    The radius is the distance of the body's farthest vertex from the centre.

    Raises
    ------
    SpecimenError
        If the mesh has no extent.
    """
    kept = vertices if body is None else vertices[body]
    low, high = box_of(kept)
    centre = (low + high) / 2
    radius = float(_distances(kept, centre).max())
    if not radius > 0:
        raise SpecimenError("All vertices lie in one place: there is no shape.", advice="Export the mesh again.")
    return centre, radius


@njit(cache=True, nogil=True)
def _areas(vertices: np.ndarray, faces: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Return twice the area of every piece, at the number of the piece."""
    areas = np.zeros(len(vertices))
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        areas[pieces[a]] += np.sqrt(x * x + y * y + z * z)
    return areas


@njit(cache=True, nogil=True)
def box_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of the box around some points."""
    low, high = points[0].copy(), points[0].copy()
    for i in range(len(points)):
        for axis in range(3):
            low[axis] = min(low[axis], points[i, axis])
            high[axis] = max(high[axis], points[i, axis])
    return low, high


@njit(cache=True, nogil=True)
def _distances(points: np.ndarray, middle: np.ndarray) -> np.ndarray:
    distances = np.empty(len(points))
    for i in range(len(points)):
        x, y, z = points[i, 0] - middle[0], points[i, 1] - middle[1], points[i, 2] - middle[2]
        distances[i] = np.sqrt(x * x + y * y + z * z)
    return distances


@njit(cache=True, nogil=True)
def _pieces(faces: np.ndarray, vertices: int) -> np.ndarray:
    """Return the lowest vertex number in the piece of every vertex (union-find)."""
    parent = np.arange(vertices)
    for f in range(len(faces)):
        for k in range(2):
            a, b = faces[f, k], faces[f, k + 1]
            while parent[a] != a:
                parent[a] = parent[parent[a]]
                a = parent[a]
            while parent[b] != b:
                parent[b] = parent[parent[b]]
                b = parent[b]
            if a < b:
                parent[b] = a
            else:
                parent[a] = b
    for i in range(vertices):
        root = i
        while parent[root] != root:
            root = parent[root]
        parent[i] = root
    return parent
