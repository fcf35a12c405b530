"""Reader and writer of PLY files (Turk 1994).

ASCII and binary files of either byte order are read, with meshes, triangle strips or point clouds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, njit
from core.meshes.formats.ply_rows import Columns, Element, Lists, Property, read_ascii, read_binary
from core.meshes.formats.raw import RawMesh, as_colour_bytes, triangulate

_LARGEST_HEADER = 1 << 20
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
    "int64": "i8", "uint64": "u8",
}  # fmt: skip
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))


def read_ply(path: Path) -> RawMesh:
    """Read a PLY file.

    Raises
    ------
    SpecimenError
        If the header is not PLY's, or the file is cut short.
    """
    data = path.read_bytes()
    encoding, elements, start = _read_header(data)
    if encoding == "ascii":
        columns = read_ascii(data, start, elements)
    else:
        columns = read_binary(data, start, elements, "<" if encoding == "binary_little_endian" else ">")
    return _assemble(columns)


def _read_header(data: bytes) -> tuple[str, list[Element], int]:
    head = data[:_LARGEST_HEADER]
    if not head.startswith(b"ply"):
        raise SpecimenError(
            "This is not a PLY file: it does not begin with the word ply.", advice="Export the mesh again."
        )
    end = head.find(b"end_header")
    if end < 0:
        raise SpecimenError("The PLY header has no end.", advice="Export the mesh again.")
    start = end + len(b"end_header")
    while start < len(data) and data[start : start + 1] in (b" ", b"\t"):
        start += 1
    # A lone \r ends lines only in files whose first line ends so. In others a \r may be data.
    if data[start : start + 2] == b"\r\n":
        start += 2
    elif data[start : start + 1] in (b"\n", b"\r"):
        start += 1
    encoding = ""
    elements: list[Element] = []
    try:
        for line in head[:end].decode("latin-1").splitlines()[1:]:
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
    if any(element.count < 0 for element in elements):
        raise SpecimenError("The PLY header promises a negative count.", advice="Export the mesh again.")
    for element in elements:
        if len({its.name for its in element.properties}) < len(element.properties):
            raise SpecimenError(
                "The PLY header names a property of {element!r} twice.",
                advice="Export the mesh again.",
                element=element.name,
            )
    return encoding, elements, start


def _property(words: list[str]) -> Property:
    if words[1] == "list":
        return Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    return Property(words[2], _TYPES[words[1]])


def _assemble(columns: dict[str, Columns]) -> RawMesh:
    vertex = columns.get("vertex", {})
    if any(not isinstance(vertex.get(axis), np.ndarray) for axis in "xyz"):
        raise SpecimenError("The PLY file holds no vertices.", advice="Export the mesh again.")
    vertices = np.empty((len(_array(vertex, "x")), 3))
    for axis, name in enumerate("xyz"):
        vertices[:, axis] = _array(vertex, name)
    normals = None
    if all(isinstance(vertex.get(name), np.ndarray) for name in ("nx", "ny", "nz")):
        normals = np.stack([_array(vertex, name) for name in ("nx", "ny", "nz")], axis=1).astype(np.float32)
    notes: list[str] = []
    faces, corner_colours = _faces(columns.get("face", {}), vertices, notes)
    strips = columns.get("tristrips", {})
    strip_list = next((entry for entry in strips.values() if isinstance(entry, Lists)), None)
    if strip_list is not None:
        unrolled = _unroll_strips(strip_list.entries.astype(np.int64), strip_list.counts.astype(np.int64))
        faces = unrolled if not len(faces) else np.concatenate([faces, unrolled])
        corner_colours = None
    return RawMesh(vertices, faces, _colours(vertex), corner_colours, normals, tuple(notes))


def _array(columns: Columns, name: str) -> np.ndarray:
    values = columns[name]
    if isinstance(values, Lists):
        raise SpecimenError("The PLY property {name!r} is a list where a number is expected.", name=name)
    return values


def _colours(columns: Columns) -> np.ndarray | None:
    for names in _COLOURS:
        if all(isinstance(columns.get(name), np.ndarray) for name in names):
            channels = np.stack([_array(columns, name) for name in names], axis=1)
            native = channels.astype(channels.dtype.newbyteorder("="), copy=False)
            return as_colour_bytes(native)
    return None


def _faces(columns: Columns, vertices: np.ndarray, notes: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
    listed = columns.get("vertex_indices", columns.get("vertex_index"))
    if not isinstance(listed, Lists):
        return np.empty((0, 3), np.int64), None
    if len(listed.counts) and (listed.counts == 3).all():
        faces = listed.entries.reshape(-1, 3)
        polygons = None
    else:
        faces, _, polygons = triangulate(listed.counts, listed.entries.astype(np.int64), vertices, notes)
    colours = _colours(columns)
    if colours is None:
        return faces, None
    per_face = colours if polygons is None else colours[polygons]
    return faces, np.repeat(per_face[:, None], 3, axis=1)


@njit(cache=True, nogil=True)
def _unroll_strips(entries: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Convert strips, ended by -1 or by their row, into triangles of one orientation."""
    triangles = np.empty((entries.size, 3), np.int64)
    found = 0
    at = 0
    for count in counts:
        run = 0
        for k in range(at, at + count):
            if entries[k] < 0:
                run = 0
                continue
            run += 1
            if run >= 3:
                a, b, c = entries[k - 2], entries[k - 1], entries[k]
                if a != b and b != c and a != c:
                    triangles[found, 0] = a if run % 2 else b
                    triangles[found, 1] = b if run % 2 else a
                    triangles[found, 2] = c
                    found += 1
        at += count
    return triangles[:found].copy()


def encode_ply(
    vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray | None, normals: np.ndarray | None
) -> bytes:
    """Return the bytes of a binary little endian PLY file.

    Positions and normals are float32, indices int32, colours uint8.
    """
    fields: list[tuple[str, str]] = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if normals is not None:
        fields += [("nx", "<f4"), ("ny", "<f4"), ("nz", "<f4")]
    if colours is not None:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    table = np.empty(len(vertices), np.dtype(fields))
    for axis, name in enumerate("xyz"):
        table[name] = vertices[:, axis]
        if normals is not None:
            table["n" + name] = normals[:, axis]
    if colours is not None:
        for channel, name in enumerate(("red", "green", "blue")):
            table[name] = colours[:, channel]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}"]
    header += [f"property {'uchar' if kind == 'u1' else 'float'} {name}" for name, kind in fields]
    body = b""
    if len(faces):
        header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        rows = np.empty(len(faces), np.dtype([("count", "u1"), ("corners", "<i4", 3)]))
        rows["count"] = 3
        rows["corners"] = faces
        body = rows.tobytes()
    return ("\n".join([*header, "end_header"]) + "\n").encode("ascii") + table.tobytes() + body
