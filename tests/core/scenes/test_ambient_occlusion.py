"""Ambient occlusion of vertices, normals and spacing of points."""

from __future__ import annotations

import numpy as np
import pytest

from core.scenes.ambient_occlusion import ambient_occlusion_of_vertices, point_normals, point_spacing


def bowl(depth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices, faces and upward normals of a plate with a round pit in its middle."""
    steps = np.linspace(-1.0, 1.0, 41)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    z = -depth * np.exp(-(x**2 + y**2) / 0.05)
    corner = (np.arange(40)[:, None] * 41 + np.arange(40)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 41], 1), np.stack([corner + 1, corner + 42, corner + 41], 1)]
    )
    normals = np.tile(np.array([0, 0, 1], np.float32), (len(x), 1))
    # A slab below, so that the underside is closed and only the pit is open.
    vertices = np.stack([x, y, z], axis=1).astype(np.float32)
    under = vertices.copy()
    under[:, 2] = -depth - 0.02
    return (
        np.concatenate([vertices, under]),
        np.concatenate([faces, faces + len(x)]).astype(np.int32),
        np.concatenate([normals, normals]),
    )


def test_ambient_occlusion_of_vertices__pit_is_darker_than_plate() -> None:
    """The bottom of a pit sees less sky than the plate around it, which sees nearly all."""
    vertices, faces, normals = bowl(0.6)
    occlusion = ambient_occlusion_of_vertices(vertices, faces, normals)
    top = occlusion[: len(occlusion) // 2]
    assert top[len(top) // 2] < 0.6
    assert top[4 * 41 + 4] > 0.8


def test_ambient_occlusion_of_vertices__from_zero_to_one_whichever_way_normals_point() -> None:
    """Turned normals change nothing but noise: the more open side counts."""
    vertices, faces, normals = bowl(0.4)
    one = ambient_occlusion_of_vertices(vertices, faces, normals)
    other = ambient_occlusion_of_vertices(vertices, faces, -normals)
    assert one.min() >= 0.0
    assert one.max() <= 1.0 + 1e-6
    assert np.abs(one - other).mean() < 0.05


def test_point_normals__plane() -> None:
    """The normals of points in a plane are the plane's."""
    points = np.random.default_rng(42).uniform(size=(200, 3))
    points[:, 1] = 0.5
    assert np.abs(point_normals(points)[:, 1]) == pytest.approx(1.0, abs=1e-5)


def test_point_normals__two_points_have_any() -> None:
    """Too few points for a plane still get unit vectors."""
    assert np.linalg.norm(point_normals(np.eye(3)[:2]), axis=1) == pytest.approx(1.0)


def test_point_spacing__grid() -> None:
    """The spacing of a grid is its step; a single point has none."""
    grid = np.stack(np.meshgrid(*[np.arange(5.0) * 0.25] * 3), axis=-1).reshape(-1, 3)
    assert point_spacing(grid) == pytest.approx(0.25)
    assert point_spacing(np.zeros((1, 3))) == 0.0
