"""Triangle surfaces during construction: grids, normals, noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull

Field = Callable[[Float[np.ndarray, "... 3"]], Float[np.ndarray, "..."]]


@dataclass(frozen=True)
class Surface:
    """A triangle mesh with a tint for every vertex.

    Parameters
    ----------
    vertices : (n, 3) float64
        Positions, in any unit during construction, then in millimetres.
    faces : (m, 3) int64
        Vertex indices, counter-clockwise seen from outside.
    tint : (n,) float64
        From -1 (sediment in a hollow) over 0 to 1 (a worn crest); colours follow it.
    """

    vertices: Float[np.ndarray, "n 3"]
    faces: Int[np.ndarray, "m 3"]
    tint: Float[np.ndarray, " n"]


def grid_surface(
    points: Float[np.ndarray, "rows columns 3"],
    tint: Float[np.ndarray, "rows columns"],
    *,
    close_start: bool = True,
    close_end: bool = True,
) -> Surface:
    """Return a surface of rows of points, each a closed ring.

    Fans close the ends.
    """
    rows, columns, _ = points.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    here, right = index[:-1], np.roll(index, -1, axis=1)[:-1]
    above, above_right = index[1:], np.roll(index, -1, axis=1)[1:]
    faces = [np.stack([here, right, above_right], -1), np.stack([here, above_right, above], -1)]
    vertices, tints = [points.reshape(-1, 3)], [tint.reshape(-1)]
    blocks = [block.reshape(-1, 3) for block in faces]
    for wanted, row, turned in ((close_start, 0, True), (close_end, rows - 1, False)):
        if wanted:
            centre = sum(len(block) for block in vertices)
            vertices.append(points[row].mean(axis=0, keepdims=True))
            tints.append(tint[row].mean(keepdims=True))
            ring, following = index[row], np.roll(index[row], -1)
            fan = np.stack([ring, following, np.full(columns, centre)], -1)
            blocks.append(fan[:, ::-1] if turned else fan)
    return outward(Surface(np.concatenate(vertices), np.concatenate(blocks), np.concatenate(tints)))


def outward(surface: Surface) -> Surface:
    """Return the surface with faces that enclose a positive volume."""
    return replace(surface, faces=surface.faces[:, ::-1].copy()) if signed_volume(surface) < 0 else surface


def signed_volume(surface: Surface) -> float:
    """Return the enclosed volume.

    A part inside of two whorls counts twice.
    """
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def join(parts: Sequence[Surface]) -> Surface:
    """Return several surfaces as one."""
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Surface(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part.tint for part in parts]),
    )


def grid_normals(points: Float[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """Return outward unit normals of a grid of rings."""
    along = np.gradient(points, axis=0)
    around = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    normals = np.cross(along, around)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    from_middle = points - points.mean(axis=1, keepdims=True)
    return normals if np.einsum("ijk,ijk->", normals, from_middle) >= 0 else -normals


def vertex_normals(surface: Surface) -> Float[np.ndarray, "n 3"]:
    """Return area-weighted unit vertex normals."""
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    weighted = np.cross(b - a, c - a)
    normals = np.zeros_like(surface.vertices)
    for axis in range(3):
        for corner in range(3):
            normals[:, axis] += np.bincount(surface.faces[:, corner], weighted[:, axis], len(normals))
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def noise_field(rng: np.random.Generator, wavelength: float, waves: int = 24) -> Field:
    """Return a smooth random field of unit variance.

    It is a sum of plane waves of random direction.
    """
    directions = rng.normal(size=(waves, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    frequencies = 2 * np.pi / wavelength * rng.uniform(0.6, 1.6, size=(waves, 1))
    vectors, phases = directions * frequencies, rng.uniform(0, 2 * np.pi, waves)

    def field(positions: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "..."]:
        total = np.zeros(positions.shape[:-1])
        for vector, phase in zip(vectors, phases, strict=True):
            total += np.cos(positions @ vector + phase)
        return np.asarray(total * np.sqrt(2.0 / waves))

    return field


def weather(surface: Surface, rng: np.random.Generator, *, swell: float = 0.006, grain: float = 0.0008) -> Surface:
    """Return a surface with slow distortion, as by burial, with pits and grain.

    `swell` and `grain` are standard deviations as a share of the specimen's extent. The slow part
    moves both sides of a thin wall together, so that they never cross.
    """
    extent = extent_of(surface)
    vertices = surface.vertices.copy()
    for share, wavelength in ((swell, 0.7), (0.12 * swell, 0.16)):
        for axis in range(3):
            vertices[:, axis] += share * extent * noise_field(rng, wavelength * extent)(surface.vertices)
    pits = noise_field(rng, 0.11 * extent, 32)(surface.vertices)
    fine = noise_field(rng, 0.05 * extent, 32)(surface.vertices) + 0.2 * rng.normal(size=len(vertices))
    vertices += vertex_normals(surface) * (grain * extent * (0.7 * fine - 0.7 * np.maximum(pits, 0)))[:, None]
    return Surface(vertices, surface.faces, np.clip(surface.tint + 0.10 * pits, -1.0, 1.0))


def extent_of(surface: Surface) -> float:
    """Return the longest edge of the axis-aligned box around a surface."""
    return float(np.ptp(surface.vertices, axis=0).max())


def fibonacci_sphere(count: int) -> Float[np.ndarray, "count 3"]:
    """Return directions spread evenly over the sphere, on a Fibonacci lattice."""
    rank = np.arange(count) + 0.5
    height = 1.0 - 2.0 * rank / count
    azimuth = np.pi * (1.0 + np.sqrt(5.0)) * rank
    across = np.sqrt(1.0 - height**2)
    return np.stack([across * np.cos(azimuth), across * np.sin(azimuth), height], axis=1)


def ellipsoid(centre: Float[np.ndarray, "3"], radii: Float[np.ndarray, "3"], count: int) -> Surface:
    """Return an ellipsoid of `count` evenly spread vertices."""
    unit = fibonacci_sphere(count)
    faces = ConvexHull(unit).simplices.astype(np.int64)
    a, b, c = (unit[faces[:, k]] for k in range(3))
    inward = np.einsum("ij,ij->i", a, np.cross(b - a, c - a)) < 0
    faces[inward] = faces[inward][:, ::-1]
    return Surface(centre + radii * unit, faces, np.zeros(count))


def along_arc(
    level: Float[np.ndarray, "..."],
    reach: Float[np.ndarray, "rows columns"],
    around: Float[np.ndarray, " columns"],
    bend: float,
) -> Float[np.ndarray, "rows columns 3"]:
    """Return rings about an arc of length 1 and of `bend` radians."""
    place = level if level.ndim == 2 else np.broadcast_to(level[:, None], reach.shape)
    curve_radius = 1.0 / max(bend, 1e-3)
    angle = place * bend
    middle = np.stack([curve_radius * (1 - np.cos(angle)), 0 * angle, curve_radius * np.sin(angle)], -1)
    across = np.stack([np.cos(angle), 0 * angle, -np.sin(angle)], -1)
    sideways = np.array([0.0, 1.0, 0.0])
    x, y = (reach * np.cos(around))[..., None], (reach * np.sin(around))[..., None]
    return np.asarray(middle + across * x + sideways * y)
