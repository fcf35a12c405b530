"""Reader of glTF 2.0, as `.glb` or as `.gltf` with its buffers beside it.

trimesh reads buffers, materials and scene graph. What it would leave out or misread without an error
is checked before. Colours are kept as they are written.
"""

from __future__ import annotations

import io
import json
import logging
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.foundation import SpecimenError, note
from core.meshes.formats.content import check_memory, content_of
from core.meshes.formats.gltf_files import file_of_uri
from core.meshes.formats.gltf_header import MAGIC, check_header, is_float, json_of
from core.meshes.formats.raw import RawMesh, as_colour_bytes
from core.storage import UNREADABLE, is_too_large

# What trimesh raises for files that contradict themselves.
_DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, NotImplementedError, TypeError,
    ValueError, struct.error,
)  # fmt: skip
_WORLD = "world"


def read_gltf(path: Path) -> RawMesh:
    """Read all meshes of the scene of a glTF file, joined, with the transforms of its nodes applied.

    Buffers and textures are read if they are within the file or lie in its folder or below. Nothing
    is fetched from elsewhere.

    Raises
    ------
    SpecimenError
        If the file is damaged, or needs something that is not read: compressed geometry (Draco,
        meshopt), glTF 1.0, buffers that are not there.
    """
    data = content_of(path)
    header = json_of(data)
    notes: list[str] = []
    check_header(header)
    _leave_out_textures(header, notes)
    scene = _load(data, header, path)
    placed = _placed(scene["graph"])
    sizes = [
        len(scene["geometry"][name]["vertices"]) + len(scene["geometry"][name].get("faces", ())) for name, _ in placed
    ]
    check_memory(24 * sum(sizes))
    parts = [_part(scene["geometry"][name], matrix, notes) for name, matrix in placed]
    _note_left_out(header, scene["geometry"], placed, notes)
    return _joined([part for part in parts if part is not None], notes)


@dataclass(frozen=True)
class _Part:
    """One mesh of the scene at its place, with a colour for each vertex or each corner."""

    vertices: np.ndarray
    faces: np.ndarray
    vertex_colours: np.ndarray | None = None
    corner_colours: np.ndarray | None = None
    base: np.ndarray = field(default_factory=lambda: np.full(3, 255, np.uint8))
    is_plain: bool = True


class _Beside:
    """Gives trimesh the files that lie in the folder of the glTF file or below."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getitem__(self, uri: str) -> bytes:
        """Return the bytes of a file by its URI."""
        return self.get(uri)

    def get(self, uri: str) -> bytes:
        """Return the bytes of a file by its URI."""
        found = file_of_uri(self.path, uri)
        if found is None:
            raise SpecimenError(
                "The file {file} that the glTF file names is not in its folder.",
                advice="Copy it there, or export the specimen as .glb, which holds everything.",
                file=uri[:80],
            )
        return found.read_bytes()


def _leave_out_textures(header: dict[str, Any], notes: list[str]) -> None:
    """Remove base textures from materials if their coordinates would be misread."""
    materials = header.get("materials", [])
    coordinates = [
        header["accessors"][primitive["attributes"]["TEXCOORD_0"]]
        for mesh in header.get("meshes", [])
        for primitive in mesh["primitives"]
        if "TEXCOORD_0" in primitive["attributes"]
    ]
    left_out = 0
    for material in materials:
        rough = material.get("pbrMetallicRoughness", {})
        texture = rough.get("baseColorTexture")
        if texture is None:
            continue
        is_moved = texture.get("texCoord", 0) != 0 or "KHR_texture_transform" in texture.get("extensions", {})
        if is_moved or not all(map(is_float, coordinates)):
            del rough["baseColorTexture"]
            left_out += 1
    if left_out:
        notes.append(note("{count} textures with coordinates of a kind that is not read left out.", count=left_out))


def _load(data: bytes, header: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return geometry and scene graph as trimesh reads them."""
    from trimesh.exchange.gltf import load_glb, load_gltf

    text = json.dumps(header).encode("utf-8")
    logging.getLogger("trimesh").setLevel(logging.ERROR)
    resolver: Any = _Beside(path)
    read: Callable[..., dict[str, Any]] = load_gltf
    if data[:4] == MAGIC:
        length = struct.unpack("<I", data[12:16])[0]
        rest = data[20 + length :]
        text += b" " * (-len(text) % 4)
        text = struct.pack("<4sIIII", MAGIC, 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest
        read = load_glb
    try:
        return read(io.BytesIO(text), resolver=resolver)
    except _DAMAGE as error:
        raise SpecimenError(
            "The glTF file contradicts itself ({reason}).",
            advice="Copy or export it again.",
            reason=f"{type(error).__name__} {error}"[:120].strip(),
        ) from error


def _placed(graph: Sequence[Mapping[str, Any]]) -> list[tuple[str, np.ndarray]]:
    """Return the name and the world transform of every mesh of the scene."""
    above = {str(edge["frame_to"]): edge for edge in graph}
    if len(above) < len(graph):
        raise SpecimenError(
            "The glTF file contradicts itself ({reason}).",
            advice="Copy or export it again.",
            reason="a node has two parents",
        )
    known: dict[str, np.ndarray] = {_WORLD: np.eye(4)}
    placed = []
    for edge in graph:
        chain: list[str] = []
        frame = str(edge["frame_to"])
        while frame not in known:
            if len(chain) > len(graph) or frame not in above:
                raise SpecimenError(
                    "The glTF file contradicts itself ({reason}).",
                    advice="Copy or export it again.",
                    reason="its nodes form no tree",
                )
            chain.append(frame)
            frame = str(above[frame]["frame_from"])
        for frame in reversed(chain):
            known[frame] = known[str(above[frame]["frame_from"])] @ np.asarray(above[frame]["matrix"], np.float64)
        if "geometry" in edge:
            placed.append((str(edge["geometry"]), known[str(edge["frame_to"])]))
    return placed


def _part(mesh: Mapping[str, Any], matrix: np.ndarray, notes: list[str]) -> _Part | None:
    """Return one mesh at its place; None for lines."""
    if "entities" in mesh:
        return None
    local = np.asarray(mesh["vertices"], dtype=np.float64)
    vertices = local @ matrix[:3, :3].T + matrix[:3, 3]
    faces = np.asarray(mesh.get("faces", np.empty((0, 3))), dtype=np.int64).reshape(-1, 3)
    if np.linalg.det(matrix[:3, :3]) < 0:
        faces = faces[:, ::-1]  # a mirrored surface keeps its outside
    visual = mesh.get("visual")
    colours = mesh.get("vertex_colors")
    if visual is None:
        own = None if colours is None else as_colour_bytes(np.asarray(colours))[:, :3]
        return _Part(vertices, faces, own, is_plain=own is None)
    colours = visual.vertex_attributes.get("color")
    own = None if colours is None else as_colour_bytes(np.asarray(colours))[:, :3]
    factor = visual.material.baseColorFactor
    base = np.full(3, 255, np.uint8) if factor is None else np.asarray(factor, dtype=np.uint8)[:3]
    corner = None
    if visual.uv is not None and visual.material.baseColorTexture is not None and len(faces):
        corner = _sampled(visual.material.baseColorTexture, np.asarray(visual.uv)[faces], notes)
    if corner is not None:
        tint = base if own is None else _times(own[faces], base)
        return _Part(vertices, faces, None, _times(corner, tint), base, is_plain=False)
    is_plain = own is None and (base == 255).all()
    return _Part(vertices, faces, None if own is None else _times(own, base), None, base, is_plain=bool(is_plain))


def _times(colours: np.ndarray, tint: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(colours.astype(np.float64) * tint / 255), dtype=np.uint8)


def _sampled(picture: Any, uv: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """Return the colours of a texture at the corners of faces, None if it cannot be read."""
    from core.meshes.formats.mtl import Material

    try:
        if is_too_large(picture):
            notes.append(note("A texture of the glTF file is too large; the material's plain colour is shown instead."))
            return None
        pixels = np.array(picture.convert("RGB"), dtype=np.uint8)
    except UNREADABLE:
        notes.append(note("A texture of the glTF file cannot be read; the material's plain colour is shown instead."))
        return None
    return Material(np.full(3, 255, np.uint8), pixels).sample(np.nan_to_num(uv, posinf=0.0, neginf=0.0))


def _note_left_out(
    header: Mapping[str, Any], geometry: Mapping[str, Any], placed: Sequence[tuple[str, Any]], notes: list[str]
) -> None:
    lines = sum("entities" in mesh for mesh in geometry.values())
    if lines:
        notes.append(note("{count} lines of the glTF file left out.", count=lines))
    unused = len(geometry.keys() - {name for name, _ in placed})
    if unused:
        notes.append(note("{count} meshes that the scene of the glTF file does not show left out.", count=unused))
    if any("skin" in node for node in header.get("nodes", [])):
        notes.append(note("The pose of the skeleton of the glTF file is not applied."))
    textured = [m for m in header.get("materials", []) if "baseColorTexture" in m.get("pbrMetallicRoughness", {})]
    shown = {
        id(mesh["visual"].material)
        for mesh in geometry.values()
        if "visual" in mesh and mesh["visual"].material.baseColorTexture is not None
    }
    if len(shown) < len(textured):
        notes.append(note("A texture of the glTF file cannot be read; the material's plain colour is shown instead."))


def _joined(parts: Sequence[_Part], notes: list[str]) -> RawMesh:
    """Return the parts as one mesh."""
    if not parts:
        raise SpecimenError(
            "The scene of the glTF file shows no mesh.", advice="Export it again with the specimen in its scene."
        )
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    _check_corners(parts)
    vertices = np.concatenate([part.vertices for part in parts])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)])
    vertex_colours = corner_colours = None
    if all(part.vertex_colours is not None for part in parts):
        vertex_colours = np.concatenate([part.vertex_colours for part in parts if part.vertex_colours is not None])
    elif not all(part.is_plain for part in parts):
        corner_colours = np.concatenate([_corners_of(part) for part in parts])
    told = tuple(dict.fromkeys(notes))
    return RawMesh(vertices, faces, vertex_colours, corner_colours, None, told, told)


def _check_corners(parts: Sequence[_Part]) -> None:
    """Raise a `SpecimenError` if a face refers to a vertex of another part."""
    for part in parts:
        if len(part.faces) and (part.faces.min() < 0 or part.faces.max() >= len(part.vertices)):
            raise SpecimenError(
                "The glTF file contradicts itself ({reason}).",
                advice="Copy or export it again.",
                reason="a face refers to a vertex that is not there",
            )


def _corners_of(part: _Part) -> np.ndarray:
    if part.corner_colours is not None:
        return part.corner_colours
    if part.vertex_colours is not None:
        return np.asarray(part.vertex_colours[part.faces])
    return np.asarray(np.broadcast_to(part.base, (len(part.faces), 3, 3)))
