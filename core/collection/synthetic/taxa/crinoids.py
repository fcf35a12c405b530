"""A piece of a crinoid stem: a stack of discs with crenulate facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.form import Form, between, whole
from core.collection.synthetic.shapes.sculpture import bump, ramp
from core.collection.synthetic.shapes.surfaces import Surface, grid_surface


@dataclass(frozen=True)
class CrinoidStem(Form):
    """A piece of stem, of round or star-shaped columnals.

    Modelled on *Encrinus*, *Isocrinus*, *Platycrinites*.
    """

    folder: ClassVar[str] = "Crinoids/Stem"
    stem: ClassVar[str] = "crinoid_stem"
    styles: ClassVar[tuple[str, ...]] = ("round", "star", "round with nodals")

    columnals: int
    columnal_height: float
    nodal_swelling: float
    lumen: float
    crenulae: int
    curvature_degrees: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 7 to 14 columnals, 0.3 to 0.5 radii high.

        Their facets have 18 to 24 crenulae.
        """
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 12, 55, 1),
            columnals=whole(rng, 7, 14),
            columnal_height=between(rng, 0.30, 0.5),
            nodal_swelling=between(rng, 0.06, 0.16),
            lumen=between(rng, 0.14, 0.24),
            crenulae=whole(rng, 18, 24),
            curvature_degrees=between(rng, 0, 22),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Stack discs, with crenulate facets at both ends.

        The order of the discs alternates: N 3 2 3 1 3 2 3.
        """
        around = np.linspace(0, 2 * np.pi, self.crenulae * 5, endpoint=False)
        section = np.ones_like(around)
        if self.style == "star":
            section = 1.0 + 0.17 * np.cos(5 * around) + 0.02 * np.cos(10 * around)
        rows, tints, base = [], [], 0.0
        for k in range(self.columnals):
            order = 2 if k % 8 == 0 else 1 if k % 4 == 0 else 0 if k % 2 == 0 else -1
            swelling = self.nodal_swelling * (0.5 * order if self.style != "round" else 0.12 * order)
            tall = self.columnal_height * (1.0 + 0.14 * order) * (1 + 0.05 * rng.normal())
            tilt, phase = 0.012 * rng.normal(), rng.uniform(0, 2 * np.pi)
            shift = 0.012 * rng.normal(size=2)
            for share in (0.0, 0.04, 0.12, 0.3, 0.5, 0.7, 0.88, 0.96):
                belly = (1 - abs(2 * share - 1) ** 5) ** 0.5
                width = section * (0.93 + (0.07 + swelling) * belly)
                # In side view, neighbouring discs interlock in a fine zigzag.
                zigzag = 0.022 * np.cos(self.crenulae * around) * (1 - belly)
                level = base + tall * share + zigzag + tilt * np.cos(around - phase)
                rows.append(np.stack([width * np.cos(around) + shift[0], width * np.sin(around) + shift[1], level], -1))
                tints.append(np.full_like(around, -0.6 + 0.9 * belly))
            base += tall
        rows.append(np.stack([0.93 * section * np.cos(around), 0.93 * section * np.sin(around), 0 * around + base], -1))
        tints.append(np.full_like(around, 0.0))
        top, shade = self._facet(rows[-1], around, up=1.0)
        bottom, _ = self._facet(rows[0], around, up=-1.0)
        points = np.concatenate([bottom[::-1], np.stack(rows), top])
        tint = np.concatenate([shade[::-1], np.stack(tints), shade])
        return grid_surface(_bent(points, np.radians(self.curvature_degrees)), tint)

    def _facet(
        self, ring: Float[np.ndarray, "columns 3"], around: Float[np.ndarray, " columns"], *, up: float
    ) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
        middle = ring.mean(axis=0)
        rows, shades = [], []
        petals = 0.5 + 0.5 * np.cos(5 * around) if self.style == "star" else np.zeros_like(around)
        for share in (*np.linspace(0.96, self.lumen + 0.03, 16), self.lumen, self.lumen * 0.95, self.lumen * 0.9):
            part = middle + (ring - middle) * share
            ridge = np.cos(self.crenulae * around) * ramp(np.array(share), 0.5, 0.62) * (share < 0.98)
            if self.style == "star":
                # Petals: smooth floors of lance shape, bounded by crenulae.
                floor = petals * bump(np.array(share) - 0.5, 0.2)
                level = 0.020 * np.cos(self.crenulae * around) * (1 - floor) * (share > 0.3) - 0.05 * floor
            else:
                level = 0.024 * ridge - 0.022 * ramp(1 - np.array(share), 0.3, 0.55) * np.ones_like(around)
            drop = {self.lumen: 0.12, self.lumen * 0.95: 0.35, self.lumen * 0.9: 0.7}.get(share, 0.0)
            part[:, 2] += up * (level - drop)
            rows.append(part)
            shades.append(np.clip(18 * level - 0.1 - 2.0 * drop, -1, 0.7))
        return np.stack(rows), np.stack(shades)


def _bent(points: Float[np.ndarray, "... 3"], bend: float) -> Float[np.ndarray, "... 3"]:
    """Bend about the y axis so that the whole length of z turns by `bend` radians."""
    if bend < 1e-3:
        return points
    length = float(np.ptp(points[..., 2]))
    curve_radius = length / bend
    angle = (points[..., 2] - points[..., 2].mean()) / curve_radius
    reach = curve_radius - points[..., 0]
    return np.stack([curve_radius - reach * np.cos(angle), points[..., 1], reach * np.sin(angle)], -1)
