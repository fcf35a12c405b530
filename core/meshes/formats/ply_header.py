"""The header of a PLY file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.foundation import SpecimenError

_LARGEST_HEADER = 1 << 20
_FIRST_LINE = re.compile(rb"ply[ \t]*(\r\n|\n|\r)")
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
    "int64": "i8", "uint64": "u8",
}  # fmt: skip


@dataclass(frozen=True)
class Property:
    """A number in every row, or a list of numbers if it has a `count_type`.

    Parameters
    ----------
    name : str
        Name in the header.
    type : str
        NumPy type of the numbers, without byte order.
    count_type : str, optional
        NumPy type of the length of a list, without byte order.
    """

    name: str
    type: str
    count_type: str | None = None


@dataclass
class Element:
    """The declaration of vertices, faces or others in the header.

    Parameters
    ----------
    name : str
        Name in the header.
    count : int
        Number of rows.
    properties : list of Property
        Properties of every row, in order.
    """

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @property
    def noun(self) -> str:
        """Return the name of several of its rows."""
        return {"vertex": "vertices", "face": "faces", "tristrips": "triangle strips"}.get(self.name, self.name)


def read_header(data: bytes) -> tuple[str, list[Element], int]:
    """Return the format, the elements, and the first byte behind the header.

    Raises
    ------
    SpecimenError
        If the header is not PLY's, or cannot be understood.
    """
    if not data.startswith(b"ply"):
        raise SpecimenError(
            "This is not a PLY file: it does not begin with the word ply.", advice="Export the mesh again."
        )
    lines, start = _lines(data)
    encoding = ""
    elements: list[Element] = []
    line = ""
    try:
        for line in lines:
            words = line.split()
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                encoding = words[1]
            elif words[0] == "element":
                elements.append(Element(words[1], int(words[2])))
            elif words[0] == "property":
                elements[-1].properties.append(_property(words))
    except (IndexError, ValueError, KeyError) as error:
        raise SpecimenError(
            "The PLY header cannot be understood (at {line!r}).",
            advice="Export the mesh again.",
            line=line.strip()[:60],
        ) from error
    if encoding not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise SpecimenError(
            "The PLY header names no known format ({encoding!r}).", advice="Export the mesh again.", encoding=encoding
        )
    _check(elements)
    return encoding, elements, start


def _lines(data: bytes) -> tuple[list[str], int]:
    """Return the lines between `ply` and `end_header`, and the first byte behind that line.

    Lines end as the first one does. Comments may hold any other bytes.
    """
    first = _FIRST_LINE.match(data)
    end = b"\r" if first is not None and first.group(1) == b"\r" else b"\n"
    lines: list[str] = []
    at = 0
    while at < min(len(data), _LARGEST_HEADER):
        stop = data.find(end, at)
        stop = len(data) if stop < 0 else stop
        line = data[at:stop].strip() if stop - at < _LARGEST_HEADER else b""
        at = stop + 1
        if line == b"end_header":
            return lines[1:], min(at, len(data))
        lines.append(line.decode("latin-1"))
    raise SpecimenError("The PLY header has no end.", advice="Export the mesh again.")


def _property(words: list[str]) -> Property:
    if words[1] == "list":
        return Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    return Property(words[2], _TYPES[words[1]])


def _check(elements: list[Element]) -> None:
    if any(element.count < 0 for element in elements):
        raise SpecimenError("The PLY header promises a negative count.", advice="Export the mesh again.")
    for element in elements:
        if len({its.name for its in element.properties}) < len(element.properties):
            raise SpecimenError(
                "The PLY header names a property of {element!r} twice.",
                advice="Export the mesh again.",
                element=element.name,
            )
        if sum(other.name == element.name for other in elements) > 1:
            raise SpecimenError(
                "The PLY header names the element {element!r} twice: two meshes are in one file.",
                advice="Export each mesh to a file of its own.",
                element=element.name,
            )
