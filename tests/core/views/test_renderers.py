"""The renderers draw the same specimen at the same place, and what is drawn shows its form."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.foundation import RendererError
from core.meshes import Mesh, normalise
from core.views import Cameras, Look, ViewSettings, bounds_in_windows, camera_poses, render_views, surface_of
from core.views.renderers import culling, isolation, raster, raycast, scan_conversion
from core.views.renderers.geometry import with_normals
from core.views.renderers.shading import camera_numbers, shading_of
from core.views.renderers.surface import Surface


def bumpy(rings: int = 48) -> Mesh:
    """Return a closed body with bumps, a long end and no symmetry."""
    height, turn = np.mgrid[0 : rings + 1, 0 : 2 * rings]
    polar, azimuth = np.pi * height / rings, np.pi * turn / rings
    radius = 1 + 0.15 * np.sin(5 * azimuth) * np.sin(polar) ** 3 + 0.5 * np.cos(polar) ** 3
    points = np.stack([np.sin(polar) * np.cos(azimuth), 0.7 * np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
    rows, columns = np.mgrid[0:rings, 0 : 2 * rings]
    here, right = rows * 2 * rings + columns, rows * 2 * rings + (columns + 1) % (2 * rings)
    below, across = here + 2 * rings, right + 2 * rings
    faces = np.concatenate(
        [np.stack([here, below, right], -1).reshape(-1, 3), np.stack([right, below, across], -1).reshape(-1, 3)]
    )
    return Mesh((radius[..., None] * points).reshape(-1, 3), faces.astype(np.int32))


def one_camera(size: int, half: float = 0.3) -> Cameras:
    """Return a camera on the z axis that looks down at the origin."""
    return Cameras(camera_poses(5, "faces")[4:5], np.array([[-half, half, -half, half]]), size)


def square(side: float = 1.0) -> Surface:
    """Return a square in the plane z = 0, around the origin, facing up."""
    vertices = side / 2 * np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], np.float32)
    faces = np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    normals, faces = with_normals(vertices, faces)
    return Surface(vertices, faces, normals)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return intersection over union."""
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("draw", [raster.render, raycast.render])
def test_render__puts_a_square_where_geometry_says(draw: object) -> None:
    """A square of side 1, four units away, is a quarter of the plane one unit away."""
    assert callable(draw)
    images, masks = draw(square(), one_camera(120), Look(shading="headlight"))
    rows, columns = np.nonzero(masks[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (35, 84, 35, 84)
    assert masks.sum() == 50 * 50
    assert np.ptp(images[masks]) <= 1
    assert (images[~masks] == 255).all()


@pytest.mark.parametrize("draw", [raster.render, raycast.render])
def test_render__leaves_no_cracks_between_faces(draw: object) -> None:
    """A folded sheet of many slivers is whole: no background shines through."""
    assert callable(draw)
    side = 60
    x, y = np.meshgrid(np.linspace(-1, 1, side) ** 3, np.linspace(-1, 1, side))
    vertices = np.stack([x, y, 0.1 * np.sin(9 * x)], -1).reshape(-1, 3).astype(np.float32)
    here = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.concatenate(
        [np.stack([here, here + 1, here + side], 1), np.stack([here + 1, here + side + 1, here + side], 1)]
    ).astype(np.int32)
    normals, faces = with_normals(vertices, faces)
    _, masks = draw(Surface(vertices, faces, normals), one_camera(200, half=0.2), Look())
    assert masks.all()


@pytest.mark.parametrize("appearance", ["gray", "depth", "normals"])
@pytest.mark.parametrize("shading", ["clay", "occlusion", "headlight", "key"])
@pytest.mark.parametrize("antialias", [1, 4, 16])
def test_render__is_the_same_by_scan_conversion_and_by_ray_casting(
    appearance: str, shading: str, antialias: int
) -> None:
    """Two independent ways to the pixels agree, silhouettes to one pixel in a hundred."""
    settings = ViewSettings(views=3, size=128, appearance=appearance, shading=shading, antialias=antialias)
    one = render_views(bumpy(), settings)
    other = render_views(bumpy(), replace(settings, backend="raycast"))
    assert overlap(one.masks, other.masks) > 0.99
    difference = np.abs(one.images.astype(int) - other.images)
    assert difference.mean() < 1
    assert np.percentile(difference, 99) < 20


@pytest.mark.parametrize("backend", ["raycast", "vtk", "filament"])
def test_render__draws_the_same_silhouettes_with_every_backend(backend: str) -> None:
    """Intersection over union above .98 for every view, and the same light within a tenth."""
    if backend != "raycast" and (reason := isolation.probe(backend)):
        pytest.skip(reason)
    settings = ViewSettings(views=4, size=224)
    ours = render_views(bumpy(), settings)
    theirs = render_views(bumpy(), replace(settings, backend=backend))
    for one, other in zip(ours.masks, theirs.masks, strict=True):
        assert overlap(one, other) > 0.98
    both = ours.masks & theirs.masks
    assert abs(ours.images[both].mean() - theirs.images[both].mean()) < 25


@pytest.mark.parametrize("backend", ["raster", "raycast", "vtk", "filament"])
def test_render__draws_colours_with_every_backend(backend: str) -> None:
    """A red specimen is red, with corner colours as with vertex colours."""
    if backend in ("vtk", "filament") and (reason := isolation.probe(backend)):
        pytest.skip(reason)
    body = bumpy(12)
    red = replace(body, corner_colours=np.tile(np.array([220, 30, 30], np.uint8), (len(body.faces), 3, 1)))
    views = render_views(red, ViewSettings(views=2, size=64, backend=backend, appearance="colour"))
    mean = views.images[views.masks].mean(axis=0)
    assert mean[0] > 3 * mean[1]
    assert mean[0] > 90


def test_render__lights_both_sides_and_any_winding() -> None:
    """Turning all faces over, or every seventh, changes nothing that can be seen."""
    body = bumpy()
    settings = ViewSettings(views=3, size=96)
    reference = render_views(body, settings)
    over = render_views(replace(body, faces=body.faces[:, ::-1].copy()), settings)
    some = body.faces.copy()
    some[::7] = some[::7, ::-1]
    mixed = render_views(replace(body, faces=some), settings)
    assert np.abs(reference.images.astype(int) - over.images).max() <= 2
    assert np.abs(reference.images.astype(int) - mixed.images).mean() < 0.5
    assert reference.images[reference.masks].min() > 15


def test_render__shades_without_black_or_white() -> None:
    """Form fills the range between: few pixels at either end, and a good spread."""
    views = render_views(bumpy(), ViewSettings(views=6, size=128))
    inside = views.images[views.masks]
    assert np.percentile(inside, 1) > 25
    assert np.percentile(inside, 99) < 252
    assert inside.std() > 25


def test_render__smooth_normals_hide_facets_and_flat_ones_show_them() -> None:
    """On a coarse body, flat shading leaves most neighbouring pixels alike, smooth shading few."""
    settings = ViewSettings(views=2, size=128, shading="headlight")
    smooth = render_views(bumpy(10), settings)
    flat = render_views(bumpy(10), replace(settings, normals="flat"))
    inside = smooth.masks[:, :, 1:] & smooth.masks[:, :, :-1]

    def unevenness(images: np.ndarray) -> float:
        second = np.diff(images[..., 0].astype(int), axis=2)
        return float((np.abs(second)[inside] == 0).mean())

    assert np.array_equal(smooth.masks, flat.masks)
    assert unevenness(flat.images) > 2 * unevenness(smooth.images)


def test_render__darkens_cavities_and_lightens_ridges() -> None:
    """In clay, a groove across a plate is darker and a ridge lighter than with the lights alone."""
    x, y = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-1, 1, 201))
    relief = -0.06 * np.exp(-(((y - 0.4) / 0.03) ** 2)) + 0.06 * np.exp(-(((y + 0.4) / 0.03) ** 2))
    vertices = np.stack([x, y, relief], -1).reshape(-1, 3).astype(np.float32)
    here = (np.arange(200)[:, None] * 201 + np.arange(200)).ravel()
    faces = np.concatenate([np.stack([here, here + 1, here + 201], 1), np.stack([here + 1, here + 202, here + 201], 1)])
    normals, faces = with_normals(vertices, faces.astype(np.int32))
    images, _ = raster.render(Surface(vertices, faces, normals), one_camera(200, half=0.2), Look())
    column = images[0, :, 100, 0].astype(int)
    # World y points up or down the picture according to the pose; the two marks tell which is which.
    plate, marks = int(np.median(column)), (column[20:90], column[110:180])
    bottom_of_groove = [mark[len(mark) // 2 - 8 : len(mark) // 2 + 8] for mark in marks]
    assert min(part.min() for part in bottom_of_groove) < plate - 8
    assert max(part.max() for part in bottom_of_groove) > plate + 4


def test_render__darkens_what_sees_little_of_the_sky() -> None:
    """With occlusion, the flat floor of a pit is darker than the plate around it; with the lights alone it is not."""
    x, y = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-1, 1, 201))
    relief = -0.15 * (np.hypot(x, y) < 0.15)
    vertices = np.stack([x, y, relief], -1).reshape(-1, 3).astype(np.float32)
    here = (np.arange(200)[:, None] * 201 + np.arange(200)).ravel()
    faces = np.concatenate([np.stack([here, here + 1, here + 201], 1), np.stack([here + 1, here + 202, here + 201], 1)])
    normals, faces = with_normals(vertices, faces.astype(np.int32))
    plate = Surface(vertices, faces, normals)
    shown = {
        shading: raster.render(plate, one_camera(200, half=0.24), Look(shading=shading))[0][0, ..., 0].astype(int)
        for shading in ("headlight", "occlusion")
    }
    floor, corner = np.s_[97:103, 97:103], np.s_[10:20, 10:20]
    assert abs(shown["headlight"][floor].mean() - shown["headlight"][corner].mean()) < 3
    assert shown["occlusion"][floor].mean() < shown["occlusion"][corner].mean() - 20
    assert shown["occlusion"].min() > 15


def test_render__shows_depth_and_normals_as_documented() -> None:
    """Nearer is lighter; a surface that faces the camera is (128, 128, 255)."""
    near = replace(square(), vertices=square().vertices + np.float32([0, 0, 0.5]))
    there, _ = raster.render(square(), one_camera(32), Look(appearance="depth"))
    here, _ = raster.render(near, one_camera(32), Look(appearance="depth"))
    facing, _ = raster.render(square(), one_camera(32), Look(appearance="normals"))
    assert there[0, 16, 16].tolist() == [155, 155, 155]
    assert here[0, 16, 16].tolist() == [205, 205, 205]
    assert np.abs(facing[0, 16, 16].astype(int) - (128, 128, 255)).max() <= 1


def test_render__smooths_edges() -> None:
    """A slanted edge has steps in between with antialiasing, and none without."""
    triangle = Surface(
        np.array([(-1, -1, 0), (1, -0.7, 0), (-1, 0.9, 0)], np.float32),
        np.array([(0, 1, 2)], np.int32),
        np.tile(np.float32([0, 0, 1]), (3, 1)),
    )
    rough, _ = raster.render(triangle, one_camera(64, half=0.35), Look(shading="headlight", antialias=1))
    fine, _ = raster.render(triangle, one_camera(64, half=0.35), Look(shading="headlight", antialias=4))
    assert len(np.unique(rough)) == 2
    assert len(np.unique(fine)) == 5


def test_render__gives_the_same_bytes_with_any_number_of_threads() -> None:
    """Threads change the time only."""
    alone = render_views(bumpy(), ViewSettings(views=5, size=96), threads=1)
    several = render_views(bumpy(), ViewSettings(views=5, size=96), threads=4)
    assert np.array_equal(alone.images, several.images)


def test_bounds_in_windows__holds_every_projected_vertex() -> None:
    """The same as projecting one by one in float64."""
    vertices = bumpy(10).vertices / 2
    poses = camera_poses(5)
    bounds = bounds_in_windows(vertices.astype(np.float32), poses)
    for pose, bound in zip(poses, bounds, strict=True):
        seen = (vertices - pose[:3, 3]) @ pose[:3, :3]
        places = seen[:, :2] / seen[:, 2:]
        expected = (places[:, 0].min(), places[:, 0].max(), places[:, 1].min(), places[:, 1].max())
        assert bound == pytest.approx(expected, abs=1e-5)


def test_surface_of__makes_a_closed_skin_of_points() -> None:
    """Surfels of a cloud cover what its mesh covers, and are lit alike."""
    body = bumpy(60)
    cloud = replace(body, faces=np.empty((0, 3), np.int32))
    settings = ViewSettings(views=4, size=128, shading="headlight")
    mesh, points = render_views(body, settings), render_views(cloud, settings)
    assert overlap(mesh.masks, points.masks) > 0.95
    both = mesh.masks & points.masks
    assert np.abs(mesh.images.astype(int) - points.images)[both].mean() < 12


def test_surface_of__takes_the_normals_that_a_cloud_brings() -> None:
    """Discs are lit by the normals of the file, not by fitted ones."""
    cloud = Mesh(
        np.random.default_rng(1).uniform(-1, 1, (50, 3)),
        np.empty((0, 3), np.int32),
        normals=np.tile(np.float32([0, 0, 2]), (50, 1)),
    )
    surface = surface_of(cloud)
    assert surface.normals == pytest.approx(np.tile([0, 0, 1], (len(surface.normals), 1)))


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program that is started in place of Python for a renderer's child."""
    program = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", os.fspath(program))
    monkeypatch.setattr(isolation, "_CHILDREN", {})
    return program


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("sleep 60", "The renderer vtk did not answer within 1 s."),
        ("echo no EGL device >&2; exit 7", r"The renderer vtk ended with status 7 \(no EGL device\)\."),
        ("kill -SEGV $$", "The renderer vtk ended with status -11."),
    ],
)
def test_render__outlives_a_renderer_that_hangs_or_crashes(
    misbehaving: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, reason: str
) -> None:
    """A child that does not answer is ended; the error says what happened and what to use instead."""
    misbehaving.write_text(f"#!/bin/sh\n{behaviour}\n")
    misbehaving.chmod(0o755)
    monkeypatch.setattr(isolation, "SECONDS_TO_START", 0.5)
    monkeypatch.setattr(isolation, "SECONDS_A_SPECIMEN", 0.5)
    with pytest.raises(RendererError, match=reason) as caught:
        isolation.render("vtk", square(), one_camera(16), Look())
    assert caught.value.advice == "Use --backend raster, which needs no graphics driver."
    assert "vtk" in isolation.probe("vtk")


def test_render__does_not_take_blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures without the specimen are drawn again by a new child, then reported."""
    drawn: list[int] = []

    class Blank:
        def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
            drawn.append(len(surface.faces) + look.antialias)
            shape = (len(cameras.windows), cameras.size, cameras.size)
            return np.full((*shape, 3), 255, np.uint8), np.zeros(shape, bool)

    monkeypatch.setattr(isolation, "_child_of", lambda backend, made_for: Blank())
    with pytest.raises(RendererError, match="The renderer filament draws blank pictures on this machine"):
        isolation.render("filament", square(), one_camera(16), Look())
    assert len(drawn) == 2


def test_render__replaces_a_child_after_some_specimens_and_for_another_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a driver leaks goes with its process; a child draws one size of picture only."""
    started: list[tuple[int, int]] = []
    ended: list[tuple[int, int]] = []

    class Willing:
        def __init__(self, backend: str, made_for: tuple[int, int]) -> None:
            self.made_for, self.specimens = made_for, 0
            started.append(made_for)

        def render(self, surface: Surface, cameras: Cameras, look: Look) -> tuple[np.ndarray, np.ndarray]:
            self.specimens += 1
            shape = (len(cameras.windows), cameras.size, cameras.size)
            return np.zeros((*shape, 3), np.uint8), np.ones(shape, bool)

        def end(self) -> None:
            ended.append(self.made_for)

    monkeypatch.setattr(isolation, "_Child", Willing)
    monkeypatch.setattr(isolation, "_CHILDREN", {})
    monkeypatch.setattr(isolation, "_SPECIMENS_A_CHILD", 2)
    for size in (16, 16, 16, 24):
        isolation.render("vtk", square(), one_camera(size), Look())
    assert started == [(16, 4), (16, 4), (24, 4)]
    assert ended == [(16, 4), (16, 4)]


@pytest.mark.parametrize("turn", range(4))
def test_within_reach__leaves_out_no_pixel_that_shows_something(turn: int) -> None:
    """The pixels that rays are cast through hold all that scan conversion finds, and not the whole picture."""
    surface = surface_of(normalise(bumpy(24)))
    pose = camera_poses(4)[turn]
    window = np.array([-0.4, 0.35, -0.3, 0.45])
    chosen = culling.within_reach(
        culling.clusters_of(surface.vertices, surface.faces), camera_numbers(pose, window, 120), 120, 2
    )
    _, masks = raster.render(surface, Cameras(pose[None], window[None], 120), Look(antialias=1))
    assert set(np.flatnonzero(masks[0])) <= set(chosen)
    assert len(set(chosen)) == len(chosen) < 0.8 * 120 * 120


@pytest.mark.parametrize("seed", [1, 2])
def test_scan__shows_what_comparing_every_face_with_every_sample_shows(seed: int) -> None:
    """Clusters, tiles and short cuts hide nothing: large and tiny, crossing and doubled faces, any order."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-0.8, 0.8, (400, 1, 3))
    corners = middles + rng.normal(size=(400, 3, 3)) * np.repeat([0.4, 0.05, 0.01, 0.004], 100)[:, None, None]
    vertices = np.concatenate([corners, corners[:50]]).reshape(-1, 3).astype(np.float32)
    faces = rng.permutation(np.arange(len(vertices), dtype=np.int32).reshape(-1, 3))
    cameras = one_camera(64)
    camera = camera_numbers(cameras.camera_to_world[0], cameras.windows[0], 64)
    shading = shading_of(Surface(vertices, faces, np.zeros_like(vertices)), Look())
    buffers = raster._Buffers(len(vertices), 64, 2, 1)
    raster._scan(camera, raster._Scene.of(*shading.arguments[:2]), buffers, 2)
    seen, nearest = brute_force(buffers.places, buffers.nearness, faces, 128)
    assert (buffers.seen >= 0).mean() > 0.3
    np.testing.assert_array_equal(buffers.seen, seen)
    np.testing.assert_allclose(buffers.nearest, nearest, rtol=1e-6)


def test_scan__shares_its_clusters_with_those_that_choose_them() -> None:
    """Compiled code keeps numbers of its own: both sides count the same faces to a cluster."""
    assert scan_conversion._CLUSTER == culling._CLUSTER
    assert scan_conversion._NEAREST == culling._NEAREST


def brute_force(places: np.ndarray, nearness: np.ndarray, faces: np.ndarray, width: int) -> tuple[np.ndarray, ...]:
    """Return face and nearness of every sample, one face after the other over the whole picture."""
    seen, nearest = np.full((width, width), -1), np.zeros((width, width), np.float32)
    y, x = np.mgrid[0:width, 0:width] * 256 + 128
    for number, (a, b, c) in enumerate(faces):
        (ax, ay), (bx, by), (cx, cy) = places[[a, b, c]].astype(np.int64)
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        if area < 0:
            b, c, bx, by, cx, cy, area = c, b, cx, cy, bx, by, -area
        in_b, in_c = (x - ax) * (cy - ay) - (y - ay) * (cx - ax), (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        inside = (in_b >= 0) & (in_c >= 0) & (area - in_b - in_c >= 0)
        share = np.float32(1) / np.float32(area)
        slopes = (nearness[b] - nearness[a]) * share, (nearness[c] - nearness[a]) * share
        near = nearness[a] + in_b.astype(np.float32) * slopes[0] + in_c.astype(np.float32) * slopes[1]
        closer = inside & (near > nearest)
        seen[closer], nearest[closer] = number, near[closer]
    return seen, nearest
