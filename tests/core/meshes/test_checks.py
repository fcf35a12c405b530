"""Repairs that take much of a mesh are told of or refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.foundation import SpecimenError
from core.meshes.checks import checked_mesh
from core.meshes.formats.raw import RawMesh

SIDE = 21  # vertices along each side of a grid of 800 triangles


def _grid() -> tuple[np.ndarray, np.ndarray]:
    x, y = np.mgrid[0:SIDE, 0:SIDE]
    vertices = np.column_stack([x.ravel(), y.ravel(), (x * y).ravel() / SIDE]).astype(float)
    first = (x[:-1, :-1] * SIDE + y[:-1, :-1]).ravel()
    faces = np.concatenate(
        [np.stack([first, first + SIDE, first + 1], 1), np.stack([first + 1, first + SIDE, first + SIDE + 1], 1)]
    )
    return vertices, faces.astype(np.int64)


def _with_flat_faces(share: float) -> RawMesh:
    """Return the grid with a share of its faces without area, whose vertices others use."""
    vertices, faces = _grid()
    flat = np.linspace(0, len(faces) - 1, round(share * len(faces))).astype(int)
    faces[flat, 2] = faces[flat, 1]
    return RawMesh(vertices, faces)


def _cloud_without(share: float) -> RawMesh:
    vertices, _ = _grid()
    vertices[: round(share * len(vertices))] = np.nan
    return RawMesh(vertices, np.empty((0, 3), np.int64))


def _with_unused(share: float) -> RawMesh:
    vertices, faces = _grid()
    unused = np.full((round(len(vertices) * share / (1 - share)), 3), 0.5)
    return RawMesh(np.vstack([vertices, unused]), faces)


@pytest.mark.parametrize(
    ("raw", "is_told"),
    [
        (_with_flat_faces(0.05), False),
        (_with_flat_faces(0.2), True),
        (_with_flat_faces(0.6), True),
        (_cloud_without(0.05), False),
        (_cloud_without(0.2), True),
        (_cloud_without(0.8), True),
        (_with_unused(0.1), False),
        (_with_unused(0.5), True),
    ],
)
def test_checked_mesh__tells_of_large_losses(raw: RawMesh, is_told: bool) -> None:
    """Small losses are noted in the catalogue alone, larger ones are warnings too."""
    mesh = checked_mesh(raw)
    assert mesh.notes
    assert set(mesh.warnings) <= set(mesh.notes)
    assert bool(mesh.warnings) == is_told


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (_with_flat_faces(0.998), r"99\.8% of the 800 faces cannot be used: 798 faces without area left out\."),
        (_with_flat_faces(0.75), r"75\.0% of the 800 faces cannot be used"),
        (_with_unused(0.998), r"99\.8% of the 220,500 vertices cannot be used: 220,059 vertices that no face uses"),
        (_cloud_without(0.96), r"95\.9% of the 441 vertices cannot be used: 423 vertices with NaN"),
    ],
)
def test_checked_mesh__refuses_what_repair_leaves_little_of(raw: RawMesh, reason: str) -> None:
    """The sentence has the share, the number, and what was left out."""
    with pytest.raises(SpecimenError, match=reason):
        checked_mesh(raw)


def test_checked_mesh__keeps_the_warnings_of_readers() -> None:
    """A note that a reader marks as a warning stays one."""
    vertices, faces = _grid()
    mesh = checked_mesh(RawMesh(vertices, faces, notes=("a", "b"), warnings=("b",)))
    assert (mesh.notes, mesh.warnings) == (("a", "b"), ("b",))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_checked_mesh__refuses_numbers_that_are_no_lengths(dtype: str) -> None:
    """Coordinates of the other byte order are told from tiny, huge and noisy ones."""
    vertices, faces = _grid()
    swapped = (vertices + 0.1).astype(dtype).byteswap().astype(float)
    with pytest.raises(SpecimenError, match="of the coordinates are no lengths"):
        checked_mesh(RawMesh(swapped, faces))
    for scale in (1e-12, 1e12):
        assert not checked_mesh(RawMesh(vertices * scale, faces)).notes
    noisy = vertices.copy()
    noisy[:, 2] = 1e-17 * np.arange(len(noisy))
    assert not checked_mesh(RawMesh(noisy, faces)).notes
