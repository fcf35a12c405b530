"""OBJ: objects, negative indices, polygons, vertex colours, materials with colours and textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit

from core.errors import SpecimenError
from core.formats.mtl import Material, read_materials
from core.formats.raw import RawMesh, as_colour_bytes, triangulate
from core.formats.text import parse_number, skip_blanks


def read_obj(path: Path) -> RawMesh:
    """Read a Wavefront OBJ file, with the materials beside it where they can be found.

    Raises
    ------
    SpecimenError
        Where the file holds no vertices, or a face line holds something that is no index.
    """
    data = path.read_bytes().replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    scan = _scan(np.frombuffer(data, np.uint8))
    vertices, widths, textures, counts, corners, texture_corners, materials_at, libraries_at, bad_line = scan
    if bad_line:
        raise SpecimenError(f"Line {bad_line} of the OBJ file cannot be read.", advice="Export the mesh again.")
    if not len(vertices):
        raise SpecimenError("The OBJ file holds no vertices.", advice="Export the mesh again.")
    colours = as_colour_bytes(vertices[:, 3:6]) if len(vertices) and (widths >= 6).all() else None
    triangles, positions, polygons = triangulate(counts, corners)
    notes: tuple[str, ...] = ()
    corner_colours = None
    if len(materials_at) and len(triangles) and colours is None:
        names = [_line(data, int(at)) for at in materials_at[:, 0]]
        libraries = [_line(data, int(at)) for at in libraries_at]
        materials, notes = read_materials(path, libraries)
        corner_colours = _corner_colours(
            materials, names, materials_at[:, 1], polygons, textures, texture_corners[positions]
        )
    return RawMesh(vertices[:, :3].copy(), triangles, colours, corner_colours, None, notes)


def _line(data: bytes, at: int) -> str:
    end = data.find(b"\n", at)
    return data[at : end if end >= 0 else len(data)].decode("utf-8", errors="replace").strip()


def _corner_colours(
    materials: dict[str, Material],
    names: list[str],
    first_polygons: np.ndarray,
    polygons: np.ndarray,
    textures: np.ndarray,
    texture_corners: np.ndarray,
) -> np.ndarray | None:
    """Return a colour for every corner, or None where no material says one."""
    if not any(name in materials for name in names):
        return None
    colours = np.full((len(polygons), 3, 3), 204, np.uint8)
    ends = np.append(first_polygons[1:], np.iinfo(np.int64).max)
    for name, first, end in zip(names, first_polygons, ends, strict=True):
        material = materials.get(name)
        if material is None:
            continue
        rows = np.arange(np.searchsorted(polygons, first), np.searchsorted(polygons, end))
        colours[rows] = material.colour
        if material.texture is not None and len(textures):
            wanted = texture_corners[rows]
            usable = ((wanted >= 0) & (wanted < len(textures))).all(axis=1)
            colours[rows[usable]] = material.sample(textures[wanted[usable]])
    return colours


@njit(cache=True, nogil=True)
def _grown(table: np.ndarray, count: int) -> np.ndarray:
    larger = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    larger[:count] = table[:count]
    return larger


@njit(cache=True, nogil=True)
def _scan(data: np.ndarray):  # type: ignore[no-untyped-def]
    """Go through the file once and collect what concerns geometry."""
    vertices = np.empty((1024, 6), np.float64)
    widths = np.empty((1024, 1), np.int64)
    textures = np.empty((1024, 2), np.float64)
    counts = np.empty((1024, 1), np.int64)
    corners = np.empty((4096, 2), np.int64)
    materials = np.empty((16, 2), np.int64)
    libraries = np.empty((16, 1), np.int64)
    n_vertices = n_textures = n_faces = n_corners = n_materials = n_libraries = 0
    line = 1
    bad_line = 0
    i = 0
    size = data.size
    while i < size:
        i = skip_blanks(data, i)
        first = data[i] if i < size else 10
        second = data[i + 1] if i + 1 < size else 10
        third = data[i + 2] if i + 2 < size else 10
        if first == 118 and second <= 32 and second != 10 and second != 13:  # v
            if n_vertices == len(vertices):
                vertices = _grown(vertices, n_vertices)
                widths = _grown(widths, n_vertices)
            i, width = _row(data, i + 1, vertices[n_vertices])
            widths[n_vertices, 0] = width
            if width < 3:
                bad_line = line
                break
            n_vertices += 1
        elif first == 118 and second == 116 and third <= 32:  # vt
            if n_textures == len(textures):
                textures = _grown(textures, n_textures)
            textures[n_textures] = 0.0
            i, width = _row(data, i + 2, textures[n_textures])
            n_textures += 1
        elif first == 102 and second <= 32 and second != 10 and second != 13:  # f
            if n_faces == len(counts):
                counts = _grown(counts, n_faces)
            i += 1
            count = 0
            while True:
                i = skip_blanks(data, i)
                if i >= size or data[i] == 10 or data[i] == 13 or data[i] == 35:
                    break
                vertex, texture, end = _corner(data, i)
                if end == i:
                    bad_line = line
                    break
                i = end
                if n_corners == len(corners):
                    corners = _grown(corners, n_corners)
                corners[n_corners, 0] = vertex - 1 if vertex > 0 else n_vertices + vertex
                if vertex == 0:
                    corners[n_corners, 0] = -1
                corners[n_corners, 1] = texture - 1 if texture > 0 else n_textures + texture
                if texture == 0:
                    corners[n_corners, 1] = -1
                n_corners += 1
                count += 1
            counts[n_faces, 0] = count
            n_faces += 1
            if bad_line:
                break
        elif _is_word(data, i, b"usemtl"):
            if n_materials == len(materials):
                materials = _grown(materials, n_materials)
            materials[n_materials, 0] = skip_blanks(data, i + 6)
            materials[n_materials, 1] = n_faces
            n_materials += 1
        elif _is_word(data, i, b"mtllib"):
            if n_libraries == len(libraries):
                libraries = _grown(libraries, n_libraries)
            libraries[n_libraries, 0] = skip_blanks(data, i + 6)
            n_libraries += 1
        while i < size and data[i] != 10 and data[i] != 13:
            i += 1
        if i + 1 < size and data[i] == 13 and data[i + 1] == 10:
            i += 1
        i += 1
        line += 1
    return (
        vertices[:n_vertices],
        widths[:n_vertices, 0],
        textures[:n_textures],
        counts[:n_faces, 0].copy(),
        corners[:n_corners, 0].copy(),
        corners[:n_corners, 1].copy(),
        materials[:n_materials].copy(),
        libraries[:n_libraries, 0].copy(),
        bad_line,
    )


@njit(cache=True, nogil=True)
def _is_word(data: np.ndarray, at: int, word: bytes) -> bool:
    if at + len(word) >= data.size:
        return False
    for k in range(len(word)):
        if data[at + k] != word[k]:
            return False
    return data[at + len(word)] == 32 or data[at + len(word)] == 9


@njit(cache=True, nogil=True)
def _row(data: np.ndarray, at: int, into: np.ndarray) -> tuple[int, int]:
    """Read the numbers of a line into `into`; return where reading ended and how many there were."""
    i = at
    count = 0
    while True:
        i = skip_blanks(data, i)
        value, end = parse_number(data, i)
        if end == i:
            break
        if count < into.size:
            into[count] = value
        count += 1
        i = end
    return i, count


@njit(cache=True, nogil=True)
def _corner(data: np.ndarray, at: int) -> tuple[int, int, int]:
    """Read `v`, `v/t`, `v//n` or `v/t/n`; 0 stands for what is not given."""
    vertex, i = _integer(data, at)
    if i == at:
        return 0, 0, at
    texture = 0
    if i < data.size and data[i] == 47:
        texture, i = _integer(data, i + 1)
        if i < data.size and data[i] == 47:
            _, i = _integer(data, i + 1)
    if i < data.size and data[i] > 32:
        return 0, 0, at
    return vertex, texture, i


@njit(cache=True, nogil=True)
def _integer(data: np.ndarray, at: int) -> tuple[int, int]:
    i = at
    negative = False
    if i < data.size and (data[i] == 45 or data[i] == 43):
        negative = data[i] == 45
        i += 1
    digits = 0
    value = 0
    while i < data.size and 48 <= data[i] <= 57:
        if digits < 18:
            value = value * 10 + (data[i] - 48)
        digits += 1
        i += 1
    if digits == 0:
        return 0, at
    return (-value if negative else value), i
