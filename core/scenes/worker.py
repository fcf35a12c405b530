"""Child process that makes scenes for the 3D viewer, and turntables.

`core.scenes.child` starts it as `python -m core.scenes.worker`. It imports PyVista once, and then
answers each line of JSON on standard input with a line of JSON on standard output, until its
standard input is closed. Output of drivers and libraries goes to standard error, and a crash of
this process affects no other process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.foundation import CoreError, RendererError, SpecimenError, keep_offline
from core.meshes import Mesh, RegistrationSettings, decimate, read_mesh, warm_up_decimation, write_ply
from core.scenes.previews import MOST_FACES, read_preview, read_skin
from core.scenes.surface_colours import Legend, Painted, modes_of, paint
from core.scenes.turntable import TurntableSettings, turntable_frames, write_turntable


def main() -> None:
    """Answer requests until standard input ends."""
    keep_offline()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # VTK and its drivers print to stdout, which would break the replies
    for line in sys.stdin:
        replies.write(json.dumps(_answer(json.loads(line))) + "\n")
        replies.flush()


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    try:
        reply = _turntable(request) if "turntable" in request else _scene(request)
    except CoreError as error:
        return {"error": error.sentences.as_json()}
    except ImportError as error:
        failed = RendererError(
            "The viewer lacks a package ({reason}).", advice="Run `make app` again to install it.", reason=error
        )
        return {"error": failed.sentences.as_json()}
    except (OSError, RuntimeError, ValueError, AttributeError, TypeError) as error:
        # trame raises AttributeError or TypeError if versions of its parts do not fit together.
        reason = f"{type(error).__name__}: {error}"
        failed = RendererError("The 3D scene could not be made ({reason}).", reason=reason)
        return {"error": failed.sentences.as_json()}
    except MemoryError:
        failed = RendererError("The specimens do not fit into memory.", advice="Look at the preview instead.")
        return {"error": failed.sentences.as_json()}
    return reply | {"seconds": time.monotonic() - started}


def _scene(request: Mapping[str, Any]) -> dict[str, Any]:
    from core.scenes.export import Prepared, export

    # A request without sources is a warm-up: the imports of a first scene take seconds.
    meshes, skins = _read_all(request)
    if not meshes:
        _get_ready_to_read(Path(request["target"]))
        meshes, skins = [_tetrahedron()], [None]
    painted, legend = _paint(meshes, skins, request["config"])
    specimens = [Prepared.of(one, request["config"]["clay"]) for one in painted]
    Path(request["target"]).write_bytes(export(specimens, request))
    return {
        "radii": [specimen.radius for specimen in specimens],
        "spacings": [specimen.spacing for specimen in specimens],
        "clouds": [specimen.is_cloud for specimen in specimens],
        "counts": [len(mesh.vertices) if mesh.is_point_cloud else len(mesh.faces) for mesh in meshes],
        "modes": modes_of(meshes, skins),
        "textured": [specimen.skin is not None for specimen in specimens],
        "legend": None if legend is None else asdict(legend),
    }


def _turntable(request: Mapping[str, Any]) -> dict[str, Any]:
    # The renderer has no textures: it draws the corner colours of the scan in full resolution.
    is_texture = request["config"]["mode"] == "texture"
    config = request["config"] | ({"detail": "full"} if is_texture else {})
    meshes, skins = _read_all({**request, "config": config})
    query, target = _paint(meshes, skins, config)[0][0], Path(request["target"])
    mesh, settings = query.mesh, TurntableSettings(**request["turntable"])
    if query.colours is not None:
        settings = replace(settings, appearance="colour")
    if query.colours is not None and not is_texture:
        mesh = replace(mesh, vertex_colours=query.colours, corner_colours=None)
    if target.suffix == ".jpg":
        _write_strip(target, turntable_frames(mesh, settings))
    else:
        write_turntable(target, mesh, settings)
    return {}


def _write_strip(path: Path, frames: np.ndarray) -> None:
    """Write all frames side by side, for a page that shows one after the other."""
    from PIL import Image

    Image.fromarray(np.concatenate(list(frames), axis=1)).save(path, quality=88)


def _paint(
    meshes: Sequence[Mesh], skins: Sequence[np.ndarray | None], config: Mapping[str, Any]
) -> tuple[list[Painted], Legend | None]:
    settings = RegistrationSettings(**config["registration"])
    return paint(meshes, config["mode"], skins=skins, against=config["against"], settings=settings)


def _read_all(request: Mapping[str, Any]) -> tuple[list[Mesh], list[np.ndarray | None]]:
    both = [_read(source, request["config"]["detail"]) for source in request["sources"]]
    return [mesh for mesh, _ in both], [skin for _, skin in both]


def _read(source: Mapping[str, str | None], detail: str) -> tuple[Mesh, np.ndarray | None]:
    path, preview = Path(source["path"] or ""), None if source["preview"] is None else Path(source["preview"])
    try:
        if detail == "full":
            return decimate(read_mesh(path), MOST_FACES), None
        mesh = read_preview(path, preview)
        return mesh, read_skin(preview, mesh)
    except SpecimenError as error:
        raise SpecimenError("{file}: {reason}", file=path.name, reason=error.reason) from error


def _get_ready_to_read(target: Path) -> None:
    """Read a tiny specimen to load the compiled code for meshes."""
    path = target.with_suffix(".ply")
    write_ply(path, _tetrahedron())
    read_preview(path)
    path.unlink()
    warm_up_decimation()


def _tetrahedron() -> Mesh:
    vertices = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float64)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32))


if __name__ == "__main__":
    main()
