"""The unchecked content of a file, and functions that all readers use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.foundation import SpecimenError


@dataclass(frozen=True)
class RawMesh:
    """The content of a file, unchecked.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions in file units; may hold NaN.
    faces : (m, 3) int64
        Vertex indices; may be out of range.
    vertex_colours : (n, 3) uint8, optional
        Colour of each vertex.
    corner_colours : (m, 3, 3) uint8, optional
        Colour of each corner of each face, from face colours, materials or textures.
    normals : (n, 3) float32, optional
        Normals as given by the file.
    notes : tuple of str
        Sentences on what was left out.
    """

    vertices: np.ndarray
    faces: np.ndarray
    vertex_colours: np.ndarray | None = None
    corner_colours: np.ndarray | None = None
    normals: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def cut_short(what: str, promised: int, found: int) -> SpecimenError:
    """Return the error for a file that holds fewer rows than its header says."""
    return SpecimenError(
        "The file is cut short: it promises {promised:,} {what}, but only {found:,} are there.",
        advice="Copy or export the file again.",
        promised=promised,
        what=what,
        found=found,
    )


def as_colour_bytes(colours: np.ndarray) -> np.ndarray:
    """Return colours as uint8.

    Floating-point values are multiplied by 255 if none of them is above 1. NaN becomes 0.
    """
    if colours.dtype == np.uint8:
        return np.ascontiguousarray(colours)
    if colours.dtype == np.uint16:
        return (colours >> 8).astype(np.uint8)
    values = np.nan_to_num(colours.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if values.size and values.max() <= 1.0:
        values = values * 255.0
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def triangulate(counts: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide polygons into fans of triangles.

    Parameters
    ----------
    counts : (p,) int64
        Corners of each polygon; polygons of fewer than three are dropped.
    corners : (c,) int64
        Vertex indices of all polygons, one after the other.

    Returns
    -------
    triangles : (m, 3) int64
        Vertex indices.
    positions : (m, 3) int64
        Position in `corners` of each corner of a triangle.
    polygons : (m,) int64
        The polygon each triangle came from.
    """
    positions, polygons = _fans(np.ascontiguousarray(counts, dtype=np.int64))
    return np.asarray(corners, dtype=np.int64)[positions], positions, polygons


@njit(cache=True, nogil=True)
def _fans(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = 0
    for count in counts:
        if count >= 3:
            total += count - 2
    positions = np.empty((total, 3), np.int64)
    polygons = np.empty(total, np.int64)
    start = 0
    row = 0
    for polygon in range(counts.size):
        for corner in range(1, counts[polygon] - 1):
            positions[row, 0] = start
            positions[row, 1] = start + corner
            positions[row, 2] = start + corner + 1
            polygons[row] = polygon
            row += 1
        start += counts[polygon]
    return positions, polygons
