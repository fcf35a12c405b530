"""Read, check and normalise specimens: the one place that knows file formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from jaxtyping import Float, Int, UInt8

from core.foundation.errors import SpecimenError
from core.storage.files import stat_of_file, write_bytes

if TYPE_CHECKING:
    from core.meshes.formats.raw import RawMesh

SUFFIXES = (".ply", ".obj", ".stl", ".off")
_MEMORY_PER_FILE_BYTE = 10  # the file, its vertices and faces, the search tree over them


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
        Colour of each corner of each face, where a file colours faces or has a texture.
    normals : (n, 3) float32, optional
        Normals as a point-cloud file gives them.
    notes : tuple of str
        What was repaired or left out, in plain words.
    """

    vertices: Float[np.ndarray, "n 3"]
    faces: Int[np.ndarray, "m 3"]
    vertex_colours: UInt8[np.ndarray, "n 3"] | None = None
    normals: Float[np.ndarray, "n 3"] | None = None
    notes: tuple[str, ...] = ()
    corner_colours: UInt8[np.ndarray, "m 3 3"] | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.vertices, self.faces, self.vertex_colours, self.normals, self.corner_colours):
            if array is not None:
                array.setflags(write=False)

    @property
    def is_point_cloud(self) -> bool:
        """Return whether there are points only."""
        return len(self.faces) == 0

    @cached_property
    def extent(self) -> Float[np.ndarray, "3"]:
        """Return the size along x, y and z in file units."""
        from core.meshes.checks import box_of

        low, high = box_of(self.vertices)
        return np.asarray(high - low)


def read_mesh(path: Path) -> Mesh:
    """Read a mesh or point cloud and repair what can be repaired.

    Parameters
    ----------
    path : Path
        A `.ply`, `.obj`, `.stl` or `.off` file, suffix in any case.

    Returns
    -------
    Mesh
        The checked surface, with notes on what was repaired.

    Raises
    ------
    SpecimenError
        Where the file cannot be used; the reason is a sentence for a person.
    """
    reader = _reader_of(path)
    try:
        size = stat_of_file(path).st_size
        if size == 0:
            raise SpecimenError("The file is empty (0 bytes).", advice="Copy or export it again.")
        _check_memory(size)
        raw = reader(path)
    except OSError as error:
        raise SpecimenError(
            "The file cannot be read ({reason}).",
            advice="Check that it exists and its permissions.",
            reason=error.strerror or error,
        ) from error
    except MemoryError as error:
        raise SpecimenError(
            "The mesh does not fit into memory.", advice="Decimate it, or use a machine with more memory."
        ) from error
    from core.meshes.checks import checked_mesh

    return checked_mesh(raw)


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
    from core.meshes.checks import body_of, centre_and_radius

    body = body_of(mesh.vertices, mesh.faces)
    centre, radius = centre_and_radius(mesh.vertices, body)
    return replace(mesh, vertices=(mesh.vertices - centre) / radius), body


def write_ply(path: Path, mesh: Mesh) -> None:
    """Write a mesh as binary little endian PLY, atomically; corner colours become vertex colours."""
    from core.meshes.formats.ply import encode_ply

    write_bytes(path, encode_ply(mesh.vertices, mesh.faces, vertex_colours_of(mesh), mesh.normals))


def vertex_colours_of(mesh: Mesh) -> UInt8[np.ndarray, "n 3"] | None:
    """Return a colour per vertex: its own, or the mean of its corners' colours, or None."""
    if mesh.vertex_colours is not None or mesh.corner_colours is None:
        return mesh.vertex_colours
    corners = mesh.faces.ravel()
    seen = np.maximum(np.bincount(corners, minlength=len(mesh.vertices)), 1)
    flat = mesh.corner_colours.reshape(-1, 3)
    sums = [np.bincount(corners, weights=flat[:, channel], minlength=len(mesh.vertices)) for channel in range(3)]
    return np.rint(np.stack(sums, axis=1) / seen[:, None]).astype(np.uint8)


def decimate(mesh: Mesh, faces: int) -> Mesh:
    """Return a mesh of about `faces` faces (or points) for a quick look.

    Meshes are simplified by quadric error metrics (Garland and Heckbert, 1997), those of more than a
    million faces after a first thinning on a grid; point clouds are thinned evenly.

    Parameters
    ----------
    mesh : Mesh
        Any mesh; returned as it is where it is small enough already.
    faces : int
        How many faces, or points of a point cloud, are wanted.

    Raises
    ------
    SettingError
        Where `faces` is below 4.
    """
    from core.meshes.simplification import simplified

    return simplified(mesh, faces)


def _reader_of(path: Path) -> Callable[[Path], RawMesh]:
    """Import the reader of a suffix; compiled readers take a moment, so only when one is needed."""
    suffix = path.suffix.lower()
    if suffix == ".ply":
        from core.meshes.formats.ply import read_ply

        return read_ply
    if suffix == ".stl":
        from core.meshes.formats.stl import read_stl

        return read_stl
    if suffix == ".off":
        from core.meshes.formats.off import read_off

        return read_off
    if suffix == ".obj":
        from core.meshes.formats.obj import read_obj

        return read_obj
    raise SpecimenError(
        "{suffix} is not a mesh format that can be read.",
        advice="Convert it to one of {allowed}.",
        suffix=suffix or "A file without a suffix",
        allowed=", ".join(SUFFIXES),
    )


def _check_memory(size: int) -> None:
    """Refuse a file that would not fit into memory; text and index arrays take a multiple of it."""
    memory = psutil.virtual_memory()
    total, needed = memory.total, size * _MEMORY_PER_FILE_BYTE
    if needed > max(memory.available, total // 2):
        raise SpecimenError(
            "The file holds {size_gb:.1f} GB and would need about {needed_gb:.0f} GB of memory; this "
            "machine has {total_gb:.0f} GB.",
            advice="Decimate the mesh before adding it.",
            size_gb=size / 1e9,
            needed_gb=needed / 1e9,
            total_gb=total / 1e9,
        )
