"""The surface of a mesh in the form that renderers take."""

from __future__ import annotations

import numpy as np

from core.meshes import Mesh
from core.views.renderers.surface import Surface


def surface_of(mesh: Mesh) -> Surface:
    """Return the surface of a normalised mesh; points become small discs (surfels)."""
    if mesh.is_point_cloud:
        from core.views.renderers.surfels import surfels_of

        return surfels_of(mesh)
    from core.views.renderers.geometry import with_normals

    vertices = np.ascontiguousarray(mesh.vertices, dtype=np.float32)
    faces = np.ascontiguousarray(mesh.faces, dtype=np.int32)
    normals, turned = with_normals(vertices, faces)
    corner_colours = mesh.corner_colours
    if corner_colours is not None:
        exchanged = (turned[:, 1] != faces[:, 1])[:, None, None]
        corner_colours = np.where(exchanged, corner_colours[:, [0, 2, 1]], corner_colours)
    return Surface(vertices, turned, normals, mesh.vertex_colours, corner_colours)
