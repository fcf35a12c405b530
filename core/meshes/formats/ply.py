"""Reader and writer of PLY files (Turk 1994).

ASCII and binary files of either byte order are read, with meshes, triangle strips or point clouds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, njit, note
from core.meshes.formats.content import content_of
from core.meshes.formats.encoding import as_utf8
from core.meshes.formats.named_files import textures_in_header
from core.meshes.formats.obj import ObjSurface
from core.meshes.formats.ply_header import Element, read_header
from core.meshes.formats.ply_rows import Columns, Lists, read_binary
from core.meshes.formats.ply_text import read_ascii
from core.meshes.formats.ply_textures import with_texture
from core.meshes.formats.raw import RawMesh, as_colour_bytes, triangulate

_CORNER_NAMES = ("vertex_indices", "vertex_index")
_FACE_NAMES = ("face", "faces", "polygon", "polygons", "triangle", "triangles", "facet", "facets")
_SMALLEST_FLOAT, _LARGEST_FLOAT, _MOST_FLOATS = 1e-9, 1e9, 0.9
_NAMES = {"<f4": "float", "<f8": "double", "u1": "uchar"}
_LARGEST_MOVE = 1e-6  # by the extent
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))


def read_ply(path: Path, within: Path | None = None) -> RawMesh:
    """Read a PLY file, with its texture if it is found.

    Parameters
    ----------
    path : Path
        The file.
    within : Path, optional
        The input folder, outside of which no texture is read, as in `files_beside`.

    Raises
    ------
    SpecimenError
        If the header is not PLY's, or the file holds something else than the header declares.
    """
    return _read(path, within)[0]


def read_ply_surface(path: Path, within: Path | None = None) -> ObjSurface | None:
    """Read the faces of a PLY file with their textures, None if it has none.

    Raises
    ------
    SpecimenError
        As `read_ply` does.
    """
    return _read(path, within)[1]


def _read(path: Path, within: Path | None) -> tuple[RawMesh, ObjSurface | None]:
    data = as_utf8(content_of(path))
    encoding, elements, start = read_header(data)
    notes: list[str] = []
    if encoding == "ascii":
        columns, notes = read_ascii(data, start, elements)
    else:
        columns = read_binary(data, start, elements, "<" if encoding == "binary_little_endian" else ">")
    raw = _assemble(columns, elements, notes)
    names = textures_in_header(data[:start])
    if not names or raw.vertex_colours is not None or not len(raw.faces):
        return raw, None
    return with_texture(raw, path, names, columns, within)


def _assemble(columns: dict[str, Columns], elements: list[Element], notes: list[str]) -> RawMesh:
    vertex = columns.get("vertex", {})
    if any(not isinstance(vertex.get(axis), np.ndarray) for axis in "xyz"):
        raise SpecimenError(
            "The PLY file holds no vertices with x, y and z, but {declared}.",
            advice="Export the mesh again.",
            declared=", ".join(f"{one.name} ({', '.join(p.name for p in one.properties)})" for one in elements)
            or "none",
        )
    vertices = np.empty((len(_array(vertex, "x")), 3))
    for axis, name in enumerate("xyz"):
        _check_integers(_array(vertex, name))
        vertices[:, axis] = _array(vertex, name)
    normals = None
    if all(isinstance(vertex.get(name), np.ndarray) for name in ("nx", "ny", "nz")):
        normals = np.stack([_array(vertex, name) for name in ("nx", "ny", "nz")], axis=1).astype(np.float32)
    faces, corner_colours = _faces(columns, elements, vertices, notes)
    strips = columns.get("tristrips", {})
    strip_list = next((entry for entry in strips.values() if isinstance(entry, Lists)), None)
    if strip_list is not None:
        unrolled = _unroll_strips(_whole(strip_list.entries), strip_list.counts.astype(np.int64))
        faces = unrolled if not len(faces) else np.concatenate([faces, unrolled])
        corner_colours = None
    if not len(faces):
        _check_others(columns, elements, notes)
    return RawMesh(vertices, faces, _colours(vertex), corner_colours, normals, tuple(notes))


def _check_integers(values: np.ndarray) -> None:
    """Raise a `SpecimenError` if the bytes of integer coordinates are those of floating-point numbers.

    As such, coordinates that are integers would be smaller than any length.
    """
    if values.dtype.kind not in "iu" or values.dtype.itemsize != 4:
        return
    bits = np.ascontiguousarray(values)
    floats = np.abs(bits.view(np.dtype("f4").newbyteorder(bits.dtype.byteorder)))
    floats = floats[bits != 0]
    if len(floats) and ((floats > _SMALLEST_FLOAT) & (floats < _LARGEST_FLOAT)).mean() > _MOST_FLOATS:
        raise SpecimenError(
            "The numbers of the PLY file are {actual}, but its header says {declared}.",
            advice="Correct its header, or export the mesh again.",
            actual="float",
            declared="int",
        )


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


def _faces(
    columns: dict[str, Columns], elements: list[Element], vertices: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    element = next((one for one in elements if one.name == "face" and one.count), None)
    element = element or next((one for one in elements if one.name.lower() in _FACE_NAMES and one.count), None)
    if element is None:
        return np.empty((0, 3), np.int64), None
    of_faces = columns.get(element.name, {})
    listed = _corner_list(of_faces, element, notes)
    if len(listed.counts) and (listed.counts == 3).all():
        faces = _whole(listed.entries).reshape(-1, 3)
        polygons = None
    else:
        faces, _, polygons = triangulate(listed.counts, _whole(listed.entries), vertices, notes)
    colours = _colours(of_faces)
    if colours is None:
        return faces, None
    per_face = colours if polygons is None else colours[polygons]
    return faces, np.repeat(per_face[:, None], 3, axis=1)


def _corner_list(columns: Columns, element: Element, notes: list[str]) -> Lists:
    """Return the list of corners of faces, by its name or because it is the only list of integers."""
    for name in _CORNER_NAMES:
        known = columns.get(name)
        if isinstance(known, Lists):
            if element.name != "face":
                notes.append(note("The faces are the element {element!r}.", element=element.name))
            return known
    lists = {p.name: columns.get(p.name) for p in element.properties if p.count_type and p.type[0] in "iu"}
    (name, found), *others = lists.items() or (("", None),)
    if not isinstance(found, Lists) or others:
        raise SpecimenError(
            "The PLY file has {count:,} faces, but which of their properties are their corners is not told: {names}.",
            advice="Name the list of corners vertex_indices in the header, or export the mesh again.",
            count=element.count,
            names=", ".join(p.name for p in element.properties) or "none",
        )
    notes.append(
        note(
            "The corners of the faces were read from the list {name!r} of {element!r}.",
            name=name,
            element=element.name,
        )
    )
    return found


def _whole(entries: np.ndarray) -> np.ndarray:
    """Return vertex indices as int64.

    Raises
    ------
    SpecimenError
        If one of them is not a whole number.
    """
    if entries.dtype.kind == "f":
        wrong = ~(np.rint(entries) == entries)
        if wrong.any():
            raise SpecimenError(
                "A face refers to a vertex by {value}, which is not a whole number.",
                advice="The file is damaged: copy or export it again.",
                value=float(entries[np.argmax(wrong)]),
            )
    return entries.astype(np.int64)


def _check_others(columns: dict[str, Columns], elements: list[Element], notes: list[str]) -> None:
    """Note the elements of a point cloud that are not read; raise an error if they may be its faces."""
    for element in elements:
        if element.name == "vertex" or not element.count:
            continue
        lists = [columns.get(element.name, {}).get(p.name) for p in element.properties if p.type[0] in "iu"]
        if any(isinstance(one, Lists) and len(one.counts) and np.median(one.counts) >= 3 for one in lists):
            raise SpecimenError(
                "The PLY file has no faces, but lists of integers in its element {element!r}.",
                advice="If these are its faces, name the element face and the list vertex_indices in the header.",
                element=element.name,
            )
        notes.append(note("The element {element!r} is not read.", element=element.name))


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


def needs_double(vertices: np.ndarray) -> bool:
    """Return whether single precision would move positions by more than a millionth of the extent.

    Examples
    --------
    >>> corners = np.array([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])
    >>> needs_double(corners), needs_double(corners + 5e6)
    (False, True)
    """
    if not len(vertices):
        return False
    with np.errstate(over="ignore"):
        moved = np.abs(vertices.astype(np.float32) - vertices).max()
    return bool(moved > _LARGEST_MOVE * np.ptp(vertices, axis=0).max())


def encode_ply(
    vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray | None, normals: np.ndarray | None
) -> bytes:
    """Return the bytes of a binary little endian PLY file.

    Positions and normals are float32, indices int32, colours uint8. Positions are float64 if float32
    would move them by more than a millionth of the extent, as far from the origin.
    """
    real = "<f8" if needs_double(vertices) else "<f4"
    fields: list[tuple[str, str]] = [("x", real), ("y", real), ("z", real)]
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
    header += [f"property {_NAMES[kind]} {name}" for name, kind in fields]
    body = b""
    if len(faces):
        header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        rows = np.empty(len(faces), np.dtype([("count", "u1"), ("corners", "<i4", 3)]))
        rows["count"] = 3
        rows["corners"] = faces
        body = rows.tobytes()
    return ("\n".join([*header, "end_header"]) + "\n").encode("ascii") + table.tobytes() + body
