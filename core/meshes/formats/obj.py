"""Reader of OBJ files.

Objects, negative indices, polygons, vertex colours, and materials with colours and textures are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError, note
from core.meshes.formats.content import content_of
from core.meshes.formats.encoding import as_utf8, spellings
from core.meshes.formats.lines import line_at, unreadable_line, without_padding
from core.meshes.formats.mtl import Material, read_materials
from core.meshes.formats.obj_vertices import line_of_vertex, read_vertices
from core.meshes.formats.raw import RawMesh, triangulate
from core.meshes.formats.text import scan_obj, with_joined_lines

_GREY = 204
_LONGEST_NAME = 4096


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
        Sentences on what was left out.
    warnings : tuple of str
        Those of the notes that are told where a run is started, too.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    vertex_colours: np.ndarray | None
    uv: np.ndarray
    material_rows: np.ndarray
    materials: tuple[Material, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()

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


def read_obj(path: Path, within: Path | None = None) -> RawMesh:
    """Read a Wavefront OBJ file, with its materials if they are found.

    Parameters
    ----------
    path : Path
        The file.
    within : Path, optional
        The input folder, outside of which no material and no texture is read. If None, it is the
        folder above that of the file.

    Raises
    ------
    SpecimenError
        If the file holds no surface and no points, or a line cannot be read.
    """
    found = read_obj_surface(path, within)
    corner_colours = None
    if found.materials and found.vertex_colours is None and (found.material_rows >= 0).any():
        corner_colours = found.sample(np.arange(len(found.triangles)), found.uv)
    return RawMesh(
        found.vertices, found.triangles, found.vertex_colours, corner_colours, None, found.notes, found.warnings
    )


def read_obj_surface(path: Path, within: Path | None = None) -> ObjSurface:
    """Read a Wavefront OBJ file with its texture coordinates and materials.

    Raises
    ------
    SpecimenError
        If the file holds no surface and no points, or a line cannot be read.
    """
    data = without_padding(as_utf8(content_of(path)))
    array = np.frombuffer(data, np.uint8)
    if b"\\\n" in data or b"\\\r" in data:
        array = with_joined_lines(array)
    scan = scan_obj(array)
    rows, widths, textures, counts, corners, texture_corners, materials_at, libraries_at, blocks, others = scan[:10]
    fault, fault_at = scan[10:]
    if fault:
        raise unreadable_line(data, fault_at, "OBJ")
    notes: list[str] = []
    warnings: list[str] = []
    vertices, colours = read_vertices(rows, widths, array, notes, warnings)
    if not others[0] and not others[1]:  # lines and curves use vertices, too
        _check_blocks(blocks, counts, corners, len(vertices), array)
    triangles, positions, polygons = triangulate(counts, corners, vertices, notes)
    _check_elements(len(triangles), len(counts), others, data, notes, warnings)
    uv = _uv_of_corners(textures, texture_corners[positions], notes)
    material_rows = np.full(len(triangles), -1, np.int64)
    materials: tuple[Material, ...] = ()
    if len(materials_at) and len(triangles) and colours is None:
        names = [_line(data, int(at)) for at in materials_at[:, 0]]
        known, missing = read_materials(path, [_line(data, int(at)) for at in libraries_at], within)
        warnings += missing
        materials = tuple(known.values())
        named_rows = _rows_of(names, list(known), warnings if known else [])
        # Polygons before the first line that names a material have none.
        at = np.searchsorted(materials_at[:, 1], polygons, side="right") - 1
        material_rows = np.where(at >= 0, named_rows[at], -1)
    said = (*warnings, *notes)
    return ObjSurface(vertices, triangles, colours, uv, material_rows, materials, said, tuple(warnings))


def _check_elements(
    triangles: int, polygons: int, others: np.ndarray, data: bytes, notes: list[str], warnings: list[str]
) -> None:
    """Raise a `SpecimenError` if the surface is of a kind that is not read, and note what is left out."""
    lines, freeform, calls, unknown, first_unknown = (int(value) for value in others)
    if not triangles:
        if polygons:
            raise SpecimenError(
                "None of the {faces:,} faces has three corners.", advice="Export the mesh again.", faces=polygons
            )
        if freeform:
            raise SpecimenError(
                "The OBJ file holds {count:,} free-form curves and surfaces and no faces.",
                advice="Export it as triangles.",
                count=freeform,
            )
        if calls:
            raise SpecimenError(
                "The OBJ file refers to other files by call, which are not read, and holds no faces.",
                advice="Export it as one file.",
            )
        if unknown:
            raise unreadable_line(data, first_unknown, "OBJ")
        if lines:
            sentence = "The file holds {count:,} lines or points and no faces; its vertices are read as a point cloud."
            warnings.append(note(sentence, count=lines))
        return
    if freeform:
        warnings.append(note("{count:,} free-form curves and surfaces left out.", count=freeform))
    if calls:
        warnings.append(note("{count:,} other files that the OBJ file refers to by call left out.", count=calls))
    if lines:
        notes.append(note("{count:,} lines and points beside the faces left out.", count=lines))
    if unknown:
        line = line_at(data, first_unknown)
        sentence = "{count:,} lines with words that OBJ does not know left out, the first of them line {line:,}."
        notes.append(note(sentence, count=unknown, line=line))


def _check_blocks(blocks: np.ndarray, counts: np.ndarray, corners: np.ndarray, vertices: int, data: np.ndarray) -> None:
    """Raise a `SpecimenError` if the file is several files joined.

    Faces behind a block of vertices then count from 1 again: they refer to vertices of the first file.
    """
    if not len(blocks):
        return
    used = np.zeros(vertices + 1, bool)
    used[corners[(corners >= 0) & (corners < vertices)]] = True
    firsts = blocks[:, 0]
    sizes = np.diff(firsts, append=vertices)
    is_used = np.logical_or.reduceat(used[:-1], firsts)
    starts = np.concatenate([[0], np.cumsum(counts)])[np.append(blocks[:, 1], len(counts))]
    for block in np.flatnonzero(~is_used):
        theirs = corners[starts[block] : starts[block + 1]]
        if len(theirs) and theirs.max() < sizes[block]:
            raise SpecimenError(
                "The faces behind line {line:,} of the OBJ file count vertices from 1 again: the file is several "
                "files joined.",
                advice="Give each its own file.",
                line=line_of_vertex(data, int(firsts[block])),
            )


def _line(data: bytes, at: int) -> bytes:
    return re.split(rb"[\r\n]", data[at : at + _LONGEST_NAME], maxsplit=1)[0].strip()


def _rows_of(names: list[bytes], known: list[bytes], warnings: list[str]) -> np.ndarray:
    """Return the row of each name in the known materials, -1 if it is not there.

    Both files may be of different encodings.
    """
    rows = {name: row for row, name in enumerate(known)}
    meanings = [set(spellings(name)) for name in known]
    for name in dict.fromkeys(names):
        if name not in rows:
            mine = set(spellings(name))
            rows[name] = next((row for row, its in enumerate(meanings) if mine & its), -1)
            if rows[name] < 0:
                sentence = "The material {name} is in no material file; its faces are shown in gray."
                warnings.append(note(sentence, name=spellings(name)[0]))
    return np.array([rows[name] for name in names])


def _uv_of_corners(textures: np.ndarray, texture_corners: np.ndarray, notes: list[str]) -> np.ndarray:
    """Return texture coordinates of corners, NaN for triangles that lack any of them."""
    astray = ((texture_corners < -1) | (texture_corners >= len(textures))).any(axis=1)
    if astray.any():
        sentence = "{count:,} triangles refer to texture coordinates that are not there."
        notes.append(note(sentence, count=int(astray.sum())))
    if not len(textures):
        return np.broadcast_to(np.nan, (len(texture_corners), 3, 2))
    uv = np.full((len(texture_corners), 3, 2), np.nan)
    usable = ((texture_corners >= 0) & (texture_corners < len(textures))).all(axis=1)
    uv[usable] = textures[texture_corners[usable]]
    return uv
