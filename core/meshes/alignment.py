"""Turn a specimen to its principal axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.meshes.mesh import Mesh


def aligned(mesh: Mesh) -> Mesh:
    """Return the mesh with its longest principal axis along x and its shortest along z.

    The axes are those of the surface, each face weighted by its area, so that dense patches of a
    scan do not pull (continuous PCA: Vranić, Saupe and Richter, 2001). Each axis is turned so that
    the third moment along it is positive, which puts the heavier tail on its positive side; the
    third axis completes a right-handed frame, so that a left valve never becomes a right one.
    """
    points, weights = _surface_points(mesh)
    middle = np.average(points, axis=0, weights=weights)
    spread = points - middle
    _, vectors = np.linalg.eigh((spread * weights[:, None]).T @ spread)
    axes = vectors[:, ::-1].T.copy()
    for axis in range(2):
        if float((weights * (spread @ axes[axis]) ** 3).sum()) < 0:
            axes[axis] *= -1
    axes[2] = np.cross(axes[0], axes[1])
    vertices = (mesh.vertices - middle) @ axes.T
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    normals = None if mesh.normals is None else (mesh.normals @ axes.T).astype(np.float32)
    return replace(mesh, vertices=vertices - centre, normals=normals)


def _surface_points(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    if mesh.is_point_cloud:
        return mesh.vertices, np.full(len(mesh.vertices), 1 / len(mesh.vertices))
    corners = mesh.vertices[mesh.faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return corners.mean(axis=1), areas / areas.sum()
