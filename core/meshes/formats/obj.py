"""OBJ: objects, negative indices, polygons, vertex colours, materials with colours and textures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError
from core.meshes.formats.mtl import Material, read_materials
from core.meshes.formats.raw import RawMesh, as_colour_bytes, triangulate
from core.meshes.formats.text import scan_obj

_BARE = 204


@dataclass(frozen=True)
class ObjSurface:
    """The triangles of an OBJ file with what colours them.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions in file units.
    triangles : (m, 3) int64
        Vertex indices.
    vertex_colours : (n, 3) uint8, optional
        Colour of each vertex.
    places : (m, 3, 2) float64
        Texture coordinates of each corner, NaN where there are none.
    wearing : (m,) int64
        Row of `materials` that a triangle wears; -1 where it wears none.
    materials : tuple of Material
        Those that were found.
    notes : tuple of str
        What was not found.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    vertex_colours: np.ndarray | None
    places: np.ndarray
    wearing: np.ndarray
    materials: tuple[Material, ...]
    notes: tuple[str, ...]

    @property
    def has_texture(self) -> bool:
        """Return whether any triangle wears a picture."""
        pictured = [row for row, material in enumerate(self.materials) if material.texture is not None]
        return bool((np.isin(self.wearing, pictured) & np.isfinite(self.places).all(axis=(1, 2))).any())

    def sample(self, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return colours (k, …, 3) at texture coordinates (k, …, 2) of triangles (k,)."""
        colours = np.full((*places.shape[:-1], 3), _BARE, np.uint8)
        for number, material in enumerate(self.materials):
            worn = self.wearing[rows] == number
            colours[worn] = material.colour
            inside = worn & np.isfinite(places).reshape(len(places), -1).all(axis=1)
            if material.texture is not None and inside.any():
                colours[inside] = material.sample(places[inside])
        return colours


def read_obj(path: Path) -> RawMesh:
    """Read a Wavefront OBJ file, with the materials beside it where they can be found.

    Raises
    ------
    SpecimenError
        Where the file holds no vertices, or a face line holds something that is no index.
    """
    found = read_obj_surface(path)
    corner_colours = None
    if found.materials and found.vertex_colours is None and (found.wearing >= 0).any():
        corner_colours = found.sample(np.arange(len(found.triangles)), found.places)
    return RawMesh(found.vertices, found.triangles, found.vertex_colours, corner_colours, None, found.notes)


def read_obj_surface(path: Path) -> ObjSurface:
    """Read an OBJ file with its texture coordinates; errors as `read_obj`."""
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
    triangles, positions, polygons = triangulate(counts, corners)
    places = _places(textures, texture_corners[positions])
    wearing = np.full(len(triangles), -1, np.int64)
    materials: tuple[Material, ...] = ()
    notes: tuple[str, ...] = ()
    if len(materials_at) and len(triangles) and colours is None:
        names = [_line(data, int(at)) for at in materials_at[:, 0]]
        known, notes = read_materials(path, [_line(data, int(at)) for at in libraries_at])
        materials = tuple(known.values())
        rows = {name: row for row, name in enumerate(known)}
        worn = np.array([rows.get(name, -1) for name in names])
        # Polygons before the first line that names a material wear none.
        at = np.searchsorted(materials_at[:, 1], polygons, side="right") - 1
        wearing = np.where(at >= 0, worn[at], -1)
    return ObjSurface(vertices[:, :3].copy(), triangles, colours, places, wearing, materials, notes)


def _line(data: bytes, at: int) -> str:
    end = data.find(b"\n", at)
    return data[at : end if end >= 0 else len(data)].decode("utf-8", errors="replace").strip()


def _places(textures: np.ndarray, texture_corners: np.ndarray) -> np.ndarray:
    """Return the texture coordinates of the corners of triangles that have all three, NaN for the others."""
    if not len(textures):
        return np.broadcast_to(np.nan, (len(texture_corners), 3, 2))
    places = np.full((len(texture_corners), 3, 2), np.nan)
    usable = ((texture_corners >= 0) & (texture_corners < len(textures))).all(axis=1)
    places[usable] = textures[texture_corners[usable]]
    return places
