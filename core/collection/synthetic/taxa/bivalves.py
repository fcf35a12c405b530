"""Bivalves: two valves that are mirror images of one another, or one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.coiling import Coil, coil_points, spread
from core.collection.synthetic.shapes.form import CoiledForm, between, whole
from core.collection.synthetic.shapes.sculpture import bump, growth_lines, ramp, rests, ribs
from core.collection.synthetic.shapes.surfaces import Surface, grid_normals, grid_surface, join
from core.collection.synthetic.shapes.valves import Outline, commissure, mirrored, outer_valve, valve_angles


@dataclass(frozen=True)
class Heterodont(CoiledForm):
    """Clams and cockles.

    Modelled on *Venus* (concentric ribs), *Cerastoderma* (radial ribs), *Arctica* (growth lines).
    """

    folder: ClassVar[str] = "Bivalves/Heterodont"
    stem: ClassVar[str] = "bivalve_heterodont"
    styles: ClassVar[tuple[str, ...]] = ("concentric ribs", "radial ribs", "growth lines", "single valve, radial")

    ribs: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 150 to 3000, D 0, T 0.05 to 0.4, S 0.95 to 1.35."""
        style = cls.styles[number % len(cls.styles)]
        radial = "radial" in style
        return cls(
            style=style,
            size_mm=between(rng, 18, 85, 1),
            raup_w=between(rng, 150, 500, 0) if radial else between(rng, 400, 3000, 0),
            raup_d=0.0,
            raup_t=between(rng, 0.05, 0.18) if radial else between(rng, 0.15, 0.4),
            raup_s=between(rng, 0.95, 1.15) if radial else between(rng, 1.1, 1.35),
            ribs=whole(rng, 18, 26) if radial else whole(rng, 12, 22),
            relief=between(rng, 0.02, 0.032),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Join two mirrored valves at their edge, or close one with its inside."""
        coil = self.coil
        radial = "radial" in self.style
        phi = spread(112 if radial else 80, crowding=0.25)
        outline = commissure(coil, phi, hinge=0.15 if radial else 0.0, widest=-0.08, skew=-0.05 if radial else -0.16)
        rows = 48 if radial else 72
        angles = valve_angles(coil, rows, 0.02)
        place, theta = phi[None, :], angles[:, None]
        visible = ramp(2.75 - np.abs(place), 0.0, 0.5)
        lines = 0.0022 * growth_lines(-np.sqrt(-theta + 1e-9) * 5, rng, 30)
        size = coil.scale(theta)
        if radial:
            crest = ribs(place, self.ribs * 1.25, 0.8)
            height = self.relief * crest * visible + 2 * lines
            opposite = self.relief * (1.0 - crest) * visible + 2 * lines
            lag = 0.02 * (ribs(phi, self.ribs * 1.25, 1.0) - 0.5) * (np.abs(phi) < 2.2)
        elif self.style == "concentric ribs":
            height = self.relief * ribs(size**0.8, self.ribs * 2 * np.pi, 1.5) * visible / np.maximum(size, 0.25)
            lag = np.zeros_like(phi)
        else:
            pauses = tuple(float(x) for x in np.sort(rng.uniform(0.25, 0.97, 6)))
            height = lines / np.maximum(size, 0.2) * 2.2 - 0.012 * rests(size, pauses, 0.012) + 0 * place
            lag = np.zeros_like(phi)
        if not radial:
            opposite = height
        right = outer_valve(coil, outline, angles, lag, height)
        tint = np.clip(height / self.relief * 1.4 - 0.4, -0.6, 0.9) + 0.25 * np.sin(14 * size)
        tint = np.clip(tint, -1, 1) * np.ones_like(place)
        if self.style.startswith("single"):
            return _single_valve(coil, outline, right, phi, tint)
        left = outer_valve(coil, outline, angles, -lag, opposite)
        return join(
            [
                grid_surface(right, tint, close_end=False),
                grid_surface(mirrored(left), tint, close_end=False),
            ]
        )


def _single_valve(
    coil: Coil,
    outline: Outline,
    outside: Float[np.ndarray, "rows columns 3"],
    phi: Float[np.ndarray, " columns"],
    tint: Float[np.ndarray, "rows columns"],
) -> Surface:
    """Return a valve with its inside.

    The inside is smooth, with two muscle scars, a pallial line and teeth.
    """
    thickness = 0.075 + 0.10 * ramp(np.abs(phi), 2.3, 3.0)
    inner = np.array([1.0, -coil.t]) + (outline - np.array([1.0, -coil.t])) * (1.0 - thickness)[:, None]
    back = -np.concatenate([[0.004], np.linspace(0.02, np.radians(150), 44)])
    inside = coil_points(coil, inner, back, 0.0)
    theta, place = back[:, None], phi[None, :]
    scars = bump(np.abs(place) - 1.55, 0.20) * bump(theta + 0.26, 0.09)
    pallial = bump(theta + 0.13, 0.025) * (np.abs(place) < 1.5)
    teeth = (bump(np.abs(place) - 2.75, 0.10) + bump(np.abs(place) - 2.2, 0.07)) * bump(theta + 0.03, 0.05)
    rise = -0.035 * scars - 0.010 * pallial + 0.11 * teeth
    crenulae = 0.014 * np.cos(60 * place) * bump(theta, 0.04) * (np.abs(place) < 2.1)
    inside = inside - grid_normals(inside) * ((rise + crenulae) * coil.scale(theta))[..., None]
    shade = 0.5 - 0.8 * scars - 0.7 * pallial - 0.6 * ramp(-theta, 0.8, 2.0)
    return grid_surface(np.concatenate([outside, inside]), np.clip(np.concatenate([tint, shade]), -1, 1))
