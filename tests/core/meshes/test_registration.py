"""Registration: moved copies, mirror images, point clouds, failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import open3d
import pytest
from scipy.spatial.transform import Rotation

from core.cli import main
from core.foundation import SettingError, SpecimenError
from core.meshes import Mesh, RegistrationSettings, read_mesh, register, write_ply
from core.scenes import colours_of_distances, draw_differences, with_distances
from tests.fakes import ellipsoid

FEW = RegistrationSettings(points=800)


def bean(segments: int = 40, *, bend: float = 0.8) -> Mesh:
    """Return a closed surface without any symmetry."""
    z = np.linspace(-1, 1, segments)[1:-1, None]
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)[None]
    radius = np.sqrt(1 - z**2) * (0.45 + 0.2 * z + 0.12 * np.cos(angle - 1) * (z > 0) * z)
    x, y = radius * np.cos(angle) + bend * z**2, 0.7 * radius * np.sin(angle) + 0.3 * z**3
    rings = np.stack([x, y, np.broadcast_to(1.4 * z, x.shape)], axis=2).reshape(-1, 3)
    ends = np.array([[bend, -0.3, -1.4], [bend, 0.3, 1.4]])
    here = np.arange((segments - 3) * segments).reshape(-1, segments)
    beside = np.roll(here, -1, axis=1)
    faces = [
        np.stack([here, beside, here + segments], axis=2).reshape(-1, 3),
        np.stack([beside, beside + segments, here + segments], axis=2).reshape(-1, 3),
    ]
    first, last, count = np.arange(segments), np.arange(segments) + (segments - 3) * segments, len(rings)
    faces.append(np.stack([np.roll(first, -1), first, np.full(segments, count)], axis=1))
    faces.append(np.stack([last, np.roll(last, -1), np.full(segments, count + 1)], axis=1))
    return Mesh(np.concatenate([rings, ends]), np.concatenate(faces).astype(np.int32))


def moved(mesh: Mesh, factor: float = 1.0) -> Mesh:
    """Return a rotated, shifted and enlarged copy."""
    rotation = Rotation.from_euler("xyz", [70, -130, 40], degrees=True).as_matrix()
    return replace(mesh, vertices=factor * mesh.vertices @ rotation.T + [30, -4, 7])


@pytest.mark.parametrize(("factor", "scale"), [(1.0, False), (1.0, True), (25.4, True)])
def test_register__finds_the_pose_of_a_moved_copy(factor: float, scale: bool) -> None:
    """The copy is shifted, rotated and in another unit."""
    found = register(bean(), moved(bean(), factor), RegistrationSettings(scale=scale, points=800))
    assert not found.has_failed
    assert found.rms < 0.01
    assert found.hausdorff < 0.05
    assert found.scale == pytest.approx(1 / factor, rel=1e-6)
    back = moved(bean(), factor).vertices @ found.other_to_query[:3, :3].T + found.other_to_query[:3, 3]
    assert np.allclose(back, bean().vertices, atol=0.05)


def test_register__takes_a_mirror_image_only_if_asked() -> None:
    """The mirror image fits if it is tried, and an exact copy is not taken for one."""
    other = moved(replace(bean(), vertices=bean().vertices * [-1, 1, 1], faces=bean().faces[:, ::-1].copy()))
    plain, mirrored = (
        register(bean(), other, RegistrationSettings(mirror=mirror, points=800)) for mirror in (False, True)
    )
    assert mirrored.is_mirrored and not plain.is_mirrored
    assert mirrored.rms < 0.01 < plain.rms
    assert np.linalg.det(mirrored.other_to_query[:3, :3]) < 0
    itself = register(bean(), moved(bean()), RegistrationSettings(mirror=True, points=800))
    assert not itself.is_mirrored


@pytest.mark.parametrize("mirror", [False, True])
def test_register__tells_outside_from_inside(mirror: bool) -> None:
    """A larger query lies outside of its neighbour, a smaller one inside."""
    other = moved(bean())
    if mirror:
        other = replace(other, vertices=other.vertices * [1, -1, 1], faces=other.faces[:, ::-1].copy())
    settings = RegistrationSettings(scale=False, mirror=mirror, points=1500)
    for factor, sign in ((1.25, 1), (0.8, -1)):
        found = register(replace(bean(), vertices=bean().vertices * factor), other, settings)
        assert found.is_mirrored == mirror
        assert (np.sign(found.distances) == sign).mean() > 0.9


def test_register__gives_the_same_result_again() -> None:
    """The result does not depend on the state of Open3D's random generator."""
    settings, found = RegistrationSettings(points=400), []
    for state in (0, 6, 10):
        open3d.utility.random.seed(state)
        result = register(ellipsoid((1.0, 1.0, 1.4)), ellipsoid((1.5, 1.2, 0.4)), settings)
        found.append((result.rms, result.other_to_query.tobytes(), result.distances.tobytes()))
    assert found[0] == found[1] == found[2]


def test_register__says_when_it_failed() -> None:
    """A needle does not fit a bean, nor does a bean of another unit without scaling."""
    needle = replace(bean(), vertices=bean().vertices * [0.02, 0.02, 3])
    assert register(bean(), needle, FEW).has_failed
    assert register(bean(), moved(bean(), 10), replace(FEW, scale=False)).has_failed


def test_register__takes_point_clouds() -> None:
    """Distances to points have no side."""
    cloud = Mesh(moved(bean(60)).vertices, np.empty((0, 3), dtype=np.int32))
    found = register(bean(), cloud, FEW)
    assert not found.has_failed
    assert found.distances.min() >= 0
    assert found.distances.mean() < 0.1


def test_register__refuses_what_has_no_extent() -> None:
    """All points have one position."""
    with pytest.raises(SpecimenError, match="cannot be registered"):
        register(bean(), replace(bean(), vertices=np.zeros_like(bean().vertices)))


def test_colours_of_distances__are_white_at_zero() -> None:
    """Blue inside, red outside, full beyond the limit."""
    colours = colours_of_distances(np.array([-9, -1, 0, 1, 9], dtype=np.float32), 1.0)
    assert colours[2].tolist() == [247, 247, 247]
    assert colours[0].tolist() == colours[1].tolist() == [33, 102, 172]
    assert colours[3].tolist() == colours[4].tolist() == [178, 24, 43]
    with pytest.raises(SettingError, match="'limit' must be above 0"):
        colours_of_distances(np.zeros(1, np.float32), 0)


def test_draw_differences__shows_views_and_a_scale_bar() -> None:
    """Two views are side by side, with the bar below."""
    swollen = replace(bean(), vertices=bean().vertices * [1, 1.3, 1])
    found = register(swollen, bean(), FEW)
    coloured, limit = with_distances(swollen, found)
    assert coloured.vertex_colours is not None and limit > 0
    picture = draw_differences(swollen, found, views=2, size=96)
    assert picture.shape == (96 + 48, 192, 3)
    assert picture[108, 20].tolist() == [33, 102, 172]


def test_registration_settings__say_what_is_allowed() -> None:
    """Too few points are an error."""
    with pytest.raises(SettingError, match=r"'points' must be at least 100 \(got 9\)"):
        RegistrationSettings(points=9)


def test_register__on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes a coloured mesh and a picture, or has status 1 if they do not fit."""
    write_ply(tmp_path / "a.ply", bean())
    write_ply(tmp_path / "b.ply", moved(bean(bend=0.7), 3))
    write_ply(tmp_path / "c.ply", replace(bean(), vertices=bean().vertices * [0.02, 0.02, 3]))
    call = ["register", "--query", str(tmp_path / "a.ply"), "--out", str(tmp_path / "out"), "--other"]
    assert main([*call, str(tmp_path / "b.ply")]) == 0
    assert "RMS distance 0.0" in capsys.readouterr().out
    assert (tmp_path / "out" / "register_a_and_b.png").is_file()
    assert read_mesh(tmp_path / "out" / "register_a_and_b.ply").vertex_colours is not None
    before = (tmp_path / "out" / "register_a_and_b.ply").stat().st_mtime_ns
    assert main([*call, str(tmp_path / "b.ply")]) == 0
    assert "Register: nothing to do" in capsys.readouterr().out
    assert (tmp_path / "out" / "register_a_and_b.ply").stat().st_mtime_ns == before
    assert main([*call, str(tmp_path / "c.ply")]) == 1
    assert "could not be aligned to" in capsys.readouterr().err
    write_ply(tmp_path / "cloud.ply", Mesh(moved(bean(60)).vertices, np.empty((0, 3), dtype=np.int32)))
    for name, sentence in (("cloud.ply", "a point cloud has no inside"), ("b.ply", "the query lies inside")):
        assert main([*call, str(tmp_path / name), "--overwrite"]) == 0
        assert sentence in capsys.readouterr().out
    (tmp_path / "empty.ply").touch()
    for name in ("empty.ply", "gone.ply"):
        assert main([*call, str(tmp_path / name)]) == 1
        assert f"{tmp_path / name} cannot be used: The file " in capsys.readouterr().err
