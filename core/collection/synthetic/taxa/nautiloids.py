"""Nautiloids: involute coiled ones, and straight orthocones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.coiling import generating_curve, growth_angles, spread
from core.collection.synthetic.shapes.form import CoiledForm, Form, between, whole
from core.collection.synthetic.shapes.sculpture import (
    Columns,
    Height,
    Rows,
    bump,
    growth_lines,
    ramp,
    ribs,
    suture_lines,
    wobble,
)
from core.collection.synthetic.shapes.shells import Aperture, shell_surface, whorls_since
from core.collection.synthetic.shapes.surfaces import Surface, grid_surface


@dataclass(frozen=True)
class CoiledNautiloid(CoiledForm):
    """Coiled nautiloids: involute, fast growing, with plain sutures.

    They have a sinus in the venter. Modelled on *Nautilus*, *Cenoceras*, *Eutrephoceras*.

    W of about 3 and a D near 0 are those of living *Nautilus* (Raup 1967).
    """

    folder: ClassVar[str] = "Nautiloids/Coiled"
    stem: ClassVar[str] = "nautiloid_coiled"
    styles: ClassVar[tuple[str, ...]] = ("growth lines", "sutures", "folds")

    chambers_per_whorl: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 2.7 to 3.4, D 0.02 to 0.12, S 0.95 to 1.3."""
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 60, 190, 1),
            raup_w=between(rng, 2.7, 3.4),
            raup_d=between(rng, 0.02, 0.12),
            raup_t=0.0,
            raup_s=between(rng, 0.95, 1.3),
            chambers_per_whorl=whole(rng, 14, 20),
            relief=between(rng, 0.016, 0.03),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep a rounded section, with a concave septum at the end of the chamber."""
        coil = self.coil
        phi = spread(38, crowding=0.3)
        angles = growth_angles(coil, whorls_since(coil, 0.03), 170, thinning=0.4)
        theta, place = wobble(angles[:, None], rng, 0.03), phi[None, :]
        body_chamber = np.radians(95)
        height = 0.004 * growth_lines(theta, rng) * np.ones_like(place)
        line = np.zeros_like(height)
        if self.style == "sutures":
            # A saddle on the venter and a wide lobe on the flank.
            course = angles[:, None] - 0.25 * bump(place, 0.9) + 0.10 * np.cos(2 * place)
            line = suture_lines(course, per_whorl=self.chambers_per_whorl, last=-body_chamber, width=0.036)
        if self.style == "folds":
            course = theta - 0.22 * bump(place, 0.75)
            height = height + self.relief * ribs(course, 34, 0.8) * ramp(2.2 - np.abs(place), 0, 0.8)
        height = height - 0.03 * line
        lag = -0.16 * bump(phi, 0.55) + 0.10 * bump(np.abs(phi) - 1.5, 0.5)
        bands = _flames(theta, place, rng) if self.style == "growth lines" else 0.0
        tint = np.clip(0.15 + height / 0.08 - line + bands, -1, 1)
        curve = generating_curve(coil, phi, squareness=2.25)
        depth = 55.0
        return shell_surface(
            coil, curve, angles, lag, height, tint, Aperture(wall=0.045, depth_degrees=depth, bulge=-0.28, rows=10)
        )


def _flames(theta: Rows, place: Columns, rng: np.random.Generator) -> Height:
    """Return the flame-shaped colour bands that fossilisation sometimes preserves."""
    course = theta - 0.25 * np.cos(place) + 0.06 * np.sin(3 * place + rng.uniform(0, 6.28))
    early = ramp(-theta, 0.9, 1.8)
    return np.asarray(-0.8 * early * ramp(ribs(course, 13), 0.45, 0.8) * ramp(2.4 - np.abs(place), 0, 0.4))


@dataclass(frozen=True)
class Orthocone(Form):
    """A straight piece of phragmocone with plain sutures.

    Modelled on *Orthoceras*, *Michelinoceras*, *Dawsonoceras*.
    """

    folder: ClassVar[str] = "Nautiloids/Orthocone"
    stem: ClassVar[str] = "nautiloid_orthocone"
    styles: ClassVar[tuple[str, ...]] = ("internal mould", "ringed", "lined")

    apical_angle_degrees: float
    chambers: int
    siphuncle_offset: float
    section_flattening: float
    bend: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw an apical angle of 5 to 11 degrees and 8 to 20 chambers."""
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 60, 240, 1),
            apical_angle_degrees=between(rng, 5, 11, 2),
            chambers=whole(rng, 9, 20),
            siphuncle_offset=between(rng, 0.0, 0.35),
            section_flattening=between(rng, 0.85, 1.0),
            bend=between(rng, 0.0, 0.03),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Stack growing chambers, with a septum and siphuncle at both ends."""
        around = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        slope = np.tan(np.radians(self.apical_angle_degrees / 2))
        shortest = 0.055
        # Chambers grow with the cone: equal steps of the logarithm of the radius.
        levels = np.linspace(0.0, 1.0, 180)
        radius = shortest * (1 + slope / shortest) ** levels
        along = (radius - shortest) / slope
        chamber = levels * self.chambers
        turned = chamber[:, None] + 0.10 * np.cos(2 * around)[None, :]
        beside = turned - np.round(turned)
        line = bump(beside, 0.055)
        if self.style == "internal mould":
            height = 0.02 * np.abs(np.sin(np.pi * turned)) - 0.05 * line
            tint = 0.35 - 1.1 * line
        elif self.style == "ringed":
            height = 0.10 * (0.5 + 0.5 * np.cos(2 * np.pi * turned)) ** 1.3 + 0.010 * np.cos(14 * np.pi * turned)
            tint = 8.0 * height - 0.4
        else:
            fine = growth_lines(levels[:, None] * 2 * np.pi, rng, 45)
            height = 0.012 * fine * np.ones_like(around) + 0.008 * np.cos(36 * around)[None, :]
            tint = 12 * height
        rows = _cone_rows(radius, along, around, height, self.section_flattening)
        wide = _septum(rows[-1], radius[-1], self.siphuncle_offset, hollow=0.42, neck=0.5)
        narrow = _septum(rows[0], radius[0], self.siphuncle_offset, hollow=0.38, neck=-0.4)[::-1]
        points = np.concatenate([narrow, rows, wide])
        tint = np.concatenate([_septum_tint(len(narrow), 64)[::-1], np.clip(tint, -1, 1), _septum_tint(len(wide), 64)])
        points = points.copy()
        points[..., 0] += self.bend * (points[..., 2] - 0.5) ** 2 * 4
        return grid_surface(points, tint)


def _cone_rows(
    radius: Float[np.ndarray, " rows"],
    along: Float[np.ndarray, " rows"],
    around: Float[np.ndarray, " columns"],
    height: Float[np.ndarray, "rows columns"],
    flattening: float,
) -> Float[np.ndarray, "rows columns 3"]:
    reach = radius[:, None] * (1.0 + height)
    return np.stack(
        [
            reach * np.cos(around),
            flattening * reach * np.sin(around),
            np.broadcast_to(along[:, None], reach.shape),
        ],
        axis=-1,
    )


def _septum(
    ring: Float[np.ndarray, "columns 3"], radius: float, offset: float, *, hollow: float, neck: float
) -> Float[np.ndarray, "rows columns 3"]:
    """Return rings of a septum, concave towards the wide end, and its siphuncle.

    `hollow` and `neck` are depths towards the narrow end in radii of the shell.
    """
    centre = ring.mean(axis=0)
    siphuncle = centre + np.array([offset * radius, 0.0, 0.0])
    rings = []
    for share in (0.97, 0.9, 0.75, 0.58, 0.42, 0.3, 0.22):
        part = siphuncle + (centre - siphuncle) * share + (ring - centre) * share
        part[:, 2] -= hollow * radius * (1 - share**2) * 0.9
        rings.append(part)
    bottom = float(rings[-1][:, 2].mean())
    for share, depth in ((0.17, 0.04), (0.15, 0.5), (0.14, 1.0)):
        part = siphuncle + (ring - centre) * share
        part[:, 2] = bottom - depth * neck * radius
        rings.append(part)
    return np.stack(rings)


def _septum_tint(rows: int, columns: int) -> Float[np.ndarray, "rows columns"]:
    shade = np.full((rows, columns), 0.2)
    shade[-3:] = -0.8
    return shade
