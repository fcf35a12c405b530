"""Write specimens as PLY, OBJ, STL and OFF, the same bytes for the same specimen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8

from core.collection.synthetic.scanning import Cloud
from core.collection.synthetic.shapes.surfaces import Surface
from core.storage import write_bytes

REMARK = "FossilViT Explorer synthetic specimen, millimetres"


def write_mesh(path: Path, surface: Surface, colours: UInt8[np.ndarray, "n 3"]) -> None:
    """Write a mesh in the format of the suffix, atomically.

    Only PLY keeps the colours.
    """
    vertices, faces = surface.vertices, surface.faces
    if path.suffix == ".ply":
        write_bytes(path, _ply(vertices, faces, colours))
    elif path.suffix == ".stl":
        write_bytes(path, _stl(vertices, faces))
    elif path.suffix == ".obj":
        lines = [f"# {REMARK}", *_numbers("v ", vertices), *_triples("f ", faces + 1)]
        write_bytes(path, ("\n".join(lines) + "\n").encode("ascii"))
    else:
        lines = ["OFF", f"{len(vertices)} {len(faces)} 0", *_numbers("", vertices), *_triples("3 ", faces)]
        write_bytes(path, ("\n".join(lines) + "\n").encode("ascii"))


def write_cloud(path: Path, cloud: Cloud) -> None:
    """Write a point cloud with normals and colours as binary PLY, atomically."""
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")]
    table = np.empty(len(cloud.points), dtype=fields)
    for k, name in enumerate("xyz"):
        table[name], table[f"n{name}"] = cloud.points[:, k], cloud.normals[:, k]
    for k, name in enumerate(("red", "green", "blue")):
        table[name] = cloud.colours[:, k]
    write_bytes(path, _ply_header(table, 0) + table.tobytes())


def _ply(vertices: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"], colours: UInt8[np.ndarray, "n 3"]) -> bytes:
    table = np.empty(
        len(vertices), dtype=[("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
    )
    for k, (place, tone) in enumerate(zip(("x", "y", "z"), ("red", "green", "blue"), strict=True)):
        table[place], table[tone] = vertices[:, k], colours[:, k]
    triangles = np.empty(len(faces), dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    triangles["count"], triangles["corners"] = 3, faces
    return _ply_header(table, len(faces)) + table.tobytes() + triangles.tobytes()


def _ply_header(table: np.ndarray, faces: int) -> bytes:
    names = {np.dtype("<f4"): "float", np.dtype("u1"): "uchar"}
    lines = ["ply", "format binary_little_endian 1.0", f"comment {REMARK}", f"element vertex {len(table)}"]
    lines += [f"property {names[table.dtype[name]]} {name}" for name in table.dtype.names or ()]
    if faces:
        lines += [f"element face {faces}", "property list uchar int vertex_indices"]
    return ("\n".join([*lines, "end_header"]) + "\n").encode("ascii")


def _stl(vertices: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"]) -> bytes:
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    table = np.zeros(len(faces), dtype=[("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    table["normal"], table["corners"] = normals, corners
    return REMARK.encode("ascii").ljust(80) + np.uint32(len(faces)).tobytes() + table.tobytes()


def _numbers(start: str, values: Float[np.ndarray, "n 3"]) -> list[str]:
    """Return a line for every point.

    Numbers are rounded to about a hundred-thousandth of the extent.
    """
    digits = int(np.clip(np.ceil(5 - np.log10(np.ptp(values, axis=0).max())), 1, 9))
    return [f"{start}{x:.{digits}f} {y:.{digits}f} {z:.{digits}f}" for x, y, z in values.tolist()]


def _triples(start: str, values: Int[np.ndarray, "m 3"]) -> list[str]:
    return [f"{start}{a} {b} {c}" for a, b, c in values.tolist()]
