"""Compiled kernels that divide polygons into triangles.

A polygon is judged on its own plane, whose normal is the vector of its area (Newell's method), in
coordinates from its first corner. Convex polygons are divided here, all others by earcut.
"""

from __future__ import annotations

import mapbox_earcut
import numpy as np

from core.foundation import njit

# Ways to divide a polygon.
_NONE, _FAN, _FAN_FROM, _SECOND_DIAGONAL, _EARCUT = 0, 1, 2, 3, 4

_FLAT = 1e-4  # height over the plane by the size of the polygon, to which the choice of a diagonal makes no difference
_ROUNDING = 1e-6  # the same by the extent of the mesh: rounded coordinates
_STRAIGHT = 1e-9  # area of a corner by the area of the polygon
_LOST = 1e-6  # area that may be missing, by the area of the polygon


def divide(counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide polygons into triangles.

    Parameters
    ----------
    counts : (p,) int64
        Corners of each polygon.
    corners : (c,) int64
        Vertex indices of all polygons, one after the other.
    vertices : (n, 3) float64
        Positions.

    Returns
    -------
    positions : (m, 3) int64
        Position in `corners` of each corner of a triangle.
    polygons : (m,) int64
        The polygon that each triangle came from, ascending.
    crossing : (k,) int64
        Polygons whose outline crosses itself, so that no triangles can show them.
    """
    if not (counts > 3).any():
        ways, firsts = np.where(counts == 3, np.uint8(_FAN), np.uint8(_NONE)), np.zeros(len(counts), np.int64)
        return (*_fans(counts, ways, firsts), np.empty(0, np.int64))
    finite = vertices[np.isfinite(vertices).all(axis=1)]
    extent = float(np.ptp(finite, axis=0).max()) if len(finite) else 0.0
    ways, firsts, crossing = _ways(counts, corners, vertices, extent * _ROUNDING)
    positions, polygons = _fans(counts, ways, firsts)
    concave = np.flatnonzero(ways == _EARCUT)
    if len(concave):
        cut, cut_from, failed = _earcut(concave, counts, corners, vertices)
        crossing[failed] = True
        polygons = np.concatenate([polygons, cut_from])
        order = np.argsort(polygons, kind="stable")
        positions, polygons = np.concatenate([positions, cut])[order], polygons[order]
    keep = _with_area(positions, polygons, counts, corners, vertices)
    if not keep.all():
        positions, polygons = positions[keep], polygons[keep]
    return positions, polygons, np.flatnonzero(crossing)


@njit(cache=True, nogil=True)
def _with_area(
    positions: np.ndarray, polygons: np.ndarray, counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray
) -> np.ndarray:
    """Return which triangles to keep: not those that a repeated corner leaves without area.

    A polygon without any area keeps its triangles; the checks after reading tell of them.
    """
    keep = np.ones(len(polygons), np.bool_)
    row = 0
    while row < len(polygons):
        end = row
        spans = False
        while end < len(polygons) and polygons[end] == polygons[row]:
            end += 1
        if counts[polygons[row]] > 3:
            for k in range(row, end):
                three = positions[k]
                usable = True
                for corner in corners[three]:
                    usable = usable and 0 <= corner < len(vertices)
                if usable:
                    one = _edge(corners, three[0], three[1], vertices)
                    area = _cross(one, _edge(corners, three[0], three[2], vertices))
                    keep[k] = area[0] != 0.0 or area[1] != 0.0 or area[2] != 0.0
                spans = spans or keep[k]
            if not spans:
                keep[row:end] = True
        row = end
    return keep


def _earcut(
    concave: np.ndarray, counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Divide polygons that are not convex; return their triangles and those that cross themselves."""
    starts = np.cumsum(counts) - counts
    planes, ring = _projected(concave, starts, counts, corners, vertices)
    ends = np.cumsum(counts[concave])
    cuts: list[np.ndarray] = []
    failed: list[int] = []
    start = 0
    for polygon, end in zip(concave.tolist(), ends.tolist(), strict=True):
        plane = planes[start:end]
        cut = mapbox_earcut.triangulate_float64(plane, np.array([end - start], np.uint32)).astype(np.int64)
        if not _is_whole(plane, cut):
            failed.append(polygon)
        cuts.append(ring[start:end][cut].reshape(-1, 3))
        start = end
    return np.concatenate(cuts), np.repeat(concave, [len(cut) for cut in cuts]), failed


@njit(cache=True, nogil=True)
def _is_whole(plane: np.ndarray, cut: np.ndarray) -> bool:
    """Return whether triangles cover the area of a polygon on a plane, no part of it twice."""
    area = 0.0
    for i in range(len(plane)):
        j = i + 1 if i + 1 < len(plane) else 0
        area += plane[i, 0] * plane[j, 1] - plane[j, 0] * plane[i, 1]
    covered = 0.0
    for t in range(0, len(cut), 3):
        a, b, c = cut[t], cut[t + 1], cut[t + 2]
        covered += abs(
            (plane[b, 0] - plane[a, 0]) * (plane[c, 1] - plane[a, 1])
            - (plane[b, 1] - plane[a, 1]) * (plane[c, 0] - plane[a, 0])
        )
    return bool(abs(covered - abs(area)) <= _LOST * abs(area))


@njit(cache=True, nogil=True)
def _projected(
    chosen: np.ndarray, starts: np.ndarray, counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return corners on the plane of their polygon, from its smallest corner on, and their positions."""
    total = 0
    for polygon in chosen:
        total += counts[polygon]
    planes = np.empty((total, 2), np.float64)
    ring = np.empty(total, np.int64)
    filled = 0
    for polygon in chosen:
        start, count = starts[polygon], counts[polygon]
        first = _smallest_start(corners, start, count, vertices)
        normal = _unit(_normal(corners, start, count, first, vertices))
        # The axis that the plane is steepest to gives the direction of u.
        low = min(abs(normal[0]), abs(normal[1]), abs(normal[2]))
        if abs(normal[0]) == low:
            v = _unit(_cross(normal, (1.0, 0.0, 0.0)))
        elif abs(normal[1]) == low:
            v = _unit(_cross(normal, (0.0, 1.0, 0.0)))
        else:
            v = _unit(_cross(normal, (0.0, 0.0, 1.0)))
        u = _cross(v, normal)
        for k in range(count):
            at = start + (first + k) % count
            point = _edge(corners, start + first, at, vertices)
            planes[filled, 0] = _dot(point, u)
            planes[filled, 1] = _dot(point, v)
            ring[filled] = at
            filled += 1
    return planes, ring


@njit(cache=True, nogil=True)
def _ways(
    counts: np.ndarray, corners: np.ndarray, vertices: np.ndarray, rounding: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how each polygon is divided, the corner that its fan begins at, and which cross themselves."""
    ways = np.zeros(counts.size, np.uint8)
    firsts = np.zeros(counts.size, np.int64)
    crossing = np.zeros(counts.size, np.bool_)
    start = 0
    for polygon in range(counts.size):
        count = counts[polygon]
        if count >= 3:
            ways[polygon] = _FAN
        if count > 3 and _is_usable(corners, start, count, vertices):
            if count == 4:
                ways[polygon], crossing[polygon] = _way_of_quad(corners, start, vertices, rounding)
            else:
                ways[polygon], firsts[polygon], crossing[polygon] = _way_of_polygon(
                    corners, start, count, vertices, rounding
                )
        start += count
    return ways, firsts, crossing


@njit(cache=True, nogil=True)
def _is_usable(corners: np.ndarray, start: int, count: int, vertices: np.ndarray) -> bool:
    """Return whether all corners are there and finite. The checks after reading judge the others."""
    for k in range(start, start + count):
        corner = corners[k]
        if corner < 0 or corner >= len(vertices):
            return False
        if not (np.isfinite(vertices[corner, 0]) and np.isfinite(vertices[corner, 1])):
            return False
        if not np.isfinite(vertices[corner, 2]):
            return False
    return True


@njit(cache=True, nogil=True)
def _way_of_quad(corners: np.ndarray, start: int, vertices: np.ndarray, rounding: float) -> tuple[int, bool]:
    """Return the diagonal that lies inside, of two the shorter, and whether the outline crosses itself."""
    a, b = _edge(corners, start, start + 1, vertices), _edge(corners, start, start + 2, vertices)
    c, d = _edge(corners, start, start + 3, vertices), _edge(corners, start + 1, start + 3, vertices)
    normal = _cross(b, d)  # twice the area
    square = _dot(normal, normal)
    if square == 0.0:
        return _FAN, _spans(corners, start, 4, vertices)
    # Areas of the two triangles on the sides of each diagonal.
    first = min(_dot(_cross(a, b), normal), _dot(_cross(b, c), normal))
    beside = _edge(corners, start + 1, start + 2, vertices)
    second = min(_dot(_cross(beside, d), normal), _dot(_cross(a, c), normal))
    if first > _STRAIGHT * square and second > _STRAIGHT * square:
        length, other = _dot(b, b), _dot(d, d)
        height = abs(_dot(a, normal)) / np.sqrt(square)
        if height <= max(_FLAT * np.sqrt(max(length, other)), rounding):
            return _FAN, False
        if length == other:
            return _FAN if _smallest_start(corners, start, 4, vertices) % 2 == 0 else _SECOND_DIAGONAL, False
        return _FAN if length < other else _SECOND_DIAGONAL, False
    way = _SECOND_DIAGONAL if second > first else _FAN
    return way, max(first, second) < -_LOST * square


@njit(cache=True, nogil=True)
def _spans(corners: np.ndarray, start: int, count: int, vertices: np.ndarray) -> bool:
    """Return whether a polygon whose parts cancel out is more than a line."""
    for k in range(start + 1, start + count - 1):
        area = _cross(_edge(corners, start, k, vertices), _edge(corners, start, k + 1, vertices))
        if _dot(area, area) > 0.0:
            return True
    return False


@njit(cache=True, nogil=True)
def _way_of_polygon(
    corners: np.ndarray, start: int, count: int, vertices: np.ndarray, rounding: float
) -> tuple[int, int, bool]:
    """Return how a polygon is divided, where its fan begins, and whether its outline crosses itself.

    A flat convex polygon becomes a fan from its first corner, another convex one from its smallest.
    What earcut divides is judged later.
    """
    normal = _normal(corners, start, count, 0, vertices)
    length = np.sqrt(_dot(normal, normal))
    if length == 0.0:
        return _FAN, 0, _spans(corners, start, count, vertices)
    normal = (normal[0] / length, normal[1] / length, normal[2] / length)
    if not _is_convex(corners, start, count, vertices, normal, length):
        return _EARCUT, 0, False
    height = size = 0.0
    for k in range(start + 1, start + count):
        point = _edge(corners, start, k, vertices)
        height = max(height, abs(_dot(point, normal)))
        size = max(size, _dot(point, point))
    first = 0
    if height > max(_FLAT * np.sqrt(size), rounding):
        first = _smallest_start(corners, start, count, vertices)
    for k in range(1, count - 1):
        one, two = start + (first + k) % count, start + (first + k + 1) % count
        area = _cross(_edge(corners, start + first, one, vertices), _edge(corners, start + first, two, vertices))
        if _dot(area, normal) <= _STRAIGHT * length:
            return _EARCUT, 0, False  # corners on a straight line would leave triangles without area
    return _FAN_FROM, first, False


@njit(cache=True, nogil=True)
def _is_convex(  # type: ignore[no-untyped-def]
    corners: np.ndarray, start: int, count: int, vertices: np.ndarray, normal, area: float
) -> bool:
    """Return whether an outline turns one way at all corners, and once around in all."""
    steepest = max(abs(normal[0]), abs(normal[1]), abs(normal[2]))
    across = 0 if abs(normal[0]) == steepest else 1 if abs(normal[1]) == steepest else 2
    for k in range(count):
        before, here, after = start + k, start + (k + 1) % count, start + (k + 2) % count
        turn = _cross(_edge(corners, before, here, vertices), _edge(corners, here, after, vertices))
        if _dot(turn, normal) < -_STRAIGHT * area:
            return False
    for side in range(1, 3):
        axis = (across + side) % 3
        begun = last = 0.0
        changes = 0  # of direction along the axis
        for k in range(count):
            a, b = corners[start + k], corners[start + (k + 1) % count]
            direction = np.sign(vertices[b, axis] - vertices[a, axis])
            if direction == 0.0:
                continue
            if last == 0.0:
                begun = direction
            elif direction != last:
                changes += 1
            last = direction
        if changes + (begun != last) > 2:
            return False
    return True


@njit(cache=True, nogil=True)
def _normal(corners: np.ndarray, start: int, count: int, first: int, vertices: np.ndarray):  # type: ignore[no-untyped-def]
    """Return the area of a polygon as a vector, twice as long (Newell's method)."""
    x = y = z = 0.0
    for k in range(1, count - 1):
        area = _cross(
            _edge(corners, start + first, start + (first + k) % count, vertices),
            _edge(corners, start + first, start + (first + k + 1) % count, vertices),
        )
        x, y, z = x + area[0], y + area[1], z + area[2]
    return x, y, z


@njit(cache=True, nogil=True)
def _edge(corners: np.ndarray, start: int, end: int, vertices: np.ndarray):  # type: ignore[no-untyped-def]
    a, b = corners[start], corners[end]
    return vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]


@njit(cache=True, nogil=True)
def _unit(a):  # type: ignore[no-untyped-def]
    length = np.sqrt(_dot(a, a))
    return a[0] / length, a[1] / length, a[2] / length


@njit(cache=True, nogil=True)
def _dot(a, b) -> float:  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _cross(a, b):  # type: ignore[no-untyped-def]
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit(cache=True, nogil=True)
def _smallest_start(corners: np.ndarray, start: int, count: int, vertices: np.ndarray) -> int:
    """Return the corner from which the outline, read as a list of positions, is smallest.

    It does not depend on the corner that the file names first.
    """
    best = 0
    for candidate in range(1, count):
        for k in range(count):
            here = vertices[corners[start + (candidate + k) % count]]
            there = vertices[corners[start + (best + k) % count]]
            difference = 0
            for axis in range(3):
                if difference == 0 and here[axis] != there[axis]:
                    difference = -1 if here[axis] < there[axis] else 1
            if difference < 0:
                best = candidate
            if difference != 0:
                break
    return best


@njit(cache=True, nogil=True)
def _fans(counts: np.ndarray, ways: np.ndarray, firsts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the triangles of all polygons that are divided into fans."""
    total = 0
    for polygon in range(counts.size):
        if _FAN <= ways[polygon] <= _SECOND_DIAGONAL:
            total += counts[polygon] - 2
    positions = np.empty((total, 3), np.int64)
    polygons = np.empty(total, np.int64)
    start = 0
    row = 0
    for polygon in range(counts.size):
        count = counts[polygon]
        if ways[polygon] == _SECOND_DIAGONAL:
            for triangle, three in enumerate(((0, 1, 3), (1, 2, 3))):
                for corner in range(3):
                    positions[row + triangle, corner] = start + three[corner]
            polygons[row] = polygons[row + 1] = polygon
            row += 2
        elif ways[polygon] == _FAN or ways[polygon] == _FAN_FROM:
            first = firsts[polygon]
            for corner in range(1, count - 1):
                positions[row, 0] = start + first
                positions[row, 1] = start + (first + corner) % count
                positions[row, 2] = start + (first + corner + 1) % count
                polygons[row] = polygon
                row += 1
        start += count
    return positions, polygons
