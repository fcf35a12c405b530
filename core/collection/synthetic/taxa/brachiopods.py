"""Brachiopods: two valves that differ, each a mirror image of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.shapes.coiling import Coil, spread
from core.collection.synthetic.shapes.form import CoiledForm, between, whole
from core.collection.synthetic.shapes.sculpture import bump, growth_lines, ramp, rests, ribs
from core.collection.synthetic.shapes.surfaces import Surface, grid_surface, join
from core.collection.synthetic.shapes.valves import Outline, commissure, mirrored, outer_valve, valve_angles


@dataclass(frozen=True)
class Biconvex(CoiledForm):
    """Smooth terebratulids: *Terebratula*, *Lobothyris*, *Digonella*."""

    folder: ClassVar[str] = "Brachiopods/Biconvex"
    stem: ClassVar[str] = "brachiopod_biconvex"
    styles: ClassVar[tuple[str, ...]] = ("oval", "pentagonal, two folds", "elongate")

    brachial_raup_w: float
    fold: float
    foramen: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W of both valves, T 0 and S 0.62 to 0.98.

        W is 90 to 260 for the pedicle valve, 500 to 4000 for the brachial valve.
        """
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 14, 48, 1),
            raup_w=between(rng, 90, 260, 0),
            raup_d=0.0,
            raup_t=0.0,
            raup_s=between(rng, 0.62, 0.72) if style == "elongate" else between(rng, 0.78, 0.98),
            brachial_raup_w=between(rng, 500, 4000, 0),
            fold=between(rng, 0.10, 0.18) if "folds" in style else between(rng, 0.0, 0.05),
            foramen=between(rng, 0.07, 0.10),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Join a pedicle valve with a pierced beak to a smaller, flatter brachial valve."""
        phi = spread(84)
        if self.style == "pentagonal, two folds":
            lag = self.fold * (0.9 * np.cos(5.2 * phi) * bump(phi, 0.42) - 0.25 * bump(phi, 0.8))
        else:
            lag = -self.fold * bump(phi, 0.5)
        pedicle = commissure(self.coil, phi, hinge=0.0, widest=0.12 if self.style == "elongate" else 0.22)
        return _both_valves(self, pedicle, phi, lag, np.zeros_like(phi), rng)


@dataclass(frozen=True)
class Plicate(CoiledForm):
    """Ribbed rhynchonellids with a fold, a sulcus and a zigzag commissure.

    Modelled on *Rhynchonella*, *Cyclothyris*.
    """

    folder: ClassVar[str] = "Brachiopods/Plicate"
    stem: ClassVar[str] = "brachiopod_plicate"
    styles: ClassVar[tuple[str, ...]] = ("coarse ribs", "fine ribs", "winged")

    brachial_raup_w: float
    fold: float
    foramen: float
    ribs: int

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W of both valves, T 0 and S 1.0 to 1.6.

        W is 300 to 1200 for the pedicle valve, 120 to 400 for the brachial valve.
        """
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 12, 38, 1),
            raup_w=between(rng, 300, 1200, 0),
            raup_d=0.0,
            raup_t=0.0,
            raup_s=between(rng, 1.3, 1.6) if style == "winged" else between(rng, 1.0, 1.2),
            brachial_raup_w=between(rng, 120, 400, 0),
            fold=between(rng, 0.16, 0.30),
            foramen=between(rng, 0.03, 0.045),
            ribs=whole(rng, 26, 34) if style == "fine ribs" else whole(rng, 14, 20),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Join two ribbed valves.

        Ribs and fold of one fit the furrows and sulcus of the other.
        """
        phi = spread(128, crowding=0.3)
        zigzag = (ribs(phi, self.ribs, 1.0) - 0.5) * ramp(2.2 - np.abs(phi), 0.0, 0.6)
        uplift = ramp(0.62 - np.abs(phi), 0.0, 0.34)
        lag = self.fold * uplift + 1.4 / self.ribs * zigzag
        outline = commissure(self.coil, phi, hinge=0.9 if self.style == "winged" else 0.0, widest=0.14)
        furrows = 0.25 / self.ribs * (1.0 - ribs(phi, self.ribs)) * ramp(2.4 - np.abs(phi), 0.0, 0.5)
        return _both_valves(self, outline, phi, lag, furrows, rng)


def _both_valves(
    form: Biconvex | Plicate,
    outline: Outline,
    phi: Float[np.ndarray, " columns"],
    lag: Float[np.ndarray, " columns"],
    plication: Float[np.ndarray, " columns"],
    rng: np.random.Generator,
) -> Surface:
    """Join the pedicle valve and the brachial valve along one edge.

    `plication` is the height of the pedicle valve's ribs; the brachial valve has its ribs between.
    """
    resting = tuple(float(size) for size in rng.uniform(0.4, 0.97, 5))
    flipped = plication.max() - plication
    pedicle, pedicle_tint = _valve(form.coil, outline, phi, lag, plication, form.foramen, resting, rng)
    pedicle, pedicle_tint = _pierced(pedicle, pedicle_tint)
    brachial_coil = Coil(form.brachial_raup_w, form.raup_d, form.raup_t, form.raup_s)
    brachial, brachial_tint = _valve(brachial_coil, outline, phi, -lag, flipped, 0.02, resting, rng)
    return join(
        [
            grid_surface(pedicle, pedicle_tint, close_end=False),
            grid_surface(mirrored(brachial), brachial_tint, close_end=False),
        ]
    )


def _valve(
    coil: Coil,
    outline: Outline,
    phi: Float[np.ndarray, " columns"],
    lag: Float[np.ndarray, " columns"],
    plication: Float[np.ndarray, " columns"],
    smallest: float,
    resting: tuple[float, ...],
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
    angles = valve_angles(coil, 58, smallest)
    size = coil.scale(angles[:, None])
    away_from_hinge = ramp(2.4 - np.abs(phi), 0.0, 0.5)
    fine = growth_lines(-5 * np.sqrt(-angles[:, None] + 1e-9), rng, 30) / np.maximum(size, 0.3)
    height = plication - 0.010 * rests(size, resting, 0.010) * away_from_hinge + 0.0022 * fine
    # The fold starts to grow at a certain size of the animal.
    points = outer_valve(coil, outline, angles, lag * ramp(size, 0.15, 0.9), height)
    tint = np.clip(0.1 + 20 * height + 0.2 * np.sin(11 * size), -0.7, 0.9)
    return points, tint


def _pierced(
    points: Float[np.ndarray, "rows columns 3"], tint: Float[np.ndarray, "rows columns"]
) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
    """Return a valve with the round hole for the stalk in its beak."""
    ring, middle = points[0], points[0].mean(axis=0)
    into = points[6].mean(axis=0) - middle
    hole = np.stack(
        [middle + (ring - middle) * share + depth * into for share, depth in ((0.4, 1.2), (0.6, 0.7), (0.7, 0.05))]
    )
    return np.concatenate([hole, points]), np.concatenate([np.full((3, len(ring)), -0.9), tint])
