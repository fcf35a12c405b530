"""Curvature of spheres and open surfaces, and the limit of its colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.foundation import SettingError, SpecimenError
from core.meshes import KINDS, CurvatureSettings, Mesh, curvature_of, robust_limit


def sphere(radius: float = 1.0, *, steps: int = 24, centre: float = 0.0, open_top: bool = False) -> Mesh:
    """Return a sphere of rings, without its cap if `open_top`."""
    polar = np.linspace(0, np.pi, steps)[1:-1]
    around = np.linspace(0, 2 * np.pi, 2 * steps, endpoint=False)
    rings = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(around),
            np.sin(polar)[:, None] * np.sin(around),
            np.repeat(np.cos(polar)[:, None], 2 * steps, 1),
        ],
        axis=-1,
    )
    vertices = np.concatenate([rings.reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]]) * radius + centre
    count, width = len(polar), 2 * steps
    row, place = np.meshgrid(np.arange(count - 1), np.arange(width), indexing="ij")
    here, right = row * width + place, row * width + (place + 1) % width
    quads = [np.stack([here, here + width, right], -1), np.stack([right, here + width, right + width], -1)]
    ring, last = np.arange(width), (count - 1) * width
    top = np.stack([np.full(width, count * width), ring, np.roll(ring, -1)], 1)
    bottom = np.stack([np.full(width, count * width + 1), last + np.roll(ring, -1), last + ring], 1)
    faces = np.concatenate([*(part.reshape(-1, 3) for part in quads), bottom, *([] if open_top else [top])])
    return Mesh(vertices, faces.astype(np.int32))


@settings(max_examples=8, deadline=None)
@given(radius=st.sampled_from([1e-4, 0.3, 1.0, 50.0, 1e5]), shift=st.sampled_from([0.0, 100.0]))
def test_curvature_of__sphere(radius: float, shift: float) -> None:
    """A sphere has curvature 1 / r and 1 / r², at any position and in any unit."""
    mesh = sphere(radius, centre=shift * radius)
    assert np.median(curvature_of(mesh, CurvatureSettings("mean"))) * radius == pytest.approx(1.0, rel=0.03)
    assert np.median(curvature_of(mesh, CurvatureSettings("gaussian"))) * radius**2 == pytest.approx(1.0, rel=0.05)


def test_curvature_of__turned_inside_out() -> None:
    """Inside out, mean curvature changes its sign and Gaussian curvature does not."""
    mesh = sphere()
    hollow = Mesh(mesh.vertices.copy(), mesh.faces[:, ::-1].copy())
    assert np.median(curvature_of(hollow, CurvatureSettings("mean"))) < -0.9
    assert np.median(curvature_of(hollow, CurvatureSettings("gaussian"))) > 0.9


@pytest.mark.parametrize("smoothing", [0, 3])
def test_curvature_of__rim_of_an_open_surface(smoothing: int) -> None:
    """The rim takes the curvature of its neighbours, without outliers."""
    values = curvature_of(sphere(open_top=True), CurvatureSettings("gaussian", smoothing))
    assert np.isfinite(values).all()
    assert values.max() < 3.0


def test_curvature_of__point_cloud() -> None:
    """Points have no curvature, and the error has advice."""
    cloud = Mesh(np.eye(3), np.zeros((0, 3), np.int32))
    with pytest.raises(SpecimenError, match=r"A point cloud has no curvature.*Make a surface"):
        curvature_of(cloud)


@pytest.mark.parametrize("wrong", [{"kind": "principal"}, {"smoothing": -1}])
def test_curvature_settings__are_checked(wrong: dict[str, object]) -> None:
    """The message says what was given and what is allowed."""
    with pytest.raises(SettingError, match=r"must be .* \(got"):
        CurvatureSettings(**wrong)  # type: ignore[arg-type]
    assert KINDS == ("mean", "gaussian")


def test_robust_limit__outliers_do_not_count() -> None:
    """One outlier hardly moves the limit, and no values at all have one too."""
    values = np.linspace(-1, 1, 1001)
    assert robust_limit(values, np.array([1e9])) == pytest.approx(robust_limit(values), rel=0.01)
    assert robust_limit() > 0
    assert robust_limit(np.zeros(5)) > 0
    assert robust_limit(np.array([np.nan, 2.0])) == pytest.approx(2.0)
