"""Reader of STL files, ASCII and binary, of one solid or several."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, note
from core.meshes.bodies import box_of
from core.meshes.formats.content import content_of
from core.meshes.formats.encoding import as_utf8
from core.meshes.formats.lines import line_at, unreadable_line, without_padding
from core.meshes.formats.raw import RawMesh, cut_short, triangulate
from core.meshes.formats.text import BAD_LOOPS, BAD_NUMBERS, scan_stl
from core.meshes.welding import weld

_HEADER = 84
_PROBE = 256
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_UNKNOWN_COUNTS = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # what programs write that do not know the count beforehand
_SMALLEST, _LARGEST = 1e-30, 1e30  # numbers of data that is not read as its own kind lie beyond
_SINGLE_IS_ENOUGH = 64  # distance from the origin by the extent
_PRINTABLE = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(0x20, 0x100)) - {0x7F})


def read_stl(path: Path) -> RawMesh:
    """Read an STL file and weld its corners into shared vertices.

    Raises
    ------
    SpecimenError
        If the file is neither kind of STL, is cut short, or holds more than its header tells.
    """
    data = content_of(path)
    notes: list[str] = []
    warnings: list[str] = []
    if not _is_whole_binary(data) and _is_text(text := as_utf8(data)):
        corners, double = _read_text(without_padding(text), notes)
    else:
        corners, double = _read_binary(data, notes, warnings), False
    inverse, first = weld(corners, double=double)
    return RawMesh(
        vertices=corners[first].astype(np.float64),
        faces=inverse.reshape(-1, 3).astype(np.int64),
        notes=(*warnings, *notes),
        warnings=tuple(warnings),
    )


def _is_whole_binary(data: bytes) -> bool:
    """Return whether the size of a file is that of a binary STL with its count of faces.

    The header of a binary file may begin with `solid`, too.
    """
    return len(data) >= _HEADER and len(data) == _HEADER + _RECORD.itemsize * _declared_faces(data, 0)


def _is_text(data: bytes) -> bool:
    """Return whether a file that is no whole binary STL is an ASCII STL.

    Exporters pad files and copies are cut short. So it is text if it names facets and its beginning
    holds no zero bytes, which the count of faces and the first normal of a binary file have.
    """
    head = data[:4096].lstrip().lower()
    return head.startswith(b"solid") and b"\0" not in head[:_PROBE] and (b"facet" in head or b"endsolid" in head)


def _declared_faces(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 80 : at + 84], "little")


def _read_binary(data: bytes, notes: list[str], warnings: list[str]) -> np.ndarray:
    """Return the corners (n, 3) of all solids of a binary file."""
    _check_kind(data)
    declared = _declared_faces(data, 0)
    present, rest = divmod(len(data) - _HEADER, _RECORD.itemsize)
    if declared <= present and declared > 0:
        blocks = _blocks(data)
        if blocks is not None:
            if len(blocks) > 1:
                notes.append(
                    note("The file holds {count:,} solids, one after the other; all are read.", count=len(blocks))
                )
            return np.concatenate([_corners(data, at, count) for at, count in blocks])
        left = len(data) - _HEADER - declared * _RECORD.itemsize
        if left < _RECORD.itemsize:
            notes.append(note("{count:,} bytes behind the last face left out.", count=left))
            return _corners(data, 0, declared)
    is_unknown = declared in _UNKNOWN_COUNTS or declared < present
    if is_unknown and present and not rest and _is_plausible(corners := _corners(data, 0, present)):
        sentence = "The header counts {declared:,} faces, but {present:,} are there; all are read."
        warnings.append(note(sentence, declared=declared, present=present))
        return corners
    if present and not rest and int.from_bytes(data[80:84], "big") == present:
        raise SpecimenError(
            "The binary STL is big endian, which STL never is.", advice="Export it again, as little endian or as PLY."
        )
    if declared == 0 and not present:
        raise SpecimenError("The STL file holds no faces.", advice="Export the mesh again.")
    if declared > present:
        raise cut_short("faces", declared, present)
    raise SpecimenError(
        "The header counts {declared:,} faces, which take {expected:,} bytes, but the file holds {size:,} bytes.",
        advice="Export the mesh again, as one solid.",
        declared=declared,
        expected=_HEADER + declared * _RECORD.itemsize,
        size=len(data),
    )


def _check_kind(data: bytes) -> None:
    """Raise a `SpecimenError` if a file is too small for a binary STL, or is a text of another kind."""
    head = as_utf8(data)[:4096]
    if len(data) >= _HEADER // 2 and not head.translate(None, _PRINTABLE):
        raise SpecimenError(
            "This is not an STL file: it holds a text that begins with {text!r}, not with solid.",
            advice="Export the mesh again.",
            text=head.decode("utf-8", errors="replace").strip()[:40],
        )
    if len(data) < _HEADER:
        raise SpecimenError(
            "This is not an STL file: it holds {size} bytes, a binary STL at least {header}.",
            advice="Export the mesh again.",
            size=len(data),
            header=_HEADER,
        )


def _blocks(data: bytes) -> list[tuple[int, int]] | None:
    """Return the first byte and the count of faces of each solid, None if they do not fill the file.

    Zeros behind the last are padding.
    """
    blocks: list[tuple[int, int]] = []
    at = 0
    while not at or data[at:].strip(b"\0"):
        count = _declared_faces(data, at)
        end = at + _HEADER + count * _RECORD.itemsize
        if not count or end > len(data) or (blocks and not _is_plausible(_corners(data, at, count))):
            return None
        blocks.append((at, count))
        at = end
    return blocks


def _corners(data: bytes, at: int, count: int) -> np.ndarray:
    records = np.frombuffer(data, dtype=_RECORD, count=count, offset=at + _HEADER)
    return np.ascontiguousarray(records["corners"]).reshape(-1, 3)


def _is_plausible(corners: np.ndarray) -> bool:
    """Return whether numbers are those of a surface, not bytes of another kind."""
    size = np.abs(corners)
    return bool(((size == 0) | ((size > _SMALLEST) & (size < _LARGEST))).all())


def _read_text(data: bytes, notes: list[str]) -> tuple[np.ndarray, bool]:
    """Return the corners (n, 3) of all facets, and whether single precision would move them."""
    points, counts, facets_at, solids, ended, fault, fault_at = scan_stl(np.frombuffer(data, np.uint8))
    if fault == BAD_LOOPS:
        raise SpecimenError(
            "The facet on line {line:,} of the STL file has several outlines.",
            advice="Export the mesh again, as triangles.",
            line=line_at(data, int(facets_at[-1])),
        )
    if fault:
        rest = data[fault_at:]
        is_cut = fault == BAD_NUMBERS and not any(sign in rest.lower() for sign in (b"\n", b"\r", b"end"))
        raise _cut_text(len(counts)) if is_cut else unreadable_line(data, fault_at, "STL")
    if not ended and len(counts):
        raise _cut_text(len(counts) - int(counts[-1] < 3))
    if not len(counts):
        raise SpecimenError("The STL text holds no complete face.", advice="Export the mesh again.")
    if (counts < 3).any():
        row = int(np.argmax(counts < 3))
        raise SpecimenError(
            "The facet on line {line:,} of the STL file has {count} corners.",
            advice="Export the mesh again, as triangles.",
            line=line_at(data, int(facets_at[row])),
            count=int(counts[row]),
        )
    if (counts > 3).any():
        _, positions, _ = triangulate(counts, np.arange(len(points)), points, notes)
        points = points[positions.ravel()]
    if solids > 1:
        notes.append(note("The file holds {count:,} solids, one after the other; all are read.", count=solids))
    return (points, True) if _is_far(points) else (points.astype(np.float32), False)


def _is_far(points: np.ndarray) -> bool:
    """Return whether points lie so far from the origin that single precision would move them."""
    if not np.isfinite(points.sum()):
        points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return False
    low, high = box_of(points)
    return bool(max(np.abs(low).max(), np.abs(high).max()) > _SINGLE_IS_ENOUGH * (high - low).max())


def _cut_text(facets: int) -> SpecimenError:
    return SpecimenError(
        "The STL text is cut short: it ends behind facet {facets:,}, without endsolid.",
        advice="Copy or export the file again.",
        facets=facets,
    )
