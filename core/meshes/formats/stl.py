"""Reader of STL files, ASCII and binary."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.foundation import SpecimenError
from core.meshes.formats.raw import RawMesh, cut_short
from core.meshes.formats.text import scan_stl
from core.meshes.welding import weld

_HEADER = 84
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(path: Path) -> RawMesh:
    """Read an STL file and weld its corners into shared vertices.

    Raises
    ------
    SpecimenError
        If the file is neither kind of STL, or is cut short.
    """
    data = np.fromfile(path, dtype=np.uint8)
    corners = _read_text(data) if _is_text(data) else _read_binary(data)
    inverse, first = weld(corners)
    return RawMesh(
        vertices=corners[first].astype(np.float64),
        faces=inverse.reshape(-1, 3).astype(np.int64),
    )


def _is_text(data: np.ndarray) -> bool:
    """Return whether a file is an ASCII STL.

    The header of a binary file may begin with `solid`, too. The size of a binary file follows from its
    count of faces, but exporters pad files and copies are cut short. So a file of another size is text
    if its beginning holds no zero bytes and names facets.
    """
    if data.size >= _HEADER and data.size == _HEADER + _RECORD.itemsize * _declared_faces(data):
        return False
    head = data[:4096].tobytes().lstrip().lower()
    return head.startswith(b"solid") and b"\0" not in head and (b"facet" in head or b"endsolid" in head)


def _declared_faces(data: np.ndarray) -> int:
    return int(np.frombuffer(data[80:84].tobytes(), dtype="<u4")[0])


def _read_binary(data: np.ndarray) -> np.ndarray:
    if data.size < _HEADER:
        raise SpecimenError(
            "This is not an STL file: it holds {size} bytes, a binary STL at least {header}.",
            advice="Export the mesh again.",
            size=data.size,
            header=_HEADER,
        )
    declared = _declared_faces(data)
    present = (data.size - _HEADER) // _RECORD.itemsize
    if declared > present:
        raise cut_short("faces", declared, present)
    records = np.frombuffer(data, dtype=_RECORD, count=declared, offset=_HEADER)
    return np.ascontiguousarray(records["corners"]).reshape(-1, 3)


def _read_text(data: np.ndarray) -> np.ndarray:
    corners, facets, ended = scan_stl(data)
    if len(corners) < 3 * facets or (not ended and facets > 0):
        raise cut_short("faces", facets, len(corners) // 3)
    if len(corners) % 3 or not len(corners):
        raise SpecimenError("The STL text holds no complete face.", advice="Export the mesh again.")
    return corners.astype(np.float32)
