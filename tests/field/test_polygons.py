"""Faces of more than three corners, convex or not: one surface, whichever corner comes first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.meshes import Mesh, read_mesh
from core.views import ViewSettings, render_views

CASES = "field_cases/01_concave_ngon/in"
VIEWS = ViewSettings(views=12, size=192)


def _area(mesh: Mesh) -> float:
    corners = mesh.vertices[mesh.faces]
    return (
        float(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()) / 2
    )


def _volume(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6


@pytest.mark.parametrize("name", ["ngon.ply", "ngon_obj.obj", "ngon_off.off"])
def test_read_mesh__shows_concave_polygons_as_they_are(shared: Path, name: str) -> None:
    """Silhouettes from all sides, area and volume are those of the same form in triangles."""
    clean, mesh = read_mesh(shared / CASES / "clean.ply"), read_mesh(shared / CASES / name)
    assert _area(mesh) == pytest.approx(_area(clean), rel=1e-6)
    assert _volume(mesh) == pytest.approx(_volume(clean), rel=1e-6)
    assert np.array_equal(render_views(mesh, VIEWS).masks, render_views(clean, VIEWS).masks)
    assert not mesh.notes


def test_read_mesh__gives_a_dart_the_same_surface_from_every_corner(shared: Path) -> None:
    """The surface of a concave quad does not depend on the corner that the file names first."""
    darts = [read_mesh(shared / CASES / f"dart_start{first}.obj") for first in range(4)]
    # Two darts of area 1.5 each, and walls of height 0.3 around them.
    outline = 2 * np.hypot(1, 1) + 2 * np.hypot(1, 2.5)
    for dart in darts:
        assert _area(dart) == pytest.approx(2 * 1.5 + 0.3 * outline, rel=1e-6)
        assert abs(_volume(dart)) == pytest.approx(1.5 * 0.3, rel=1e-6)
    masks = [render_views(dart, VIEWS).masks for dart in darts]
    assert all(np.array_equal(masks[0], others) for others in masks[1:])
