"""Reader of OFF files and their variants.

These are COFF, NOFF and STOFF, files without the magic word or with counts on its line, and comments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, njit, note
from core.meshes.formats.commas import DECIMAL_COMMA, has_comma, left_over, line_start, without_commas, without_tail
from core.meshes.formats.content import content_of
from core.meshes.formats.encoding import as_utf8
from core.meshes.formats.lines import line_at, unreadable_line
from core.meshes.formats.raw import RawMesh, as_colour_bytes, cut_short, triangulate
from core.meshes.formats.text import numbers_by_line

_MAGIC = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(ST)?(C)?(N)?(4)?(n)?OFF(?:\s+BINARY)?", re.IGNORECASE)
_LARGEST_MAGIC = 4096
_TEXTURE_WIDTH, _COLOUR_WIDTH, _NORMAL_WIDTH = 2, 4, 3


def read_off(path: Path) -> RawMesh:
    """Read an OFF file, of any variant in Geomview's manual that holds a 3D surface.

    Raises
    ------
    SpecimenError
        If the file is not OFF, holds more or less than its counts, or is of a variant without a 3D surface.
    """
    data = without_tail(as_utf8(content_of(path)))
    magic = _MAGIC.match(data[:_LARGEST_MAGIC])
    flags = magic.groups() if magic else (None,) * 5
    if flags[3] or flags[4]:
        raise SpecimenError("This OFF file holds points of four or n dimensions.", advice="Export it in 3D.")
    if magic and magic.group(0).upper().endswith(b"BINARY"):
        raise SpecimenError("Binary OFF is not read.", advice="Save it as text OFF or as PLY.")
    start = magic.end() if magic else 0
    if (zero := data.find(b"\0", start)) >= 0:
        raise unreadable_line(data, line_start(data, zero), "OFF")
    text, is_decimal = without_commas(data, start, "OFF")
    values, starts, places, stopped = numbers_by_line(np.frombuffer(text, np.uint8), start)
    if len(values) < 2 or (magic is None and stopped < len(data) and len(starts) < 3):
        raise SpecimenError("This is not an OFF file: its counts cannot be read.", advice="Export the mesh again.")
    vertex_count, face_count = _counts(values)
    # The counts may share a line with the magic word or be spread over lines. Rows follow them. Some
    # exporters leave out the third count, that of edges.
    first = int(np.searchsorted(starts, 3))
    if starts[1] == 2 and len(places) == 1 + vertex_count + face_count:
        first = 1
    rows, places = starts[first:], places[first:]
    file = _Rows(data, values, rows, places, stopped)
    file.check_count(0, vertex_count, "vertices")
    notes: list[str] = [DECIMAL_COMMA] if is_decimal else []
    vertices, colours, normals = _vertices(file, vertex_count, flags, notes)
    file.check_count(vertex_count, face_count, "faces")
    if len(places) > vertex_count + face_count:
        raise left_over(data, int(places[vertex_count + face_count]), "OFF")
    if stopped < len(data):
        raise left_over(data, stopped, "OFF")
    if face_count == 0:
        return RawMesh(vertices, np.empty((0, 3), np.int64), colours, None, normals, tuple(notes))
    counts, corners, face_colours, whole = _faces(values, rows[vertex_count : vertex_count + face_count + 1])
    if whole < face_count:
        raise file.wrong_face(vertex_count + whole, face_count)
    triangles, _, polygons = triangulate(counts, corners, vertices, notes)
    corner_colours = None
    if not np.isnan(face_colours).all():
        face_colours[np.isnan(face_colours).any(axis=1)] = np.nanmax(face_colours)
        corner_colours = np.repeat(as_colour_bytes(face_colours)[polygons][:, None], 3, axis=1)
    return RawMesh(vertices, triangles, colours, corner_colours, normals, tuple(notes))


@dataclass(frozen=True)
class _Rows:
    """The rows behind the counts: where the numbers of each begin, its byte, and where the numbers end."""

    data: bytes
    values: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    stopped: int

    def check_count(self, first: int, count: int, what: str) -> None:
        """Raise an error if fewer than `count` rows follow row `first`."""
        found = len(self.places) - first
        if found >= count:
            return
        if self.stopped < len(self.data):
            raise unreadable_line(self.data, line_start(self.data, self.stopped), "OFF")
        raise cut_short(what, count, max(0, found))

    def width(self, row: int) -> int:
        """Return how many numbers a row has."""
        return int(self.rows[row + 1] - self.rows[row])

    def wrong_face(self, row: int, face_count: int) -> SpecimenError:
        """Return the error for a row that is no face."""
        at, width, count = int(self.places[row]), self.width(row), self.values[self.rows[row]]
        if has_comma(self.data, at):
            return unreadable_line(self.data, at, "OFF")
        if row == len(self.places) - 1 and count >= 0 and width <= count:
            return cut_short("faces", face_count, face_count - 1)
        return SpecimenError(
            "Line {line:,} of the OFF file is no face: of {found:,} numbers the first, {count:g}, should be the number "
            "of its corners, and all corners whole numbers.",
            advice="Export the mesh again.",
            line=line_at(self.data, at),
            found=width,
            count=float(count),
        )


def _counts(values: np.ndarray) -> tuple[int, int]:
    head = values[:2]
    if not np.isfinite(head).all() or (head < 0).any() or (head != np.rint(head)).any():
        raise SpecimenError(
            "This is not an OFF file: its counts of vertices and faces are not whole numbers.",
            advice="Export the mesh again.",
        )
    return int(head[0]), int(head[1])


def _vertices(
    file: _Rows, count: int, flags: tuple[bytes | None, ...], notes: list[str]
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return positions, colours and normals of the vertices."""
    widths = np.diff(file.rows[: count + 1])
    if not len(widths):
        return np.empty((0, 3)), None, None
    width = int(widths[0])
    if width < 3 or (widths != width).any():
        raise _odd_vertex(file, widths)
    table = file.values[file.rows[0] : file.rows[count]].reshape(-1, width)
    texture, colour, normal = flags[:3]
    at = 3
    normals = colours = None
    if normal and width >= at + _NORMAL_WIDTH:
        normals = table[:, at : at + 3].astype(np.float32)
        at += _NORMAL_WIDTH
    left = width - at - (_TEXTURE_WIDTH if texture and width >= at + _TEXTURE_WIDTH else 0)
    first_line = file.data[file.places[0] :].split(b"\n", 1)[0]
    if left not in (0, 3, _COLOUR_WIDTH) or (left and b"," in first_line and b"." not in first_line):
        raise _wrong_width(file, width, at)
    # Some exporters write colours without a C in the magic word.
    if left:
        colours = as_colour_bytes(table[:, at : at + 3])
    if width == 3 and (texture or colour or normal):
        notes.append(note("The rows of the OFF file have three numbers; what else its first word names is left out."))
    return np.ascontiguousarray(table[:, :3]), colours, normals


def _odd_vertex(file: _Rows, widths: np.ndarray) -> SpecimenError:
    """Return the error for the first vertex whose row is not as long as the first."""
    width = int(widths[0])
    odd_row = int(np.argmax(widths != width)) if width >= 3 else 0
    at = int(file.places[odd_row])
    if has_comma(file.data, at):
        return unreadable_line(file.data, at, "OFF")
    if odd_row == len(file.places) - 1:
        return cut_short("vertices", len(widths), odd_row)
    return SpecimenError(
        "Vertex {odd} of the OFF file has {numbers} numbers, others {width}.",
        advice="Export the mesh again.",
        odd=odd_row,
        numbers=int(widths[odd_row]),
        width=width,
    )


def _wrong_width(file: _Rows, width: int, expected: int) -> SpecimenError:
    at = int(file.places[0])
    if has_comma(file.data, at):
        return unreadable_line(file.data, at, "OFF")
    return SpecimenError(
        "Line {line:,} of the OFF file holds {found:,} numbers; by its first word a vertex has {expected:,}, and three "
        "or four more with a colour.",
        advice="Export the mesh again.",
        line=line_at(file.data, at),
        found=width,
        expected=expected,
    )


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
        if not (0 <= size <= width - 1) or size != np.rint(size):
            break
        count = int(size)
        counts[row] = count
        colour = width - 1 - count  # a number in a map of colours, or three or four of one
        is_face = colour == 0 or colour == 1 or colour == 3 or colour == 4
        for corner in range(count):
            index = values[at + 1 + corner]
            is_face = is_face and index == np.rint(index)
            corners[filled] = int(index)
            filled += 1
        if not is_face:
            break
        if width - 1 - count >= 3:
            for channel in range(3):
                colours[row, channel] = values[at + 1 + count + channel]
        whole += 1
    return counts, corners[:filled].copy(), colours, whole
