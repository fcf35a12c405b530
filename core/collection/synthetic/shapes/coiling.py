"""Raup's coiling model: a generating curve that grows and revolves about an axis.

Raup (1966, Geometric analysis of shell coiling: general problems, J. Paleontology
40:1178-1190) describes a shell by four numbers: the whorl expansion rate W, the distance
D of the generating curve from the axis, the translation rate T along the axis, and the
shape S of the generating curve. His block diagram spans W from 1 to 10^6, D from 0 to 1
and T from 0 to 4; coiled cephalopods and gastropods have a small W (about 1.2 to 4),
the valves of bivalves and brachiopods a large one (about 10^1.5 to 10^6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Coil:
    """The four parameters of Raup (1966).

    Parameters
    ----------
    w : float
        Whorl expansion: how many times larger the curve is after one turn.
    d : float
        Distance of the curve's inner margin from the axis over that of its outer margin.
    t : float
        Translation along the axis over movement away from it; 0 is planispiral.
    s : float
        Breadth of the curve along the axis over its height away from the axis.
    """

    w: float
    d: float
    t: float
    s: float

    @property
    def half_height(self) -> float:
        """Half of the curve's height if its centre is at distance 1 from the axis."""
        return (1.0 - self.d) / (1.0 + self.d)

    @property
    def half_breadth(self) -> float:
        """Half of the curve's breadth in the same unit."""
        return self.half_height * self.s

    def scale(self, growth_angle: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Return the size at an angle in radians, 1 at the aperture (angle 0)."""
        return np.asarray(self.w ** (growth_angle / (2 * np.pi)))


def spread(columns: int, *, crowding: float = 0.0) -> Float[np.ndarray, " columns"]:
    """Return angles around a curve in radians, 0 on the venter.

    They are denser on the venter by `crowding` < 1.
    """
    even = -np.pi + 2 * np.pi * (np.arange(columns) + 0.5) / columns
    return even - crowding * np.sin(even)


def generating_curve(
    coil: Coil,
    angles: Float[np.ndarray, " columns"],
    *,
    squareness: float = 2.0,
    taper: float = 0.0,
    slant: float = 0.0,
) -> Float[np.ndarray, "columns 2"]:
    """Return the curve as (distance from the axis, height along it).

    Its centre is at distance 1.

    It is a superellipse of exponent `squareness`. `taper` (0 to 0.8) narrows its venter, and
    `slant` moves its side nearer to the apex towards the axis.
    """
    c, s = np.cos(angles), np.sin(angles)
    radius = (np.abs(c) ** squareness + np.abs(s) ** squareness) ** (-1.0 / squareness)
    away = coil.half_height * radius * c
    along = coil.half_breadth * radius * s * (1.0 - taper * c) / (1.0 + 0.35 * taper)
    return np.stack([1.0 + away - slant * along, along - coil.t], axis=1)


def growth_angles(coil: Coil, whorls: float, steps: int, *, thinning: float = 0.45) -> Float[np.ndarray, " rows"]:
    """Return the angles of growth from -2π·`whorls` to 0, `steps` to the last whorl.

    Earlier whorls are smaller and have fewer steps: the number is proportional to the size to
    the power `thinning`.
    """
    angles = [0.0]
    while angles[-1] > -2 * np.pi * whorls:
        size = max(coil.w ** (angles[-1] / (2 * np.pi)), 0.02)
        angles.append(angles[-1] - 2 * np.pi / (steps * size**thinning))
    return np.array(angles[::-1])


def coil_points(
    coil: Coil,
    curve: Float[np.ndarray, "columns 2"],
    angles: Float[np.ndarray, " rows"],
    lag: Float[np.ndarray, "*rows columns"] | float = 0.0,
    *,
    grows_with_lag: bool = True,
) -> Float[np.ndarray, "rows columns 3"]:
    """Return the curve swept along the helico-spiral of Raup (1966).

    The axis is z, and the apex is the origin.

    Parameters
    ----------
    coil
        Expansion and translation; the curve already holds D, T and S.
    curve : (columns, 2) float64
        Generating curve at size 1.
    angles : (rows,) float64
        Angles of growth in radians, 0 at the aperture.
    lag : (columns,) or (rows, columns) float64, optional
        How far, in radians, the growing edge is ahead at each point of the curve; growth lines,
        ribs and the aperture follow it.
    grows_with_lag : bool, optional
        Whether points that are ahead are also larger. For the two valves of a brachiopod it
        must be false, so that they meet along their edge.

    Returns
    -------
    (rows, columns, 3) float64
        Seen from the apex growth runs clockwise, as in a dextral gastropod.
    """
    turned = angles[:, None] + np.broadcast_to(lag, (len(angles), len(curve)))
    size = coil.scale(turned if grows_with_lag else np.broadcast_to(angles[:, None], turned.shape))
    away, along = curve[None, :, 0] * size, curve[None, :, 1] * size
    return np.stack([away * np.cos(turned), -away * np.sin(turned), along], axis=-1)
