"""Read, check and normalise specimens: the one place that knows file formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.foundation import SpecimenError
from core.meshes.mesh import Mesh, vertex_colours_of
from core.storage import stat_of_file, write_bytes

if TYPE_CHECKING:
    from core.meshes.formats.raw import RawMesh


SUFFIXES = (".ply", ".obj", ".stl", ".off")
_MEMORY_PER_FILE_BYTE = 10  # the file, its vertices and faces, the search tree over them


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


def write_ply(path: Path, mesh: Mesh) -> None:
    """Write a mesh as binary little endian PLY, atomically; corner colours become vertex colours."""
    from core.meshes.formats.ply import encode_ply

    write_bytes(path, encode_ply(mesh.vertices, mesh.faces, vertex_colours_of(mesh), mesh.normals))


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
