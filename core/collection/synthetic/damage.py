"""Damage: a piece broken off along a rough fracture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import Delaunay, cKDTree

from core.collection.synthetic.shapes.surfaces import Surface, extent_of, noise_field

FRACTURE_TINT = -0.15


def break_off(surface: Surface, rng: np.random.Generator, share: float) -> Surface:
    """Return a surface without the `share` that a rough fracture cuts off.

    The share is approximate. The fracture crosses one of the two longer directions of the
    specimen. A rough surface closes it inside the specimen.
    """
    vertices = surface.vertices
    centred = vertices - vertices.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    mix = rng.normal(size=2)
    normal = axes[:, 2] * mix[0] + axes[:, 1] * mix[1] + 0.2 * np.linalg.norm(mix) * axes[:, 0] * rng.normal()
    normal /= np.linalg.norm(normal)
    extent = extent_of(surface)
    coarse, middle, fine = (noise_field(rng, wavelength * extent, 40) for wavelength in (0.4, 0.13, 0.045))

    def above(positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        flat = positions - (positions @ normal)[:, None] * normal
        return np.asarray(
            positions @ normal - extent * (0.022 * coarse(flat) + 0.004 * middle(flat) + 0.0016 * fine(flat))
        )

    distance = above(vertices)
    level = _level_beyond_which(distance, _areas(surface), share)
    kept, segments = _clip(surface, distance - level)
    return _closed(kept, segments, normal, lambda positions: above(positions) - level)


def _areas(surface: Surface) -> Float[np.ndarray, " n"]:
    """Return the share of the surface's area that belongs to every vertex."""
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    total = sum(np.bincount(surface.faces[:, k], areas, len(surface.vertices)) for k in range(3))
    return np.asarray(total / (3.0 * areas.sum()))


def _level_beyond_which(values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], share: float) -> float:
    order = np.argsort(-values, kind="stable")
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), share)])


def _clip(surface: Surface, distance: Float[np.ndarray, " n"]) -> tuple[Surface, Int[np.ndarray, "s 2"]]:
    """Return the part below distance 0, and the edges of the cut."""
    distance = np.where(distance == 0.0, -1e-12, distance)
    below = distance < 0
    count = below[surface.faces].sum(axis=1)
    crossing = surface.faces[(count == 1) | (count == 2)]
    lone_below = below[crossing].sum(axis=1) == 1
    # Rotate each cut triangle so that the corner that is alone on its side comes first.
    odd = np.argmax(below[crossing] == lone_below[:, None], axis=1)
    corners = np.stack([crossing[np.arange(len(crossing)), (odd + k) % 3] for k in range(3)], axis=1)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [0, 2]]])
    unique, inverse = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    start, stop = unique[:, 0], unique[:, 1]
    part = (distance[start] / (distance[start] - distance[stop]))[:, None]
    cut = surface.vertices[start] * (1 - part) + surface.vertices[stop] * part
    cut_tint = surface.tint[start] * (1 - part[:, 0]) + surface.tint[stop] * part[:, 0]
    total = len(surface.vertices)
    first, second = total + inverse.reshape(2, -1)
    apex, left, right = corners.T
    small = np.stack([apex, first, second], axis=1)[lone_below]
    wide = ~lone_below
    quads = np.concatenate(
        [
            np.stack([left, right, second], axis=1)[wide],
            np.stack([left, second, first], axis=1)[wide],
        ]
    )
    faces = np.concatenate([surface.faces[count == 3], small, quads])
    segments = np.where(lone_below[:, None], np.stack([first, second], 1), np.stack([second, first], 1))
    kept = Surface(np.concatenate([surface.vertices, cut]), faces, np.concatenate([surface.tint, cut_tint]))
    return _without_loose_vertices(kept, segments)


def _without_loose_vertices(
    surface: Surface, segments: Int[np.ndarray, "s 2"]
) -> tuple[Surface, Int[np.ndarray, "s 2"]]:
    used = np.zeros(len(surface.vertices), dtype=bool)
    used[surface.faces] = True
    renumbered = np.cumsum(used) - 1
    return Surface(surface.vertices[used], renumbered[surface.faces], surface.tint[used]), renumbered[segments]


def _closed(
    kept: Surface,
    segments: Int[np.ndarray, "s 2"],
    normal: Float[np.ndarray, "3"],
    above: Callable[[Float[np.ndarray, "n 3"]], Float[np.ndarray, " n"]],
) -> Surface:
    """Fill the cut with a rough surface inside the specimen."""
    if len(segments) < 3:
        return kept
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    first /= np.linalg.norm(first)
    across = np.stack([first, np.cross(normal, first)])
    edge = np.unique(segments)
    edge_flat = kept.vertices[edge] @ across.T
    starts, stops = (kept.vertices[segments[:, k]] @ across.T for k in range(2))
    low, high = edge_flat.min(axis=0), edge_flat.max(axis=0)
    step = max(float((high - low).max()) / 90, 1e-9)
    grid = np.stack(np.meshgrid(*(np.arange(low[k], high[k], step) for k in range(2))), -1).reshape(-1, 2)
    far = cKDTree(edge_flat).query(grid)[0] > 0.7 * step
    grid = grid[far]
    grid = grid[_inside(grid, starts, stops)]
    flat = np.concatenate([edge_flat, grid])
    triangles = Delaunay(flat).simplices.astype(np.int64)
    triangles = triangles[_inside(flat[triangles].mean(axis=1), starts, stops)]
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    triangles[turned] = triangles[turned][:, ::-1]
    fresh = grid @ across
    fresh = fresh - above(fresh)[:, None] * normal
    # Both surfaces share the vertices of the edge, so that there is no gap.
    numbers = np.concatenate([edge, len(kept.vertices) + np.arange(len(grid))])
    tint = kept.tint.copy()
    tint[edge] = 0.35
    return Surface(
        np.concatenate([kept.vertices, fresh]),
        np.concatenate([kept.faces, numbers[triangles]]),
        np.concatenate([tint, np.full(len(grid), FRACTURE_TINT)]),
    )


def _inside(
    points: Float[np.ndarray, "n 2"], starts: Float[np.ndarray, "s 2"], stops: Float[np.ndarray, "s 2"]
) -> Bool[np.ndarray, " n"]:
    """Return whether points are inside the cut.

    Inside, the winding number of the cut's edges is not zero, which holds for overlapping whorls too.
    """
    turns = np.zeros(len(points), dtype=np.int64)
    rise = stops[:, 1] - starts[:, 1]
    for begin in range(0, len(points), 2048):
        x, y = points[begin : begin + 2048, :1], points[begin : begin + 2048, 1:]
        up = (starts[:, 1] <= y) & (stops[:, 1] > y)
        down = (starts[:, 1] > y) & (stops[:, 1] <= y)
        side = (stops[:, 0] - starts[:, 0]) * (y - starts[:, 1]) - (x - starts[:, 0]) * rise
        turns[begin : begin + 2048] = (up & (side > 0)).sum(axis=1) - (down & (side < 0)).sum(axis=1)
    return np.asarray(turns != 0)
