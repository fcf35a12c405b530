"""STL: ASCII and binary, told apart by size and content rather than by the first word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit

from core.errors import SpecimenError
from core.formats.raw import RawMesh, cut_short
from core.formats.text import parse_number, skip_blanks
from core.formats.weld import weld

_HEADER = 84
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(path: Path) -> RawMesh:
    """Read an STL file and weld its corners into shared vertices.

    Raises
    ------
    SpecimenError
        Where the file is neither kind of STL, or is cut short.
    """
    data = np.fromfile(path, dtype=np.uint8)
    corners = _read_text(data) if _is_text(data) else _read_binary(data)
    inverse, first = weld(corners)
    return RawMesh(
        vertices=corners[first].astype(np.float64),
        faces=inverse.reshape(-1, 3).astype(np.int64),
    )


def _is_text(data: np.ndarray) -> bool:
    """Tell a text file from a binary one whose header begins with `solid`.

    A binary file's size follows from its count of faces, but exporters pad files and copies get
    cut, so the deciding fact is that text holds no zero bytes and names its facets.
    """
    if data.size >= _HEADER and data.size == _HEADER + _RECORD.itemsize * _promised(data):
        return False
    head = data[:4096].tobytes().lstrip().lower()
    return head.startswith(b"solid") and b"\0" not in head and (b"facet" in head or b"endsolid" in head)


def _promised(data: np.ndarray) -> int:
    return int(np.frombuffer(data[80:84].tobytes(), dtype="<u4")[0])


def _read_binary(data: np.ndarray) -> np.ndarray:
    if data.size < _HEADER:
        raise SpecimenError(
            f"This is not an STL file: it holds {data.size} bytes, a binary STL at least {_HEADER}.",
            advice="Export the mesh again.",
        )
    promised = _promised(data)
    present = (data.size - _HEADER) // _RECORD.itemsize
    if promised > present:
        raise cut_short("faces", promised, present)
    records = np.frombuffer(data, dtype=_RECORD, count=promised, offset=_HEADER)
    return np.ascontiguousarray(records["corners"]).reshape(-1, 3)


def _read_text(data: np.ndarray) -> np.ndarray:
    corners, facets, ended = _scan_text(data)
    if len(corners) < 3 * facets or (not ended and facets > 0):
        raise cut_short("faces", facets, len(corners) // 3)
    if len(corners) % 3 or not len(corners):
        raise SpecimenError("The STL text holds no complete face.", advice="Export the mesh again.")
    return corners.astype(np.float32)


@njit(cache=True, nogil=True)
def _scan_text(data: np.ndarray) -> tuple[np.ndarray, int, bool]:
    """Collect the numbers after every line's `vertex`; count `facet`; look for `endsolid`."""
    room = 4096
    corners = np.empty((room, 3), np.float64)
    count = 0
    facets = 0
    ended = False
    i = 0
    while i < data.size:
        i = skip_blanks(data, i)
        if i + 6 < data.size:
            first = data[i] | 32
            if first == 118 and (data[i + 1] | 32) == 101 and (data[i + 5] | 32) == 120:  # ve...x
                if count == room:
                    room *= 2
                    larger = np.empty((room, 3), np.float64)
                    larger[:count] = corners[:count]
                    corners = larger
                i += 6
                whole = True
                for axis in range(3):
                    i = skip_blanks(data, i)
                    value, end = parse_number(data, i)
                    whole = whole and end > i
                    corners[count, axis] = value
                    i = end
                if whole:
                    count += 1
            elif first == 102 and (data[i + 1] | 32) == 97 and (data[i + 4] | 32) == 116:  # fa..t
                facets += 1
            elif first == 101 and (data[i + 3] | 32) == 115 and (data[i + 4] | 32) == 111:  # ends o
                ended = True
        while i < data.size and data[i] != 10 and data[i] != 13:
            i += 1
        i += 1
    return corners[:count], facets, ended
