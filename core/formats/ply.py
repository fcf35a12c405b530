"""PLY: ASCII, binary little and big endian; meshes, triangle strips, point clouds (Turk 1994)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numba import njit

from core.errors import SpecimenError
from core.formats.raw import RawMesh, as_colour_bytes, cut_short, triangulate
from core.formats.text import numbers_by_line

_LARGEST_HEADER = 1 << 20
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
    "int64": "i8", "uint64": "u8",
}  # fmt: skip
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))


@dataclass(frozen=True)
class _Property:
    name: str
    type: str
    count_type: str | None = None  # of a list


@dataclass
class _Element:
    name: str
    count: int
    properties: list[_Property] = field(default_factory=list)


@dataclass(frozen=True)
class _Lists:
    """A list property of every row: how long, and all entries one after the other."""

    counts: np.ndarray
    entries: np.ndarray


_Columns = dict[str, "np.ndarray | _Lists"]


def read_ply(path: Path) -> RawMesh:
    """Read a PLY file.

    Raises
    ------
    SpecimenError
        Where the header is not PLY's, or the file is cut short.
    """
    data = path.read_bytes()
    encoding, elements, start = _read_header(data)
    if encoding == "ascii":
        columns = _read_ascii(data, start, elements)
    else:
        columns = _read_binary(data, start, elements, "<" if encoding == "binary_little_endian" else ">")
    return _assemble(columns)


def _read_header(data: bytes) -> tuple[str, list[_Element], int]:
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
    # A lone \r ends lines only in files whose first line ends so; in others a \r may be data.
    if data[start : start + 2] == b"\r\n":
        start += 2
    elif data[start : start + 1] in (b"\n", b"\r"):
        start += 1
    encoding = ""
    elements: list[_Element] = []
    try:
        for line in head[:end].decode("latin-1").splitlines()[1:]:
            words = line.split()
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                encoding = words[1]
            elif words[0] == "element":
                elements.append(_Element(words[1], int(words[2])))
            elif words[0] == "property":
                elements[-1].properties.append(_property(words))
    except (IndexError, ValueError, KeyError) as error:
        raise SpecimenError(
            f"The PLY header cannot be understood (at {line.strip()[:60]!r}).", advice="Export the mesh again."
        ) from error
    if encoding not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise SpecimenError(f"The PLY header names no known format ({encoding!r}).", advice="Export the mesh again.")
    if any(element.count < 0 for element in elements):
        raise SpecimenError("The PLY header promises a negative count.", advice="Export the mesh again.")
    return encoding, elements, start


def _property(words: list[str]) -> _Property:
    if words[1] == "list":
        return _Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    return _Property(words[2], _TYPES[words[1]])


def _smallest_row(element: _Element) -> int:
    return sum(np.dtype(p.count_type or p.type).itemsize for p in element.properties)


def _name_of(element: _Element) -> str:
    return {"vertex": "vertices", "face": "faces", "tristrips": "triangle strips"}.get(element.name, element.name)


def _read_binary(data: bytes, at: int, elements: list[_Element], order: str) -> dict[str, _Columns]:
    columns: dict[str, _Columns] = {}
    for element in elements:
        if not element.properties or not element.count:
            continue
        room = (len(data) - at) // max(1, _smallest_row(element))
        if element.count > room:
            raise cut_short(_name_of(element), element.count, max(0, room))
        lists = [p for p in element.properties if p.count_type]
        if not lists:
            row = np.dtype([(p.name, order + p.type) for p in element.properties])
            table = np.frombuffer(data, row, element.count, at)
            columns[element.name] = {p.name: table[p.name] for p in element.properties}
            at += row.itemsize * element.count
        else:
            columns[element.name], at = _read_lists(data, at, element, order)
    return columns


def _read_lists(data: bytes, at: int, element: _Element, order: str) -> tuple[_Columns, int]:
    """Read rows that hold lists: at once where all rows look like the first, else row by row."""
    fixed = _read_uniform(data, at, element, order)
    if fixed is not None:
        return fixed
    sizes = np.array([np.dtype(p.type).itemsize for p in element.properties], np.int64)
    count_sizes = np.array(
        [np.dtype(p.count_type).itemsize if p.count_type else 0 for p in element.properties], np.int64
    )
    buffer = np.frombuffer(data, np.uint8)
    places, counts, rows, end = _walk(buffer, at, element.count, sizes, count_sizes, order == ">")
    if rows < element.count:
        raise cut_short(_name_of(element), element.count, rows)
    columns: _Columns = {}
    for column, prop in enumerate(element.properties):
        dtype = np.dtype(order + prop.type)
        raw = _gather(buffer, places[:, column], counts[:, column], dtype.itemsize)
        values = raw.view(dtype)
        columns[prop.name] = _Lists(counts[:, column], values) if prop.count_type else values
    return columns, end


def _read_uniform(data: bytes, at: int, element: _Element, order: str) -> tuple[_Columns, int] | None:
    """Read rows whose lists all have the lengths of the first row's; None where they have not."""
    fields: list[tuple[str, str, int] | tuple[str, str]] = []
    lengths: dict[str, int] = {}
    offset = at
    for prop in element.properties:
        if prop.count_type is None:
            fields.append((prop.name, order + prop.type))
            offset += np.dtype(prop.type).itemsize
            continue
        count_dtype = np.dtype(order + prop.count_type)
        if offset + count_dtype.itemsize > len(data):
            return None
        length = int(np.frombuffer(data, count_dtype, 1, offset)[0])
        if not 0 < length <= 64:
            return None
        lengths[prop.name] = length
        fields.append((f"{prop.name} count", count_dtype.str))
        fields.append((prop.name, order + prop.type, length))
        offset += count_dtype.itemsize + length * np.dtype(prop.type).itemsize
    row = np.dtype(fields)
    if at + row.itemsize * element.count > len(data):
        return None
    table = np.frombuffer(data, row, element.count, at)
    columns: _Columns = {}
    for prop in element.properties:
        if prop.count_type is None:
            columns[prop.name] = table[prop.name]
            continue
        length = lengths[prop.name]
        if (table[f"{prop.name} count"] != length).any():
            return None
        entries = table[prop.name].reshape(-1)
        columns[prop.name] = _Lists(np.full(element.count, length, np.int64), entries)
    return columns, at + row.itemsize * element.count


@njit(cache=True, nogil=True)
def _walk(
    data: np.ndarray, at: int, rows: int, sizes: np.ndarray, count_sizes: np.ndarray, big: bool
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Find where every property of every row lies, and how many entries it has."""
    width = sizes.size
    places = np.zeros((rows, width), np.int64)
    counts = np.ones((rows, width), np.int64)
    for row in range(rows):
        for column in range(width):
            if count_sizes[column] > 0:
                if at + count_sizes[column] > data.size:
                    return places, counts, row, at
                count = np.int64(0)
                for k in range(count_sizes[column]):
                    byte = data[at + k] if big else data[at + count_sizes[column] - 1 - k]
                    count = count * 256 + np.int64(byte)
                if count < 0:
                    return places, counts, row, at
                at += count_sizes[column]
                counts[row, column] = count
            places[row, column] = at
            if counts[row, column] > (data.size - at) // sizes[column]:
                return places, counts, row, at
            at += counts[row, column] * sizes[column]
    return places, counts, rows, at


@njit(cache=True, nogil=True)
def _gather(data: np.ndarray, places: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    out = np.empty(counts.sum() * size, np.uint8)
    filled = 0
    for row in range(places.size):
        length = counts[row] * size
        out[filled : filled + length] = data[places[row] : places[row] + length]
        filled += length
    return out


def _read_ascii(data: bytes, start: int, elements: list[_Element]) -> dict[str, _Columns]:
    values, _, stopped = numbers_by_line(np.frombuffer(data, np.uint8), start)
    columns: dict[str, _Columns] = {}
    at = 0
    for element in elements:
        if not element.properties or not element.count:
            continue
        width = len(element.properties)
        room = (len(values) - at) // width
        if element.count > room:
            _raise_if_unreadable(data, stopped, element)
            raise cut_short(_name_of(element), element.count, room)
        if not any(p.count_type for p in element.properties):
            table = values[at : at + element.count * width].reshape(-1, width)
            columns[element.name] = {p.name: table[:, k] for k, p in enumerate(element.properties)}
            at += element.count * width
            continue
        is_list = np.array([p.count_type is not None for p in element.properties])
        places, counts, rows, at = _walk_numbers(values, at, element.count, is_list)
        if rows < element.count:
            _raise_if_unreadable(data, stopped, element)
            raise cut_short(_name_of(element), element.count, rows)
        columns[element.name] = {}
        for column, prop in enumerate(element.properties):
            raw = _gather(values.view(np.uint8), places[:, column] * 8, counts[:, column], 8).view(np.float64)
            columns[element.name][prop.name] = _Lists(counts[:, column], raw) if prop.count_type else raw
    for element in elements:
        _to_declared_types(columns.get(element.name, {}), element)
    return columns


def _raise_if_unreadable(data: bytes, stopped: int, element: _Element) -> None:
    if stopped < len(data):
        line = data.count(b"\n", 0, stopped) + 1
        text = data[stopped : stopped + 20].decode("latin-1").split("\n")[0]
        raise SpecimenError(
            f"Line {line} of the PLY file holds {text!r} where a number of its {_name_of(element)} should stand.",
            advice="Export the mesh again.",
        )


def _to_declared_types(columns: _Columns, element: _Element) -> None:
    """Colours are told apart by type: 255 as a byte is white, 1.0 as a float is white."""
    for prop in element.properties:
        values = columns.get(prop.name)
        if isinstance(values, np.ndarray) and prop.type in ("u1", "u2"):
            columns[prop.name] = np.clip(np.nan_to_num(values), 0, np.iinfo(prop.type).max).astype(prop.type)


@njit(cache=True, nogil=True)
def _walk_numbers(
    values: np.ndarray, at: int, rows: int, is_list: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, int]:
    width = is_list.size
    places = np.zeros((rows, width), np.int64)
    counts = np.ones((rows, width), np.int64)
    for row in range(rows):
        for column in range(width):
            if is_list[column]:
                if at >= values.size or not (0 <= values[at] <= values.size - at - 1):
                    return places, counts, row, at
                counts[row, column] = np.int64(values[at])
                at += 1
            places[row, column] = at
            if at + counts[row, column] > values.size:
                return places, counts, row, at
            at += counts[row, column]
    return places, counts, rows, at


def _assemble(columns: dict[str, _Columns]) -> RawMesh:
    vertex = columns.get("vertex", {})
    if any(not isinstance(vertex.get(axis), np.ndarray) for axis in "xyz"):
        raise SpecimenError("The PLY file holds no vertices.", advice="Export the mesh again.")
    vertices = np.empty((len(_array(vertex, "x")), 3))
    for axis, name in enumerate("xyz"):
        vertices[:, axis] = _array(vertex, name)
    normals = None
    if all(isinstance(vertex.get(name), np.ndarray) for name in ("nx", "ny", "nz")):
        normals = np.stack([_array(vertex, name) for name in ("nx", "ny", "nz")], axis=1).astype(np.float32)
    faces, corner_colours = _faces(columns.get("face", {}))
    strips = columns.get("tristrips", {})
    strip_list = next((entry for entry in strips.values() if isinstance(entry, _Lists)), None)
    if strip_list is not None:
        unrolled = _unroll_strips(strip_list.entries.astype(np.int64), strip_list.counts.astype(np.int64))
        faces = unrolled if not len(faces) else np.concatenate([faces, unrolled])
        corner_colours = None
    return RawMesh(vertices, faces, _colours(vertex), corner_colours, normals)


def _array(columns: _Columns, name: str) -> np.ndarray:
    values = columns[name]
    if isinstance(values, _Lists):
        raise SpecimenError(f"The PLY property {name!r} is a list where a number is expected.")
    return values


def _colours(columns: _Columns) -> np.ndarray | None:
    for names in _COLOURS:
        if all(isinstance(columns.get(name), np.ndarray) for name in names):
            channels = np.stack([_array(columns, name) for name in names], axis=1)
            native = channels.astype(channels.dtype.newbyteorder("="), copy=False)
            return as_colour_bytes(native)
    return None


def _faces(columns: _Columns) -> tuple[np.ndarray, np.ndarray | None]:
    listed = columns.get("vertex_indices", columns.get("vertex_index"))
    if not isinstance(listed, _Lists):
        return np.empty((0, 3), np.int64), None
    if len(listed.counts) and (listed.counts == 3).all():
        faces = listed.entries.reshape(-1, 3)
        polygons = None
    else:
        faces, _, polygons = triangulate(listed.counts, listed.entries.astype(np.int64))
    colours = _colours(columns)
    if colours is None:
        return faces, None
    per_face = colours if polygons is None else colours[polygons]
    return faces, np.repeat(per_face[:, None], 3, axis=1)


@njit(cache=True, nogil=True)
def _unroll_strips(entries: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Turn strips, ended by -1 or by their row, into triangles of one orientation."""
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
    """Return a binary little endian PLY file: float32 positions, int32 indices, uint8 colours."""
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
