"""The JSON header of a glTF file, and checks of what would be misread without an error."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from core.foundation import SpecimenError
from core.meshes.formats.content import check_memory
from core.meshes.formats.encoding import as_utf8

MAGIC = b"glTF"
_FLOAT = 5126
_SIZES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, _FLOAT: 4}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_POINTS, _LINES, _TRIANGLES, _STRIP = 0, 1, 4, 5
_COMPRESSED = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}
# Extensions that change the look or the picture format alone; everything else may change the form.
_HARMLESS = ("KHR_materials_", "KHR_lights_", "KHR_texture_", "EXT_texture_", "KHR_xmp", "KHR_mesh_quantization")
_BY_SCENE = "EXT_mesh_gpu_instancing"


def json_of(data: bytes) -> dict[str, Any]:
    """Return the JSON header of a `.glb` or `.gltf` file.

    Raises
    ------
    SpecimenError
        If the file is cut short, or holds no such header.
    """
    data = _json_chunk(data) if data[:4] == MAGIC else as_utf8(data)
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SpecimenError(
            "This is not a glTF file: its header cannot be read ({reason}).",
            advice="Copy or export it again.",
            reason=str(error)[:80],
        ) from error
    if not isinstance(header, dict) or not isinstance(header.get("asset"), dict):
        raise SpecimenError("This is not a glTF file: it does not tell its version.", advice="Export it again.")
    version = str(header["asset"].get("version", ""))
    if not version.startswith("2."):
        raise SpecimenError(
            "The file is glTF {version}; version 2.0 is read.", advice="Export it as glTF 2.0.", version=version[:20]
        )
    return header


def check_header(header: Mapping[str, Any]) -> None:
    """Raise a `SpecimenError` if the file needs something that is not read."""
    try:
        _check_extensions(header)
        _check_accessors(header)
        for mesh in header.get("meshes", []):
            for primitive in mesh["primitives"]:
                _check_primitive(primitive, header["accessors"])
        if not header.get("scenes"):
            raise SpecimenError(
                "The scene of the glTF file shows no mesh.", advice="Export it again with the specimen in its scene."
            )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SpecimenError(
            "The glTF file contradicts itself ({reason}).",
            advice="Copy or export it again.",
            reason=f"{type(error).__name__} {error}"[:120],
        ) from error


def is_float(accessor: Mapping[str, Any]) -> bool:
    """Return whether an accessor holds floating-point numbers."""
    return accessor.get("componentType") == _FLOAT


def uris_of(header: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URIs of buffers and images outside of the file."""
    for kind in ("buffers", "images"):
        entries = header.get(kind, [])
        for entry in entries if isinstance(entries, list) else []:
            uri = entry.get("uri") if isinstance(entry, dict) else None
            if isinstance(uri, str) and not uri.startswith("data:"):
                yield uri


def _json_chunk(data: bytes) -> bytes:
    if len(data) < 20:
        raise SpecimenError("The file is cut short: it ends in the header.", advice="Copy or export the file again.")
    version, promised, length, kind = struct.unpack("<III4s", data[4:20])
    if version != 2 or kind != b"JSON":
        raise SpecimenError(
            "The file is glTF {version}; version 2.0 is read.", advice="Export it as glTF 2.0.", version=version
        )
    if len(data) < promised or len(data) < 20 + length:
        raise SpecimenError(
            "The file is cut short: it promises {promised:,} {what}, but only {found:,} are there.",
            advice="Copy or export the file again.",
            promised=promised,
            what="bytes",
            found=len(data),
        )
    if data[promised:].strip(b"\0 \r\n"):
        raise SpecimenError(
            "The file holds {found:,} bytes, its header tells of {promised:,}: there is more than one glTF file.",
            advice="Copy or export it again.",
            found=len(data),
            promised=promised,
        )
    return data[20 : 20 + length]


def _check_extensions(header: Mapping[str, Any]) -> None:
    required = list(map(str, header.get("extensionsRequired", [])))
    if any(_BY_SCENE in node.get("extensions", {}) for node in header.get("nodes", [])):
        required.append(_BY_SCENE)
    for name in required:
        if name in _COMPRESSED:
            raise SpecimenError(
                "Its geometry is compressed by {method} ({name}), which is not read.",
                advice="Export it without compression.",
                method=_COMPRESSED[name],
                name=name,
            )
        if not name.startswith(_HARMLESS):
            raise SpecimenError(
                "The file needs {name}, an extension of glTF that is not read.",
                advice="Export it without this extension, or as PLY.",
                name=name[:60],
            )


def _check_accessors(header: Mapping[str, Any]) -> None:
    """Raise a `SpecimenError` if the arrays would not fit into memory.

    Arrays may overlap in the file, and arrays without a buffer take no bytes in it.
    """
    check_memory(
        sum(
            int(one["count"]) * _SIZES[one["componentType"]] * _WIDTHS[one["type"]]
            for one in header.get("accessors", [])
        )
    )


def _check_primitive(primitive: Mapping[str, Any], accessors: list[Mapping[str, Any]]) -> None:
    mode = primitive.get("mode", _TRIANGLES)
    if mode not in (_POINTS, _LINES, _TRIANGLES, _STRIP):
        raise SpecimenError(
            "The glTF file holds a mesh of mode {mode}, which is not read.",
            advice="Export it as triangles.",
            mode=mode,
        )
    places = {name: primitive["attributes"][name] for name in ("POSITION",)}
    if "indices" in primitive:
        places["indices"] = primitive["indices"]
    for name, place in places.items():
        accessor = accessors[place]
        if "sparse" in accessor or "bufferView" not in accessor or accessor.get("normalized"):
            extension = next(iter(primitive.get("extensions", {})), "")
            raise SpecimenError(
                "The {name} of a mesh in the glTF file are stored in a way that is not read ({extension}).",
                advice="Export it without compression.",
                name=name,
                extension=extension or ("sparse" if "sparse" in accessor else "normalised integers"),
            )
    position, indices = (
        accessors[places["POSITION"]],
        accessors[primitive["indices"]] if "indices" in primitive else None,
    )
    if position["type"] != "VEC3" or (indices is not None and indices["type"] != "SCALAR"):
        raise ValueError("positions that are not in space")
    count = int(indices["count"] if indices is not None else position["count"])
    if mode == _TRIANGLES and count % 3:
        raise SpecimenError(
            "A mesh of the glTF file has {count:,} corners of triangles, which is not a multiple of three.",
            advice="Copy or export it again.",
            count=count,
        )
