"""Measurements of a specimen's surface, in the units of its file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core.meshes.mesh import Mesh, face_vectors

CLOSED, OPEN, BRANCHING, TWISTED, CLOUD = "closed", "open", "branching", "twisted", "cloud"


@dataclass(frozen=True)
class Measurements:
    """Sizes of a specimen, lengths in file units, areas and volumes in their powers.

    Parameters
    ----------
    n_vertices, n_faces : int
        Counts after the file was checked and repaired.
    extent_x, extent_y, extent_z : float
        Size of the box along the axes of the file.
    length_1, length_2, length_3 : float
        Size of the box along the principal axes of the surface, the longest first.
    area : float or None
        Of the surface; None for a point cloud.
    volume : float or None
        That the surface encloses; None if it is not closed.
    surface : str
        `closed`; `open`: some edges belong to one face only; `branching`: some edges belong to
        more than two; `twisted`: closed, but neighbouring faces have opposite orientations;
        `cloud`: points only.
    n_open_edges : int
        Edges that belong to one face only.
    centroid_size : float
        Square root of the sum of squared distances of all vertices from their mean (Bookstein
        1991, the vertices taken as landmarks). It grows with the number of vertices.
    centroid_radius : float
        Root mean square distance of the surface, by area, from its centroid. Unlike centroid size
        it does not depend on the resolution of the mesh. For a point cloud, that of the points.
    """

    n_vertices: int
    n_faces: int
    extent_x: float
    extent_y: float
    extent_z: float
    length_1: float
    length_2: float
    length_3: float
    area: float | None
    volume: float | None
    surface: str
    n_open_edges: int
    centroid_size: float
    centroid_radius: float


def measure(mesh: Mesh) -> Measurements:
    """Measure the extents, area, volume and centroid size of a specimen.

    Volume is the sum of signed tetrahedra (divergence theorem), computed only if the surface is
    closed. To decide that, vertices at exactly the same position count as one.

    References
    ----------
    Bookstein, F. L. (1991). Morphometric Tools for Landmark Data. Cambridge University Press.

    Examples
    --------
    >>> import numpy as np
    >>> vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)
    >>> found = measure(Mesh(vertices, faces))
    >>> found.surface, round(found.volume, 4), round(found.area, 4)
    ('closed', 0.1667, 2.366)
    """
    centred = mesh.vertices - mesh.vertices.mean(axis=0)
    corners = centred[mesh.faces]
    areas, weights, centroid, moment = _moments(centred, corners)
    surface, n_open_edges = _closedness(mesh)
    lengths = _principal_lengths(centred - centroid, corners.mean(axis=1) - centroid if len(corners) else None, weights)
    extent = mesh.extent
    volume = None
    if surface == CLOSED:
        volume = float(abs(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()) / 6)
    return Measurements(
        n_vertices=len(mesh.vertices),
        n_faces=len(mesh.faces),
        extent_x=float(extent[0]),
        extent_y=float(extent[1]),
        extent_z=float(extent[2]),
        length_1=lengths[0],
        length_2=lengths[1],
        length_3=lengths[2],
        area=float(areas.sum()) if len(corners) else None,
        volume=volume,
        surface=surface,
        n_open_edges=n_open_edges,
        centroid_size=float(np.sqrt(np.einsum("ij,ij->", centred, centred))),
        centroid_radius=float(np.sqrt(moment)),
    )


def _moments(
    points: Float[np.ndarray, "n 3"], corners: Float[np.ndarray, "m 3 3"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return areas, weights, centroid and mean squared distance from the centroid.

    The weights sum to 1. They are those of the faces, or of the points if no face has an area.
    """
    areas = np.linalg.norm(face_vectors(corners), axis=1) / 2
    if not areas.sum() > 0:
        centroid = points.mean(axis=0)
        weights = np.full(len(points), 1 / len(points))
        return areas, weights, centroid, float((np.square(points - centroid).sum(axis=1)).mean())
    weights = areas / areas.sum()
    centroid = weights @ corners.mean(axis=1)
    a, b, c = (corners[:, place] - centroid for place in range(3))
    # The mean of a square over a triangle, from the moments of its barycentric coordinates.
    squares = sum(np.einsum("ij,ij->i", one, other) for one, other in ((a, a), (b, b), (c, c), (a, b), (b, c), (c, a)))
    return areas, weights, centroid, float(weights @ squares / 6)


def _principal_lengths(
    points: Float[np.ndarray, "n 3"], middles: Float[np.ndarray, "m 3"] | None, weights: np.ndarray
) -> list[float]:
    """Return the size of the box along the principal axes, the longest first."""
    of = points if middles is None or len(weights) != len(middles) else middles
    _, axes = np.linalg.eigh((of * weights[:, None]).T @ of)
    along = points @ axes
    return sorted((float(length) for length in along.max(axis=0) - along.min(axis=0)), reverse=True)


def _closedness(mesh: Mesh) -> tuple[str, int]:
    """Return the kind of surface, and how many edges belong to one face only."""
    if mesh.is_point_cloud:
        return CLOUD, 0
    from core.meshes.welding import weld  # compiled, and slow to import

    number, _ = weld(mesh.vertices)
    faces = number[mesh.faces].astype(np.int64)
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    edges: Int[np.ndarray, "e 2"] = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    low, high = edges.min(axis=1), edges.max(axis=1)
    keys, place, counts = np.unique(low << 32 | high, return_inverse=True, return_counts=True)
    forwards = np.bincount(place, weights=edges[:, 0] == low, minlength=len(keys))
    n_open = int(np.count_nonzero(counts == 1))
    if n_open or not len(keys):
        return OPEN, n_open
    if (counts > 2).any():
        return BRANCHING, 0
    return (CLOSED if (forwards == 1).all() else TWISTED), 0
