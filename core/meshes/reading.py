"""Reading of mesh files of every format, writing of PLY, and decimation.

Compiled code is imported by the functions that use it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.foundation import SpecimenError
from core.meshes.mesh import Mesh, vertex_colours_of
from core.meshes.suffixes import COMPRESSED, SUFFIXES, suffix_of
from core.storage import stat_of_file, write_bytes

if TYPE_CHECKING:
    from core.meshes.formats.obj import ObjSurface
    from core.meshes.formats.raw import RawMesh


def read_mesh(path: Path, within: Path | None = None) -> Mesh:
    r"""Read a mesh or point cloud and repair what can be repaired.

    Parameters
    ----------
    path : Path
        A `.ply`, `.obj`, `.stl`, `.off`, `.glb` or `.gltf` file, or one of the first four compressed
        (`.ply.gz`); the suffix in upper or lower case.
    within : Path, optional
        The input folder, outside of which no material and no texture is read. If None, it is the
        folder above that of the file.

    Returns
    -------
    Mesh
        The checked surface, with notes on what was repaired.

    Raises
    ------
    SpecimenError
        If the file cannot be used; the message says why.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "triangle.off"
    ...     _ = path.write_text("OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    ...     mesh = read_mesh(path)
    >>> len(mesh.vertices), len(mesh.faces)
    (3, 1)
    """
    from core.meshes.formats.content import check_memory
    from core.meshes.formats.signatures import check_signature

    reader = _reader_of(path, within)
    try:
        size = stat_of_file(path).st_size
        if size == 0:
            raise SpecimenError("The file is empty (0 bytes).", advice="Copy or export it again.")
        check_memory(size)
        check_signature(path, suffix_of(path))
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


def textured_surface(path: Path, within: Path | None = None) -> ObjSurface | None:
    """Return the faces of a file with their textures in full resolution, None without a texture.

    Raises
    ------
    SpecimenError, OSError
        If the file cannot be used.
    """
    plain = suffix_of(path).removesuffix(COMPRESSED)
    if plain == ".obj":
        from core.meshes.formats.obj import read_obj_surface

        surface = read_obj_surface(path, within)
        return surface if surface.has_texture else None
    if plain == ".ply":
        from core.meshes.formats.ply import read_ply_surface

        return read_ply_surface(path, within)
    return None


def write_ply(path: Path, mesh: Mesh) -> None:
    """Write a mesh as binary little endian PLY, atomically.

    Colours of corners become colours of vertices.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> mesh = Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]], dtype=np.int32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_ply(Path(folder) / "a.ply", mesh)
    ...     read_mesh(Path(folder) / "a.ply").faces.tolist()
    [[0, 1, 2]]
    """
    from core.meshes.formats.ply import encode_ply

    write_bytes(path, encode_ply(mesh.vertices, mesh.faces, vertex_colours_of(mesh), mesh.normals))


def decimate(mesh: Mesh, faces: int) -> Mesh:
    """Return a mesh of about `faces` faces, or points of a point cloud.

    Meshes are simplified by quadric error metrics (Garland and Heckbert, 1997), large ones (more than
    200,000 to a million faces, depending on `faces`) after a first thinning on a grid. Point clouds are
    thinned evenly.

    Parameters
    ----------
    mesh : Mesh
        Any mesh; returned as it is if it is small enough.
    faces : int
        Wanted number of faces, or of points of a point cloud.

    Raises
    ------
    SettingError
        If `faces` is below 4.

    Examples
    --------
    >>> import numpy as np
    >>> cloud = Mesh(np.random.default_rng(0).normal(size=(1000, 3)), np.empty((0, 3), dtype=np.int32))
    >>> len(decimate(cloud, 100).vertices)
    100
    """
    from core.meshes.simplification import simplified

    return simplified(mesh, faces)


def _reader_of(path: Path, within: Path | None) -> Callable[[Path], RawMesh]:
    """Return the reader for the suffix of a file, imported when needed.

    Readers are compiled, and slow to import.
    """
    suffix = suffix_of(path)
    plain = suffix.removesuffix(COMPRESSED)
    if plain == ".ply":
        from core.meshes.formats.ply import read_ply

        return partial(read_ply, within=within)
    if plain == ".stl":
        from core.meshes.formats.stl import read_stl

        return read_stl
    if plain == ".off":
        from core.meshes.formats.off import read_off

        return read_off
    if plain == ".obj":
        from core.meshes.formats.obj import read_obj

        return partial(read_obj, within=within)
    if suffix in (".glb", ".gltf"):
        from core.meshes.formats.gltf import read_gltf

        return read_gltf
    raise SpecimenError(
        "{suffix} is not a mesh format that can be read.",
        advice="Convert it to one of {allowed}.",
        suffix=suffix or "A file without a suffix",
        allowed=", ".join(SUFFIXES),
    )
