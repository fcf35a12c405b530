"""Gastropods: high-spired and low-spired helico-spirals.

In the block diagram of Raup (1966) gastropods fill W from 1 to about 10, D from 0 to 0.5 and
all of T. Needle-like turritellids are beyond the T of 4 at which that diagram ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from core.collection.synthetic.shapes.coiling import generating_curve, growth_angles, spread
from core.collection.synthetic.shapes.form import CoiledForm, between, whole
from core.collection.synthetic.shapes.sculpture import (
    bump,
    cords,
    enough_steps,
    growth_lines,
    nodes,
    ramp,
    rests,
    ribs,
    wobble,
)
from core.collection.synthetic.shapes.shells import Aperture, shell_surface, whorls_since
from core.collection.synthetic.shapes.surfaces import Surface


def touching_shape(w: float, d: float, t: float, overlap: float) -> float:
    """Return the S at which successive whorls overlap by the share `overlap`.

    Centres of successive sections are (1 - 1/W)·√(1 + T²) apart if the later one is at
    distance 1 from the axis.
    """
    half_height = (1 - d) / (1 + d)
    apart = (1 - 1 / w) * np.hypot(1.0, t)
    return round(float(overlap * apart / (half_height * (1 + 1 / w))), 3)


@dataclass(frozen=True)
class HighSpired(CoiledForm):
    """Turreted gastropods.

    Modelled on *Turritella* (cords), *Cerithium* (nodes), *Epitonium* (axial ribs and varices).
    """

    folder: ClassVar[str] = "Gastropods/High_spired"
    stem: ClassVar[str] = "gastropod_high_spired"
    styles: ClassVar[tuple[str, ...]] = ("cords", "nodes", "axial ribs")

    ribs_per_whorl: int
    spiral_cords: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 1.22 to 1.36, D 0.02 to 0.08, T 6.5 to 10.5.

        S makes whorls overlap a little.
        """
        w, d, t = between(rng, 1.22, 1.36), between(rng, 0.02, 0.08), between(rng, 6.5, 10.5)
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 18, 85, 1),
            raup_w=w,
            raup_d=d,
            raup_t=t,
            raup_s=touching_shape(w, d, t, between(rng, 1.12, 1.3)),
            ribs_per_whorl=whole(rng, 10, 15),
            spiral_cords=whole(rng, 3, 5),
            relief=between(rng, 0.06, 0.11),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep whorls that lean along the spire.

        Noded ones have an anterior canal.
        """
        coil = self.coil
        phi = spread(28, crowding=0.6)
        angles = growth_angles(coil, whorls_since(coil, 0.11), 76, thinning=0.3)
        theta, place = wobble(angles[:, None], rng, 0.05), phi[None, :]
        visible = ramp(1.9 - np.abs(place), 0.0, 0.5)
        clear = enough_steps(angles, self.ribs_per_whorl)
        threads = np.linspace(-0.95, 0.95, self.spiral_cords)
        if self.style == "cords":
            height = self.relief * cords(place, tuple(threads), 0.10) + np.zeros_like(theta)
        elif self.style == "nodes":
            row = nodes(theta, place, self.ribs_per_whorl, (-0.5, 0.5), 0.19, 0.26)
            height = self.relief * (2.6 * clear * row + 0.5 * cords(place, (-1.2, -0.05, 1.0), 0.09))
        else:
            course = theta + 0.12 * place
            pauses = tuple(-0.4 - k * 4.4 + 0.3 * rng.normal() for k in range(14))
            height = 1.5 * self.relief * clear * ribs(course, self.ribs_per_whorl, 1.8)
            height = height + 1.3 * self.relief * rests(course, pauses, 0.09) * np.ones_like(place)
        height = height * visible + 0.008 * growth_lines(theta, rng, 22)
        lag = -0.12 * np.cos(phi - 0.4)
        curve = generating_curve(coil, phi, squareness=2.4, slant=0.75 / coil.t)
        if self.style == "nodes":
            beak = bump(phi + 1.9, 0.35)[:, None] * np.array([[-0.12, -0.30 * coil.s]])
            curve = curve + beak
        tint = np.clip(height / self.relief - 0.3, -0.7, 1.0) * np.ones_like(place)
        return shell_surface(coil, curve, angles, lag, height, tint, Aperture(wall=0.09, depth_degrees=75, rows=10))


@dataclass(frozen=True)
class LowSpired(CoiledForm):
    """Globular to top-shaped gastropods.

    Modelled on *Natica* (smooth), *Turbo* (cords), *Pleurotomaria* (keeled), *Astraea* (spined).
    """

    folder: ClassVar[str] = "Gastropods/Low_spired"
    stem: ClassVar[str] = "gastropod_low_spired"
    styles: ClassVar[tuple[str, ...]] = ("smooth", "cords", "keeled", "spined")

    ribs_per_whorl: int
    spiral_cords: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 1.8 to 2.6, D 0.03 to 0.15, T 1.5 to 2.5."""
        w, d, t = between(rng, 1.8, 2.6), between(rng, 0.03, 0.15), between(rng, 1.5, 2.5)
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 15, 75, 1),
            raup_w=w,
            raup_d=d,
            raup_t=t,
            raup_s=round(max(touching_shape(w, d, t, 1.35), 0.95), 3),
            ribs_per_whorl=whole(rng, 11, 17),
            spiral_cords=whole(rng, 6, 9),
            relief=between(rng, 0.05, 0.075),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep large whorls with a wide oblique aperture."""
        coil = self.coil
        phi = spread(46, crowding=0.45)
        angles = growth_angles(coil, whorls_since(coil, 0.03), 96, thinning=0.35)
        theta, place = wobble(angles[:, None], rng, 0.04), phi[None, :]
        clear = enough_steps(angles, self.ribs_per_whorl)
        visible = ramp(2.3 - np.abs(place), 0.0, 0.5)
        height = 0.005 * growth_lines(theta, rng, 40) * np.ones_like(place)
        keel_at = 0.45
        if self.style == "smooth":
            pauses = tuple(-0.25 - k * 1.1 + 0.2 * rng.normal() for k in range(12))
            height = height - 0.012 * rests(theta, pauses, 0.03)
        if self.style == "cords":
            beads = 0.75 + 0.25 * ribs(theta, 2.2 * self.ribs_per_whorl) * clear
            height = height + self.relief * beads * cords(place, tuple(np.linspace(-1.5, 1.7, self.spiral_cords)), 0.1)
        if self.style == "keeled":
            height = height + 2.2 * self.relief * cords(place, (keel_at,), 0.13) * np.ones_like(theta)
            height = height + 0.5 * self.relief * cords(place, (-0.75, -1.05, -1.35), 0.07)
        if self.style == "spined":
            height = height + 0.3 * nodes(theta, place, self.ribs_per_whorl, (keel_at,), 0.16, 0.16) * clear
            height = height + self.relief * cords(place, (keel_at, -0.55, -0.9, -1.25), 0.09)
        height = height * visible
        angular = self.style in ("keeled", "spined")
        curve = generating_curve(coil, phi, squareness=2.0, slant=0.55 if angular else 0.28)
        tint = np.clip(height / self.relief - 0.2, -0.6, 1.0)
        if self.style == "smooth":
            tint = tint + 0.5 * bump(place - 0.6, 0.25) - 0.4 * bump(place + 0.1, 0.15)
        lag = -0.25 * np.sin(phi) * (np.abs(phi) < np.pi)
        return shell_surface(
            coil, curve, angles, lag, height, np.clip(tint, -1, 1), Aperture(wall=0.08, depth_degrees=80, rows=12)
        )
