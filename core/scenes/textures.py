"""Skins for decimated specimens: the colours of the scan as a picture that is laid over the few faces.

Two faces share a square cell of the picture. What a cell shows is looked up on the scan itself: at
the point of its surface that is nearest to the decimated one (as normal and colour maps are baked:
Cignoni et al., 1998).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from core.foundation import SpecimenError
from core.meshes import Mesh

_MOST_PIXELS = 2_000_000
_LARGEST_CELL, _SMALLEST_CELL = 64, 7
_AT_ONCE = 400_000


def bake_skin(simple: Mesh, scan: Mesh, path: Path) -> UInt8[np.ndarray, "h h 3"] | None:
    """Return a picture that gives a decimated mesh the colours of its scan; None where that has no corner colours.

    Parameters
    ----------
    simple : Mesh
        The decimated surface.
    scan : Mesh
        The surface as read.
    path : Path
        Its file: an OBJ's texture is looked up in full, not at the corners of faces alone.

    Returns
    -------
    (h, h, 3) uint8
        First row at the bottom, for the coordinates of `skin_coordinates`.
    """
    if scan.corner_colours is None or simple.is_point_cloud:
        return None
    grid, cell = _layout(len(simple.faces))
    look_up = _looked_up(scan, path)
    corners = simple.vertices[simple.faces]
    picture = np.zeros((grid * cell, grid * cell, 3), np.uint8)
    shares, is_second = _shares(cell)
    cells_at_once = max(1, _AT_ONCE // cell**2)
    cells = (len(simple.faces) + 1) // 2
    for start in range(0, cells, cells_at_once):
        numbers = np.arange(start, min(start + cells_at_once, cells))
        # The last cell may hold one face only.
        faces = np.minimum(2 * numbers[:, None, None] + is_second, len(corners) - 1)
        points = np.einsum("xyk,nxykd->nxyd", shares, corners[faces])
        colours = look_up(points.reshape(-1, 3)).reshape(*points.shape[:3], 3)
        for number, colour in zip(numbers, colours, strict=True):
            row, column = (number // grid) * cell, (number % grid) * cell
            picture[row : row + cell, column : column + cell] = colour
    return picture


def skin_coordinates(faces: int) -> Float32[np.ndarray, "m 3 2"]:
    """Return where the corners of each face lie in the picture of `bake_skin`, from 0 to 1, right and up."""
    grid, cell = _layout(faces)
    numbers = np.arange(faces)
    origin = np.stack([(numbers // 2) % grid, (numbers // 2) // grid], axis=1) * cell
    places = np.stack(_corners(cell))[numbers % 2]
    return np.asarray((origin[:, None] + places + 0.5) / (grid * cell), dtype=np.float32)


def _layout(faces: int) -> tuple[int, int]:
    """Return cells along a side of the picture, and pixels along a side of a cell."""
    grid = int(np.ceil(np.sqrt((faces + 1) // 2)))
    return grid, int(np.clip(np.sqrt(_MOST_PIXELS) / grid, _SMALLEST_CELL, _LARGEST_CELL))


def _corners(cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of both faces of a cell in its pixels, right and up, a pixel or more from the rim.

    A picture is drawn by blending four pixels, at the edge of a face a little beyond it; with the gap,
    none of them is another face's.
    """
    last = cell - 1.0
    first = np.array([[1.0, 1.0], [last - 3, 1.0], [1.0, last - 3]])
    return first, last - first


def _shares(cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return of every pixel of a cell (up, right) the shares of the corners, and whether it is the second face's."""
    up, right = np.mgrid[0:cell, 0:cell].astype(np.float64)
    is_second = up + right > cell - 1.5
    shares = np.empty((cell, cell, 3))
    for place, corners in enumerate(_corners(cell)):
        origin, one, other = corners
        along = np.stack([right - origin[0], up - origin[1]], axis=-1) @ np.linalg.inv(np.stack([one, other]) - origin)
        both = np.concatenate([1 - along.sum(axis=-1, keepdims=True), along], axis=-1)
        shares[is_second == bool(place)] = both[is_second == bool(place)]
    shares = np.clip(shares, 0, 1)  # pixels around a face show what lies on the edge
    return shares / shares.sum(axis=-1, keepdims=True), is_second.astype(np.int64)


def _looked_up(scan: Mesh, path: Path) -> Any:
    """Return a function from points near the scan (n, 3) to its colours (n, 3) there."""
    import open3d

    o3d: Any = open3d
    surface = _textured(path)
    vertices, faces = (surface.vertices, surface.triangles) if surface else (scan.vertices, scan.faces)
    middle = scan.vertices.mean(axis=0)
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor((vertices - middle).astype(np.float32)), o3d.core.Tensor(np.ascontiguousarray(faces, np.uint32))
    )

    def look_up(points: np.ndarray) -> np.ndarray:
        found = scene.compute_closest_points(o3d.core.Tensor((points - middle).astype(np.float32)))
        rows = found["primitive_ids"].numpy().astype(np.int64)
        along = found["primitive_uvs"].numpy()
        shares = np.concatenate([1 - along.sum(axis=1, keepdims=True), along], axis=1)
        if surface:
            return np.asarray(surface.sample(rows, np.einsum("nk,nkd->nd", shares, surface.places[rows])))
        colours = scan.corner_colours
        if colours is None:
            return np.zeros((len(points), 3), np.uint8)
        return np.asarray(np.rint(np.einsum("nk,nkd->nd", shares, colours[rows])), dtype=np.uint8)

    return look_up


def _textured(path: Path) -> Any:
    """Return an OBJ's surface with its texture, or None where there is none that can be used."""
    if path.suffix.lower() != ".obj":
        return None
    from core.meshes import read_obj_surface

    try:
        surface = read_obj_surface(path)
    except (OSError, SpecimenError):
        return None
    usable = (
        np.isfinite(surface.vertices).all()
        and ((surface.triangles >= 0) & (surface.triangles < len(surface.vertices))).all()
    )
    return surface if surface.has_texture and usable else None
