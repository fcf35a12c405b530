"""Textures (skins) of decimated specimens, baked from scans.

Two faces share a square cell of the texture. The colour of a pixel is that of the scan at the
point of its surface nearest to the decimated one (baking of normal and colour maps: Cignoni et
al., 1998).
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
    """Return a texture with the colours of a scan, or None.

    It is None if the scan has no corner colours.

    Parameters
    ----------
    simple : Mesh
        The decimated surface.
    scan : Mesh
        The surface as read.
    path : Path
        Its file. The texture of an OBJ is sampled in full resolution, not at the corners of faces alone.

    Returns
    -------
    (h, h, 3) uint8
        First row at the bottom, for the coordinates of `skin_coordinates`.
    """
    if scan.corner_colours is None or simple.is_point_cloud:
        return None
    grid, cell = _layout(len(simple.faces))
    sample = _sampler_of(scan, path)
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
        colours = sample(points.reshape(-1, 3)).reshape(*points.shape[:3], 3)
        for number, colour in zip(numbers, colours, strict=True):
            row, column = (number // grid) * cell, (number % grid) * cell
            picture[row : row + cell, column : column + cell] = colour
    return picture


def skin_coordinates(faces: int) -> Float32[np.ndarray, "m 3 2"]:
    """Return texture coordinates (right, up) of the corners of each face, 0 to 1.

    Examples
    --------
    >>> from core.scenes.textures import skin_coordinates
    >>> skin_coordinates(2).shape
    (2, 3, 2)
    """
    grid, cell = _layout(faces)
    numbers = np.arange(faces)
    origin = np.stack([(numbers // 2) % grid, (numbers // 2) // grid], axis=1) * cell
    places = np.stack(_corners(cell))[numbers % 2]
    return np.asarray((origin[:, None] + places + 0.5) / (grid * cell), dtype=np.float32)


def _layout(faces: int) -> tuple[int, int]:
    """Return cells along a side of the texture, and pixels along a side of a cell."""
    grid = int(np.ceil(np.sqrt((faces + 1) // 2)))
    return grid, int(np.clip(np.sqrt(_MOST_PIXELS) / grid, _SMALLEST_CELL, _LARGEST_CELL))


def _corners(cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of both faces of a cell in pixels (right, up).

    Textures are interpolated between four pixels, some of them beyond the edge of a face. The gap of
    a pixel or more keeps the pixels of other faces out.
    """
    last = cell - 1.0
    first = np.array([[1.0, 1.0], [last - 3, 1.0], [1.0, last - 3]])
    return first, last - first


def _shares(cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the corner weights and the face of every pixel (up, right) of a cell."""
    up, right = np.mgrid[0:cell, 0:cell].astype(np.float64)
    is_second = up + right > cell - 1.5
    shares = np.empty((cell, cell, 3))
    for place, corners in enumerate(_corners(cell)):
        origin, one, other = corners
        along = np.stack([right - origin[0], up - origin[1]], axis=-1) @ np.linalg.inv(np.stack([one, other]) - origin)
        both = np.concatenate([1 - along.sum(axis=-1, keepdims=True), along], axis=-1)
        shares[is_second == bool(place)] = both[is_second == bool(place)]
    shares = np.clip(shares, 0, 1)  # pixels around a face take the colour of its edge
    return shares / shares.sum(axis=-1, keepdims=True), is_second.astype(np.int64)


def _sampler_of(scan: Mesh, path: Path) -> Any:
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

    def sample(points: np.ndarray) -> np.ndarray:
        closest = scene.compute_closest_points(o3d.core.Tensor((points - middle).astype(np.float32)))
        rows = closest["primitive_ids"].numpy().astype(np.int64)
        along = closest["primitive_uvs"].numpy()
        shares = np.concatenate([1 - along.sum(axis=1, keepdims=True), along], axis=1)
        if surface:
            return np.asarray(surface.sample(rows, np.einsum("nk,nkd->nd", shares, surface.uv[rows])))
        colours = scan.corner_colours
        if colours is None:
            return np.zeros((len(points), 3), np.uint8)
        return np.asarray(np.rint(np.einsum("nk,nkd->nd", shares, colours[rows])), dtype=np.uint8)

    return sample


def _textured(path: Path) -> Any:
    """Return the surface of an OBJ or PLY file with its texture, or None without one."""
    from core.meshes import textured_surface

    try:
        surface = textured_surface(path)
    except (OSError, SpecimenError):
        return None
    if surface is None:
        return None
    usable = (
        np.isfinite(surface.vertices).all()
        and ((surface.triangles >= 0) & (surface.triangles < len(surface.vertices))).all()
    )
    return surface if surface.has_texture and usable else None
