"""Shells: closed surfaces with a wall, a lip and a living chamber.

They are built from a coil and its sculpture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.coiling import Coil, coil_points
from core.collection.synthetic.shapes.surfaces import Surface, ellipsoid, grid_normals, grid_surface, join


@dataclass(frozen=True)
class Aperture:
    """The end of a shell.

    Parameters
    ----------
    wall : float
        Thickness of the shell as a share of half the aperture.
    depth_degrees : float
        Depth of the open chamber, which sediment or a septum closes at the back.
    rows : int
        Rings of the chamber's wall.
    bulge : float
        Convexity of the floor towards the aperture, in halves of the aperture; below 0 for the
        concave septum of a nautiloid.
    """

    wall: float = 0.07
    depth_degrees: float = 30.0
    rows: int = 8
    bulge: float = 0.05


def shell_surface(
    coil: Coil,
    curve: Float[np.ndarray, "columns 2"],
    angles: Float[np.ndarray, " rows"],
    lag: Float[np.ndarray, " columns"],
    height: Float[np.ndarray, "rows columns"],
    tint: Float[np.ndarray, "rows columns"],
    aperture: Aperture,
) -> Surface:
    """Build a shell: outer surface, lip, inside and floor of the chamber.

    `height` is sculpture in units of half a whorl's height. If a whorl covers an earlier one, its
    inner side continues inside of that, and the union of both is visible.
    """
    base = coil_points(coil, curve, angles, lag)
    size = coil.scale(angles)[:, None, None] * coil.half_height
    outside = base + grid_normals(base) * height[..., None] * size
    inside, floor = _chamber(coil, curve, lag, aperture)
    lip = 0.5 * (outside[-1:] + inside[:1]) + 0.35 * aperture.wall * coil.half_height * _forward(base)
    rows = np.concatenate([outside, lip, inside, floor])
    shades = ((lip, 0.25), (inside, -0.35), (floor, -0.7))
    dark = np.concatenate([tint, *(np.full(part.shape[:2], shade) for part, shade in shades)])
    return join([grid_surface(rows, dark), _protoconch(coil, float(coil.scale(angles[0])))])


def _protoconch(coil: Coil, size: float) -> Surface:
    """Return the embryonic shell, which closes the hole at the start of coiling."""
    reach = 1.05 * size * (1.0 - 0.7 * coil.half_height)
    return ellipsoid(np.array([0.0, 0.0, -coil.t * size]), np.array([reach, reach, 0.8 * size * coil.half_breadth]), 80)


def _forward(base: Float[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "1 columns 3"]:
    step = base[-1:] - base[-2:-1]
    return np.asarray(step / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-12))


def _chamber(
    coil: Coil, curve: Float[np.ndarray, "columns 2"], lag: Float[np.ndarray, " columns"], aperture: Aperture
) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "floor_rows columns 3"]]:
    centre = np.array([1.0, -coil.t])
    narrowed = centre + (curve - centre) * (1.0 - aperture.wall)
    depth = np.radians(aperture.depth_degrees)
    angles = -depth * np.linspace(0.0, 1.0, aperture.rows) ** 1.2
    fading = np.linspace(1.0, 0.0, aperture.rows)[:, None]
    inside = coil_points(coil, narrowed, angles, fading * lag)
    floor = []
    for share in (0.85, 0.6, 0.3, 0.08):
        ahead = aperture.bulge * coil.half_height * (1.0 - share**2)
        ring = centre + (narrowed - centre) * share
        floor.append(coil_points(coil, ring, np.array([-depth + ahead]), 0.0))
    return inside, np.concatenate(floor)


def whorls_since(coil: Coil, smallest: float) -> float:
    """Return the number of whorls between the size `smallest` and the aperture."""
    return float(-np.log(smallest) / np.log(coil.w))
