"""The triangle mesh or point cloud of one specimen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, UInt8


@dataclass(frozen=True)
class Mesh:
    """A specimen's surface, checked: every number is finite, every index in range.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions in file units; read-only.
    faces : (m, 3) int32
        Vertex indices; `m` is 0 for a point cloud; read-only.
    vertex_colours : (n, 3) uint8, optional
        Colour of each vertex.
    corner_colours : (m, 3, 3) uint8, optional
        Colour of each corner of each face, if a file colours faces or has a texture.
    normals : (n, 3) float32, optional
        Normals as a point-cloud file gives them.
    notes : tuple of str
        Sentences on what was repaired or left out.
    warnings : tuple of str
        Those of the notes that are told where a run is started, too.

    Examples
    --------
    >>> import numpy as np
    >>> mesh = Mesh(np.array([[0.0, 0, 0], [2, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]], dtype=np.int32))
    >>> mesh.extent
    array([2., 1., 0.])
    >>> mesh.is_point_cloud
    False
    """

    vertices: Float[np.ndarray, "n 3"]
    faces: Int[np.ndarray, "m 3"]
    vertex_colours: UInt8[np.ndarray, "n 3"] | None = None
    normals: Float[np.ndarray, "n 3"] | None = None
    notes: tuple[str, ...] = ()
    corner_colours: UInt8[np.ndarray, "m 3 3"] | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.vertices, self.faces, self.vertex_colours, self.normals, self.corner_colours):
            if array is not None:
                array.setflags(write=False)

    @property
    def is_point_cloud(self) -> bool:
        """Return whether there are points and no faces."""
        return len(self.faces) == 0

    @cached_property
    def extent(self) -> Float[np.ndarray, "3"]:
        """Return the size along x, y and z in file units."""
        from core.meshes.bodies import box_of

        low, high = box_of(self.vertices)
        return np.asarray(high - low)


def vertex_colours_of(mesh: Mesh) -> UInt8[np.ndarray, "n 3"] | None:
    """Return the colour of every vertex, or None.

    If the mesh has corner colours alone, it is the mean over the corners at a vertex.
    """
    if mesh.vertex_colours is not None or mesh.corner_colours is None:
        return mesh.vertex_colours
    corners = mesh.faces.ravel()
    seen = np.maximum(np.bincount(corners, minlength=len(mesh.vertices)), 1)
    flat = mesh.corner_colours.reshape(-1, 3)
    sums = [np.bincount(corners, weights=flat[:, channel], minlength=len(mesh.vertices)) for channel in range(3)]
    return np.rint(np.stack(sums, axis=1) / seen[:, None]).astype(np.uint8)


def face_vectors(corners: Float[np.ndarray, "m 3 3"]) -> Float[np.ndarray, "m 3"]:
    """Return the normal of every triangle, its length twice the area of the triangle."""
    return np.asarray(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
