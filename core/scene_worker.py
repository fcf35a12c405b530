"""The child process that turns specimens into a scene for the 3D viewer.

It is started by `core.scenes` as `python -m core.scene_worker`, imports PyVista once, and then
answers one line of JSON on standard input with one line of JSON on standard output, until its
standard input is closed. Whatever a driver or a library prints goes to standard error, and
whatever takes this process down takes nothing else with it.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CoreError, SpecimenError
from core.meshes import Mesh, normalise, vertex_colours_of
from core.openness import openness_of_vertices, point_normals, point_spacing
from core.previews import read_preview

# Of two opposite sides, the one nearer to this is seen first: a little above and beside the front.
FIRST_DIRECTION = (0.35, -1.0, 0.3)


def main() -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # VTK and its drivers print where they like; the reply channel stays clean
    for line in sys.stdin:
        replies.write(json.dumps(_answer(json.loads(line))) + "\n")
        replies.flush()


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    try:
        meshes = [_read(source) for source in request["sources"]]
        # Without sources, any scene: what a first scene loads takes seconds.
        specimens = [_Prepared.of(mesh, request) for mesh in meshes or [_tetrahedron()]]
        Path(request["target"]).write_bytes(_export(specimens, request))
    except CoreError as error:
        return {"error": error.problem, "advice": error.advice}
    except ImportError as error:
        return {"error": f"The viewer lacks a package ({error}).", "advice": "Run `make app` again to install it."}
    except (OSError, RuntimeError, ValueError, AttributeError, TypeError) as error:
        # AttributeError and TypeError too: that is how trame answers where its parts do not fit together.
        return {"error": f"The 3D scene could not be made ({type(error).__name__}: {error}).", "advice": ""}
    return {
        "seconds": time.monotonic() - started,
        "radii": [specimen.radius for specimen in specimens],
        "spacings": [specimen.spacing for specimen in specimens],
        "clouds": [specimen.is_cloud for specimen in specimens],
        "has_colours": any(specimen.has_colours for specimen in specimens),
    }


def _read(source: Mapping[str, str | None]) -> Mesh:
    path, preview = Path(source["path"] or ""), source["preview"]
    try:
        return read_preview(path, None if preview is None else Path(preview))
    except SpecimenError as error:
        raise SpecimenError(f"{path.name}: {error.problem}", advice=error.advice) from error


@dataclass(frozen=True)
class _Prepared:
    """A specimen as PyVista wants it, in a sphere of radius 1 around the origin."""

    data: Any
    radius: float
    is_cloud: bool
    has_colours: bool
    spacing: float

    @classmethod
    def of(cls, mesh: Mesh, request: Mapping[str, Any]) -> _Prepared:
        import pyvista

        polydata: Any = pyvista.PolyData
        unit = normalise(mesh)
        points = unit.vertices.astype(np.float32)
        if unit.is_point_cloud:
            data = polydata(points)
            data.point_data.active_normals = unit.normals if unit.normals is not None else point_normals(points)
        else:
            data = polydata.from_regular_faces(points, unit.faces)
            data = data.compute_normals(
                cell_normals=False, split_vertices=False, auto_orient_normals=False, consistent_normals=False
            )
        colours = vertex_colours_of(mesh)
        data.point_data["colours"] = _shaded(unit, data, colours, request)
        radius = float(np.max(mesh.extent) / np.max(unit.extent))
        spacing = point_spacing(points) if unit.is_point_cloud else 0.0
        return cls(data, radius, unit.is_point_cloud, colours is not None, spacing)


def _tetrahedron() -> Mesh:
    vertices = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float64)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32))


def _shaded(unit: Mesh, data: Any, colours: np.ndarray | None, request: Mapping[str, Any]) -> np.ndarray:
    """Return a colour per vertex, darker where the surface is hidden from the sky."""
    clay = request["clay"]
    base = np.array([int(clay[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
    depth = 0.62
    if colours is not None and request["colour"]:
        base, depth = colours.astype(np.float32), 0.4
    normals = np.asarray(data.point_data.active_normals)
    if unit.is_point_cloud:
        openness = _light_on_points(np.asarray(data.points), normals)
    else:
        openness = openness_of_vertices(data.points, unit.faces, normals)
    return np.clip(base * (1.0 - depth + depth * openness[:, None]), 0, 255).astype(np.uint8)


def _light_on_points(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return a fixed light from above the front, 0 to 1: vtk.js does not light points by itself."""
    outwards = normals * np.where(np.sum(normals * points, axis=1, keepdims=True) < 0.0, -1.0, 1.0)
    light = np.array([-0.35, -0.6, 0.72])
    return np.asarray(np.clip(0.45 + 0.55 * (outwards @ light), 0.0, 1.0), dtype=np.float32)


def _export(specimens: list[_Prepared], request: Mapping[str, Any]) -> bytes:
    import pyvista

    rows, columns = request["grid"]
    plotter: Any = pyvista.Plotter(shape=(rows, columns), off_screen=True, border=False, lighting="none")
    direction, up = _broad_side(np.asarray(specimens[0].data.points))
    try:
        for index, specimen in enumerate(specimens):
            plotter.subplot(index // columns, index % columns)
            for light in request["lights"]:
                plotter.add_light(
                    pyvista.Light(
                        position=light["position"],
                        color=light["colour"],
                        intensity=light["intensity"],
                        light_type="scene light",
                    ),
                    only_active=True,
                )
            _add_specimen(plotter, specimen, request)
            plotter.view_vector(direction, viewup=up)
            plotter.enable_parallel_projection()
        plotter.link_views(list(range(len(specimens))))
        archive: bytes = plotter.trame.export_vtksz(None)
    finally:
        plotter.close()
    return _with_own_ids(archive, request["name"])


def _broad_side(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where to look from first, and what is up: the broad side, the long axis upright."""
    _, axes = np.linalg.eigh(np.cov(points.T))
    direction, up = axes[:, 0], axes[:, 2]
    if direction @ np.array(FIRST_DIRECTION) < 0:
        direction = -direction
    return direction, up if up[2] >= 0 else -up


def _with_own_ids(archive: bytes, name: str) -> bytes:
    """Return a scene whose objects are called by the scene's name too.

    VTK's exporter calls an object by its address in memory. The next scene uses the same
    addresses again, and vtk.js would then keep parts of the old object: the points of a cloud
    would appear around a tooth.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as exported:
        index = json.loads(exported.read("index.json"))
    scene = re.sub(r'(?<=["{])[0-9a-f]{16}(?=["}-])', lambda found: f"{name}-{found[0]}", json.dumps(index["scene"]))
    index["scene"] = json.loads(scene)
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        target.writestr("index.json", json.dumps(index, separators=(",", ":")))
    return rewritten.getvalue()


def _add_specimen(plotter: Any, specimen: _Prepared, request: Mapping[str, Any]) -> None:
    plotter.add_mesh(
        specimen.data,
        scalars="colours",
        rgb=True,
        style="points" if specimen.is_cloud else "surface",
        smooth_shading=None if specimen.is_cloud else True,
        split_sharp_edges=False,
        ambient=0.16,
        diffuse=0.84,
        specular=0.08,
        specular_power=12.0,
        show_scalar_bar=False,
        copy_mesh=False,
    )


if __name__ == "__main__":
    main()
