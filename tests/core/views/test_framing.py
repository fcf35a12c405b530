"""Framing: windows of the cameras."""

from __future__ import annotations

import numpy as np
import pytest

from core.meshes import normalise
from core.views import bounds_in_windows, camera_poses, surface_of
from core.views.framing import FRAMINGS, frame_cameras
from tests.core.views.test_renderers import bumpy


@pytest.mark.parametrize("framing", FRAMINGS)
def test_frame_cameras__holds_every_vertex_in_a_square_window(framing: str) -> None:
    """Windows are square and contain what the cameras see; framed by specimen, all have one width."""
    surface = surface_of(normalise(bumpy(12)))
    cameras = frame_cameras(surface, None, camera_poses(5), size=64, framing=framing)
    bounds, windows = bounds_in_windows(surface.vertices, cameras.camera_to_world), cameras.windows
    assert cameras.size == 64
    assert (windows[:, [0, 2]] < bounds[:, [0, 2]]).all()
    assert (windows[:, [1, 3]] > bounds[:, [1, 3]]).all()
    widths = windows[:, 1] - windows[:, 0]
    assert windows[:, 3] - windows[:, 2] == pytest.approx(widths)
    assert (np.ptp(widths) < 1e-12) == (framing == "specimen")


def test_frame_cameras__ignores_vertices_off_the_body() -> None:
    """A stray point far from a cloud's body does not widen the windows."""
    surface = surface_of(normalise(bumpy(12)))
    body = np.arange(len(surface.vertices))
    stray = type(surface)(
        np.concatenate([surface.vertices, np.float32([[0, 0, 3]])]),
        surface.faces,
        np.concatenate([surface.normals, np.float32([[0, 0, 1]])]),
    )
    alone = frame_cameras(surface, None, camera_poses(3), size=64)
    framed = frame_cameras(stray, body, camera_poses(3), size=64)
    assert framed.windows == pytest.approx(alone.windows)
