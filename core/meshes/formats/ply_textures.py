"""Textures of PLY files: `comment TextureFile name`, with coordinates of corners or of vertices.

MeshLab writes lists of coordinates to faces, and their texture as `texnumber`. Photogrammetry programs
write coordinates to vertices.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.foundation import note
from core.meshes.formats.encoding import spellings
from core.meshes.formats.mtl import Material, read_texture
from core.meshes.formats.named_files import find_named
from core.meshes.formats.obj import ObjSurface
from core.meshes.formats.ply_rows import Columns, Lists
from core.meshes.formats.raw import RawMesh, triangulate

_CORNERS = ("vertex_indices", "vertex_index")
_LISTS = ("texcoord", "texcoords", "texture_coordinates", "uv")
_PAIRS = (
    ("s", "t"),
    ("u", "v"),
    ("texture_u", "texture_v"),
    ("texture_s", "texture_t"),
    ("texcoord_u", "texcoord_v"),
    ("tu", "tv"),
)
_GRAY = np.full(3, 204, np.uint8)


def with_texture(
    raw: RawMesh, path: Path, names: list[bytes], columns: dict[str, Columns], within: Path | None
) -> tuple[RawMesh, ObjSurface | None]:
    """Return a mesh with the colours of its textures at the corners, and its faces with the textures.

    A texture that cannot be used is told of where a run is started.

    Parameters
    ----------
    raw : RawMesh
        The mesh without vertex colours, as read.
    path : Path
        Its file.
    names : list of bytes
        Textures that the header names.
    columns : dict
        The columns of every element.
    within : Path, optional
        The input folder, as in `files_beside`.
    """
    warnings: list[str] = []
    found = _coordinates(raw, columns)
    if found is None:
        sentence = "The file names a texture ({file}), but has no texture coordinates; it is left out."
        warnings.append(note(sentence, file=spellings(names[0])[0]))
        return _with_warnings(raw, warnings), None
    uv, numbers = found
    textures = [
        read_texture(find_named(path, name, within), spellings(name)[0], path, within, warnings) for name in names
    ]
    rows = np.where((numbers >= 0) & (numbers < len(names)), numbers, -1)
    materials = tuple(Material(_GRAY, texture) for texture in textures)
    surface = ObjSurface(raw.vertices, raw.faces, None, uv, rows, materials, ())
    if not surface.has_texture:
        return _with_warnings(raw, warnings), None
    colours = surface.sample(np.arange(len(raw.faces)), uv)
    return _with_warnings(replace(raw, corner_colours=colours), warnings), surface


def _with_warnings(raw: RawMesh, warnings: list[str]) -> RawMesh:
    return replace(raw, notes=(*raw.notes, *warnings), warnings=(*raw.warnings, *warnings))


def _coordinates(raw: RawMesh, columns: dict[str, Columns]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return coordinates (m, 3, 2) of the corners of triangles, and the texture (m,) of each."""
    of_corners = next(
        (its for its in columns.values() if any(isinstance(its.get(name), Lists) for name in _CORNERS)), {}
    )
    listed = next((its for name in _CORNERS if isinstance(its := of_corners.get(name), Lists)), None)
    if listed is None:
        return None
    counts = listed.counts.astype(np.int64)
    _, positions, polygons = triangulate(counts, listed.entries.astype(np.int64), raw.vertices)
    if len(positions) != len(raw.faces):  # strips have no coordinates of their own
        return None
    numbers = of_corners.get("texnumber")
    of_triangles = (
        numbers.astype(np.int64)[polygons] if isinstance(numbers, np.ndarray) else np.zeros(len(positions), np.int64)
    )
    for name in _LISTS:
        texcoord = of_corners.get(name)
        if isinstance(texcoord, Lists):
            return _of_lists(texcoord, counts)[positions], of_triangles
    for pair in _PAIRS:
        vertex = columns.get("vertex", {})
        u, v = (vertex.get(name) for name in pair)
        if isinstance(u, np.ndarray) and isinstance(v, np.ndarray):
            inside = np.clip(raw.faces, 0, len(u) - 1)
            return np.stack([u, v], axis=1).astype(np.float64)[inside], of_triangles
    return None


def _of_lists(texcoord: Lists, counts: np.ndarray) -> np.ndarray:
    """Return the coordinates (c, 2) of all corners, NaN for polygons whose list is of another length."""
    coordinates = np.full((int(counts.sum()), 2), np.nan)
    lengths = texcoord.counts.astype(np.int64)
    whole = lengths == 2 * counts
    entries = texcoord.entries.astype(np.float64)
    coordinates[np.repeat(whole, counts)] = entries[np.repeat(whole, lengths)].reshape(-1, 2)
    return coordinates
