"""Camera poses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.foundation import SettingError
from core.views import camera_poses
from core.views.cameras import DISTANCE, LAYOUTS

LARGEST = {"fibonacci": 40, "ring": 40, "dodecahedron": 20, "icosahedron": 12, "faces": 6}
layouts_and_counts = st.sampled_from(LAYOUTS).flatmap(
    lambda layout: st.tuples(st.just(layout), st.integers(1, LARGEST[layout]))
)


@given(layouts_and_counts)
def test_camera_poses__are_rotations_that_look_at_the_origin(wish: tuple[str, int]) -> None:
    """Orthonormal, right-handed, at the right distance, the origin in the middle of the picture."""
    layout, count = wish
    poses = camera_poses(count, layout)
    assert poses.shape == (count, 4, 4)
    rotations, positions = poses[:, :3, :3], poses[:, :3, 3]
    assert rotations.transpose(0, 2, 1) @ rotations == pytest.approx(np.tile(np.eye(3), (count, 1, 1)), abs=1e-12)
    assert np.linalg.det(rotations) == pytest.approx(np.ones(count))
    assert np.linalg.norm(positions, axis=1) == pytest.approx(np.full(count, DISTANCE))
    assert rotations[:, :, 2] * DISTANCE == pytest.approx(-positions, abs=1e-9)


@given(layouts_and_counts)
def test_camera_poses__are_upright(wish: tuple[str, int]) -> None:
    """World z points up in every picture that does not look straight along it."""
    layout, count = wish
    poses = camera_poses(count, layout)
    level = np.abs(poses[:, 2, 2]) < 0.99
    assert (poses[level, 2, 1] < 0).all()
    assert poses[level, 2, 0] == pytest.approx(np.zeros(level.sum()), abs=1e-9)


@given(layouts_and_counts)
def test_camera_poses__are_the_same_every_time_and_all_different(wish: tuple[str, int]) -> None:
    """Deterministic; no direction twice."""
    layout, count = wish
    poses = camera_poses(count, layout)
    assert np.array_equal(poses, camera_poses(count, layout))
    assert len({tuple(np.round(pose[:3, 3], 6)) for pose in poses}) == count


@pytest.mark.parametrize(("layout", "count"), [("dodecahedron", 20), ("icosahedron", 12), ("faces", 6)])
def test_camera_poses__have_the_symmetry_of_their_solid(layout: str, count: int) -> None:
    """Every pose has as near a neighbour as every other, and an opposite."""
    directions = camera_poses(count, layout)[:, :3, 3] / DISTANCE
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -2)
    assert cosines.max(axis=1) == pytest.approx(np.full(count, cosines.max()))
    np.fill_diagonal(cosines, 2)
    assert cosines.min(axis=1) == pytest.approx(np.full(count, -1.0))


def test_camera_poses__of_fibonacci_cover_the_sphere_evenly() -> None:
    """The widest gap between 100 views is not much wider than the narrowest."""
    directions = camera_poses(100)[:, :3, 3] / DISTANCE
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -2)
    nearest = np.degrees(np.arccos(cosines.max(axis=1)))
    assert nearest.max() / nearest.min() < 1.5


@pytest.mark.parametrize("count", [0, -3])
def test_camera_poses__refuses_no_views(count: int) -> None:
    """The message says what was given."""
    with pytest.raises(SettingError, match=f"'views' must be at least 1 .got {count}."):
        camera_poses(count)


def test_camera_poses__refuses_more_than_a_solid_has() -> None:
    """The message says how many there are and which layout has more."""
    with pytest.raises(SettingError, match=r"at most 6 with the layout 'faces' .got 7.*'fibonacci'"):
        camera_poses(7, "faces")


def test_camera_poses__refuses_unknown_layouts() -> None:
    """The message lists the known ones."""
    with pytest.raises(SettingError, match=r"'layout' must be one of fibonacci, dodecahedron.*'spiral'"):
        camera_poses(3, "spiral")
