"""The unchecked content of a file, and functions that all readers use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.foundation import SpecimenError, note
from core.meshes.formats.polygons import divide

_LARGEST_CROSSING_SHARE = 0.1


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
    warnings : tuple of str
        Those of the notes that are told where a run is started, too.
    """

    vertices: np.ndarray
    faces: np.ndarray
    vertex_colours: np.ndarray | None = None
    corner_colours: np.ndarray | None = None
    normals: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


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


def triangulate(
    counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray, notes: list[str] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide polygons into triangles, the same surface whichever corner comes first.

    Parameters
    ----------
    counts : (p,) int64
        Corners of each polygon; polygons of fewer than three are dropped.
    corners : (c,) int64
        Vertex indices of all polygons, one after the other.
    vertices : (n, 3) float64
        Positions, to divide concave polygons on their own plane.
    notes : list of str, optional
        Takes sentences on polygons that are left out or cross themselves.

    Returns
    -------
    triangles : (m, 3) int64
        Vertex indices.
    positions : (m, 3) int64
        Position in `corners` of each corner of a triangle.
    polygons : (m,) int64
        The polygon each triangle came from.

    Raises
    ------
    SpecimenError
        If polygons that cross themselves make up much of the surface.
    """
    counts = np.ascontiguousarray(counts, dtype=np.int64)
    corners = np.ascontiguousarray(corners, dtype=np.int64)
    vertices = np.ascontiguousarray(vertices, dtype=np.float64)
    positions, polygons, crossing = divide(counts, corners, vertices)
    triangles = corners[positions]
    said: list[str] = []
    small = int((counts < 3).sum())
    if small:
        said.append(note("{count:,} faces of fewer than three corners left out.", count=small))
    if len(crossing):
        _check_crossing(triangles, np.isin(polygons, crossing), vertices, len(crossing))
        said.append(
            note("{count:,} polygons cross themselves; their triangles may not be what was meant.", count=len(crossing))
        )
    if notes is not None:
        notes.extend(said)
    return triangles, positions, polygons


def _check_crossing(triangles: np.ndarray, crossing: np.ndarray, vertices: np.ndarray, polygons: int) -> None:
    """Raise a `SpecimenError` if many of the triangles by area come from polygons that cross themselves."""
    inside = ((triangles >= 0) & (triangles < len(vertices))).all(axis=1)
    points = vertices[triangles[inside]]
    areas = np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1)
    areas = np.nan_to_num(areas)
    share = float(areas[crossing[inside]].sum() / max(float(areas.sum()), np.finfo(float).tiny))
    if share > _LARGEST_CROSSING_SHARE:
        raise SpecimenError(
            "{count:,} polygons cross themselves, {share:.0%} of the surface: which triangles are meant is unknown.",
            advice="Export the mesh again, as triangles.",
            count=polygons,
            share=share,
        )
