"""Compiled kernels of the raster and ray casting renderers.

All kernels are in one file, because numba caches compiled code by the modification time of its own
file: a caller in another file would keep using outdated code.

Functions that are called for every pixel take numbers only: passing an array to another function
costs compiled code more than most of them compute.

Lights are fixed to the camera: one at the camera and one from the upper left, the convention of
scientific illustration. The second wraps around the surface (half-Lambert), so that nothing is
black.
"""

from __future__ import annotations

import numpy as np

from core.foundation import njit

_SNAP = 256  # steps of a sample that projected vertices are snapped to, as in `core.views.renderers.scan_conversion`
_STEEP = np.float32(2.0)  # depth range, in widths of a pixel, that one sample may represent
_STEEP_STEP = np.float32(6.0)  # the same between the centres of neighbouring pixels
_WHITE = np.float32(255.0)
_CLAY = np.float32(238.0)
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def colour_hits(  # type: ignore[no-untyped-def]
    triangles,
    barycentric,
    facing,
    depth,
    colours,
    normals_xy,
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
    """Write the colours and normals of points on faces.

    Colours are from 0 to 255. Of the normals, the components to the right and down are written.

    `triangles` are the faces (-1: none, left alone) and `barycentric` the coordinates of the
    points for the second and third corner. `facing` is 1 if the visible side of a face has its corners
    counter-clockwise, else -1. `depth` is the distance along the camera's axis.
    """
    for i in range(len(triangles)):
        if triangles[i] < 0:
            continue
        if appearance == 2:
            # White at the near pole of the unit sphere, dark gray at the far pole.
            tone = _WHITE - np.float32(100.0) * (depth[i] - np.float32(3.0))
            colours[i, 0] = min(max(tone, np.float32(20.0)), _WHITE)
            continue
        face = np.uint64(triangles[i])
        a, b, c = np.uint64(faces[face, 0]), np.uint64(faces[face, 1]), np.uint64(faces[face, 2])
        v, w = barycentric[i, 0], barycentric[i, 1]
        u = _ONE - v - w
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
        scale = facing[i] / np.sqrt(length)
        # In the camera's frame: x right, y down, z towards the camera.
        x = (nx * camera[0, 0] + ny * camera[0, 1] + nz * camera[0, 2]) * scale
        y = (nx * camera[1, 0] + ny * camera[1, 1] + nz * camera[1, 2]) * scale
        z = -(nx * camera[2, 0] + ny * camera[2, 1] + nz * camera[2, 2]) * scale
        normals_xy[0, i], normals_xy[1, i] = x, y
        if appearance == 3:
            half = np.float32(127.5)
            colours[i, 0] = half * (_ONE + x)
            colours[i, 1] = half * (_ONE - y)
            colours[i, 2] = half * (_ONE + z)
            continue
        light = _light(x, y, z, shading)
        if appearance == 0:
            colours[i, 0] = _CLAY * light
            continue
        # Some unshaded light keeps dark colours readable.
        light = np.float32(0.2) + np.float32(0.8) * light
        for channel in range(3):
            if len(corner_colours):
                one = np.float32(corner_colours[face, 0, channel])
                two = np.float32(corner_colours[face, 1, channel])
                three = np.float32(corner_colours[face, 2, channel])
            else:
                one = np.float32(vertex_colours[a, channel])
                two = np.float32(vertex_colours[b, channel])
                three = np.float32(vertex_colours[c, channel])
            colours[i, channel] = (u * one + v * two + w * three) * light


@njit(cache=True, nogil=True, fastmath=True)
def _light(x, y, z, shading):  # type: ignore[no-untyped-def]
    """Return the light, 0 to 1, that a surface with this normal sends to the camera."""
    head = max(z, _ZERO)
    if shading == 1:
        return np.float32(0.12) + np.float32(0.88) * head
    # From the upper left, 45 degrees above the image plane.
    key = np.float32(-0.5) * x + np.float32(-0.5) * y + np.float32(0.70710678) * z
    if shading == 2:
        return np.float32(0.12) + np.float32(0.88) * max(key, _ZERO)
    wrapped = max((key + np.float32(0.3)) / np.float32(1.3), _ZERO)
    return np.float32(0.14) + np.float32(0.32) * head + np.float32(0.54) * wrapped


@njit(cache=True, nogil=True, error_model="numpy")
def pick(nearest, grid, step, coverage, picked, mixed):  # type: ignore[no-untyped-def]
    """Write coverage and nearest sample of every pixel.

    A pixel is mixed if it is covered in part, or holds a step in depth or a steep slope, so that one
    sample does not represent it. The numbers of mixed pixels are written to `mixed`, and their count
    is returned. The nearest sample of a pixel without any is -1.
    """
    height, width = coverage.shape
    samples = grid * grid
    shift = 0 if grid == 1 else (1 if grid == 2 else 2)
    found = 0
    flags = np.empty(width, np.bool_)
    for row in range(height):
        if grid == 2:
            # The usual case without a branch, so that the compiler vectorises it.
            above, below = nearest[2 * row], nearest[2 * row + 1]
            corner = row << 17
            for column in range(width):
                one, two = above[2 * column], above[2 * column + 1]
                three, four = below[2 * column], below[2 * column + 1]
                closest = max(max(one, two), max(three, four))
                farthest = min(min(one, two), min(three, four))
                hits = int(one > _ZERO) + int(two > _ZERO) + int(three > _ZERO) + int(four > _ZERO)
                best = 0 if one == closest else 1 if two == closest else 65536 if three == closest else 65537
                picked[row, column] = corner + 2 * column + best if hits > 0 else -1
                coverage[row, column] = np.float32(hits) * np.float32(0.25)
                flags[column] = (hits > 0) & ((hits < 4) | (closest - farthest >= _STEEP * step * closest))
            for column in range(width):
                mixed[np.uint64(found)] = row * width + column
                found += int(flags[column])
            continue
        for column in range(width):
            hits = 0
            best = -1
            closest = _ZERO
            farthest = np.float32(np.inf)
            for part in range(samples):
                r, c = row * grid + (part >> shift), column * grid + (part & (grid - 1))
                near = nearest[np.uint64(r), np.uint64(c)]
                if near > _ZERO:
                    hits += 1
                    farthest = min(farthest, near)
                    if near > closest:
                        closest = near
                        best = (r << 16) | c
            coverage[row, column] = np.float32(hits) / np.float32(samples)
            picked[row, column] = best
            whole = hits == samples and closest - farthest < _STEEP * step * closest
            mixed[np.uint64(found)] = row * width + column
            found += (hits > 0) & (not whole) & (samples > 1)
    return found


@njit(cache=True, nogil=True)
def samples_of(pixels, width, grid):  # type: ignore[no-untyped-def]
    """Return all samples of some pixels, one pixel after the other."""
    samples = np.empty(len(pixels) * grid * grid, np.int32)
    found = 0
    for pixel in pixels:
        row, column = pixel // width, pixel % width
        for r in range(row * grid, (row + 1) * grid):
            for c in range(column * grid, (column + 1) * grid):
                samples[found] = (r << 16) | c
                found += 1
    return samples


@njit(cache=True, nogil=True, error_model="numpy")
def locate(  # type: ignore[no-untyped-def]
    samples, at_centre, places, nearness, faces, seen, nearest, grid, triangles, barycentric, facing, depth
):
    """Write the hits of samples: face, barycentric coordinates, side and depth.

    The depth is infinite without a hit. A sample is its row, shifted by 16 bits, and its column.
    With `at_centre`, the barycentric coordinates are those of the centre of the sample's pixel,
    or of the nearest point to it on the same face.
    """
    half = _SNAP // 2
    shift = 0 if grid == 1 else (1 if grid == 2 else 2)
    last = np.int32(-1)
    area = ax = ay = bx = by = cx = cy = np.int64(0)
    sign = 1
    near_a = near_b = near_c = _ZERO
    for i in range(len(samples)):
        sample = samples[i]
        row, column = np.int64(sample >> 16), np.int64(sample & 0xFFFF)
        face = np.int32(-1) if sample < 0 else seen[np.uint64(row), np.uint64(column)]
        triangles[i] = face
        if face < 0:
            depth[i] = np.inf
            continue
        depth[i] = _ONE / nearest[np.uint64(row), np.uint64(column)]
        x, y = (column << 8) + half, (row << 8) + half
        if at_centre:
            x, y = ((column >> shift << 8) + half) * grid, ((row >> shift << 8) + half) * grid
        if face != last:
            # Neighbouring samples often show the same face.
            last = face
            index = np.uint64(face)
            a, b, c = np.uint64(faces[index, 0]), np.uint64(faces[index, 1]), np.uint64(faces[index, 2])
            ax, ay = np.int64(places[a, 0]), np.int64(places[a, 1])
            bx, by = np.int64(places[b, 0]) - ax, np.int64(places[b, 1]) - ay
            cx, cy = np.int64(places[c, 0]) - ax, np.int64(places[c, 1]) - ay
            area = bx * cy - by * cx
            # Rows run downwards, so that counter-clockwise corners give a negative area.
            sign = -1 if area < 0 else 1
            near_a, near_b, near_c = nearness[a], nearness[b], nearness[c]
        in_b = sign * ((x - ax) * cy - (y - ay) * cx)
        in_c = sign * (bx * (y - ay) - by * (x - ax))
        in_a = sign * area - in_b - in_c
        # Nearness as a weight turns image coordinates into barycentric coordinates on the face.
        u = np.float32(max(in_a, 0)) * near_a  # type: ignore[arg-type]
        v = np.float32(max(in_b, 0)) * near_b  # type: ignore[arg-type]
        w = np.float32(max(in_c, 0)) * near_c  # type: ignore[arg-type]
        share = _ONE / (u + v + w)
        barycentric[i, 0], barycentric[i, 1] = v * share, w * share
        facing[i] = np.float32(-sign)


@njit(cache=True, nogil=True, fastmath=True)
def aim(camera, pixels, offsets, size, rays):  # type: ignore[no-untyped-def]
    """Write rays through some pixels, one for each offset from the centre.

    A ray has length 1 along the camera's axis.
    """
    # Read once: otherwise compiled code must assume that its writes change the camera.
    x, y, z, left, top, step = camera[3, 0], camera[3, 1], camera[3, 2], camera[4, 0], camera[4, 1], camera[4, 2]
    rx, ry, rz = camera[0, 0], camera[0, 1], camera[0, 2]
    dx, dy, dz = camera[1, 0], camera[1, 1], camera[1, 2]
    fx, fy, fz = camera[2, 0], camera[2, 1], camera[2, 2]
    many = len(offsets)
    for i in range(len(pixels)):
        row, column = pixels[i] // size, pixels[i] % size
        for k in range(many):
            right = left + (np.float32(column) + _HALF + offsets[k, 0]) * step
            down = top + (np.float32(row) + _HALF + offsets[k, 1]) * step
            ray = np.uint64(i * many + k)
            rays[ray, 0], rays[ray, 1], rays[ray, 2] = x, y, z
            rays[ray, 3] = right * rx + down * dx + fx
            rays[ray, 4] = right * ry + down * dy + fy
            rays[ray, 5] = right * rz + down * dz + fz


@njit(cache=True, nogil=True)
def write_hits(pixels, found, rays, triangles, barycentric, facing, depth):  # type: ignore[no-untyped-def]
    """Write the hits of rays to their pixels.

    A hit is face, barycentric coordinates, side and depth.

    Without a hit the face is -1 and the depth infinite. A side is 1 if a ray meets a facet against
    its normal, else -1.
    """
    faces, spots, facets, reached = found
    for i in range(len(pixels)):
        pixel, face = np.uint64(pixels[i]), np.int32(faces[i])  # Embree's invalid id becomes -1
        triangles[pixel], depth[pixel] = face, reached[i]
        if face < 0:
            continue
        barycentric[pixel, 0], barycentric[pixel, 1] = spots[i, 0], spots[i, 1]
        along = facets[i, 0] * rays[i, 3] + facets[i, 1] * rays[i, 4] + facets[i, 2] * rays[i, 5]
        facing[pixel] = -_ONE if along > _ZERO else _ONE


@njit(cache=True, nogil=True)
def find_edges(depth, step):  # type: ignore[no-untyped-def]
    """Return the pixels at outlines, at steps in depth and on steep slopes.

    One ray does not represent these pixels.
    """
    height, width = depth.shape
    edges = np.empty(height * width, np.int32)
    marked = np.zeros((height, width), np.bool_)
    limit = _STEEP_STEP * step
    for row in range(height):
        for column in range(width):
            here = depth[row, column]
            for side in range(2):
                r, c = row + side, column + 1 - side
                if r == height or c == width:
                    continue
                other = depth[r, c]
                # Two pixels of the background differ by nan, and the comparison is false.
                if abs(here - other) > limit * min(here, other):
                    marked[row, column] = marked[r, c] = True
    found = 0
    for row in range(height):
        for column in range(width):
            edges[np.uint64(found)] = row * width + column
            found += marked[row, column]
    return edges[:found]


@njit(cache=True, nogil=True)
def average_edges(colours, coverage, pixels, edge_depth, edge_colours, samples):  # type: ignore[no-untyped-def]
    """Set some pixels to the mean colour of their samples that are hits.

    The coverage becomes the share of these samples.
    """
    for e in range(len(pixels)):
        pixel = np.uint64(pixels[e])
        hits = 0
        colours[pixel] = _ZERO
        for k in range(e * samples, (e + 1) * samples):
            if edge_depth[k] < np.inf:
                hits += 1
                for channel in range(colours.shape[1]):
                    colours[pixel, channel] += edge_colours[k, channel]
        coverage[pixel] = np.float32(hits) / np.float32(samples)
        if hits:
            for channel in range(colours.shape[1]):
                colours[pixel, channel] /= np.float32(hits)
