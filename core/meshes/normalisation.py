"""Normalisation of a mesh to the unit sphere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.meshes.mesh import Mesh


def normalise(mesh: Mesh) -> Mesh:
    """Centre a mesh at the origin and scale its farthest vertex to distance 1.

    Centre and scale are robust: small pieces that lie apart and far out (floating debris, stray points
    of a scan) are ignored, so that they do not shrink the specimen. They stay in the mesh and may lie
    beyond distance 1.

    Raises
    ------
    SpecimenError
        If the mesh has no extent.

    Examples
    --------
    >>> import numpy as np
    >>> mesh = Mesh(np.array([[10.0, 0, 0], [14, 0, 0], [12, 2, 0]]), np.array([[0, 1, 2]], dtype=np.int32))
    >>> normalise(mesh).extent.round(3)
    array([1.789, 0.894, 0.   ])
    """
    return normalise_with_body(mesh)[0]


def normalise_with_body(mesh: Mesh) -> tuple[Mesh, np.ndarray | None]:
    """Return the normalised mesh, and a mask of the vertices of its main body.

    The mask is None if there are no stray fragments.
    """
    from core.meshes.bodies import body_of, centre_and_radius

    body = body_of(mesh.vertices, mesh.faces)
    centre, radius = centre_and_radius(mesh.vertices, body)
    return replace(mesh, vertices=(mesh.vertices - centre) / radius), body
