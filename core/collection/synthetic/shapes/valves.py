"""Valves of bivalves and brachiopods.

Bivalves have two valves that are mirror images of each other. A valve of a brachiopod is its own
mirror image.

A valve is a coil of very large W whose generating curve is the commissure and whose axis is the
hinge (Raup 1966). It makes about half a turn, because a hinge requires that whorls do not overlap.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.coiling import Coil, coil_points
from core.collection.synthetic.shapes.surfaces import grid_normals

Outline = Float[np.ndarray, "columns 2"]


def commissure(
    coil: Coil, angles: Float[np.ndarray, " columns"], *, hinge: float, widest: float, skew: float = 0.0
) -> Outline:
    """Return the edge of a valve as (distance from the hinge, position along it).

    `hinge` flattens the side at the axis, `widest` moves the greatest breadth towards the axis
    (below 0) or away from it, `skew` lengthens one end of the hinge line over the other.
    """
    c, s = np.cos(angles), np.sin(angles)
    away = np.where(c < 0, np.sign(c) * np.abs(c) ** (1.0 - 0.5 * hinge), c)
    breadth = s * (1.0 + widest * c) * (1.0 + 0.35 * hinge * (c < 0) * c * c) * (1.0 + skew * s)
    return np.stack([1.0 + coil.half_height * away, coil.half_breadth * breadth - coil.t], axis=1)


def valve_angles(coil: Coil, rows: int, smallest: float) -> Float[np.ndarray, " rows"]:
    """Return angles of growth from the beak to the commissure.

    They span 168 degrees at most.
    """
    whole_turn = min(np.log(1 / smallest) / np.log(coil.w) * 2 * np.pi, np.radians(168.0))
    # Rows are denser towards the edge, because the valve is largest there.
    return np.asarray(-whole_turn * (1.0 - np.linspace(0.0, 1.0, rows)) ** 1.35)


def outer_valve(
    coil: Coil,
    outline: Outline,
    angles: Float[np.ndarray, " rows"],
    lag: Float[np.ndarray, "*rows columns"],
    height: Float[np.ndarray, "rows columns"],
) -> Float[np.ndarray, "rows columns 3"]:
    """Return the outside of a valve, with sculpture that fades at the commissure."""
    base = coil_points(coil, outline, angles, lag, grows_with_lag=False)
    fading = np.ones((len(angles), 1))
    fading[-3:, 0] = (0.75, 0.4, 0.0)
    size = coil.scale(angles)[:, None, None]
    return np.asarray(base + grid_normals(base) * (height * fading)[..., None] * size)


def mirrored(points: Float[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """Return the image on the other side of the plane of the commissure."""
    return np.asarray(points * np.array([1.0, -1.0, 1.0]))
