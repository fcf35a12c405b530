"""Scans far from the origin and in other units: the same form, the same measures, the same place."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.spatial import cKDTree

from core.cli.main import main
from core.meshes import (
    Mesh,
    aligned,
    curvature_of,
    decimate,
    measure,
    normalise,
    read_mesh,
    register,
    weld,
    write_ply,
)
from core.meshes.bodies import body_of
from core.scenes import TurntableSettings, read_preview
from core.scenes.export import Prepared
from core.scenes.surface_colours import Painted
from core.scenes.turntable import turntable_frames
from core.views import ViewSettings, render_views

PLACES = [(shift, scale) for shift in (0.0, 5e5, -5e6) for scale in (1e-6, 1e-3, 1.0, 1e3, 1e6)]


def held(finest: float) -> list[tuple[float, float]]:
    """Return the places and scales at which doubles tell lengths of `finest` apart."""
    return [(shift, scale) for shift, scale in PLACES if np.spacing(abs(shift)) <= finest * scale]


def bean(rings: int = 14) -> Mesh:
    """Return a closed surface without symmetry, about 2 long, around the origin."""
    height, turn = np.mgrid[1:rings, 0 : 2 * rings]
    polar, azimuth = np.pi * height / rings, np.pi * turn / rings
    belt = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
    points = np.concatenate([belt.reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]])
    points *= (1 + points @ [[0.25], [0.2], [0.15]]) * [1, 0.7, 0.5]
    points[:, 2] += 0.2 * points[:, 0] ** 2
    wide, last = 2 * rings, (rings - 2) * 2 * rings
    top, bottom = len(points) - 2, len(points) - 1
    faces = []
    for k in range(wide):
        right = (k + 1) % wide
        faces += [(top, k, right), (bottom, last + right, last + k)]
        for row in range(0, last, wide):
            faces += [(row + k, row + wide + k, row + right), (row + right, row + wide + k, row + wide + right)]
    return Mesh(points, np.array(faces, dtype=np.int32))


BEAN = bean()


def moved(shift: float, scale: float, mesh: Mesh = BEAN) -> tuple[Mesh, np.ndarray, float]:
    """Return the mesh at another place in another unit, that place, and the precision of doubles there."""
    place = np.array([shift, 0.9 * shift, -0.01 * shift])
    there = replace(mesh, vertices=mesh.vertices * scale + place)
    return there, place, 1e-6 + 20 * np.spacing(abs(shift)) / scale


def far_apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest distance of a point of either set to the nearest of the other."""
    return float(max(cKDTree(one).query(other)[0].max(), cKDTree(other).query(one)[0].max()))


@pytest.mark.parametrize(("shift", "scale"), held(1e-4))
def test_moved_mesh__has_the_measures_of_the_mesh_at_the_origin(shift: float, scale: float) -> None:
    """Lengths, area, volume, closedness, curvature, axes, main body."""
    there, _, precision = moved(shift, scale)
    found, wanted = measure(there), measure(BEAN)
    assert found.surface == wanted.surface == "closed"
    assert found.volume is not None
    for name, power in (("area", 2), ("volume", 3), ("length_1", 1), ("length_3", 1), ("centroid_radius", 1)):
        assert getattr(found, name) / scale**power == pytest.approx(getattr(wanted, name), rel=10 * precision), name
    limit = 1e3 * precision
    assert np.abs(curvature_of(there) * scale - curvature_of(BEAN)).max() <= limit * np.abs(curvature_of(BEAN)).max()
    assert np.abs(aligned(there).vertices / scale - aligned(BEAN).vertices).max() <= limit
    assert np.abs(normalise(there).vertices - normalise(BEAN).vertices).max() <= limit
    assert len(weld(there.vertices)[1]) == len(BEAN.vertices)
    assert body_of(there.vertices, there.faces) is None


@pytest.mark.parametrize(("shift", "scale"), held(1e-7))
def test_decimate__simplifies_a_moved_mesh_alike(shift: float, scale: float) -> None:
    """As many faces, and the same places; fast_simplification alone left all of them at 1e6."""
    there, place, _ = moved(shift, scale)
    found, wanted = decimate(there, 200), decimate(BEAN, 200)
    assert len(found.faces) == len(wanted.faces)
    assert 190 <= len(found.faces) <= 200
    assert far_apart((found.vertices - place) / scale, wanted.vertices) < 1e-4


@settings(deadline=None, max_examples=25)
@given(shift=st.floats(-5e6, 5e6), power=st.integers(-6, 6))
def test_write_ply__keeps_any_place(tmp_path_factory: pytest.TempPathFactory, shift: float, power: int) -> None:
    """What is read back lies within a millionth of the extent, with every vertex and face."""
    there, _, _ = moved(shift, 10.0**power)
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(path, there)
    assert b"property float x" in path.read_bytes() or b"property double x" in path.read_bytes()
    if np.spacing(abs(shift)) > 1e-7 * 10.0**power:
        return
    back = read_mesh(path)
    assert len(back.vertices) == len(BEAN.vertices)
    assert np.array_equal(back.faces, BEAN.faces)
    assert np.abs(back.vertices - there.vertices).max() <= 1e-6 * there.extent.max()


def test_write_ply__stays_single_near_the_origin(tmp_path: Path) -> None:
    """Files that lose nothing keep their bytes: float coordinates."""
    write_ply(tmp_path / "a.ply", BEAN)
    assert b"property float x\n" in (tmp_path / "a.ply").read_bytes()
    write_ply(tmp_path / "b.ply", moved(5e5, 1.0)[0])
    assert b"property double x\n" in (tmp_path / "b.ply").read_bytes()


def as_ply(mesh: Mesh, kind: str) -> bytes:
    """Return a mesh as PLY with double coordinates."""
    head = f"ply\nformat {kind} 1.0\nelement vertex {len(mesh.vertices)}\n"
    head += "".join(f"property double {axis}\n" for axis in "xyz")
    head += f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    if kind == "ascii":
        rows = [" ".join(map(repr, point)) for point in mesh.vertices.tolist()]
        return (head + "\n".join([*rows, *(f"3 {a} {b} {c}" for a, b, c in mesh.faces)]) + "\n").encode()
    order = "<" if "little" in kind else ">"
    body = b"".join(struct.pack(f"{order}Biii", 3, *face) for face in mesh.faces.tolist())
    return head.encode() + mesh.vertices.astype(f"{order}f8").tobytes() + body


def as_off(mesh: Mesh) -> bytes:
    """Return a mesh as OFF."""
    rows = [" ".join(map(repr, point)) for point in mesh.vertices.tolist()]
    rows += [f"3 {a} {b} {c}" for a, b, c in mesh.faces]
    return (f"OFF\n{len(mesh.vertices)} {len(mesh.faces)} 0\n" + "\n".join(rows) + "\n").encode()


def as_obj(mesh: Mesh) -> bytes:
    """Return a mesh as OBJ."""
    rows = ["v " + " ".join(map(repr, point)) for point in mesh.vertices.tolist()]
    rows += [f"f {a} {b} {c}" for a, b, c in mesh.faces + 1]
    return ("\n".join(rows) + "\n").encode()


def as_stl(mesh: Mesh) -> bytes:
    """Return a mesh as ASCII STL."""
    facets = []
    for corners in mesh.vertices[mesh.faces].tolist():
        lines = "".join(f"vertex {x!r} {y!r} {z!r}\n" for x, y, z in corners)
        facets.append(f"facet normal 0 0 0\nouter loop\n{lines}endloop\nendfacet\n")
    return ("solid a\n" + "".join(facets) + "endsolid a\n").encode()


FORMATS: dict[str, tuple[str, Callable[[Mesh], bytes]]] = {
    "ascii ply": (".ply", lambda mesh: as_ply(mesh, "ascii")),
    "little ply": (".ply", lambda mesh: as_ply(mesh, "binary_little_endian")),
    "big ply": (".ply", lambda mesh: as_ply(mesh, "binary_big_endian")),
    "off": (".off", as_off),
    "obj": (".obj", as_obj),
    "ascii stl": (".stl", as_stl),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_views__of_a_moved_mesh_are_those_of_the_mesh(tmp_path: Path, kind: str) -> None:
    """Every format that can hold the place in text or double precision: IoU 1.000."""
    suffix, encode = FORMATS[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode(moved(5e6, 1.0)[0]))
    look = ViewSettings(views=4, size=128)
    there, here = render_views(read_mesh(path), look).masks, render_views(BEAN, look).masks
    assert (there & here).sum() / (there | here).sum() > 0.9995


def test_views__of_a_moved_cloud_are_those_of_the_cloud(tmp_path: Path) -> None:
    """Points without faces, too."""
    cloud = Mesh(BEAN.vertices.copy(), np.empty((0, 3), np.int32))
    path = tmp_path / "a.ply"
    write_ply(path, moved(5e6, 1.0, cloud)[0])
    look = ViewSettings(views=2, size=128)
    there, here = render_views(read_mesh(path), look).masks, render_views(cloud, look).masks
    assert (there & here).sum() / (there | here).sum() > 0.999


def test_viewer__shows_a_moved_mesh_as_the_mesh(tmp_path: Path) -> None:
    """The stored preview, the scene for the browser and the turntable."""
    path = tmp_path / "a.ply"
    there = moved(5e6, 1.0)[0]
    path.write_bytes(as_ply(there, "ascii"))
    first, again = (read_preview(path, tmp_path / "preview.ply") for _ in range(2))
    assert np.array_equal(first.vertices, again.vertices)
    assert len(again.vertices) == len(BEAN.vertices)
    shown, wanted = (np.asarray(Prepared.of(Painted(mesh, None), "#cccccc").data.points) for mesh in (again, BEAN))
    assert np.abs(shown - wanted).max() < 1e-6
    look = TurntableSettings(frames=4, size=64)
    assert np.abs(turntable_frames(again, look).astype(int) - turntable_frames(BEAN, look)).mean() < 0.5


def test_read_preview__makes_one_again_that_lost_its_shape(tmp_path: Path) -> None:
    """Earlier versions stored previews in single precision, at any place."""
    path, preview = tmp_path / "a.ply", tmp_path / "preview.ply"
    there = moved(5e5, 1.0)[0]
    path.write_bytes(as_ply(there, "ascii"))
    lost = replace(there, vertices=there.vertices.astype(np.float32).astype(np.float64))
    write_ply(preview, lost)
    assert b"property float x\n" in preview.read_bytes()
    assert np.abs(read_preview(path, preview).vertices - there.vertices).max() < 1e-6


@pytest.mark.parametrize("shift", [5e5, 5e6])
def test_register__finds_the_same_pose_far_away(shift: float) -> None:
    """A copy that is turned, scaled and far away is laid on as the one nearby."""
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], float)
    turned = replace(BEAN, vertices=BEAN.vertices @ turn.T * 1.3)
    query, other = moved(shift, 1.0)[0], moved(-shift, 1.0, turned)[0]
    near, far = register(BEAN, turned), register(query, other)
    assert far.scale == pytest.approx(near.scale, rel=1e-6)
    assert far.rms == pytest.approx(near.rms, rel=1e-3)
    assert np.abs(far.distances - near.distances).max() < 1e-5
    laid_on = other.vertices @ far.other_to_query[:3, :3].T + far.other_to_query[:3, 3]
    assert far_apart(laid_on, query.vertices) < 0.02


def test_register_command__writes_a_ply_that_lies_on_the_query(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The coloured query has the coordinates of the query, to the last digit of a double."""
    query, other = tmp_path / "query.ply", tmp_path / "other.ply"
    query.write_bytes(as_ply(moved(5e6, 1.0)[0], "ascii"))
    other.write_bytes(as_ply(BEAN, "ascii"))
    arguments = ["register", "--query", str(query), "--other", str(other), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "double precision" in capsys.readouterr().out
    written = read_mesh(tmp_path / "out" / "register_query_and_other.ply")
    assert np.array_equal(written.vertices, read_mesh(query).vertices)
    assert written.vertex_colours is not None
    matrix = np.array(json.loads((tmp_path / "out" / "register_query_and_other.json").read_text())["other_to_query"])
    laid_on = BEAN.vertices @ matrix[:3, :3].T + matrix[:3, 3]
    assert far_apart(laid_on, written.vertices) < 0.02


FIELD = ["km.ply", "micrometre.ply", "mm.ply", "utm.ply", "utm_obj.obj", "utm_stl.stl"]


@pytest.mark.parametrize("name", FIELD)
def test_field_case__is_the_clean_form(shared: Path, name: str, tmp_path: Path) -> None:
    """Read, drawn and kept as a preview like the clean file."""
    folder = shared / "field_cases" / "20_huge_coordinates" / "in"
    clean, found = read_mesh(folder / "clean.ply"), read_mesh(folder / name)
    assert len(found.vertices) == len(clean.vertices) == 114
    assert not found.notes
    look = ViewSettings(views=4, size=160)
    there, here = render_views(found, look).masks, render_views(clean, look).masks
    assert (there & here).sum() / (there | here).sum() > 0.9985  # files of six decimals
    read_preview(folder / name, tmp_path / "preview.ply")
    kept = read_preview(folder / name, tmp_path / "preview.ply")
    assert far_apart(normalise(kept).vertices, normalise(clean).vertices) < 3e-5
    assert measure(found).surface == measure(clean).surface
