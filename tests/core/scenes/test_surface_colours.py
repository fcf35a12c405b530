"""Colours of a scene and their legend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.meshes import Mesh, RegistrationSettings
from core.scenes.surface_colours import modes_of, paint

QUICK = RegistrationSettings(points=800)


def box(*sides: float, colours: bool = False) -> Mesh:
    """Return a box of many faces, none of whose sides are alike."""
    steps = np.linspace(-0.5, 0.5, 9)
    vertices, faces = [], []
    for axis in range(3):
        for side in (-0.5, 0.5):
            u, v = (part.ravel() for part in np.meshgrid(steps, steps))
            sheet = np.insert(np.stack([u, v], 1), axis, side, axis=1)
            corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel() + 81 * len(vertices)
            quads = np.stack([corner, corner + 1, corner + 10, corner + 9], 1)
            quads = quads[:, ::-1] if (side < 0) != (axis == 1) else quads
            vertices.append(sheet)
            faces += [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
    points, rows = np.unique(np.round(np.concatenate(vertices), 9), axis=0, return_inverse=True)
    painted = np.full((len(points), 3), 90, np.uint8) if colours else None
    return Mesh(points * np.array(sides), rows.ravel()[np.concatenate(faces)].astype(np.int32), painted)


def cloud() -> Mesh:
    """Return a point cloud."""
    return Mesh(np.random.default_rng(1).normal(size=(500, 3)), np.zeros((0, 3), np.int32))


def test_modes_of__offer_what_shows_something() -> None:
    """Colour needs colours, curvature needs faces, and distance a neighbour."""
    assert modes_of([cloud()]) == ("clay",)
    assert modes_of([box(1, 2, 3)]) == ("clay", "mean-curvature", "gaussian-curvature")
    assert set(modes_of([cloud(), box(1, 1, 1, colours=True)])) >= {"colour", "mean-curvature", "distance"}


def test_paint__clay_and_colour() -> None:
    """Clay leaves everything uncoloured, colour takes the scan's own where it has one."""
    meshes = [box(1, 2, 3, colours=True), box(1, 2, 3)]
    assert [one.colours is None for one in paint(meshes, "clay")[0]] == [True, True]
    painted, legend = paint(meshes, "colour")
    assert [one.colours is None for one in painted] == [False, True]
    assert legend is None


def test_paint__curvature_is_compared_at_one_size() -> None:
    """The same form twice as large has the same colours; the legend is in units of the query; a cloud stays clay."""
    for mode, power in (("mean-curvature", 1), ("gaussian-curvature", 2)):
        painted, legend = paint([box(1, 2, 3), cloud(), box(2, 4, 6)], mode)
        assert [one.is_value for one in painted] == [True, False, True]
        small, large = painted[0].colours, painted[2].colours
        assert small is not None
        assert large is not None
        assert np.abs(small.astype(int) - large).max() <= 1
        turned = paint([box(2, 4, 6), box(1, 2, 3)], mode)[1]
        assert legend is not None
        assert turned is not None
        assert legend.limit == pytest.approx(turned.limit * 2**power, rel=1e-3)
        assert len(set(legend.stops)) == len(legend.stops)
    assert paint([cloud()], "mean-curvature")[1] is None


def test_paint__distance_to_a_larger_copy() -> None:
    """Without scaling, the query lies inside a copy that is larger by a tenth: everything is blue."""
    query, other = box(1, 2, 3), box(1.1, 2.2, 3.3)
    painted, legend = paint([query, cloud(), other], "distance", against=2, settings=replace(QUICK, scale=False))
    assert legend is not None
    assert not legend.has_failed
    assert legend.scale == pytest.approx(1.0, abs=0.01)
    assert 0.04 < (legend.rms or 0) < (legend.hausdorff or 0) < 0.4
    colours = painted[0].colours
    assert colours is not None
    assert (colours[:, 2].astype(int) >= colours[:, 0]).mean() > 0.95
    assert painted[1].colours is painted[2].colours is None


@pytest.mark.parametrize("mirror", [False, True])
def test_paint__neighbour_is_shown_as_it_lies_on_the_query(mirror: bool) -> None:
    """A copy that was turned, and mirrored if that is allowed, is turned back, keeps its size and its outside."""
    query = box(1, 2, 3)
    skewed = np.array(query.vertices)
    skewed[:, 0] += 0.3 * (skewed[:, 1] > 0) * (skewed[:, 2] + 1.5)  # not its own mirror image
    query = replace(query, vertices=skewed)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn)) * (-1 if mirror else 1)
    faces = query.faces[:, ::-1].copy() if mirror else query.faces
    other = Mesh(2.0 * skewed @ turn.T + 5, faces)
    painted, legend = paint([query, other], "distance", settings=replace(QUICK, mirror=mirror))
    assert legend is not None
    assert legend.is_mirrored is mirror
    assert legend.scale == pytest.approx(0.5, rel=0.01)
    shown = painted[1].mesh
    assert shown.extent == pytest.approx(2 * query.extent, rel=0.02)
    volumes = [
        np.einsum("ni,ni->", np.cross(*m.vertices[m.faces[:, :2]].swapaxes(0, 1)), m.vertices[m.faces[:, 2]])
        for m in (query, shown)
    ]
    assert volumes[0] * volumes[1] > 0
