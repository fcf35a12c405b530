"""Alignment of a mesh to its principal axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.meshes.mesh import Mesh, face_vectors


def aligned(mesh: Mesh) -> Mesh:
    """Return the mesh with its longest principal axis along x, its shortest along z.

    Each face is weighted by its area, so that dense parts of a scan do not count more (continuous
    PCA: Vranić, Saupe and Richter, 2001). The first two axes point in the direction in which the third
    moment is positive, the side of the longer tail. The third axis completes a right-handed frame, so
    that a left valve never becomes a right one. The box is centred at the origin.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(100, 3)) * [1, 5, 2]
    >>> turned = aligned(Mesh(points, np.empty((0, 3), dtype=np.int32)))
    >>> turned.extent.argsort()[::-1]
    array([0, 1, 2])
    """
    points, weights = _surface_points(mesh)
    mean = np.average(points, axis=0, weights=weights)
    centred = points - mean
    _, vectors = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    axes = vectors[:, ::-1].T.copy()
    for axis in range(2):
        if float((weights * (centred @ axes[axis]) ** 3).sum()) < 0:
            axes[axis] *= -1
    axes[2] = np.cross(axes[0], axes[1])
    vertices = (mesh.vertices - mean) @ axes.T
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    normals = None if mesh.normals is None else (mesh.normals @ axes.T).astype(np.float32)
    return replace(mesh, vertices=vertices - centre, normals=normals)


def _surface_points(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    if mesh.is_point_cloud:
        return mesh.vertices, np.full(len(mesh.vertices), 1 / len(mesh.vertices))
    corners = mesh.vertices[mesh.faces]
    areas = np.linalg.norm(face_vectors(corners), axis=1)
    return corners.mean(axis=1), areas / areas.sum()
