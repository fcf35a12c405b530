"""The child process that turns specimens into a scene for the 3D viewer.

It is started by `core.scenes` as `python -m core.scene_worker`, imports PyVista once, and then
answers one line of JSON on standard input with one line of JSON on standard output, until its
standard input is closed. Whatever a driver or a library prints goes to standard error, and
whatever takes this process down takes nothing else with it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CoreError

# Viewports in a row, by the number of specimens.
COLUMNS_OF_COUNT = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}


def grid_of(count: int) -> tuple[int, int]:
    """Return the rows and columns of the viewports for `count` specimens."""
    columns = COLUMNS_OF_COUNT[count]
    return -(-count // columns), columns


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
        Path(request["target"]).write_bytes(_export(request))
    except CoreError as error:
        return {"error": error.problem, "advice": error.advice}
    except ImportError as error:
        return {"error": f"The viewer lacks a package ({error}).", "advice": "Run `make app` again to install it."}
    except (OSError, RuntimeError, ValueError) as error:
        return {"error": f"The 3D scene could not be made ({error}).", "advice": ""}
    return {"seconds": time.monotonic() - started}


def _export(request: Mapping[str, Any]) -> bytes:
    import pyvista

    meshes = [_polydata(Path(path)) for path in request["paths"]]
    rows, columns = grid_of(len(meshes))
    plotter = pyvista.Plotter(shape=(rows, columns), off_screen=True, border=False, lighting="none")
    try:
        for index, mesh in enumerate(meshes):
            plotter.subplot(index // columns, index % columns)
            plotter.set_background(request["background"])
            _add_lights(plotter)
            _add_specimen(plotter, mesh, request)
            plotter.view_vector((0.35, -1.0, 0.3), viewup=(0.0, 0.0, 1.0))
            plotter.camera.zoom(1.25)
        plotter.link_views(list(range(len(meshes))))
        archive: bytes = plotter.trame.export_vtksz(None)
    finally:
        plotter.close()
    return archive


def _polydata(path: Path) -> Any:
    import pyvista
    from core.meshes import read_mesh

    mesh = read_mesh(path)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    # One size for all: linked cameras then frame a shrew's tooth and a femur alike.
    radius = float(np.linalg.norm(high - low)) / 2.0 or 1.0
    points = ((mesh.vertices - (low + high) / 2.0) / radius).astype(np.float32)
    data = pyvista.PolyData.from_regular_faces(points, mesh.faces) if len(mesh.faces) else pyvista.PolyData(points)
    if mesh.vertex_colours is not None:
        data.point_data["colours"] = np.ascontiguousarray(mesh.vertex_colours[:, :3], dtype=np.uint8)
    return data


def _add_lights(plotter: Any) -> None:
    """Add a headlight and a soft key light that follow the camera."""
    import pyvista

    head = pyvista.Light(light_type="headlight", intensity=0.62, color="#fff8ee")
    key = pyvista.Light(position=(-0.9, 1.1, 1.0), light_type="camera light", intensity=0.5, color="#fff4e0")
    for light in (head, key):
        plotter.add_light(light)


def _add_specimen(plotter: Any, mesh: Any, request: Mapping[str, Any]) -> None:
    style = request["style"]
    is_cloud = mesh.n_faces_strict == 0
    settings: dict[str, Any] = {"ambient": 0.12, "diffuse": 0.9, "specular": 0.12, "specular_power": 18.0}
    if "colours" in mesh.point_data and (style == "colour" or (is_cloud and style == "clay")):
        settings |= {"scalars": "colours", "rgb": True}
    else:
        settings |= {"color": request["clay"]}
    if is_cloud or style == "points":
        settings |= {"style": "points", "point_size": request["point_size"], "lighting": not is_cloud}
    elif style == "wireframe":
        settings |= {"style": "wireframe", "line_width": 1.0}
    elif "scalars" not in settings or style == "clay":
        settings |= {"smooth_shading": True, "split_sharp_edges": False}
    plotter.add_mesh(mesh, show_scalar_bar=False, copy_mesh=False, **settings)


def requests_of(paths: Sequence[Path]) -> list[str]:
    """Return paths as they travel to the child process."""
    return [str(path) for path in paths]


if __name__ == "__main__":
    main()
