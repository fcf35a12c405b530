"""Reader of OFF files and their variants.

These are COFF, NOFF and STOFF, files without the magic word or with counts on its line, and comments.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, njit
from core.meshes.formats.raw import RawMesh, as_colour_bytes, cut_short, triangulate
from core.meshes.formats.text import numbers_by_line

_MAGIC = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(ST)?(C)?(N)?(4)?(n)?OFF(?:\s+BINARY)?", re.IGNORECASE)
_TEXTURE_WIDTH, _COLOUR_WIDTH, _NORMAL_WIDTH = 2, 4, 3


def read_off(path: Path) -> RawMesh:
    """Read an OFF file, of any variant in Geomview's manual that holds a 3D surface.

    Raises
    ------
    SpecimenError
        If the file is not OFF, is cut short, or is of a variant that holds no 3D surface.
    """
    data = path.read_bytes()
    magic = _MAGIC.match(data[:4096])
    flags = magic.groups() if magic else (None,) * 5
    if flags[3] or flags[4]:
        raise SpecimenError("This OFF file holds points of four or n dimensions.", advice="Export it in 3D.")
    if magic and magic.group(0).upper().endswith(b"BINARY"):
        raise SpecimenError("Binary OFF is not read.", advice="Save it as text OFF or as PLY.")
    values, starts, stopped = numbers_by_line(np.frombuffer(data, np.uint8), magic.end() if magic else 0)
    if len(values) < 3 or (stopped < len(data) and len(starts) < 3):
        raise SpecimenError("This is not an OFF file: its counts cannot be read.", advice="Export the mesh again.")
    vertex_count, face_count = _counts(values)
    # The counts may share a line with the magic word or be spread over lines. Rows follow them.
    rows = starts[np.searchsorted(starts, 3) :]
    if len(rows) - 1 < vertex_count:
        raise cut_short("vertices", vertex_count, max(0, len(rows) - 1))
    vertices, colours, normals = _vertices(values, rows[: vertex_count + 1], flags)
    face_rows = rows[vertex_count:]
    if len(face_rows) - 1 < face_count:
        raise cut_short("faces", face_count, max(0, len(face_rows) - 1))
    if face_count == 0:
        return RawMesh(vertices, np.empty((0, 3), np.int64), colours, None, normals)
    counts, corners, face_colours, whole = _faces(values, face_rows[: face_count + 1])
    if whole < face_count:
        raise cut_short("faces", face_count, whole)
    notes: list[str] = []
    triangles, _, polygons = triangulate(counts, corners, vertices, notes)
    corner_colours = None
    if not np.isnan(face_colours).all():
        face_colours[np.isnan(face_colours).any(axis=1)] = np.nanmax(face_colours)
        corner_colours = np.repeat(as_colour_bytes(face_colours)[polygons][:, None], 3, axis=1)
    return RawMesh(vertices, triangles, colours, corner_colours, normals, tuple(notes))


def _counts(values: np.ndarray) -> tuple[int, int]:
    head = values[:3]
    if not np.isfinite(head).all() or (head[:2] < 0).any() or (head != np.rint(head)).any():
        raise SpecimenError(
            "This is not an OFF file: its counts of vertices and faces are not whole numbers.",
            advice="Export the mesh again.",
        )
    return int(head[0]), int(head[1])


def _vertices(
    values: np.ndarray, rows: np.ndarray, flags: tuple[bytes | None, ...]
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    widths = np.diff(rows)
    if not len(widths):
        return np.empty((0, 3)), None, None
    width = int(widths[0])
    if width < 3 or (widths != width).any():
        odd_row = int(np.argmax(widths != width)) if width >= 3 else 0
        if odd_row == len(widths) - 1:
            raise cut_short("vertices", len(widths), odd_row)
        raise SpecimenError(
            "Vertex {odd} of the OFF file has {numbers} numbers, others {width}.",
            advice="Export the mesh again.",
            odd=odd_row,
            numbers=int(widths[odd_row]),
            width=width,
        )
    table = values[rows[0] : rows[-1]].reshape(-1, width)
    texture, colour, normal = flags[:3]
    at = 3
    normals = colours = None
    if normal and width >= at + _NORMAL_WIDTH:
        normals = table[:, at : at + 3].astype(np.float32)
        at += _NORMAL_WIDTH
    left = width - at - (_TEXTURE_WIDTH if texture else 0)
    # Some exporters write colours without a C in the magic word.
    if left >= 3 and (colour or not normal):
        colours = as_colour_bytes(table[:, at : at + 3])
    return np.ascontiguousarray(table[:, :3]), colours, normals


@njit(cache=True, nogil=True)
def _faces(values: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Split rows `n i1 … in [colour]` into counts, corners and colours.

    The last of what is returned is the number of rows that hold all their corners.
    """
    polygons = rows.size - 1
    counts = np.zeros(polygons, np.int64)
    corners = np.empty(values.size, np.int64)
    colours = np.full((polygons, 3), np.nan)
    filled = 0
    whole = 0
    for row in range(polygons):
        at = rows[row]
        width = rows[row + 1] - at
        size = values[at]
        if not (0 <= size <= width - 1):
            break
        count = int(size)
        counts[row] = count
        for corner in range(count):
            corners[filled] = int(values[at + 1 + corner])
            filled += 1
        if width - 1 - count >= 3:
            for channel in range(3):
                colours[row, channel] = values[at + 1 + count + channel]
        whole += 1
    return counts, corners[:filled].copy(), colours, whole
