"""Files that are given on the command line, told by their names where they are of no use."""

from __future__ import annotations

from pathlib import Path

from core.errors import SpecimenError
from core.meshes import Mesh, read_mesh


def mesh_of_file(path: Path) -> Mesh:
    """Read a mesh or point cloud.

    Raises
    ------
    SpecimenError
        Where it cannot be used; it says which file.
    """
    try:
        return read_mesh(path)
    except SpecimenError as error:
        raise SpecimenError("{path} cannot be used: {reason}", path=path, reason=error.reason) from error
