"""Conical teeth of reptiles and sharks.

They have an enamel crown with carinae on a rough root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.form import Form, between, whole
from core.collection.synthetic.shapes.sculpture import bump, growth_lines, ramp
from core.collection.synthetic.shapes.surfaces import Surface, along_arc, grid_normals, grid_surface, noise_field


@dataclass(frozen=True)
class ConicalTooth(Form):
    """A conical tooth with carinae.

    Modelled on crocodile, plesiosaur (ridged), mako-like shark (flattened, two-rooted).
    """

    folder: ClassVar[str] = "Teeth/Conical"
    stem: ClassVar[str] = "tooth_conical"
    styles: ClassVar[tuple[str, ...]] = ("crocodile", "plesiosaur", "shark")

    curvature_degrees: float
    slenderness: float
    flattening: float
    apicobasal_ridges: int
    carina: float
    tip_wear: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw a crown 1.5 to 2.5 times as high as wide and a bend of 12 to 55 degrees."""
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 16, 70, 1),
            curvature_degrees=between(rng, 12, 26) if style == "shark" else between(rng, 22, 55),
            slenderness=between(rng, 1.5, 2.0) if style == "shark" else between(rng, 1.7, 2.5),
            flattening=between(rng, 0.38, 0.5) if style == "shark" else between(rng, 0.82, 0.98),
            apicobasal_ridges=2 * whole(rng, 11, 15) if style == "plesiosaur" else 0,
            carina=between(rng, 0.09, 0.15),
            tip_wear=between(rng, 0.0, 0.05),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Taper a crown over a rough root, with a keel on its front and its back."""
        around = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        if self.style == "shark":
            return self._shark(around)
        level = np.concatenate([np.linspace(0.0, 0.36, 34), np.linspace(0.37, 1.0 - self.tip_wear, 76)])
        crown = ramp(level, 0.34, 0.40)[:, None]
        height_in_crown = np.clip((level - 0.36) / 0.64, 0, 1)[:, None]
        base_radius = 0.5 * 0.64 / self.slenderness
        taper = np.where(level[:, None] < 0.36, 1.02 - 0.06 * ramp(level, 0.18, 0.36)[:, None], 0.97)
        cone = (1 - height_in_crown**1.35) * (1 + 0.06 * np.sin(np.pi * height_in_crown))
        radius = base_radius * taper * np.maximum(cone, 0.02)
        carinae = (bump(np.sin(around / 2), 0.045) + bump(np.cos(around / 2), 0.045))[None, :]
        ridges = self._ridges(around, height_in_crown)
        fine = 0.006 * growth_lines(level[:, None] * 6, rng, 40)
        roughness = (1 - crown) * (
            0.008 * np.cos(11 * around + 5 * level[:, None]) + 0.012 * growth_lines(level[:, None] * 9, rng, 24)
        )
        enamel = 0.028 * crown
        reach = radius * (1 + enamel + crown * (self.carina * carinae + ridges + fine) + roughness)
        rows = along_arc(level, reach, around, np.radians(self.curvature_degrees))
        rows[..., 1] *= self.flattening
        # The root is broken off unevenly.
        rows[..., 2] += 0.016 * (1 - ramp(level, 0.0, 0.2))[:, None] * noise_field(rng, 0.30)(rows)
        tint = crown * (0.55 + 2 * ridges + 0.5 * carinae) + (1 - crown) * (-0.35 + 4 * roughness)
        tint = np.clip(tint - 0.35 * height_in_crown, -1, 1)
        pulp, shade = _pulp_cavity(rows[0])
        return grid_surface(np.concatenate([pulp, rows]), np.concatenate([shade, tint]))

    def _ridges(
        self, around: Float[np.ndarray, " columns"], height_in_crown: Float[np.ndarray, "rows 1"]
    ) -> Float[np.ndarray, "rows columns"]:
        """Return apicobasal ridges of the enamel.

        Every second ridge stops short of the tip.
        """
        if not self.apicobasal_ridges:
            return np.zeros((len(height_in_crown), len(around)))
        long = bump(np.sin(self.apicobasal_ridges * around / 4), 0.28)[None, :]
        short = bump(np.cos(self.apicobasal_ridges * around / 4), 0.28)[None, :]
        short = short * ramp(0.62 - height_in_crown, 0.0, 0.15)
        return np.asarray(0.075 * (long + short) * ramp(1 - height_in_crown, 0.05, 0.3))

    def _shark(self, around: Float[np.ndarray, " columns"]) -> Surface:
        """Taper a flat blade with a flat front, a domed back and a root of two lobes."""
        level = np.concatenate([np.linspace(0.0, 0.32, 36), np.linspace(0.33, 1.0 - 0.5 * self.tip_wear, 90)])
        crown = ramp(level, 0.30, 0.36)[:, None]
        height_in_crown = np.clip((level - 0.32) / 0.68, 0, 1)[:, None]
        half_width = 0.5 * 0.68 / self.slenderness
        root = 1 - crown
        breadth = half_width * (
            np.maximum(1 - height_in_crown, 0.01) ** 0.9 * (1 - 0.12 * np.sin(np.pi * height_in_crown))
        )
        breadth = breadth * (1 + 0.42 * root * np.sin(np.pi * np.clip(level / 0.36, 0, 1))[:, None] ** 0.6)
        thickness = self.flattening * breadth * (1 + 0.35 * root)
        c, s = np.cos(around)[None, :], np.sin(around)[None, :]
        side = np.sign(c) * np.abs(c) ** 0.9
        domed = np.where(s > 0, s, 0.45 * s) * np.abs(np.sin(np.arccos(np.clip(c, -1, 1)))) ** (0.35 * crown)
        x, y = breadth * side, thickness * domed
        z = np.broadcast_to(level[:, None], x.shape).copy()
        # The lobes of the root reach down on both sides of a notch.
        z -= root * 0.16 * ramp(np.abs(x) / half_width, 0.15, 1.0) - root * 0.05 * bump(x / half_width, 0.3)
        # The crown's edge dips in the middle of each face.
        bend = np.radians(self.curvature_degrees)
        y = y - 0.5 * bend * (level[:, None] - 0.4) ** 2 * np.sign(level[:, None] - 0.4) * 0.9
        fine = 0.004 * root * np.cos(9 * around + 6 * level[:, None])
        points = np.stack([x, y, z], -1)
        points = points + grid_normals(points) * (fine + 0.006 * crown)[..., None]
        tint = np.clip(crown * (0.6 - 0.2 * height_in_crown) - 0.5 * root + 0 * c, -1, 1)
        # The underside of the root closes along its middle, because a fan would bridge the notch.
        middle = points[0] * np.array([1.0, 0.0, 1.0]) + np.array([0.0, float(points[0, :, 1].mean()), 0.015])
        points = np.concatenate([middle[None], points])
        return grid_surface(points, np.concatenate([tint[:1], tint]), close_start=False)


def _pulp_cavity(
    ring: Float[np.ndarray, "columns 3"],
) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
    """Return rings that lead from the end of the root up into the hollow of the pulp."""
    middle = ring.mean(axis=0)
    steps = ((0.2, 0.2, -1.0), (0.45, 0.14, -0.9), (0.65, 0.07, -0.8), (0.75, 0.0, -0.6))
    rings = [middle + (ring - middle) * share + np.array([0.0, 0.0, rise]) for share, rise, _ in steps]
    return np.stack(rings), np.stack([np.full(len(ring), tint) for _, _, tint in steps])
