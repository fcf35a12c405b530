"""Division of polygons into triangles."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.foundation import SpecimenError
from core.meshes.formats.raw import triangulate

SQUARE = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], dtype=float)
WARPED = np.array([(0, 0, 0), (1, 0, 0.3), (1.2, 1, 0), (0, 1, 0.4)])


def _divided(points: np.ndarray, first: int = 0) -> tuple[np.ndarray, list[str]]:
    """Return the triangles of one polygon that begins at a corner, as indices of `points`, and notes."""
    notes: list[str] = []
    corners = np.roll(np.arange(len(points)), -first)
    triangles, positions, polygons = triangulate(np.array([len(points)]), corners, points, notes)
    assert np.array_equal(corners[positions], triangles)
    assert not polygons.any()
    return triangles, notes


def _areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the area of each triangle as a vector."""
    corners = points[triangles]
    return np.asarray(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2)


def _surface(points: np.ndarray, triangles: np.ndarray) -> Counter[frozenset[tuple[float, ...]]]:
    return Counter(frozenset(map(tuple, points[triangle].tolist())) for triangle in triangles)


def _turned(flat: np.ndarray, seed: int) -> np.ndarray:
    """Return points of a plane on some other plane, far from the origin."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return np.column_stack([flat, np.zeros(len(flat))]) @ turn.T + rng.normal(size=3) * 100


@given(st.integers(0, 10_000), st.integers(4, 40))
def test_triangulate__covers_any_simple_polygon_once(seed: int, corners: int) -> None:
    """All triangles look to the side that the polygon does, and their areas add up to its area."""
    rng = np.random.default_rng(seed)
    angles = (np.arange(corners) + rng.uniform(0, 0.9, corners)) * 2 * np.pi / corners
    flat = rng.uniform(0.2, 1, corners)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    if seed % 2:
        flat = flat[::-1]
    points = _turned(flat, seed)
    whole = np.cross(points - points[0], np.roll(points, -1, axis=0) - points[0]).sum(axis=0) / 2
    for first in range(0, corners, 3):
        triangles, notes = _divided(points, first)
        areas = _areas(points, triangles)
        assert not notes
        assert (areas @ whole > 0).all()
        assert np.linalg.norm(areas, axis=1).sum() == pytest.approx(np.linalg.norm(whole), rel=1e-6)
        assert np.unique(triangles).size == corners


@given(st.integers(0, 10_000), st.integers(1, 4), st.booleans())
def test_triangulate__leaves_holes_open(seed: int, holes: int, shared_corners: bool) -> None:
    """An outline that goes to its holes and back covers all but the holes."""
    rng = np.random.default_rng(seed)
    outline: list[tuple[float, float]] = [(0, 0), (10, 0), (10, 10), (0, 10)]
    area = 100.0
    for row in range(holes)[::-1]:
        height, radius = 8 * (row + 0.5) / holes + 1, 2.3 / holes
        corners = int(rng.integers(3, 9))
        angles = np.pi - np.arange(corners) * 2 * np.pi / corners
        hole = [(5 + radius * np.cos(angle), height + radius * np.sin(angle)) for angle in angles]
        outline += [(0, height), *hole, hole[0], (0, height)]
        area -= corners / 2 * radius**2 * np.sin(2 * np.pi / corners)
    flat = np.array(outline)
    points = _turned(flat, seed)
    ring = np.arange(len(points))
    if shared_corners:
        ring = np.array([outline.index(corner) for corner in outline])
    ring = np.roll(ring, int(rng.integers(len(ring))))
    notes: list[str] = []
    triangles, _, _ = triangulate(np.array([len(ring)]), ring, points, notes)
    assert not notes
    assert np.linalg.norm(_areas(points, triangles), axis=1).sum() == pytest.approx(area, rel=1e-6)


def test_triangulate__keeps_flat_convex_polygons_as_fans() -> None:
    """A polygon without a corner inside is a fan from its first corner, as in earlier versions."""
    angles = np.arange(7) * 2 * np.pi / 7
    heptagon = np.column_stack([np.cos(angles), np.sin(angles), 2 * np.cos(angles)])
    assert _divided(SQUARE)[0].tolist() == [[0, 1, 2], [0, 2, 3]]
    assert _divided(heptagon, 3)[0].tolist() == [[3, 4, 5], [3, 5, 6], [3, 6, 0], [3, 0, 1], [3, 1, 2]]


@pytest.mark.parametrize(
    "points",
    [
        WARPED,
        WARPED[::-1],
        np.array([(0, 0, 0), (1, 0, 0.3), (1, 1, 0), (0, 1, 0.3)]),  # both diagonals as long
        np.array([(0, 0, 0), (4, 0, 0), (1, 1, 0.2), (0, 4, 0)]),  # concave and not flat
        np.array([(2, 0, 0), (1, 2, 0.3), (-1, 2, 0), (-2, 0, 0.4), (-1, -2, 0), (1, -2, 0.2)]),
        np.array([(2, 0, 0), (1, 2, 0.3), (0, 0.5, 0), (-2, 0, 0.4), (-1, -2, 0), (0, -0.5, 0.2)]),
    ],
)
def test_triangulate__gives_one_surface_whichever_corner_comes_first(points: np.ndarray) -> None:
    """Polygons that are not flat are divided by their form alone."""
    surfaces = [_surface(points, _divided(points, first)[0]) for first in range(len(points))]
    assert all(surface == surfaces[0] for surface in surfaces[1:])


def test_triangulate__takes_the_shorter_diagonal_of_a_warped_quad() -> None:
    """The diagonal of corners 1 and 3 is the shorter one here."""
    triangles, _ = _divided(WARPED)
    assert {frozenset(triangle) for triangle in triangles.tolist()} == {frozenset((0, 1, 3)), frozenset((1, 2, 3))}


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0)], 4),  # on a straight line
        ([(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0), (1, 2, 0), (0, 2, 0), (0, 1, 0)], 4),
        ([(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 2, 0)], 2),
        ([(0, 0, 0), (0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0)], 4),  # twice
        ([(0, 0, 0), (2, 0, 0), (0, 2, 0), (0, 2, 0)], 2),
    ],
)
def test_triangulate__leaves_no_triangle_without_area(points: list[tuple[float, ...]], area: float) -> None:
    """Corners on a line or repeated do not become triangles that are lost to repair."""
    array = np.array(points, dtype=float)
    for first in range(len(points)):
        triangles, notes = _divided(array, first)
        areas = np.linalg.norm(_areas(array, triangles), axis=1)
        assert (areas > 0).all()
        assert areas.sum() == pytest.approx(area)
        assert not notes


def test_triangulate__notes_polygons_that_cross_themselves() -> None:
    """One such polygon among many is noted; a mesh of them is refused."""
    grid = np.array([(x, y, 0) for x in range(6) for y in range(6)], dtype=float)
    quads = [(x * 6 + y, x * 6 + 6 + y, x * 6 + 7 + y, x * 6 + y + 1) for x in range(5) for y in range(5)]
    crossed = [(a, c, b, d) for a, b, c, d in quads]
    counts = np.full(25, 4)
    notes: list[str] = []
    triangulate(counts, np.array([crossed[0], *quads[1:]]).ravel(), grid, notes)
    assert notes == ["1 polygons cross themselves; their triangles may not be what was meant."]
    with pytest.raises(SpecimenError, match=r"25 polygons cross themselves, 100% of the surface"):
        triangulate(counts, np.array(crossed).ravel(), grid)


def test_triangulate__notes_faces_of_two_corners() -> None:
    """What is no face is left out with a note."""
    notes: list[str] = []
    triangles, _, polygons = triangulate(np.array([2, 4, 1]), np.array([0, 1, 0, 1, 2, 3, 2]), SQUARE, notes)
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert polygons.tolist() == [1, 1]
    assert notes == ["2 faces of fewer than three corners left out."]


def test_triangulate__leaves_bad_indices_and_positions_to_the_checks() -> None:
    """Corners that are not there or not finite are divided as fans."""
    points = np.vstack([SQUARE, [(np.nan, 0, 0)]])
    corners = np.array([0, 1, 99, 3, -1, 0, 1, 2, 3, 4])
    triangles, _, _ = triangulate(np.array([5, 5]), corners, points)
    assert triangles.tolist() == [[0, 1, 99], [0, 99, 3], [0, 3, -1], [0, 1, 2], [0, 2, 3], [0, 3, 4]]
