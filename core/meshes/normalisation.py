"""Centre and scale a mesh to the unit sphere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.meshes.mesh import Mesh


def normalise(mesh: Mesh) -> Mesh:
    """Centre a mesh at the origin and scale it so that its farthest vertex lies at distance 1.

    The extent is a robust one: small pieces that lie apart and far out (floating debris, stray
    points of a scan) are left out of it, so that they do not shrink the specimen. They stay in
    the mesh and may lie beyond distance 1.

    Raises
    ------
    SpecimenError
        Where the mesh has no extent.
    """
    return normalise_with_body(mesh)[0]


def normalise_with_body(mesh: Mesh) -> tuple[Mesh, np.ndarray | None]:
    """Do what `normalise` does, and say which vertices are no stray fragments (None: all of them)."""
    from core.meshes.bodies import body_of, centre_and_radius

    body = body_of(mesh.vertices, mesh.faces)
    centre, radius = centre_and_radius(mesh.vertices, body)
    return replace(mesh, vertices=(mesh.vertices - centre) / radius), body
