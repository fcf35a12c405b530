"""Planispiral ammonoids: serpenticone, oxycone and cadicone.

Ranges of W, D and S follow the fields that Raup (1967, Geometric analysis of shell coiling:
coiling in ammonoids, J. Paleontology 41:43-65) found occupied: W mostly from 1.3 to 3, D from 0
to 0.6, and W < 1/D, so that whorls touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from core.collection.synthetic.shapes.coiling import generating_curve, growth_angles, spread
from core.collection.synthetic.shapes.form import CoiledForm, between, whole
from core.collection.synthetic.shapes.sculpture import (
    bump,
    cell,
    enough_steps,
    folded,
    forked_ribs,
    growth_lines,
    nodes,
    ramp,
    rests,
    ribs,
    suture_lines,
    wobble,
)
from core.collection.synthetic.shapes.shells import Aperture, shell_surface, whorls_since
from core.collection.synthetic.shapes.surfaces import Surface


@dataclass(frozen=True)
class Serpenticone(CoiledForm):
    """Serpenticone ammonoids: evolute and many-whorled.

    Modelled on *Dactylioceras*, *Perisphinctes*, *Aegoceras*.
    """

    folder: ClassVar[str] = "Ammonoids/Serpenticone"
    stem: ClassVar[str] = "ammonoid_serpenticone"
    styles: ClassVar[tuple[str, ...]] = ("forked ribs", "single ribs", "ribs with spines")

    ribs_per_whorl: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 1.42 to 1.72, D 0.42 to 0.56, S 0.85 to 1.15."""
        style, w = cls.styles[number % len(cls.styles)], between(rng, 1.42, 1.72)
        return cls(
            style=style,
            size_mm=between(rng, 35, 110, 1),
            raup_w=w,
            raup_d=between(rng, 0.42, min(0.56, 0.92 / w)),
            raup_t=0.0,
            raup_s=between(rng, 0.85, 1.15),
            ribs_per_whorl=whole(rng, 14, 20) if style == "ribs with spines" else whole(rng, 24, 34),
            relief=between(rng, 0.09, 0.14),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep a rounded whorl section.

        Ribs lean forward and fork below the venter.
        """
        coil = self.coil
        per_whorl = self.ribs_per_whorl
        phi = spread(26, crowding=0.45)
        angles = growth_angles(coil, whorls_since(coil, 0.09), 160, thinning=0.34)
        theta, place = wobble(angles[:, None], rng, 0.035), phi[None, :]
        clear = enough_steps(angles, per_whorl)
        flank = ramp(2.75 - np.abs(place), 0.0, 0.6)
        if self.style == "forked ribs":
            height = forked_ribs(theta, place, per_whorl, fork_at=1.15) * flank
            height = height * (1.0 - 0.25 * bump(place, 0.2))
        else:
            height = ribs(theta, per_whorl, 1.6) * flank * (1.0 - 0.65 * bump(place, 0.35))
        height = self.relief * height
        if self.style == "ribs with spines":
            height = height + 0.26 * nodes(theta, place, per_whorl, (-0.95, 0.95), 0.15, 0.17)
        height = clear * height + 0.006 * growth_lines(theta, rng)
        lag = 0.10 * np.cos(phi) + 0.05 * np.cos(2 * phi)
        tint = np.clip(height / self.relief - 0.35, -0.6, 1.0) * np.ones_like(place)
        curve = generating_curve(coil, phi, squareness=2.15)
        return shell_surface(coil, curve, angles, lag, height, tint, Aperture(depth_degrees=11))


@dataclass(frozen=True)
class Oxycone(CoiledForm):
    """Oxycone ammonoids: involute and lens-shaped, with a sharp keel.

    Modelled on *Oxynoticeras*, *Amaltheus*, *Placenticeras*.
    """

    folder: ClassVar[str] = "Ammonoids/Oxycone"
    stem: ClassVar[str] = "ammonoid_oxycone"
    styles: ClassVar[tuple[str, ...]] = ("sickle ribs", "smooth with sutures", "roped keel")

    ribs_per_whorl: int
    relief: float
    keel: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 1.8 to 2.25, D 0.04 to 0.16, S 0.36 to 0.50."""
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 40, 150, 1),
            raup_w=between(rng, 1.8, 2.25),
            raup_d=between(rng, 0.04, 0.16),
            raup_t=0.0,
            raup_s=between(rng, 0.36, 0.50),
            ribs_per_whorl=whole(rng, 22, 36),
            relief=between(rng, 0.018, 0.034),
            keel=between(rng, 0.07, 0.13),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep a lanceolate section with a keel.

        Ribs are falcate, sutures are folded.
        """
        coil = self.coil
        phi = spread(42, crowding=0.45)
        angles = growth_angles(coil, whorls_since(coil, 0.08), 200, thinning=0.7)
        theta, place = wobble(angles[:, None], rng, 0.03), phi[None, :]
        flank = np.abs(place)
        if self.style == "smooth with sutures":
            height = 0.1 * self.relief * ribs(theta, self.ribs_per_whorl) * ramp(2.3 - flank, 0.0, 0.8)
            line = suture_lines(folded(theta, place, 2.6, 0.125), per_whorl=15, last=-2.2, width=0.034)
            line = line * ramp(flank, 0.10, 0.22)
        else:
            reach = ramp(2.35 - flank, 0.0, 0.9) * ramp(flank, 0.12, 0.45)
            height = self.relief * ribs(theta, self.ribs_per_whorl, 1.3) * reach
            line = np.zeros_like(height)
        beads = 0.28 if self.style == "roped keel" else 0.0
        rope = 1.0 - beads * ribs(theta, 2 * self.ribs_per_whorl)
        height = height * enough_steps(angles, self.ribs_per_whorl) + self.keel * rope * (
            0.6 * bump(place, 0.09) + 0.4 * bump(place, 0.24)
        )
        height = height - 0.035 * line + 0.0025 * growth_lines(theta, rng)
        lag = 0.08 * np.where(np.abs(phi) < 1.57, np.cos(2 * phi), -1.0) + 0.05 * bump(phi, 0.35)
        tint = np.clip(height / self.relief * 0.7 - 0.2, -0.6, 0.9) - 0.9 * line
        curve = generating_curve(coil, phi, taper=0.62)
        return shell_surface(
            coil, curve, angles, lag, height, np.clip(tint, -1, 1), Aperture(wall=0.1, depth_degrees=10)
        )


@dataclass(frozen=True)
class Cadicone(CoiledForm):
    """Barrel-shaped with a deep umbilicus: *Cadoceras*, *Gastrioceras*, *Teloceras*."""

    folder: ClassVar[str] = "Ammonoids/Cadicone"
    stem: ClassVar[str] = "ammonoid_cadicone"
    styles: ClassVar[tuple[str, ...]] = ("nodes and ribs", "nodes and ribs", "constricted")

    ribs_per_whorl: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 1.6 to 2.0, D 0.28 to 0.42, S 1.5 to 2.1."""
        w = between(rng, 1.6, 2.0)
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 25, 90, 1),
            raup_w=w,
            raup_d=between(rng, 0.28, min(0.42, 0.85 / w)),
            raup_t=0.0,
            raup_s=between(rng, 1.5, 2.1),
            ribs_per_whorl=whole(rng, 13, 20),
            relief=between(rng, 0.08, 0.13),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Sweep a depressed section.

        Tubercles are on the umbilical edge, and ribs cross the venter.
        """
        coil = self.coil
        phi = spread(36, crowding=0.25)
        angles = growth_angles(coil, whorls_since(coil, 0.08), 160, thinning=0.55)
        theta, place = wobble(angles[:, None], rng, 0.03), phi[None, :]
        flank = np.abs(place)
        edge = 1.38
        if self.style == "constricted":
            pauses = [-0.35 - k * 2 * np.pi / 5 + 0.1 * rng.normal() for k in range(25)]
            fine = ribs(theta, 2 * self.ribs_per_whorl) * enough_steps(angles, 2 * self.ribs_per_whorl)
            height = 0.3 * self.relief * fine * ramp(1.7 - flank, 0.0, 0.4)
            height = height - 0.11 * rests(theta, pauses, 0.055) * ramp(2.4 - flank, 0.0, 0.6)
            crest = height / 0.1 + 0.1
        else:
            fan = forked_ribs(theta, place, self.ribs_per_whorl, fork_at=edge - 0.15) * ramp(1.55 - flank, 0.0, 0.35)
            third = bump(np.abs(cell(theta, self.ribs_per_whorl)) - 0.5, 0.07) * ramp(1.0 - flank, 0.0, 0.3)
            inner = ribs(theta, self.ribs_per_whorl, 2.0) * ramp(flank, edge - 0.2, edge) * ramp(2.5 - flank, 0, 0.7)
            height = self.relief * np.maximum(np.maximum(fan, third), 0.7 * inner)
            height = height + 0.2 * nodes(theta, place, self.ribs_per_whorl, (-edge, edge), 0.17, 0.15)
            height = height * enough_steps(angles, 2 * self.ribs_per_whorl)
            crest = height / self.relief - 0.3
        height = height + 0.005 * growth_lines(theta, rng)
        lag = 0.12 * np.cos(phi)
        curve = generating_curve(coil, phi, squareness=2.0, taper=0.12)
        tint = np.clip(crest, -0.6, 1.0)
        return shell_surface(coil, curve, angles, lag, height, tint, Aperture(depth_degrees=11))
