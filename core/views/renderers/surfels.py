"""Point clouds as surfels: a small disc at every point (Pfister et al., 2000)."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.meshes import Mesh
from core.views.renderers.surface import Surface

_NEIGHBOURS = 16
_SPACING_NEIGHBOUR = 6
_REACH = 1.0  # radius of a disc in distances to the sixth neighbour: closes a surface and keeps its holes
_CORNERS = 6
_AROUND_A_CORNER = 6
_MOST_POINTS = 200_000  # more are smaller than the pixels of any view


def surfels_of(mesh: Mesh) -> Surface:
    """Return a disc of six corners for every point of a cloud.

    A disc is perpendicular to the normal of its point, and its radius follows the distance between
    points. Normals are those of the file, if it has any, or those of the plane that fits each point's
    nearest neighbours best (Hoppe et al., 1992); the renderers ignore their sign. The corners of a
    disc are projected onto the surface of the points around them and get their normals (a step of
    moving least squares: Alexa et al., 2003), so that neighbouring discs do not cross.
    """
    from scipy.spatial import cKDTree

    rows = np.arange(len(mesh.vertices))
    if len(rows) > _MOST_POINTS:
        rows = np.linspace(0, len(rows) - 1, _MOST_POINTS).astype(np.int64)
    points = mesh.vertices[rows]
    tree = cKDTree(points)
    neighbours = min(_NEIGHBOURS, len(points) - 1)
    distances, near = tree.query(points, k=neighbours + 1)
    spacing = distances[:, min(_SPACING_NEIGHBOUR, neighbours)]
    usual = float(np.median(spacing))
    radii = _REACH * np.clip(spacing, 0.25 * usual, 2.0 * usual)
    given = _given_normals(mesh)
    normals = _fitted_normals(points, near) if given is None else given[rows]
    discs, faces = _discs(points, normals, radii)
    corners, corner_normals = _onto_surface(discs, np.repeat(normals, _CORNERS, axis=0), points, normals, tree)
    colours = mesh.vertex_colours
    return Surface(
        vertices=corners.astype(np.float32),
        faces=faces,
        normals=corner_normals.astype(np.float32),
        vertex_colours=None if colours is None else np.repeat(colours[rows], _CORNERS, axis=0),
    )


def _fitted_normals(points: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return normals of planes fitted to each point's neighbours, smoothed once."""
    around = points[near] - points[near].mean(axis=1, keepdims=True)
    normals = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))[1][:, :, 0]
    closest = normals[near[:, : _SPACING_NEIGHBOUR + 1]]
    return np.asarray(np.linalg.eigh(np.einsum("nki,nkj->nij", closest, closest))[1][:, :, 2])


def _onto_surface(
    corners: np.ndarray, corner_normals: np.ndarray, points: np.ndarray, normals: np.ndarray, tree: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return corners projected onto the planes of nearby points, and new normals."""
    count = min(_AROUND_A_CORNER, len(points))
    distances, near = tree.query(corners, k=count)
    distances, near = distances.reshape(len(corners), -1), near.reshape(len(corners), -1)
    weights = 1 / (distances + distances.mean(axis=1, keepdims=True) / 4 + 1e-12)
    weights /= weights.sum(axis=1, keepdims=True)
    signs = np.sign(np.einsum("nki,ni->nk", normals[near], corner_normals))
    alike = normals[near] * signs[..., None]
    mean = np.einsum("nk,nki->ni", weights, alike)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    heights = np.einsum("nki,nki->nk", corners[:, None] - points[near], alike)
    return corners - (weights * heights).sum(axis=1)[:, None] * corner_normals, mean


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
