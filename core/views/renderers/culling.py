"""Compiled culling of clusters of faces, which are neighbours in the file.

A cluster is culled if a coarse depth buffer hides its bounds (Greene, Kass and Miller, 1993). The
bounds allow for rounding, so that no visible face is culled.
"""

from __future__ import annotations

import numpy as np

from core.foundation import njit

_CLUSTER = 16  # faces, as in `core.views.renderers.scan_conversion`
_NEAREST = np.float32(0.25)  # of a unit before the camera, as there
_MOST_TILES = 256  # of the coarse depth buffer; clusters over more tiles are drawn without a test
_SLACK = np.float32(1e-5)  # on distances of about 1, a hundred times their rounding error
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True)
def clusters_of(vertices, faces):  # type: ignore[no-untyped-def]
    """Return centre, radius and summed normal of every cluster, (7, k) float32."""
    clusters = np.empty((7, (len(faces) + _CLUSTER - 1) // _CLUSTER), np.float32)
    for k in range(clusters.shape[1]):
        first, last = k * _CLUSTER, min((k + 1) * _CLUSTER, len(faces))
        nx = ny = nz = _ZERO
        x0 = y0 = z0 = np.float32(np.inf)
        x1 = y1 = z1 = np.float32(-np.inf)
        for f in range(first, last):
            a, b, c = np.uint64(faces[f, 0]), np.uint64(faces[f, 1]), np.uint64(faces[f, 2])
            ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
            bx, by, bz = vertices[b, 0], vertices[b, 1], vertices[b, 2]
            cx, cy, cz = vertices[c, 0], vertices[c, 1], vertices[c, 2]
            x0, x1 = min(x0, ax, bx, cx), max(x1, ax, bx, cx)
            y0, y1 = min(y0, ay, by, cy), max(y1, ay, by, cy)
            z0, z1 = min(z0, az, bz, cz), max(z1, az, bz, cz)
            nx += (by - ay) * (cz - az) - (bz - az) * (cy - ay)
            ny += (bz - az) * (cx - ax) - (bx - ax) * (cz - az)
            nz += (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        x, y, z = (x0 + x1) * _HALF, (y0 + y1) * _HALF, (z0 + z1) * _HALF
        farthest = _ZERO
        for f in range(first, last):
            for corner in range(3):
                v = np.uint64(faces[f, corner])
                dx, dy, dz = vertices[v, 0] - x, vertices[v, 1] - y, vertices[v, 2] - z
                farthest = max(farthest, dx * dx + dy * dy + dz * dz)
        clusters[0, k], clusters[1, k], clusters[2, k] = x, y, z
        clusters[3, k] = np.sqrt(farthest)
        clusters[4, k], clusters[5, k], clusters[6, k] = nx, ny, nz
    return clusters


@njit(cache=True, nogil=True, error_model="numpy")
def split_by_facing(clusters, camera):  # type: ignore[no-untyped-def]
    """Return the numbers of the clusters that face the camera, and of the others."""
    towards = np.empty(clusters.shape[1], np.int32)
    away = np.empty(clusters.shape[1], np.int32)
    fronts = backs = 0
    for k in range(clusters.shape[1]):
        x, y, z = clusters[0, k] - camera[3, 0], clusters[1, k] - camera[3, 1], clusters[2, k] - camera[3, 2]
        back = x * clusters[4, k] + y * clusters[5, k] + z * clusters[6, k] > _ZERO
        towards[fronts] = away[backs] = k
        backs += back
        fronts += not back
    return towards[:fronts], away[:backs]


@njit(cache=True, nogil=True)
def coarse_nearness(nearest, side):  # type: ignore[no-untyped-def]
    """Return the smallest nearness in every square of `side` × `side` samples."""
    height, width = nearest.shape
    tiles = np.empty(((height + side - 1) // side, (width + side - 1) // side), np.float32)
    least = np.empty(width, np.float32)
    for row in range(tiles.shape[0]):
        least[:] = nearest[row * side]
        for r in range(row * side + 1, min((row + 1) * side, height)):
            for column in range(width):
                near = nearest[r, column]
                least[column] = near if near < least[column] else least[column]
        for tile in range(tiles.shape[1]):
            near = least[tile * side]
            for column in range(tile * side + 1, min((tile + 1) * side, width)):
                near = min(near, least[column])
            tiles[row, tile] = near
    return tiles


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "nsz"})
def _windows(clusters, camera, scale, width, shift):  # type: ignore[no-untyped-def]
    """Return bounds of clusters in the image, and of their nearness.

    Squares are given by first and last column, first and last row, (4, k) int32; the last is before
    the first if the cluster is out of the image. The loop has no branch, so that the compiler
    vectorises it.
    """
    count = clusters.shape[1]
    windows, nearness = np.empty((4, count), np.int32), np.empty(count, np.float32)
    xs, ys, zs, radii = clusters[0], clusters[1], clusters[2], clusters[3]
    lefts, ends, tops, bottoms = windows[0], windows[1], windows[2], windows[3]
    x0, y0, z0, left_edge, top_edge = camera[3, 0], camera[3, 1], camera[3, 2], camera[4, 0], camera[4, 1]
    rx, ry, rz = camera[0, 0], camera[0, 1], camera[0, 2]
    dx, dy, dz = camera[1, 0], camera[1, 1], camera[1, 2]
    fx, fy, fz = camera[2, 0], camera[2, 1], camera[2, 2]
    before, beyond, last = np.float32(-2.0), np.float32(width + 1), np.int32(width - 1)
    for k in range(count):
        x, y, z = xs[k] - x0, ys[k] - y0, zs[k] - z0
        radius = radii[k] + _SLACK
        depth = x * fx + y * fy + z * fz
        is_near = depth - radius <= _NEAREST
        closest = _NEAREST if is_near else depth - radius
        depth = _ONE if is_near else depth
        right = (x * rx + y * ry + z * rz) / depth
        down = (x * dx + y * dy + z * dz) / depth
        # A point of the sphere is off its centre by (dx - right * dz) / (depth + dz).
        wide = radius * (_ONE + abs(right)) / closest
        high = radius * (_ONE + abs(down)) / closest
        left = min(max((right - wide - left_edge) * scale - _ONE, before), beyond)
        end = min(max((right + wide - left_edge) * scale + _ONE, before), beyond)
        top = min(max((down - high - top_edge) * scale - _ONE, before), beyond)
        bottom = min(max((down + high - top_edge) * scale + _ONE, before), beyond)
        lefts[k] = 0 if is_near else max(np.int32(left), np.int32(0)) >> shift
        tops[k] = 0 if is_near else max(np.int32(top), np.int32(0)) >> shift
        ends[k] = (last if is_near else min(max(np.int32(end), np.int32(-1)), last)) >> shift
        bottoms[k] = (last if is_near else min(max(np.int32(bottom), np.int32(-1)), last)) >> shift
        nearness[k] = np.float32(1e30) if is_near else (_ONE + _SLACK) / closest
    return windows, nearness


@njit(cache=True, nogil=True, error_model="numpy")
def unoccluded(chosen, clusters, camera, grid, width, tiles, shift):  # type: ignore[no-untyped-def]
    """Return the chosen clusters that tiles of 2 ** `shift` samples may not hide."""
    visible = np.empty(len(chosen), np.int32)
    count = 0
    windows, nearness = _windows(clusters, camera, np.float32(grid) / camera[4, 2], width, shift)
    for k in chosen:
        left, end, top, bottom, near = windows[0, k], windows[1, k], windows[2, k], windows[3, k], nearness[k]
        visible[count] = k
        seen = (end - left + 1) * (bottom - top + 1) > _MOST_TILES
        row = top
        while row <= bottom and not seen:
            for column in range(left, end + 1):
                seen = seen or not near < tiles[row, column]
            row += 1
        count += seen
    return visible[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def within_reach(clusters, camera, size, shift):  # type: ignore[no-untyped-def]
    """Return the pixels in which a cluster may be visible.

    They come in squares of side 2 ** `shift`.
    """
    side = 1 << shift
    across = (size + side - 1) >> shift
    windows, _ = _windows(clusters, camera, _ONE / camera[4, 2], size, shift)
    # Marks at the corners of every cluster's rectangle; sums over rows and columns count the clusters in a square.
    counts = np.zeros((across + 1, across + 1), np.int32)
    for k in range(clusters.shape[1]):
        left, end, top, bottom = windows[0, k], windows[1, k], windows[2, k], windows[3, k]
        if left <= end and top <= bottom:
            counts[top, left] += 1
            counts[top, end + 1] -= 1
            counts[bottom + 1, left] -= 1
            counts[bottom + 1, end + 1] += 1
    pixels = np.empty(size * size, np.int32)
    count = 0
    for row in range(across):
        here = 0
        for column in range(across):
            if row:
                counts[row, column] += counts[row - 1, column]
            here += counts[row, column]
            if here:
                for r in range(row * side, min((row + 1) * side, size)):
                    for c in range(column * side, min((column + 1) * side, size)):
                        pixels[np.uint64(count)] = r * size + c
                        count += 1
    return pixels[:count]
