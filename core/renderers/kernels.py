"""What the raster and the ray caster compute for every face, sample and pixel, compiled.

All of it stands in one file, because compiled code is cached on disk by the age of its own file:
a caller in another file would go on with what it was compiled with.

Lights are fixed to the camera, as a researcher's lamp is to the drawing board: one at the camera,
one from the upper left, the convention of scientific illustration. The second wraps around the
surface (half-Lambert), so that nothing turns black.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_SNAP = 256  # steps of a sample that projected vertices are snapped to
_NEAREST = np.float32(0.25)  # of a unit before the camera; what is closer is not drawn
_OUTSIDE = 1 << 26
_SAMPLE_STEP = np.float32(14.0)  # of 255, between two samples of one pixel
_PIXEL_STEP = np.float32(20.0)  # of 255, between neighbouring pixels
_STEEP = np.float32(2.0)  # how much depth, in widths of a pixel, one sample may stand for
_WHITE = np.float32(255.0)
_CLAY = np.float32(238.0)
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _colour_of_hit(  # type: ignore[no-untyped-def]
    face,
    u,
    v,
    w,
    depth,
    facing,
    camera,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Return red, green and blue from 0 to 255 of a point on a face (gray: all three alike).

    Behind them come the normal's parts to the right and down, as the camera sees them.
    `u`, `v`, `w` are its barycentric coordinates, `depth` its distance along the camera's axis,
    `facing` is 1 where the face is seen from the side its corners run counter-clockwise on, else -1.
    """
    if appearance == 2:
        # White at the near pole of the unit sphere, dark gray at the far one.
        value = _WHITE - np.float32(100.0) * (depth - np.float32(3.0))
        value = min(max(value, np.float32(20.0)), _WHITE)
        return value, value, value, _ZERO, _ZERO
    face = np.uint64(face)
    a, b, c = np.uint64(faces[face, 0]), np.uint64(faces[face, 1]), np.uint64(faces[face, 2])
    nx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
    ny = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
    nz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
    length = nx * nx + ny * ny + nz * nz
    if not smooth or length < np.float32(0.01):
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = max(nx * nx + ny * ny + nz * nz, np.float32(1e-30))
    scale = facing / np.sqrt(length)
    # In the camera's frame: x right, y down, z towards the camera.
    x = (nx * camera[0, 0] + ny * camera[0, 1] + nz * camera[0, 2]) * scale
    y = (nx * camera[1, 0] + ny * camera[1, 1] + nz * camera[1, 2]) * scale
    z = -(nx * camera[2, 0] + ny * camera[2, 1] + nz * camera[2, 2]) * scale
    if appearance == 3:
        half = np.float32(127.5)
        return half * (_ONE + x), half * (_ONE - y), half * (_ONE + z), x, y
    light = _light(x, y, z, shading)
    if appearance == 0:
        value = _CLAY * light
        return value, value, value, x, y
    # Dark colours are kept readable: some of the light goes through unshaded.
    light = np.float32(0.2) + np.float32(0.8) * light
    if len(corner_colours):
        red = u * corner_colours[face, 0, 0] + v * corner_colours[face, 1, 0] + w * corner_colours[face, 2, 0]
        green = u * corner_colours[face, 0, 1] + v * corner_colours[face, 1, 1] + w * corner_colours[face, 2, 1]
        blue = u * corner_colours[face, 0, 2] + v * corner_colours[face, 1, 2] + w * corner_colours[face, 2, 2]
    else:
        red = u * vertex_colours[a, 0] + v * vertex_colours[b, 0] + w * vertex_colours[c, 0]
        green = u * vertex_colours[a, 1] + v * vertex_colours[b, 1] + w * vertex_colours[c, 1]
        blue = u * vertex_colours[a, 2] + v * vertex_colours[b, 2] + w * vertex_colours[c, 2]
    return red * light, green * light, blue * light, x, y


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _light(x, y, z, shading):  # type: ignore[no-untyped-def]
    """Return the light that a surface of this normal sends to the camera, 0 to 1."""
    head = max(z, _ZERO)
    if shading == 1:
        return np.float32(0.12) + np.float32(0.88) * head
    # From the upper left, 45 degrees above the drawing board.
    key = np.float32(-0.5) * x + np.float32(-0.5) * y + np.float32(0.70710678) * z
    if shading == 2:
        return np.float32(0.12) + np.float32(0.88) * max(key, _ZERO)
    wrapped = max((key + np.float32(0.3)) / np.float32(1.3), _ZERO)
    return np.float32(0.14) + np.float32(0.32) * head + np.float32(0.54) * wrapped


@njit(cache=True, nogil=True)
def project(vertices, camera, grid):  # type: ignore[no-untyped-def]
    """Return where vertices fall, in 1/256 samples, and the inverse of their depth (0: not drawn)."""
    places = np.empty((len(vertices), 2), np.int32)
    nearness = np.empty(len(vertices), np.float32)
    scale = np.float32(_SNAP * grid) / camera[4, 2]
    limit = np.float32(_OUTSIDE)
    for i in range(len(vertices)):
        x = vertices[i, 0] - camera[3, 0]
        y = vertices[i, 1] - camera[3, 1]
        z = vertices[i, 2] - camera[3, 2]
        depth = x * camera[2, 0] + y * camera[2, 1] + z * camera[2, 2]
        if depth < _NEAREST:
            nearness[i] = _ZERO
            places[i, 0] = places[i, 1] = 0
            continue
        inverse = _ONE / depth
        right = (x * camera[0, 0] + y * camera[0, 1] + z * camera[0, 2]) * inverse
        down = (x * camera[1, 0] + y * camera[1, 1] + z * camera[1, 2]) * inverse
        nearness[i] = inverse
        places[i, 0] = np.int32(np.floor(min(max((right - camera[4, 0]) * scale, -limit), limit) + _HALF))
        places[i, 1] = np.int32(np.floor(min(max((down - camera[4, 1]) * scale, -limit), limit) + _HALF))
    return places, nearness


@njit(cache=True, nogil=True)
def scan(places, nearness, faces, width):  # type: ignore[no-untyped-def]
    """Return the face seen through every sample (-1: none) and the inverse of its depth.

    Indices are unsigned: compiled code then does not ask whether they count from the end.
    """
    seen = np.full(width * width, -1, np.int32)
    nearest = np.zeros(width * width, np.float32)
    half = _SNAP // 2
    for face in range(len(faces)):
        a, b, c = np.uint64(faces[face, 0]), np.uint64(faces[face, 1]), np.uint64(faces[face, 2])
        ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
        bx, by = np.int64(places[b, 0]), np.int64(places[b, 1])
        cx, cy = np.int64(places[c, 0]), np.int64(places[c, 1])
        left = max((min(ax, bx, cx) + (half - 1)) >> 8, 0)
        right = min((max(ax, bx, cx) - half) >> 8, width - 1)
        top = max((min(ay, by, cy) + (half - 1)) >> 8, 0)
        bottom = min((max(ay, by, cy) - half) >> 8, width - 1)
        if left > right or top > bottom:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or nearness[a] == _ZERO or nearness[b] == _ZERO or nearness[c] == _ZERO:
            continue
        if area < 0:
            b, c = c, b
            bx, by, cx, cy = cx, cy, bx, by
            area = -area
        # Edge functions, their steps to the right and down, and nearness as a plane over the picture.
        x, y = (left << 8) + half, (top << 8) + half  # type: ignore[operator]
        row_b = (x - ax) * (cy - ay) - (y - ay) * (cx - ax)
        row_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        right_b, down_b = (cy - ay) << 8, -((cx - ax) << 8)
        right_c, down_c = -((by - ay) << 8), (bx - ax) << 8
        share = _ONE / np.float32(area)
        near_a = nearness[a]
        slope_b = (nearness[b] - near_a) * share
        slope_c = (nearness[c] - near_a) * share
        for row in range(top, bottom + 1):  # type: ignore[call-overload]
            in_b, in_c = row_b, row_c
            start = np.uint64(row * width + left)
            for offset in range(right - left + 1):
                # One test of the signs of all three edge functions.
                if (in_b | in_c | (area - in_b - in_c)) >= 0:
                    near = near_a + np.float32(in_b) * slope_b + np.float32(in_c) * slope_c
                    sample = start + np.uint64(offset)
                    if near > nearest[sample]:
                        nearest[sample] = near
                        seen[sample] = face
                in_b += right_b
                in_c += right_c
            row_b += down_b
            row_c += down_c
    return seen.reshape(width, width), nearest.reshape(width, width)


@njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def colour_samples(  # type: ignore[no-untyped-def]
    places,
    nearness,
    seen,
    nearest,
    grid,
    camera,
    colours,
    coverage,
    depth,
    bends,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Colour every pixel: two samples where they agree, all of them where they do not."""
    height, width = coverage.shape
    channels = colours.shape[2]
    samples = grid * grid
    half = _SNAP // 2
    shift = 0 if grid == 1 else (1 if grid == 2 else 2)
    for row in range(height):
        for column in range(width):
            hits = 0
            closest = _ZERO
            farthest = np.float32(np.inf)
            for down in range(grid):
                for right in range(grid):
                    near = nearest[np.uint64(row * grid + down), np.uint64(column * grid + right)]
                    if near > _ZERO:
                        hits += 1
                        closest = max(closest, near)
                        farthest = min(farthest, near)
            coverage[row, column] = np.float32(hits) / np.float32(samples)
            if hits == 0:
                depth[row, column] = np.inf
                continue
            depth[row, column] = _ONE / closest
            # Where the surface is whole and not seen edge-on, one sample stands for the pixel.
            is_even = hits == samples and closest - farthest < _STEEP * camera[4, 2] * closest
            red = green = blue = _ZERO
            first_red = first_green = first_blue = _ZERO
            shaded = 0
            first_face = -1
            for turn in range(samples):
                # The second sample is the corner of the pixel opposite to the first.
                sample = turn if turn == 0 else (samples - 1 if turn == 1 else turn - 1)
                r, c = row * grid + (sample >> shift), column * grid + (sample & (grid - 1))
                face = seen[np.uint64(r), np.uint64(c)]
                if face < 0:
                    continue
                if shaded == 1 and (is_even or (face == first_face and hits == samples)):
                    break
                x, y = (c << 8) + half, (r << 8) + half
                if is_even:
                    x, y = ((column << 8) + half) * grid, ((row << 8) + half) * grid
                u, v, w, facing = _barycentric(places, nearness, faces, face, x, y)
                one, two, three, right, down = _colour_of_hit(
                    face,
                    u,
                    v,
                    w,
                    depth[row, column],
                    facing,
                    camera,
                    vertices,
                    faces,
                    normals,
                    vertex_colours,
                    corner_colours,
                    appearance,
                    shading,
                    smooth,
                )
                red += one
                green += two
                blue += three
                shaded += 1
                if shaded == 1:
                    first_red, first_green, first_blue = one, two, three
                    first_face = face
                    bends[row, column, 0], bends[row, column, 1] = right, down
                elif shaded == 2 and hits == samples:
                    apart = max(abs(one - first_red), abs(two - first_green), abs(three - first_blue))
                    if apart < _SAMPLE_STEP:
                        break
            share = _ONE / np.float32(shaded)
            colours[row, column, 0] = red * share
            if channels == 3:
                colours[row, column, 1] = green * share
                colours[row, column, 2] = blue * share


@njit(cache=True, nogil=True, inline="always")
def _barycentric(places, nearness, faces, face, x, y):  # type: ignore[no-untyped-def]
    """Return the coordinates, on the face itself, of its point nearest to a place in the picture, and its side."""
    index = np.uint64(face)
    a, b, c = np.uint64(faces[index, 0]), np.uint64(faces[index, 1]), np.uint64(faces[index, 2])
    ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
    bx, by = np.int64(places[b, 0]) - ax, np.int64(places[b, 1]) - ay
    cx, cy = np.int64(places[c, 0]) - ax, np.int64(places[c, 1]) - ay
    area = bx * cy - by * cx
    # Rows run downwards, so that corners seen counter-clockwise give a negative area.
    sign = -1 if area < 0 else 1
    in_b = sign * ((x - ax) * cy - (y - ay) * cx)
    in_c = sign * (bx * (y - ay) - by * (x - ax))
    in_a = sign * area - in_b - in_c
    # Picture coordinates are weighted with nearness to become coordinates on the face.
    u = np.float32(max(in_a, 0)) * nearness[a]
    v = np.float32(max(in_b, 0)) * nearness[b]
    w = np.float32(max(in_c, 0)) * nearness[c]
    share = _ONE / (u + v + w)
    return u * share, v * share, w * share, np.float32(-sign)


@njit(cache=True, nogil=True, fastmath=True)
def aim(camera, pixels, offsets, size):  # type: ignore[no-untyped-def]
    """Return rays through some pixels, one for each offset from their middle; length 1 along the axis."""
    rays = np.empty((len(pixels) * len(offsets), 6), np.float32)
    ray = 0
    for pixel in pixels:
        row, column = pixel // size, pixel % size
        for k in range(len(offsets)):
            right = camera[4, 0] + (np.float32(column) + _HALF + offsets[k, 0]) * camera[4, 2]
            down = camera[4, 1] + (np.float32(row) + _HALF + offsets[k, 1]) * camera[4, 2]
            for axis in range(3):
                rays[ray, axis] = camera[3, axis]
                rays[ray, 3 + axis] = right * camera[0, axis] + down * camera[1, axis] + camera[2, axis]
            ray += 1
    return rays


@njit(cache=True, nogil=True)
def colour_rays(  # type: ignore[no-untyped-def]
    rays,
    depth,
    triangles,
    places,
    facets,
    colours,
    bends,
    camera,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Compute a colour from 0 to 255 for every ray that hits; the others are left alone."""
    channels = colours.shape[1]
    for i in range(len(depth)):
        if not depth[i] < np.inf:
            continue
        v, w = places[i, 0], places[i, 1]
        away = facets[i, 0] * rays[i, 3] + facets[i, 1] * rays[i, 4] + facets[i, 2] * rays[i, 5]
        red, green, blue, right, down = _colour_of_hit(
            triangles[i],
            _ONE - v - w,
            v,
            w,
            depth[i],
            -_ONE if away > 0 else _ONE,
            camera,
            vertices,
            faces,
            normals,
            vertex_colours,
            corner_colours,
            appearance,
            shading,
            smooth,
        )
        bends[i, 0], bends[i, 1] = right, down
        colours[i, 0] = red
        if channels == 3:
            colours[i, 1] = green
            colours[i, 2] = blue


@njit(cache=True, nogil=True)
def find_edges(depth, colours):  # type: ignore[no-untyped-def]
    """Return the pixels that differ visibly from a neighbour."""
    height, width = depth.shape
    marked = np.zeros((height, width), np.bool_)
    for row in range(height):
        for column in range(width):
            hit = depth[row, column] < np.inf
            for side in range(2):
                r, c = row + side, column + 1 - side
                if r == height or c == width:
                    continue
                other = depth[r, c] < np.inf
                differs = hit != other
                if hit and other:
                    for channel in range(colours.shape[2]):
                        if abs(colours[row, column, channel] - colours[r, c, channel]) > _PIXEL_STEP:
                            differs = True
                if differs:
                    marked[row, column] = True
                    marked[r, c] = True
    return np.flatnonzero(marked).astype(np.int32)


@njit(cache=True, nogil=True)
def average_edges(colours, coverage, edges, edge_depth, edge_colours, samples):  # type: ignore[no-untyped-def]
    """Give each edge pixel the mean colour of its rays that hit, and their share as its coverage."""
    width = coverage.shape[1]
    for e in range(len(edges)):
        row, column = edges[e] // width, edges[e] % width
        hits = 0
        colours[row, column] = 0.0
        for k in range(e * samples, (e + 1) * samples):
            if edge_depth[k] < np.inf:
                hits += 1
                for channel in range(colours.shape[2]):
                    colours[row, column, channel] += edge_colours[k, channel]
        coverage[row, column] = np.float32(hits) / np.float32(samples)
        if hits:
            for channel in range(colours.shape[2]):
                colours[row, column, channel] /= np.float32(hits)
