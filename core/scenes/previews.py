"""Decimated copies of specimens, for the screen: they open fast however large the scan is."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from core.foundation import SpecimenError, WorkspaceError
from core.meshes import Mesh, decimate, read_mesh, write_ply
from core.scenes.textures import bake_skin
from core.storage import write_bytes

# Enough to read the relief of a tooth on a screen. In the 3D viewer two specimens of this size
# take a third of a second to prepare and some hundred kilobytes each.
PREVIEW_FACES = 20_000
PREVIEW_POINTS = 40_000
# More than that no browser turns fluently: the most that is shown in full resolution.
MOST_FACES = 2_000_000
_PNG = (16, 1)  # cv2.IMWRITE_PNG_COMPRESSION, fastest


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
    scan = read_mesh(path)
    preview = make_preview(scan)
    if preview_path is not None:
        try:
            _write_skin(preview_path, preview, scan, path)
            write_ply(preview_path, preview)
        except WorkspaceError:
            return preview  # a full disk is no reason to show nothing
    return preview


def read_skin(preview_path: Path | None, preview: Mesh) -> UInt8[np.ndarray, "h h 3"] | None:
    """Return the picture that goes with a preview that was kept, first row at the bottom; None where there is none.

    See `core.scenes.textures`: it is made with the preview, where the scan has a texture or coloured faces.
    """
    import cv2

    if preview_path is None or preview.is_point_cloud:
        return None
    try:
        data = np.fromfile(_skin_of(preview_path), np.uint8)
    except OSError:
        return None
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    return None if picture is None else np.ascontiguousarray(picture[..., ::-1])


def _write_skin(preview_path: Path, preview: Mesh, scan: Mesh, path: Path) -> None:
    import cv2

    with suppress(OSError):
        _skin_of(preview_path).unlink(missing_ok=True)
    picture = bake_skin(preview, scan, path)
    if picture is not None:
        write_bytes(_skin_of(preview_path), cv2.imencode(".png", picture[..., ::-1], _PNG)[1].tobytes())


def _skin_of(preview_path: Path) -> Path:
    return preview_path.with_suffix(".png")


def _is_current(preview_path: Path, path: Path) -> bool:
    try:
        made = preview_path.stat().st_mtime_ns
    except OSError:
        return False
    try:
        return made >= path.stat().st_mtime_ns
    except OSError:
        return True  # the scan was moved away; its preview is still good to look at
