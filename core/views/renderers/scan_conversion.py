"""Compiled scan conversion: the visible face of every sample of an image.

Faces are drawn by clusters of neighbours in the file. Clusters that face the camera come first. Of
the others, only those that may be visible after that are drawn (`core.views.renderers.culling`).
At equal depths the face of the lowest number wins, so that the order does not change the image.

Many indices are unsigned: compiled code then skips the test for indices that count from the end.
"""

from __future__ import annotations

import numpy as np

from core.foundation import njit

SNAP = 256  # steps of a sample that projected vertices are snapped to
_NEAREST = np.float32(0.25)  # of a unit before the camera; closer vertices are not drawn
_OUTSIDE = 1 << 26
_CLUSTER = 16  # faces
TILE = 8  # samples along a side of a tile of the coarse depth buffer
_SLACK = np.float32(1e-5)  # on distances of about 1, a hundred times their rounding error
_BATCH = 2048
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "ninf", "nsz"})
def project(columns, camera, grid, width, places, nearness, cells):  # type: ignore[no-untyped-def]
    """Write projected positions, inverse depths and cells of vertices.

    `columns` are x, y and z of all vertices. A position is in 1/256 samples; it is one number, its row
    shifted by 32 bits and its column, so that the loop vectorises. An inverse depth of 0 stands for
    a vertex that is not drawn. A cell tells between or on which columns and rows of samples a
    vertex is; vertices out of the image on one side share a cell there. A face covers no
    sample if its three corners are in the same row or column of cells.
    """
    scale = np.float32(SNAP * grid) / camera[4, 2]
    limit = np.float32(_OUTSIDE)
    half, before, last = np.int32(SNAP // 2), np.int32(SNAP // 2 - 1), np.int32(2 * width)
    xs, ys, zs = columns[0], columns[1], columns[2]
    # Read once: otherwise compiled code must assume that its writes change the camera.
    x0, y0, z0, left, top = camera[3, 0], camera[3, 1], camera[3, 2], camera[4, 0], camera[4, 1]
    rx, ry, rz = camera[0, 0], camera[0, 1], camera[0, 2]
    dx, dy, dz = camera[1, 0], camera[1, 1], camera[1, 2]
    fx, fy, fz = camera[2, 0], camera[2, 1], camera[2, 2]
    for i in range(len(xs)):
        x, y, z = xs[i] - x0, ys[i] - y0, zs[i] - z0
        depth = x * fx + y * fy + z * fz
        inverse = _ONE / max(depth, _NEAREST)
        right = (x * rx + y * ry + z * rz) * inverse
        down = (x * dx + y * dy + z * dz) * inverse
        nearness[i] = inverse if depth >= _NEAREST else _ZERO
        across = min(max((right - left) * scale, -limit), limit) + _HALF
        along = min(max((down - top) * scale, -limit), limit) + _HALF
        x_place, y_place = np.int32(np.floor(across)), np.int32(np.floor(along))
        places[i] = (np.int64(y_place) << 32) | np.int64(np.uint32(x_place))
        column = np.int32(((x_place + before) >> 8) + ((x_place - half) >> 8) + 1)
        row = np.int32(((y_place + before) >> 8) + ((y_place - half) >> 8) + 1)
        cells[i] = (min(max(row, np.int32(0)), last) << 16) | min(max(column, np.int32(0)), last)


@njit(cache=True, nogil=True)
def _may_show(chosen, cells, columns, flags, batch):  # type: ignore[no-untyped-def]
    """Write the faces that cross a row and a column of samples.

    Faces are those of some clusters. The result is the number of faces written.
    """
    first, second, third = columns[0], columns[1], columns[2]
    for c in range(len(chosen)):
        start = chosen[c] * _CLUSTER
        for k in range(min(_CLUSTER, len(first) - start)):
            face = np.uint64(start + k)
            one = cells[np.uint64(first[face])]
            apart = (one ^ cells[np.uint64(second[face])]) | (one ^ cells[np.uint64(third[face])])
            flags[np.uint64(c * _CLUSTER + k)] = ((apart & 0xFFFF) != 0) & ((apart >> 16) != 0)
    found = 0
    for c in range(len(chosen)):
        start = chosen[c] * _CLUSTER
        for k in range(min(_CLUSTER, len(first) - start)):
            batch[np.uint64(found)] = start + k
            found += flags[np.uint64(c * _CLUSTER + k)]
    return found


@njit(cache=True, nogil=True)
def _measure(batch, places, nearness, faces, corners, depths):  # type: ignore[no-untyped-def]
    """Write the projected corners (x and y) and inverse depths of some faces."""
    for k in range(len(batch)):
        face = np.uint64(batch[k])
        for corner in range(3):
            vertex = np.uint64(faces[face, corner])
            corners[2 * corner, k], corners[2 * corner + 1, k] = places[vertex, 0], places[vertex, 1]
            depths[corner, k] = nearness[vertex]


@njit(cache=True, nogil=True, error_model="numpy")
def _try_two_samples(found, width, corners, depths, kinds, spots, near):  # type: ignore[no-untyped-def]
    """Write which samples a face covers, if its rectangle has at most two.

    `kinds` becomes the sum of 1 for the first and 2 for the second sample, or 4 for a larger face.
    `spots` and `near` become the first and last sample of the rectangle, and the nearness there.
    Integers of 32 bits suffice for faces over two samples; the results for others are not used.
    """
    half, last = np.int32(SNAP // 2), np.int32(width - 1)
    for k in range(found):
        x0, y0, x1, y1, x2, y2 = (
            corners[0, k],
            corners[1, k],
            corners[2, k],
            corners[3, k],
            corners[4, k],
            corners[5, k],
        )
        left = max(np.int32((min(x0, x1, x2) + (half - 1)) >> 8), np.int32(0))
        right = min(np.int32((max(x0, x1, x2) - half) >> 8), last)
        top = max(np.int32((min(y0, y1, y2) + (half - 1)) >> 8), np.int32(0))
        bottom = min(np.int32((max(y0, y1, y2) - half) >> 8), last)
        across, along = np.int32(right - left), np.int32(bottom - top)
        # Edge functions at the first sample, positive inside, and nearness as a plane over the image.
        x, y = np.int32((left << 8) + half - x0), np.int32((top << 8) + half - y0)
        bx, by, cx, cy = np.int32(x1 - x0), np.int32(y1 - y0), np.int32(x2 - x0), np.int32(y2 - y0)
        area = np.int32(bx * cy - by * cx)
        sign = np.int32(-1) if area < 0 else np.int32(1)
        area = np.int32(area * sign)
        in_b = np.int32(sign * np.int32(x * cy - y * cx))
        in_c = np.int32(sign * np.int32(bx * y - by * x))
        near_a = depths[0, k]
        share = _ONE / np.float32(area)
        slope_b, slope_c = (depths[1, k] - near_a) * share, (depths[2, k] - near_a) * share
        near[0, k] = near_a + np.float32(in_b) * slope_b + np.float32(in_c) * slope_c
        first = (in_b | in_c | np.int32(area - in_b - in_c)) >= 0
        x, y = np.int32(x + (across << 8)), np.int32(y + (along << 8))
        in_b = np.int32(sign * np.int32(x * cy - y * cx))
        in_c = np.int32(sign * np.int32(bx * y - by * x))
        near[1, k] = near_a + np.float32(in_b) * slope_b + np.float32(in_c) * slope_c
        second = (in_b | in_c | np.int32(area - in_b - in_c)) >= 0
        spots[0, k], spots[1, k] = (top << 16) | left, (bottom << 16) | right
        drawn = (across >= 0) & (along >= 0) & (near_a != _ZERO) & (depths[1, k] != _ZERO) & (depths[2, k] != _ZERO)
        small = drawn & (across + along <= 1) & (area != 0)
        kinds[k] = int(small & first) | int(small & second & (across + along == 1)) << 1
        kinds[k] |= int(drawn & (across + along > 1)) << 2


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(chosen, batch, corners, depths, spots, tiles, seen, nearest):  # type: ignore[no-untyped-def]
    """Draw the chosen faces of a batch over any number of samples."""
    for k in chosen:
        face = batch[k]
        ax, ay = np.int64(corners[0, k]), np.int64(corners[1, k])
        bx, by = np.int64(corners[2, k]) - ax, np.int64(corners[3, k]) - ay
        cx, cy = np.int64(corners[4, k]) - ax, np.int64(corners[5, k]) - ay
        near_a, near_b, near_c = depths[0, k], depths[1, k], depths[2, k]
        left, top = np.int64(spots[0, k] & 0xFFFF), np.int64(spots[0, k] >> 16)
        right, bottom = np.int64(spots[1, k] & 0xFFFF), np.int64(spots[1, k] >> 16)
        area = bx * cy - by * cx
        if area == 0:
            continue
        if len(tiles):
            near = max(near_a, near_b, near_c) * (_ONE + _SLACK)
            hidden = True
            for row in range(top // TILE, bottom // TILE + 1):
                for column in range(left // TILE, right // TILE + 1):
                    hidden = hidden and near < tiles[row, column]
            if hidden:
                continue
        if area < 0:
            bx, by, cx, cy, area = cx, cy, bx, by, -area
            near_b, near_c = near_c, near_b
        # Edge functions, their steps to the right and down, and nearness as a plane over the image.
        x, y = (left << 8) + SNAP // 2 - ax, (top << 8) + SNAP // 2 - ay
        row_b, row_c = x * cy - y * cx, bx * y - by * x
        right_b, down_b = cy << 8, -(cx << 8)
        right_c, down_c = -(by << 8), bx << 8
        share = _ONE / np.float32(area)
        slope_b, slope_c = (near_b - near_a) * share, (near_c - near_a) * share
        for row in range(top, bottom + 1):
            in_b, in_c = row_b, row_c
            for offset in range(right - left + 1):
                # One test of the signs of all three edge functions.
                if (in_b | in_c | (area - in_b - in_c)) >= 0:
                    near = near_a + np.float32(in_b) * slope_b + np.float32(in_c) * slope_c
                    down, aside = np.uint64(row), np.uint64(left + offset)
                    best = nearest[down, aside]
                    if near >= best and (near > best or face < seen[down, aside]):
                        nearest[down, aside] = near
                        seen[down, aside] = face
                in_b += right_b
                in_c += right_c
            row_b += down_b
            row_c += down_c


@njit(cache=True, nogil=True, error_model="numpy")
def scan(chosen, places, nearness, cells, faces, columns, tiles, seen, nearest):  # type: ignore[no-untyped-def]
    """Draw some clusters into the visible faces and inverse depths of samples.

    `columns` are the faces once more: first, second and third corners as rows. Faces are drawn by
    batches, each in four steps: faces that may cover a sample, their corners, faces over one or two
    samples (most of a fine mesh), and larger faces. Most steps have no branch, which processors would
    often predict wrong.
    """
    width = seen.shape[1]
    batch, flags, large = np.empty(_BATCH, np.int32), np.empty(_BATCH, np.bool_), np.empty(_BATCH, np.int32)
    corners, depths = np.empty((6, _BATCH), np.int32), np.empty((3, _BATCH), np.float32)
    kinds, spots, near = np.empty(_BATCH, np.int32), np.empty((2, _BATCH), np.int32), np.empty((2, _BATCH), np.float32)
    hit_face, hit_spot = np.empty(2 * _BATCH, np.int32), np.empty(2 * _BATCH, np.int32)
    hit_near = np.empty(2 * _BATCH, np.float32)
    start = 0
    while start < len(chosen):
        end = min(start + _BATCH // _CLUSTER, len(chosen))
        found = _may_show(chosen[start:end], cells, columns, flags, batch)
        start = end
        _measure(batch[:found], places, nearness, faces, corners, depths)
        _try_two_samples(found, width, corners, depths, kinds, spots, near)
        hits = others = 0
        for k in range(found):
            kind, face = kinds[k], batch[k]
            slot = np.uint64(hits)
            hit_face[slot], hit_spot[slot], hit_near[slot] = face, spots[0, k], near[0, k]
            hits += kind & 1
            slot = np.uint64(hits)
            hit_face[slot], hit_spot[slot], hit_near[slot] = face, spots[1, k], near[1, k]
            hits += (kind >> 1) & 1
            large[np.uint64(others)] = k
            others += kind >> 2
        _fill(large[:others], batch, corners, depths, spots, tiles, seen, nearest)
        for k in range(hits):
            down, aside = np.uint64(hit_spot[k] >> 16), np.uint64(hit_spot[k] & 0xFFFF)
            best = nearest[down, aside]
            if hit_near[k] >= best and (hit_near[k] > best or hit_face[k] < seen[down, aside]):
                nearest[down, aside] = hit_near[k]
                seen[down, aside] = hit_face[k]
