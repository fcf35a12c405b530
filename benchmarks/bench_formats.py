"""Field cases of meshes read by this program, trimesh and Open3D: who is right.

`python -m benchmarks.bench_formats` prints the table of docs/formats.md. Every case lies beside a file
`clean*.ply` of the same form. A surface is right if both surfaces lie within a thousandth of the size of
the form of one another, a point cloud if its points are the same.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import CoreError
from core.meshes import read_mesh

CASES = Path(__file__).resolve().parents[1].parent / "shared" / "field_cases"
_NEAR = 1e-3  # of the size of the form
_SAMPLES = 20_000
_UNITS = ("mm.ply", "km.ply", "micrometre.ply")  # the same form in other units than clean.ply
_DARTS = "dart_start"  # no clean file beside them: their area is known
_DART_AREA = 2 * 1.5 + 0.3 * 2 * (np.hypot(1, 1) + np.hypot(1, 2.5))


@dataclass(frozen=True)
class Form:
    """Vertices and triangles, none for a point cloud."""

    vertices: np.ndarray
    faces: np.ndarray


def read_here(path: Path) -> Form:
    """Read a file by this program."""
    mesh = read_mesh(path)
    return Form(np.asarray(mesh.vertices), np.asarray(mesh.faces))


def read_by_trimesh(path: Path) -> Form:
    """Read a file by trimesh, all its geometries in one."""
    import trimesh

    loaded = trimesh.load(path, process=False)
    parts = list(loaded.geometry.values()) if isinstance(loaded, trimesh.Scene) else [loaded]
    if not parts:
        raise ValueError("empty")
    vertices, faces, before = [], [], 0
    for part in parts:
        vertices.append(np.asarray(part.vertices))
        faces.append(np.asarray(getattr(part, "faces", np.empty((0, 3), int))).reshape(-1, 3) + before)
        before += len(part.vertices)
    return Form(np.concatenate(vertices), np.concatenate(faces))


def read_by_open3d(path: Path) -> Form:
    """Read a file by Open3D, as a point cloud if it gives no triangles."""
    import open3d

    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        mesh = open3d.io.read_triangle_mesh(str(path))
        if len(mesh.triangles):
            return Form(np.asarray(mesh.vertices), np.asarray(mesh.triangles))
        cloud = open3d.io.read_point_cloud(str(path))
    if not len(cloud.points):
        raise ValueError("empty")
    return Form(np.asarray(cloud.points), np.empty((0, 3), int))


def judged(read: Callable[[Path], Form], path: Path) -> str:
    """Return `right`, `wrong` with what differs, or `refused`."""
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            form = read(path)
    except CoreError:
        return "refused"
    except Exception:  # noqa: BLE001 other libraries raise anything
        return "refused"
    if not len(form.vertices):
        return "refused"
    if path.name.startswith(_DARTS):
        return "right" if np.isclose(_area(form), _DART_AREA, rtol=1e-5) else "**wrong**"
    clean = read_here(_clean_of(path))
    return "right" if _is_same(form, clean, path) else "**wrong**"


def _clean_of(path: Path) -> Path:
    cloud = path.with_name("clean_cloud.ply")
    return cloud if "cloud" in path.name and cloud.is_file() else path.with_name("clean.ply")


def _is_same(form: Form, clean: Form, path: Path) -> bool:
    """Return whether two forms are the same, wherever they lie if the case is one of large coordinates."""
    if bool(len(form.faces)) != bool(len(clean.faces)) or not np.isfinite(form.vertices).all():
        return False
    if len(form.faces) and (form.faces.max() >= len(form.vertices) or not _area(form) > 0):
        return False
    moved = [_centred(one, scaled=path.name in _UNITS, free="huge" in str(path)) for one in (form, clean)]
    size = float(np.ptp(moved[1].vertices, axis=0).max())
    return max(_distance(moved[0], moved[1]), _distance(moved[1], moved[0])) < _NEAR * size


def _centred(form: Form, *, scaled: bool, free: bool) -> Form:
    vertices = form.vertices
    if free:
        vertices = vertices - (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    return Form(vertices / np.ptp(vertices, axis=0).max() if scaled else vertices, form.faces)


def _distance(of: Form, to: Form) -> float:
    """Return the largest distance of sampled points of a form to the other form."""
    from scipy.spatial import cKDTree

    if not len(of.faces):
        return float(cKDTree(to.vertices).query(of.vertices)[0].max())
    import open3d

    rng = np.random.default_rng(0)
    corners = of.vertices[of.faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = rng.choice(len(corners), _SAMPLES, p=areas / areas.sum())
    weights = rng.dirichlet((1, 1, 1), _SAMPLES)
    points = np.einsum("nk,nkd->nd", weights, corners[chosen])
    scene = open3d.t.geometry.RaycastingScene()
    scene.add_triangles(to.vertices.astype(np.float32), to.faces.astype(np.uint32))
    return float(scene.compute_distance(points.astype(np.float32)).numpy().max())


def _area(form: Form) -> float:
    corners = form.vertices[form.faces]
    return float(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    )


def main() -> int:
    """Print the table, and return 1 if this program is wrong in any row."""
    logging.disable(logging.CRITICAL)
    kinds = (".ply", ".obj", ".stl", ".off")
    readers = (read_here, read_by_trimesh, read_by_open3d)
    print("| case | file | this program | trimesh | Open3D |\n|---|---|---|---|---|")
    wrong = 0
    for path in sorted(CASES.rglob("*")):
        case = path.relative_to(CASES).parts[0]
        if path.suffix not in kinds or path.name.startswith("clean") or not _clean_of(path).is_file():
            continue
        verdicts = [judged(read, path) for read in readers]
        wrong += verdicts[0] == "**wrong**"
        print(f"| {case[3:].replace('_', ' ')} | {path.name} | {' | '.join(verdicts)} |", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
