"""Reader of OBJ files.

Objects, negative indices, polygons, vertex colours, and materials with colours and textures are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError
from core.meshes.formats.mtl import Material, read_materials
from core.meshes.formats.raw import RawMesh, as_colour_bytes, triangulate
from core.meshes.formats.text import scan_obj

_GREY = 204


@dataclass(frozen=True)
class ObjSurface:
    """The triangles of an OBJ file, with their colours, textures and materials.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions in file units.
    triangles : (m, 3) int64
        Vertex indices.
    vertex_colours : (n, 3) uint8, optional
        Colour of each vertex.
    uv : (m, 3, 2) float64
        Texture coordinates of each corner; NaN if it has none.
    material_rows : (m,) int64
        Row in `materials` of the material of each triangle; -1 if it has none.
    materials : tuple of Material
        Materials that were found.
    notes : tuple of str
        Sentences on files that were not found or not read.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    vertex_colours: np.ndarray | None
    uv: np.ndarray
    material_rows: np.ndarray
    materials: tuple[Material, ...]
    notes: tuple[str, ...]

    @property
    def has_texture(self) -> bool:
        """Return whether any triangle has a texture and texture coordinates."""
        textured = [row for row, material in enumerate(self.materials) if material.texture is not None]
        return bool((np.isin(self.material_rows, textured) & np.isfinite(self.uv).all(axis=(1, 2))).any())

    def sample(self, rows: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Return colours (k, …, 3) at texture coordinates (k, …, 2) of triangles (k,)."""
        colours = np.full((*uv.shape[:-1], 3), _GREY, np.uint8)
        for number, material in enumerate(self.materials):
            of_material = self.material_rows[rows] == number
            colours[of_material] = material.colour
            inside = of_material & np.isfinite(uv).reshape(len(uv), -1).all(axis=1)
            if material.texture is not None and inside.any():
                colours[inside] = material.sample(uv[inside])
        return colours


def read_obj(path: Path) -> RawMesh:
    """Read a Wavefront OBJ file, with the materials beside it if they are found.

    Raises
    ------
    SpecimenError
        If the file holds no vertices, or a face line holds something that is not an index.
    """
    found = read_obj_surface(path)
    corner_colours = None
    if found.materials and found.vertex_colours is None and (found.material_rows >= 0).any():
        corner_colours = found.sample(np.arange(len(found.triangles)), found.uv)
    return RawMesh(found.vertices, found.triangles, found.vertex_colours, corner_colours, None, found.notes)


def read_obj_surface(path: Path) -> ObjSurface:
    """Read a Wavefront OBJ file with its texture coordinates and materials.

    Raises
    ------
    SpecimenError
        If the file holds no vertices, or a face line holds something that is not an index.
    """
    data = path.read_bytes().replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    scan = scan_obj(np.frombuffer(data, np.uint8))
    vertices, widths, textures, counts, corners, texture_corners, materials_at, libraries_at, bad_line = scan
    if bad_line:
        raise SpecimenError(
            "Line {bad_line} of the OBJ file cannot be read.", advice="Export the mesh again.", bad_line=bad_line
        )
    if not len(vertices):
        raise SpecimenError("The OBJ file holds no vertices.", advice="Export the mesh again.")
    colours = as_colour_bytes(vertices[:, 3:6]) if len(vertices) and (widths >= 6).all() else None
    divided: list[str] = []
    triangles, positions, polygons = triangulate(counts, corners, vertices[:, :3], divided)
    uv = _uv_of_corners(textures, texture_corners[positions])
    material_rows = np.full(len(triangles), -1, np.int64)
    materials: tuple[Material, ...] = ()
    notes: tuple[str, ...] = ()
    if len(materials_at) and len(triangles) and colours is None:
        names = [_line(data, int(at)) for at in materials_at[:, 0]]
        known, notes = read_materials(path, [_line(data, int(at)) for at in libraries_at])
        materials = tuple(known.values())
        rows = {name: row for row, name in enumerate(known)}
        named_rows = np.array([rows.get(name, -1) for name in names])
        # Polygons before the first line that names a material have none.
        at = np.searchsorted(materials_at[:, 1], polygons, side="right") - 1
        material_rows = np.where(at >= 0, named_rows[at], -1)
    return ObjSurface(vertices[:, :3].copy(), triangles, colours, uv, material_rows, materials, (*divided, *notes))


def _line(data: bytes, at: int) -> str:
    end = data.find(b"\n", at)
    return data[at : end if end >= 0 else len(data)].decode("utf-8", errors="replace").strip()


def _uv_of_corners(textures: np.ndarray, texture_corners: np.ndarray) -> np.ndarray:
    """Return texture coordinates of corners, NaN for triangles that lack any of them."""
    if not len(textures):
        return np.broadcast_to(np.nan, (len(texture_corners), 3, 2))
    uv = np.full((len(texture_corners), 3, 2), np.nan)
    usable = ((texture_corners >= 0) & (texture_corners < len(textures))).all(axis=1)
    uv[usable] = textures[texture_corners[usable]]
    return uv
