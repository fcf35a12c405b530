"""Previews: decimated copies of specimens that open fast on the screen."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from core.foundation import SpecimenError, WorkspaceError
from core.meshes import Mesh, decimate, files_beside, read_mesh, write_ply
from core.scenes.textures import bake_skin
from core.storage import read_json, remove_file, stamp_of_files, write_bytes, write_json

# Enough to show the relief of a tooth on a screen. In the 3D viewer, two specimens of this size
# take a third of a second to prepare and some hundred kilobytes each.
PREVIEW_FACES = 20_000
PREVIEW_POINTS = 40_000
# Limit of full resolution: browsers do not rotate larger surfaces smoothly.
MOST_FACES = 2_000_000
_FAR = 64  # distance from the origin by the extent
_HEAD = 300
_PNG = (16, 1)  # cv2.IMWRITE_PNG_COMPRESSION, fastest


def make_preview(mesh: Mesh, faces: int = PREVIEW_FACES, points: int = PREVIEW_POINTS) -> Mesh:
    """Return a decimated mesh.

    It has at most about `faces` faces, or `points` points if it is a cloud.

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.scenes.previews import make_preview
    >>> cloud = Mesh(np.random.default_rng(0).normal(size=(500, 3)), np.zeros((0, 3), np.int32))
    >>> len(make_preview(cloud, points=1000).vertices)
    500
    """
    return decimate(mesh, points if mesh.is_point_cloud else faces)


def read_preview(path: Path, preview_path: Path | None = None) -> Mesh:
    """Read the preview of a specimen, or make and store it.

    Parameters
    ----------
    path
        The specimen's own file.
    preview_path
        File of the preview (a `.ply`); None stores none. It is made again if the specimen's file, or
        a file that it names, is no longer the one that it was made from. If it cannot be written, the
        preview is still returned.

    Raises
    ------
    SpecimenError
        If neither file can be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from core.meshes import Mesh, write_ply
    >>> from core.scenes import read_preview
    >>> corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    >>> scan = Mesh(corners, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32))
    >>> with TemporaryDirectory() as folder:
    ...     write_ply(Path(folder) / "scan.ply", scan)
    ...     len(read_preview(Path(folder) / "scan.ply", Path(folder) / "preview.ply").faces)
    4
    """
    if preview_path is not None and _is_current(preview_path, path):
        try:
            kept = read_mesh(preview_path)
            if not _has_lost_shape(kept, preview_path):
                return kept
        except SpecimenError:
            preview_path.unlink(missing_ok=True)
    stamp = ""
    with suppress(OSError):
        stamp = stamp_of_scan(path)
    scan = read_mesh(path)
    preview = make_preview(scan)
    if preview_path is not None:
        try:
            remove_file(_description_of(preview_path))
            _write_skin(preview_path, preview, scan, path)
            write_ply(preview_path, preview)
            write_json(_description_of(preview_path), {"made_from": stamp})
        except WorkspaceError:
            return preview  # on a full disk, too, the preview is shown
    return preview


def read_skin(preview_path: Path | None, preview: Mesh) -> UInt8[np.ndarray, "h h 3"] | None:
    """Return the texture of a stored preview, or None.

    The first row is at the bottom.

    The texture is made with the preview if the scan has a texture or coloured faces (`core.scenes.textures`).
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


def _has_lost_shape(preview: Mesh, path: Path) -> bool:
    """Return whether a preview far from the origin was kept in single precision, as earlier versions did."""
    is_far = float(np.abs(preview.vertices).max()) > _FAR * float(preview.extent.max())
    with path.open("rb") as file:
        return is_far and b"property float x\n" in file.read(_HEAD)


def _skin_of(preview_path: Path) -> Path:
    return preview_path.with_suffix(".png")


def _is_current(preview_path: Path, path: Path) -> bool:
    """Return whether a preview was made from the files as they are now."""
    if not preview_path.is_file():
        return False
    try:
        stamp = stamp_of_scan(path)
    except OSError:
        return True  # the scan was moved; its preview is still usable
    try:
        return bool(read_json(_description_of(preview_path)).get("made_from") == stamp)
    except (WorkspaceError, AttributeError):
        return not _description_of(preview_path).exists() and _is_newer(preview_path, path)


def stamp_of_scan(path: Path) -> str:
    """Return a stamp of a mesh and of the files that it names, without reading the mesh twice.

    Raises
    ------
    OSError
        If the mesh does not exist.
    """
    status, folder = path.stat(), path.parent.stat()
    state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, folder.st_mtime_ns)
    return stamp_of_files((path, *_files_beside(path, *state)))


@lru_cache(maxsize=256)
def _files_beside(path: Path, *state: int) -> tuple[Path, ...]:
    del state  # part of the key only
    return files_beside(path)


def _is_newer(preview_path: Path, path: Path) -> bool:
    """Return whether a preview of an earlier version is newer than the scan and came to its place later."""
    status = path.stat()
    return preview_path.stat().st_mtime_ns >= max(status.st_mtime_ns, status.st_ctime_ns)


def _description_of(preview_path: Path) -> Path:
    return preview_path.with_suffix(".json")
