"""A horn coral: a bent, wrinkled cone with septa in its calice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.form import Form, between, whole
from core.collection.synthetic.shapes.sculpture import growth_lines, ramp
from core.collection.synthetic.shapes.surfaces import Surface, along_arc, grid_surface


@dataclass(frozen=True)
class HornCoral(Form):
    """A solitary rugose coral: *Zaphrentis*, *Caninia*, *Streptelasma*."""

    folder: ClassVar[str] = "Corals/Horn"
    stem: ClassVar[str] = "coral_horn"
    styles: ClassVar[tuple[str, ...]] = ("curved", "slender", "wrinkled")

    curvature_degrees: float
    opening_degrees: float
    septa: int
    calice_depth: float
    wrinkles: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 20 to 28 major septa.

        The bend is 35 to 100 degrees, the opening angle 20 to 44 degrees.
        """
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 22, 90, 1),
            curvature_degrees=between(rng, 35, 60) if style == "slender" else between(rng, 60, 100),
            opening_degrees=between(rng, 20, 27) if style == "slender" else between(rng, 30, 44),
            septa=whole(rng, 20, 28),
            calice_depth=between(rng, 0.55, 0.95),
            wrinkles=between(rng, 0.05, 0.09) if style == "wrinkled" else between(rng, 0.02, 0.04),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Bend a cone with a wrinkled, grooved wall and a calice.

        The calice has two orders of septa.
        """
        around = np.linspace(0, 2 * np.pi, self.septa * 7, endpoint=False)
        growth = np.linspace(0.02, 1.0, 66)
        spread_angle = np.tan(np.radians(self.opening_degrees / 2))
        radius = spread_angle * growth**0.92 * (1 - 0.10 * ramp(growth, 0.8, 1.0))
        uneven = growth[:, None] * 2 * np.pi + 0.12 * np.sin(around)[None, :]
        rugae = growth_lines(1.3 * uneven, rng, 26) + 0.8 * growth_lines(0.6 * uneven, rng, 18)
        grooves = np.abs(np.sin(self.septa * around))[None, :] ** 0.7
        height = self.wrinkles * rugae + 0.035 * grooves * ramp(growth, 0.05, 0.3)[:, None]
        near_rim = ramp(growth, 0.6, 0.75)[:, None]
        # The wall is thin over the calice, so that wrinkles there must point outwards.
        height = height * (1 - near_rim) + near_rim * (0.03 + 0.6 * np.abs(height))
        reach = radius[:, None] * (1.0 + height)
        rows = along_arc(growth, reach, around, np.radians(self.curvature_degrees))
        wall_tint = np.clip(2.5 * self.wrinkles / 0.05 * 0.12 * rugae + 0.6 * grooves - 0.4, -0.8, 0.8)
        calice, shade = self._calice(around, reach[-1], np.radians(self.curvature_degrees))
        return grid_surface(np.concatenate([rows, calice]), np.concatenate([wall_tint, shade]))

    def _calice(
        self, around: Float[np.ndarray, " columns"], rim: Float[np.ndarray, " columns"], bend: float
    ) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
        shares = np.concatenate([[0.97, 0.93, 0.90], np.linspace(0.87, 0.04, 24)])
        major = (0.5 + 0.5 * np.cos(self.septa * around)) ** 2.2
        minor = (0.5 - 0.5 * np.cos(self.septa * around)) ** 3.0
        radius = float(rim.mean())
        rows, shades = [], []
        for share in shares:
            depth = self.calice_depth * radius * (1.0 - ramp(np.array(share), 0.22, 0.99))
            reach_of_minor = ramp(np.array(share), 0.62, 0.8)
            crest = np.maximum(major * ramp(np.array(share), 0.14, 0.34), 0.7 * minor * reach_of_minor)
            level = 1.0 - depth * (1.0 - 0.62 * crest)
            rows.append(along_arc(level[None, :], (rim * share)[None, :], around, bend)[0])
            shades.append(0.9 * crest - 0.55)
        return np.stack(rows), np.stack(shades)
