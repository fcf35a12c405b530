"""Measurements of bodies of known size."""

from __future__ import annotations

from dataclasses import replace
from math import pi, sqrt
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, strategies as st

from core.collection import measured
from core.foundation import SpecimenError
from core.meshes import Mesh, measure
from core.workspace import Catalogue


def body(shape: trimesh.Trimesh) -> Mesh:
    """Return a mesh of trimesh as a `Mesh`."""
    return Mesh(np.asarray(shape.vertices, dtype=np.float64), np.asarray(shape.faces, dtype=np.int32))


BOX = body(trimesh.creation.box((4.0, 2.0, 1.0)))
BALL = body(trimesh.creation.icosphere(subdivisions=4, radius=3.0))


def test_measure__a_box() -> None:
    """Area, volume and extents of a box of 4 by 2 by 1."""
    found = measure(BOX)
    assert (found.extent_x, found.extent_y, found.extent_z) == (4, 2, 1)
    assert [found.length_1, found.length_2, found.length_3] == pytest.approx([4, 2, 1])
    assert found.area == pytest.approx(28)
    assert found.volume == pytest.approx(8)
    assert found.surface == "closed"
    assert found.centroid_size == pytest.approx(sqrt(8 * (2**2 + 1 + 0.5**2)))


def test_measure__a_ball() -> None:
    """Centroid radius is the radius of a ball, for any number of vertices."""
    found = measure(BALL)
    assert found.centroid_radius == pytest.approx(3, rel=0.01)
    assert found.volume == pytest.approx(4 / 3 * pi * 27, rel=0.01)
    assert found.area == pytest.approx(4 * pi * 9, rel=0.01)
    coarse = measure(body(trimesh.creation.icosphere(subdivisions=3, radius=3.0)))
    assert coarse.centroid_radius == pytest.approx(found.centroid_radius, rel=0.01)
    assert found.centroid_size / coarse.centroid_size == pytest.approx(2, rel=0.02)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_measure__moves_and_turns_change_nothing(seed: int, scale: float) -> None:
    """Sizes do not depend on the pose and grow by powers of the scale."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    before, after = measure(BOX), measure(replace(BOX, vertices=scale * BOX.vertices @ rotation + rng.normal(size=3)))
    assert after.area == pytest.approx(before.area * scale**2)
    assert after.volume == pytest.approx(before.volume * scale**3)
    for name in ("length_1", "length_2", "length_3", "centroid_size", "centroid_radius"):
        assert getattr(after, name) == pytest.approx(getattr(before, name) * scale)


def test_measure__says_why_there_is_no_volume() -> None:
    """A hole, a face that leans outwards, a flipped face, and points only."""
    hole = measure(replace(BOX, faces=BOX.faces[1:]))
    assert (hole.surface, hole.n_open_edges, hole.volume) == ("open", 3, None)
    fin = np.vstack([BOX.vertices, [[9.0, 9.0, 9.0]]])
    extra = np.array([[*BOX.faces[0][:2], 8], [*BOX.faces[0][:2][::-1], 8]], dtype=np.int32)
    assert measure(replace(BOX, vertices=fin, faces=np.vstack([BOX.faces, extra]))).surface == "branching"
    flipped = BOX.faces.copy()
    flipped[0] = flipped[0][::-1]
    assert measure(replace(BOX, faces=flipped)).surface == "twisted"
    cloud = measure(replace(BALL, faces=np.zeros((0, 3), np.int32)))
    assert (cloud.surface, cloud.area, cloud.volume) == ("cloud", None, None)
    assert cloud.centroid_radius == pytest.approx(3, rel=0.01)


def test_measure__vertices_in_one_place_are_one() -> None:
    """A closed body is closed, too, if its faces share no vertices, as in STL."""
    soup = replace(
        BOX, vertices=BOX.vertices[BOX.faces].reshape(-1, 3), faces=np.arange(36, dtype=np.int32).reshape(-1, 3)
    )
    assert measure(soup).volume == pytest.approx(8)


def test_measured__reads_a_file_once(tmp_path: Path) -> None:
    """Measurements are stored by content, but not those of files that cannot be read."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    reads: list[int] = []

    def read() -> Mesh:
        reads.append(1)
        return BOX

    def fail() -> Mesh:
        raise SpecimenError("It is damaged.")

    assert measured(catalogue, "ab", read) == measured(catalogue, "ab", read) == measure(BOX)
    assert len(reads) == 1
    with pytest.raises(SpecimenError):
        measured(catalogue, "cd", fail)
    assert measured(catalogue, "cd", read).volume == pytest.approx(8)
