"""Decimated copies of specimens, for the screen: they open fast however large the scan is."""

from __future__ import annotations

from pathlib import Path

from core.errors import SpecimenError, WorkspaceError
from core.meshes import Mesh, decimate, read_mesh, write_ply

# Enough to read the relief of a tooth on a screen. In the 3D viewer two specimens of this size
# take a third of a second to prepare and some hundred kilobytes each.
PREVIEW_FACES = 20_000
PREVIEW_POINTS = 40_000


def make_preview(mesh: Mesh, faces: int = PREVIEW_FACES, points: int = PREVIEW_POINTS) -> Mesh:
    """Return a mesh of at most about `faces` faces, or a cloud of at most `points` points."""
    return decimate(mesh, points if mesh.is_point_cloud else faces)


def read_preview(path: Path, preview_path: Path | None = None) -> Mesh:
    """Read the preview of a specimen; make it from its file and keep it where there is none yet.

    Parameters
    ----------
    path
        The specimen's own file.
    preview_path
        Where its preview is kept (a `.ply`); None keeps none. It is made again when the
        specimen's file is newer. Where it cannot be written, the preview is returned all the same.

    Raises
    ------
    SpecimenError
        Where neither file can be used.
    """
    if preview_path is not None and _is_current(preview_path, path):
        try:
            return read_mesh(preview_path)
        except SpecimenError:
            preview_path.unlink(missing_ok=True)
    preview = make_preview(read_mesh(path))
    if preview_path is not None:
        try:
            write_ply(preview_path, preview)
        except WorkspaceError:
            return preview  # a full disk is no reason to show nothing
    return preview


def _is_current(preview_path: Path, path: Path) -> bool:
    try:
        made = preview_path.stat().st_mtime_ns
    except OSError:
        return False
    try:
        return made >= path.stat().st_mtime_ns
    except OSError:
        return True  # the scan was moved away; its preview is still good to look at
