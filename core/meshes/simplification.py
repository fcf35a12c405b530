"""Simplification of meshes to fewer faces.

Quadric error metrics (Garland and Heckbert, 1997) keep ribs and sutures. Very large meshes are first
thinned by clustering their vertices on a grid (Rossignac and Borrel, 1993).
"""

from __future__ import annotations

import numpy as np

from core.foundation import check_at_least, njit
from core.meshes.mesh import Mesh, vertex_colours_of
from core.meshes.welding import weld

_FEWEST = 4
_CLOSE_ENOUGH = 0.1
_ATTEMPTS = 12
_MOST_CELLS = 4096
_SIMPLIFIED_EXTENT = 100.0  # in which the absolute limits of fast_simplification give half the error of extent 1
# Quadrics take a second for a million faces, so meshes of far more faces than wanted are thinned on the grid
# first: to eight times as many, whose edges are a third as long, which hardly moves the final surface.
_TIMES_AS_MANY, _FEWEST_THINNED, _MOST_THINNED = 8, 100_000, 500_000


def simplified(mesh: Mesh, faces: int) -> Mesh:
    """Return a mesh of at most `faces` faces (or points), mostly of 9/10 or more.

    Raises
    ------
    SettingError
        If `faces` is below 4.
    """
    check_at_least("faces", faces, _FEWEST)
    if mesh.is_point_cloud:
        return _thinned(mesh, faces)
    if len(mesh.faces) <= faces:
        return mesh
    thinned = max(faces, min(max(_TIMES_AS_MANY * faces, _FEWEST_THINNED), _MOST_THINNED))
    if len(mesh.faces) > 2 * thinned:
        mesh = _gridded(mesh, thinned)
    return _by_quadrics(mesh, faces) if len(mesh.faces) > faces else mesh


def warm_up_decimation() -> None:
    """Load the compiled code of `decimate` by simplifying a small mesh once."""
    side = 12
    numbers = np.arange(side * side)
    heights = np.sin(numbers)
    corners = numbers.reshape(side, side)[:-1, :-1].ravel()
    faces = np.concatenate(
        [
            np.stack([corners, corners + 1, corners + side], axis=1),
            np.stack([corners + 1, corners + side + 1, corners + side], axis=1),
        ]
    ).astype(np.int32)
    relief = Mesh(np.stack([numbers % side, numbers // side, heights], axis=1).astype(np.float64), faces)
    _by_quadrics(_gridded(relief, len(faces) // 2), len(faces) // 4)


def _by_quadrics(mesh: Mesh, faces: int) -> Mesh:
    import fast_simplification
    from scipy.spatial import cKDTree

    # The same mesh in other units or at another place is simplified alike: its limits of error are absolute.
    low = mesh.vertices.min(axis=0)
    unit = float(mesh.extent.max()) / _SIMPLIFIED_EXTENT or 1.0
    vertices, kept = fast_simplification.simplify(
        (mesh.vertices - low) / unit, np.array(mesh.faces, dtype=np.int32), target_count=faces
    )
    if len(kept) == 0:
        return _gridded(mesh, faces)
    vertices = vertices * unit + low
    colours = vertex_colours_of(mesh)
    if colours is not None:
        colours = colours[cKDTree(mesh.vertices).query(vertices)[1]]
    return Mesh(
        vertices=np.asarray(vertices, dtype=np.float64),
        faces=np.ascontiguousarray(kept, dtype=np.int32),
        vertex_colours=colours,
        notes=mesh.notes,
    )


def _gridded(mesh: Mesh, faces: int) -> Mesh:
    """Merge vertices on the finest grid that leaves at most `faces` faces."""
    low = mesh.vertices.min(axis=0)
    size = float(mesh.extent.max())
    # A surface meets about 2 n² cells of an n³ grid, each of which leaves about two faces.
    cells, fewest, most = float(np.sqrt(faces / 4.0)), 1.0, float(_MOST_CELLS)
    best = 0.0
    for _ in range(_ATTEMPTS):
        left = _count(mesh, low, size / cells)
        if left <= faces:
            best = fewest = cells
            if left >= (1 - _CLOSE_ENOUGH) * faces:
                break
        else:
            most = cells
        guess = cells * float(np.sqrt(faces * (1 - _CLOSE_ENOUGH / 2) / max(left, 1)))
        cells = guess if fewest < guess < most else (fewest + most) / 2
    if not best:
        return mesh
    simple = _clustered(mesh, low, size / best)
    return simple if len(simple.faces) else mesh


def _count(mesh: Mesh, low: np.ndarray, cell: float) -> int:
    """Return the number of faces with corners in three different cells."""
    return int(_survivors(_numbers(mesh, low, cell)[0], mesh.faces))


def _numbers(mesh: Mesh, low: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell number of each vertex, and the first vertex of each cell."""
    return weld(_cells(mesh.vertices, low, cell))


@njit(cache=True, nogil=True)
def _cells(vertices: np.ndarray, low: np.ndarray, cell: float) -> np.ndarray:
    cells = np.empty((len(vertices), 3), np.float32)
    for i in range(len(vertices)):
        for axis in range(3):
            cells[i, axis] = np.floor((vertices[i, axis] - low[axis]) / cell)
    return cells


@njit(cache=True, nogil=True)
def _survivors(numbers: np.ndarray, faces: np.ndarray) -> int:
    count = 0
    for f in range(len(faces)):
        a, b, c = numbers[faces[f, 0]], numbers[faces[f, 1]], numbers[faces[f, 2]]
        if a != b and b != c and a != c:
            count += 1
    return count


def _thinned(mesh: Mesh, points: int) -> Mesh:
    if len(mesh.vertices) <= points:
        return mesh
    rows = np.linspace(0, len(mesh.vertices) - 1, points).astype(np.int64)
    return Mesh(
        vertices=mesh.vertices[rows],
        faces=mesh.faces,
        vertex_colours=None if mesh.vertex_colours is None else mesh.vertex_colours[rows],
        normals=None if mesh.normals is None else mesh.normals[rows],
        notes=mesh.notes,
    )


def _clustered(mesh: Mesh, low: np.ndarray, cell: float) -> Mesh:
    """Merge the vertices of each grid cell at their mean and drop collapsed faces."""
    inverse, first = _numbers(mesh, low, cell)
    faces = inverse[mesh.faces]
    a, b, c = faces.T
    kept = faces[(a != b) & (b != c) & (a != c)]
    smallest = kept.argmin(axis=1)
    turned = kept[np.arange(len(kept))[:, None], (smallest[:, None] + np.arange(3)) % 3]
    count = np.int64(len(first))
    _, rows = np.unique((turned[:, 0] * count + turned[:, 1]) * count + turned[:, 2], return_index=True)
    weights = np.bincount(inverse, minlength=len(first))
    mean = np.stack(
        [np.bincount(inverse, weights=mesh.vertices[:, axis], minlength=len(first)) / weights for axis in range(3)],
        axis=1,
    )
    colours = vertex_colours_of(mesh)
    return Mesh(
        vertices=mean,
        faces=np.ascontiguousarray(turned[np.sort(rows)], dtype=np.int32),
        vertex_colours=None if colours is None else colours[first],
        notes=mesh.notes,
    )
