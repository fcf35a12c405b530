"""Files and runs given on the command line."""

from __future__ import annotations

from pathlib import Path

from core.foundation import MissingStageError, SpecimenError
from core.meshes import Mesh, read_mesh
from core.workspace import RunFolder


def run_of(folder: Path) -> RunFolder:
    """Return the run in a folder.

    Raises
    ------
    MissingStageError
        If there is no such folder. The advice lists the runs beside it.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        beside = sorted(path.parent.name for path in folder.parent.glob("*/config.json"))
        raise MissingStageError(
            "There is no run {folder}.",
            advice="There are {names}." if beside else "Give the folder of a run: runs/NAME of a workspace.",
            folder=folder,
            names=", ".join(beside),
        )
    return RunFolder(folder)


def mesh_of_file(path: Path) -> Mesh:
    """Read a mesh or point cloud.

    Raises
    ------
    SpecimenError
        If the file cannot be used. The error names it.
    """
    try:
        return read_mesh(path)
    except SpecimenError as error:
        raise SpecimenError("{path} cannot be used: {reason}", path=path, reason=error.reason) from error
