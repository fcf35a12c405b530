"""Conversion of a mesh to the surface that renderers draw."""

from __future__ import annotations

import numpy as np

from core.meshes import Mesh
from core.views.renderers.surface import Surface


def surface_of(mesh: Mesh) -> Surface:
    """Return the surface of a normalised mesh.

    Points become small discs (surfels).

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.views import surface_of
    >>> corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)
    >>> surface_of(Mesh(corners, np.array([[0, 1, 2]], np.int32))).normals[0].tolist()
    [0.0, 0.0, 1.0]
    """
    if mesh.is_point_cloud:
        from core.views.renderers.surfels import surfels_of

        return surfels_of(mesh)
    from core.views.renderers.geometry import with_normals

    vertices = np.ascontiguousarray(mesh.vertices, dtype=np.float32)
    faces = np.ascontiguousarray(mesh.faces, dtype=np.int32)
    normals, wound = with_normals(vertices, faces)
    corner_colours = mesh.corner_colours
    if corner_colours is not None:
        exchanged = (wound[:, 1] != faces[:, 1])[:, None, None]
        corner_colours = np.where(exchanged, corner_colours[:, [0, 2, 1]], corner_colours)
    return Surface(vertices, wound, normals, mesh.vertex_colours, corner_colours)
