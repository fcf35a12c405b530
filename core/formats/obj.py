"""OBJ: objects, negative indices, polygons, vertex colours, materials with colours and textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.errors import SpecimenError
from core.formats.mtl import Material, read_materials
from core.formats.raw import RawMesh, as_colour_bytes, triangulate
from core.formats.text import scan_obj


def read_obj(path: Path) -> RawMesh:
    """Read a Wavefront OBJ file, with the materials beside it where they can be found.

    Raises
    ------
    SpecimenError
        Where the file holds no vertices, or a face line holds something that is no index.
    """
    data = path.read_bytes().replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    scan = scan_obj(np.frombuffer(data, np.uint8))
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
