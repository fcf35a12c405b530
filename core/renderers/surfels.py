"""Point clouds as surfels: a small disc at every point (Pfister, Zwicker, van Baar and Gross, 2000)."""

from __future__ import annotations

import numpy as np

from core.meshes import Mesh
from core.renderers.surface import Surface

_NEIGHBOURS = 12
_SPACING_NEIGHBOUR = 6
_REACH = 1.1  # radius of a disc in distances to the sixth neighbour: closes a surface, keeps its holes
_CORNERS = 6


def surfels_of(mesh: Mesh) -> Surface:
    """Return a disc of six corners for every point, across its normal and as wide as points are apart.

    Normals come from the file, or else from the plane that fits each point's nearest neighbours
    best (Hoppe et al., 1992); their sign does not matter to the renderers.
    """
    from scipy.spatial import cKDTree

    points = mesh.vertices
    neighbours = min(_NEIGHBOURS, len(points) - 1)
    distances, rows = cKDTree(points).query(points, k=neighbours + 1, workers=1)
    spacing = distances[:, min(_SPACING_NEIGHBOUR, neighbours)]
    usual = float(np.median(spacing))
    radii = _REACH * np.clip(spacing, 0.25 * usual, 2.0 * usual)
    normals = _given_normals(mesh)
    if normals is None:
        around = points[rows] - points[rows].mean(axis=1, keepdims=True)
        _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
        normals = vectors[:, :, 0]
    discs, faces = _discs(points, normals, radii)
    colours = mesh.vertex_colours
    return Surface(
        vertices=discs.astype(np.float32),
        faces=faces,
        normals=np.repeat(normals, _CORNERS, axis=0).astype(np.float32),
        vertex_colours=None if colours is None else np.repeat(colours, _CORNERS, axis=0),
    )


def _given_normals(mesh: Mesh) -> np.ndarray | None:
    if mesh.normals is None:
        return None
    lengths = np.linalg.norm(mesh.normals, axis=1)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).mean() > 0:
        return None
    return np.asarray(mesh.normals / lengths[:, None], dtype=np.float64)


def _discs(points: np.ndarray, normals: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    helper = np.eye(3)[np.abs(normals).argmin(axis=1)]
    across = np.cross(normals, helper)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    along = np.cross(normals, across)
    angles = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    spokes = np.cos(angles)[None, :, None] * across[:, None] + np.sin(angles)[None, :, None] * along[:, None]
    discs = points[:, None] + radii[:, None, None] * spokes
    fan = np.array([[0, k, k + 1] for k in range(1, _CORNERS - 1)], dtype=np.int32)
    starts = _CORNERS * np.arange(len(points), dtype=np.int32)
    return discs.reshape(-1, 3), (starts[:, None, None] + fan).reshape(-1, 3)
