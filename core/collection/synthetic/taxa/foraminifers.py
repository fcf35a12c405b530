"""A planktonic foraminifer: globular chambers along a rising spiral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from core.collection.synthetic.shapes.form import Form, between, whole
from core.collection.synthetic.shapes.sculpture import bump, ramp
from core.collection.synthetic.shapes.surfaces import Surface, ellipsoid, join


@dataclass(frozen=True)
class GlobularForaminifer(Form):
    """A planktonic foraminifer of inflated chambers in a trochospire.

    Modelled on *Globigerina*, *Trilobatus*.
    """

    folder: ClassVar[str] = "Foraminifera/Globular"
    stem: ClassVar[str] = "foraminifer_globular"
    styles: ClassVar[tuple[str, ...]] = ("high arch", "low arch", "loose")

    chambers: int
    chambers_per_whorl: float
    chamber_growth: float
    translation: float
    overlap: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 10 to 14 chambers, 3.5 to 4.9 a whorl.

        Each is 1.13 to 1.22 times as wide as the one before.
        """
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 0.25, 0.75),
            chambers=whole(rng, 10, 14),
            chambers_per_whorl=between(rng, 3.5, 4.9),
            chamber_growth=between(rng, 1.13, 1.22),
            translation=between(rng, 0.25, 0.6),
            overlap=between(rng, 0.74, 0.82) if style == "loose" else between(rng, 0.62, 0.72),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Join spheres that grow along a spiral.

        The last one opens in an arch over the umbilicus.
        """
        parts = []
        steps = np.arange(self.chambers)
        radius = self.chamber_growth ** (steps - self.chambers + 1.0)
        turn = -2 * np.pi * (steps - self.chambers + 1) / self.chambers_per_whorl
        # The distance of neighbours in the last whorl is the share `overlap` of the sum of their radii.
        step_angle = 2 * np.pi / self.chambers_per_whorl
        away = self.overlap * radius * (1 + 1 / self.chamber_growth) / (2 * np.sin(step_angle / 2))
        for k in range(self.chambers):
            centre = np.array(
                [away[k] * np.cos(turn[k]), away[k] * np.sin(turn[k]), -1.6 * self.translation * radius[k]]
            )
            chamber = ellipsoid(
                centre, radius[k] * (1.0 + 0.05 * rng.normal(size=3)), max(round(3600 * radius[k] ** 2), 80)
            )
            chamber = _porous(chamber, centre, radius[k], rng)
            parts.append(self._with_aperture(chamber, centre, radius[k]) if k == self.chambers - 1 else chamber)
        return join(parts)

    def _with_aperture(self, chamber: Surface, centre: Float[np.ndarray, "3"], radius: float) -> Surface:
        """Press the aperture, an arch with a lip, into the side that faces the umbilicus."""
        towards = np.array([-0.72 * np.sign(centre[0]) if abs(centre[0]) > 1e-9 else -0.72, 0.0, -0.69])
        towards /= np.linalg.norm(towards)
        from_centre = (chamber.vertices - centre) / radius
        along_y = from_centre[:, 1]
        height = from_centre @ np.cross(towards, np.array([0.0, 1.0, 0.0]))
        tall = 0.36 if self.style == "high arch" else 0.24
        reach = np.sqrt((along_y / 0.42) ** 2 + (height / tall) ** 2)
        facing = (from_centre @ towards) > 0
        hole = facing * ramp(1.0 - reach, -0.1, 0.45)
        lip = facing * bump(reach - 1.12, 0.12)
        push = (-0.55 * hole + 0.06 * lip) * radius
        tint = np.clip(chamber.tint - 0.9 * hole + 0.3 * lip, -1, 1)
        return Surface(chamber.vertices + push[:, None] * from_centre, chamber.faces, tint)


def _porous(chamber: Surface, centre: Float[np.ndarray, "3"], radius: float, rng: np.random.Generator) -> Surface:
    """Pit the wall of a chamber with evenly spread pores between low ridges."""
    pores = ellipsoid(np.zeros(3), np.ones(3), max(round(620 * radius**2), 30)).vertices
    pores += 0.012 / radius * rng.normal(size=pores.shape)
    unit = (chamber.vertices - centre) / radius
    distance, _ = cKDTree(pores).query(unit)
    pit = bump(distance, 0.042 / radius)
    return Surface(chamber.vertices - 0.035 * pit[:, None] * unit, chamber.faces, 0.3 - 0.7 * pit)
