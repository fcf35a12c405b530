"""From a surface to the face that every sample of a picture shows, compiled.

Faces are drawn by clusters of neighbours in the file. Clusters that face the camera come first; of
the others only those are drawn that may stick out behind what is drawn then (occlusion culling by a
coarse depth buffer: Greene, Kass and Miller, 1993). Bounds are wide enough for rounding and equal
depths go to the face of the lowest number, so that the order leaves no trace in the picture.

Indices are unsigned where it matters: compiled code then does not ask whether they count from the end.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SNAP = 256  # steps of a sample that projected vertices are snapped to
_NEAREST = np.float32(0.25)  # of a unit before the camera; what is closer is not drawn
_OUTSIDE = 1 << 26
_CLUSTER = 16  # faces
TILE = 8  # samples along a side of a tile of the depth buffer that faces are compared with
TILES = 64  # of that with which clusters are compared, along a side of the picture
_MOST_TILES = 256  # that a cluster is compared with; larger ones are drawn
_SLACK = np.float32(1e-5)  # on distances of about 1, a hundred times what rounding does to them
_BATCH = 4096
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True)
def clusters_of(vertices, faces):  # type: ignore[no-untyped-def]
    """Return middle, radius and summed normal of every run of faces, (k, 7) float32."""
    clusters = np.empty(((len(faces) + _CLUSTER - 1) // _CLUSTER, 7), np.float32)
    for k in range(len(clusters)):
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
        clusters[k, 0], clusters[k, 1], clusters[k, 2] = x, y, z
        clusters[k, 3] = np.sqrt(farthest)
        clusters[k, 4], clusters[k, 5], clusters[k, 6] = nx, ny, nz
    return clusters


@njit(cache=True, nogil=True, error_model="numpy")
def project(vertices, camera, grid, width, places, nearness, cells):  # type: ignore[no-untyped-def]
    """Write where vertices fall, in 1/256 samples, the inverse of their depth (0: not drawn), and their cells.

    A cell says between which columns and rows of samples a vertex lies, or on which, and is the same
    for all vertices before or beyond the picture: a face shows in no sample where its three corners
    lie in the same row or column of cells.
    """
    scale = np.float32(SNAP * grid) / camera[4, 2]
    limit = np.float32(_OUTSIDE)
    half, before, last = SNAP // 2, SNAP // 2 - 1, 2 * width
    # Read once: compiled code must otherwise expect that what is written changes the camera.
    x0, y0, z0, left, top = camera[3, 0], camera[3, 1], camera[3, 2], camera[4, 0], camera[4, 1]
    rx, ry, rz = camera[0, 0], camera[0, 1], camera[0, 2]
    dx, dy, dz = camera[1, 0], camera[1, 1], camera[1, 2]
    fx, fy, fz = camera[2, 0], camera[2, 1], camera[2, 2]
    for i in range(len(vertices)):
        x, y, z = vertices[i, 0] - x0, vertices[i, 1] - y0, vertices[i, 2] - z0
        depth = x * fx + y * fy + z * fz
        drawn = depth >= _NEAREST
        inverse = _ONE / depth if drawn else _ZERO
        right = (x * rx + y * ry + z * rz) * inverse
        down = (x * dx + y * dy + z * dz) * inverse
        nearness[i] = inverse
        across = min(max((right - left) * scale, -limit), limit) + _HALF
        along = min(max((down - top) * scale, -limit), limit) + _HALF
        # Down to the next whole number; compiled code calls a function for np.floor.
        x_place, y_place = np.int32(across), np.int32(along)
        x_place -= np.float32(x_place) > across
        y_place -= np.float32(y_place) > along
        places[i, 0], places[i, 1] = x_place, y_place
        column = ((x_place + before) >> 8) + ((x_place - half) >> 8) + 1
        row = ((y_place + before) >> 8) + ((y_place - half) >> 8) + 1
        cells[i] = (min(max(row, 0), last) << 16) | min(max(column, 0), last)


@njit(cache=True, nogil=True, error_model="numpy")
def part(clusters, camera):  # type: ignore[no-untyped-def]
    """Return the clusters that face the camera, and the others."""
    towards = np.empty(len(clusters), np.int32)
    away = np.empty(len(clusters), np.int32)
    fronts = backs = 0
    for k in range(len(clusters)):
        x, y, z = clusters[k, 0] - camera[3, 0], clusters[k, 1] - camera[3, 1], clusters[k, 2] - camera[3, 2]
        back = x * clusters[k, 4] + y * clusters[k, 5] + z * clusters[k, 6] > _ZERO
        towards[fronts] = away[backs] = k
        backs += back
        fronts += not back
    return towards[:fronts], away[:backs]


@njit(cache=True, nogil=True)
def coarse(nearest, side):  # type: ignore[no-untyped-def]
    """Return the farthest of every square of so many samples, as nearness."""
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


@njit(cache=True, nogil=True, error_model="numpy")
def unhidden(chosen, clusters, camera, grid, width, tiles, side):  # type: ignore[no-untyped-def]
    """Return those of the chosen clusters that tiles of what is drawn do not hide for certain."""
    kept = np.empty(len(chosen), np.int32)
    count = 0
    scale = np.float32(grid) / camera[4, 2]
    for k in chosen:
        x, y, z = clusters[k, 0] - camera[3, 0], clusters[k, 1] - camera[3, 1], clusters[k, 2] - camera[3, 2]
        radius = clusters[k, 3] + _SLACK
        depth = x * camera[2, 0] + y * camera[2, 1] + z * camera[2, 2]
        kept[count] = k
        if depth - radius <= _NEAREST:
            count += 1
            continue
        right = (x * camera[0, 0] + y * camera[0, 1] + z * camera[0, 2]) / depth
        down = (x * camera[1, 0] + y * camera[1, 1] + z * camera[1, 2]) / depth
        near = (_ONE + _SLACK) / (depth - radius)
        # A point of the sphere lies off its middle by (dx - right * dz) / (depth + dz).
        wide = radius * (_ONE + abs(right)) / (depth - radius)
        high = radius * (_ONE + abs(down)) / (depth - radius)
        left = max(int((right - wide - camera[4, 0]) * scale - _ONE), 0) // side
        top = max(int((down - high - camera[4, 1]) * scale - _ONE), 0) // side
        end = min(max(int((right + wide - camera[4, 0]) * scale + _ONE), -1), width - 1) // side
        bottom = min(max(int((down + high - camera[4, 1]) * scale + _ONE), -1), width - 1) // side
        seen = (end - left + 1) * (bottom - top + 1) > _MOST_TILES
        row = top
        while row <= bottom and not seen:
            for column in range(left, end + 1):
                seen = seen or not near < tiles[row, column]
            row += 1
        count += seen
    return kept[:count]


@njit(cache=True, nogil=True)
def scan(chosen, places, nearness, cells, faces, tiles, seen, nearest):  # type: ignore[no-untyped-def]
    """Find the face of some clusters that is seen through every sample, and the inverse of its depth."""
    width = seen.shape[1]
    half = SNAP // 2
    batch = np.empty(_BATCH, np.int32)
    hit_face = np.empty(2 * _BATCH, np.int32)
    hit_row = np.empty(2 * _BATCH, np.int32)
    hit_column = np.empty(2 * _BATCH, np.int32)
    hit_near = np.empty(2 * _BATCH, np.float32)
    start = 0
    while start < len(chosen):
        # First those that may show in a sample, without a branch: processors would guess it wrong.
        found = 0
        while start < len(chosen) and found <= _BATCH - _CLUSTER:
            first = chosen[start] * _CLUSTER
            start += 1
            for face in range(first, min(first + _CLUSTER, len(faces))):
                index = np.uint64(face)
                one = cells[np.uint64(faces[index, 0])]
                apart = (one ^ cells[np.uint64(faces[index, 1])]) | (one ^ cells[np.uint64(faces[index, 2])])
                batch[np.uint64(found)] = face
                found += ((apart & 0xFFFF) != 0) & ((apart >> 16) != 0)
        hits = 0
        for k in range(found):
            face = batch[k]
            index = np.uint64(face)
            a, b, c = np.uint64(faces[index, 0]), np.uint64(faces[index, 1]), np.uint64(faces[index, 2])
            ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
            bx, by = np.int64(places[b, 0]), np.int64(places[b, 1])
            cx, cy = np.int64(places[c, 0]), np.int64(places[c, 1])
            left: int = max((min(ax, bx, cx) + (half - 1)) >> 8, 0)  # type: ignore[assignment]
            right: int = min((max(ax, bx, cx) - half) >> 8, width - 1)
            top: int = max((min(ay, by, cy) + (half - 1)) >> 8, 0)  # type: ignore[assignment]
            bottom: int = min((max(ay, by, cy) - half) >> 8, width - 1)
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            if left > right or top > bottom:
                continue
            if area == 0 or nearness[a] == _ZERO or nearness[b] == _ZERO or nearness[c] == _ZERO:
                continue
            if area < 0:
                b, c = c, b
                bx, by, cx, cy = cx, cy, bx, by
                area = -area
            # Edge functions, their steps to the right and down, and nearness as a plane over the picture.
            x, y = (left << 8) + half, (top << 8) + half
            row_b = (x - ax) * (cy - ay) - (y - ay) * (cx - ax)
            row_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            right_b, down_b = (cy - ay) << 8, -((cx - ax) << 8)
            right_c, down_c = -((by - ay) << 8), (bx - ax) << 8
            share = _ONE / np.float32(area)
            near_a = nearness[a]
            slope_b = (nearness[b] - near_a) * share
            slope_c = (nearness[c] - near_a) * share
            across, along = right - left, bottom - top
            if across + along <= 1:
                # One sample or two, most faces of a fine mesh: again without a branch.
                slot = np.uint64(hits)
                hit_face[slot], hit_row[slot], hit_column[slot] = face, top, left
                hit_near[slot] = near_a + np.float32(row_b) * slope_b + np.float32(row_c) * slope_c
                hits += int((row_b | row_c | (area - row_b - row_c)) >= 0)
                slot = np.uint64(hits)
                row_b += across * right_b + along * down_b
                row_c += across * right_c + along * down_c
                hit_face[slot], hit_row[slot], hit_column[slot] = face, bottom, right
                hit_near[slot] = near_a + np.float32(row_b) * slope_b + np.float32(row_c) * slope_c
                hits += int(((row_b | row_c | (area - row_b - row_c)) >= 0) & (across + along == 1))
                continue
            if len(tiles):
                near = max(near_a, nearness[b], nearness[c]) * (_ONE + _SLACK)
                hidden = True
                for row in range(top // TILE, bottom // TILE + 1):
                    for column in range(left // TILE, right // TILE + 1):
                        hidden = hidden and near < tiles[row, column]
                if hidden:
                    continue
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
        for k in range(hits):
            down, aside, near = np.uint64(hit_row[k]), np.uint64(hit_column[k]), hit_near[k]
            best = nearest[down, aside]
            if near >= best and (near > best or hit_face[k] < seen[down, aside]):
                nearest[down, aside] = near
                seen[down, aside] = hit_face[k]
