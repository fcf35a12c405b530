"""Two valves: bivalves, mirror images of each other, and brachiopods, each a mirror image of itself.

A valve is a coil of very large W whose generating curve is the commissure and whose axis is the
hinge (Raup 1966); it makes about half a turn, for a hinge works only where whorls do not overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from core.samples.coiling import Coil, coil_points, spread
from core.samples.form import between, whole
from core.samples.sculpture import bump, growth_lines, ramp, rests, ribs
from core.samples.surfaces import Surface, grid_normals, grid_surface, join

Outline = Float[np.ndarray, "columns 2"]


def commissure(
    coil: Coil, angles: Float[np.ndarray, " columns"], *, hinge: float, widest: float, skew: float = 0.0
) -> Outline:
    """Return the edge of a valve as (distance from the hinge, place along it).

    `hinge` flattens the side at the axis, `widest` moves the greatest breadth towards the axis
    (below 0) or away from it, `skew` lengthens one end of the hinge line over the other.
    """
    c, s = np.cos(angles), np.sin(angles)
    away = np.where(c < 0, np.sign(c) * np.abs(c) ** (1.0 - 0.5 * hinge), c)
    breadth = s * (1.0 + widest * c) * (1.0 + 0.35 * hinge * (c < 0) * c * c) * (1.0 + skew * s)
    return np.stack([1.0 + coil.half_height * away, coil.half_breadth * breadth - coil.t], axis=1)


def valve_angles(coil: Coil, rows: int, smallest: float) -> Float[np.ndarray, " rows"]:
    """Return angles of growth from the beak to the commissure, at most 168 degrees apart."""
    whole_turn = min(np.log(1 / smallest) / np.log(coil.w) * 2 * np.pi, np.radians(168.0))
    # Rows crowd towards the edge, where the valve is largest.
    return np.asarray(-whole_turn * (1.0 - np.linspace(0.0, 1.0, rows)) ** 1.35)


def outer_valve(
    coil: Coil,
    outline: Outline,
    angles: Float[np.ndarray, " rows"],
    lag: Float[np.ndarray, " columns"],
    height: Float[np.ndarray, "rows columns"],
) -> Float[np.ndarray, "rows columns 3"]:
    """Return the outside of a valve, its sculpture dying out just before the commissure."""
    base = coil_points(coil, outline, angles, lag, grows_with_lag=False)
    fading = np.ones((len(angles), 1))
    fading[-3:, 0] = (0.75, 0.4, 0.0)
    size = coil.scale(angles)[:, None, None]
    return base + grid_normals(base) * (height * fading)[..., None] * size


def mirrored(points: Float[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """Return the image on the other side of the plane of the commissure."""
    return points * np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Heterodont:
    """Clams and cockles: *Venus* (concentric ribs), *Cerastoderma* (radial ribs), *Arctica* (growth lines)."""

    folder: ClassVar[str] = "Bivalves/Heterodont"
    stem: ClassVar[str] = "bivalve_heterodont"
    styles: ClassVar[tuple[str, ...]] = ("concentric ribs", "radial ribs", "growth lines", "single valve, radial")

    style: str
    size_mm: float
    raup_w: float
    raup_d: float
    raup_t: float
    raup_s: float
    ribs: int
    relief: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 150 to 3000, D 0, T 0.12 to 0.4, S 1.0 to 1.35."""
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
        """Join two mirrored valves at a plain or scalloped edge, or show the inside of one."""
        coil = Coil(self.raup_w, self.raup_d, self.raup_t, self.raup_s)
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
    """Close a valve with its own inside: smooth, with two muscle scars, a pallial line and teeth."""
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


@dataclass(frozen=True)
class Biconvex:
    """Smooth terebratulids: *Terebratula*, *Lobothyris*, *Digonella*."""

    folder: ClassVar[str] = "Brachiopods/Biconvex"
    stem: ClassVar[str] = "brachiopod_biconvex"
    styles: ClassVar[tuple[str, ...]] = ("oval", "pentagonal, two folds", "elongate")

    style: str
    size_mm: float
    raup_w: float
    raup_d: float
    raup_t: float
    raup_s: float
    brachial_raup_w: float
    fold: float
    foramen: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 60 to 160 for the pedicle valve, 500 to 4000 for the brachial one, T 0, S 0.7 to 0.95."""
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
        lag = self.fold * (np.cos(5.2 * phi) * bump(phi, 0.42) * 0.9 - 0.25 * bump(phi, 0.8)) if self.fold > 0.06 else (
            -self.fold * bump(phi, 0.5)
        )
        shape = 0.22 if self.style != "elongate" else 0.12
        return _brachiopod(
            self, rng, phi, lag, ribs_height=0.0, widest=shape, pauses=6, hinge=0.0
        )


@dataclass(frozen=True)
class Plicate:
    """Ribbed rhynchonellids with a fold, a sulcus and a zigzag commissure: *Rhynchonella*, *Cyclothyris*."""

    folder: ClassVar[str] = "Brachiopods/Plicate"
    stem: ClassVar[str] = "brachiopod_plicate"
    styles: ClassVar[tuple[str, ...]] = ("coarse ribs", "fine ribs", "winged")

    style: str
    size_mm: float
    raup_w: float
    raup_d: float
    raup_t: float
    raup_s: float
    brachial_raup_w: float
    fold: float
    foramen: float
    ribs: int

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw W 300 to 1500 for the pedicle valve, 80 to 300 for the brachial one, T 0, S 1.0 to 1.3."""
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
        """Join two ribbed valves; ribs of one fit the furrows of the other, and so does the fold."""
        phi = spread(128, crowding=0.3)
        zigzag = (ribs(phi, self.ribs, 1.0) - 0.5) * ramp(2.2 - np.abs(phi), 0.0, 0.6)
        uplift = ramp(0.62 - np.abs(phi), 0.0, 0.34)
        lag = self.fold * uplift + 1.4 / self.ribs * zigzag
        return _brachiopod(
            self, rng, phi, lag, ribs_height=0.25 / self.ribs, widest=0.14, pauses=4,
            hinge=0.9 if self.style == "winged" else 0.0,
        )


def _brachiopod(
    form: Biconvex | Plicate,
    rng: np.random.Generator,
    phi: Float[np.ndarray, " columns"],
    lag: Float[np.ndarray, " columns"],
    *,
    ribs_height: float,
    widest: float,
    pauses: int,
    hinge: float,
) -> Surface:
    resting = tuple(float(x) for x in rng.uniform(0.4, 0.97, pauses))
    parts = []
    for w, side, smallest, beak in (
        (form.raup_w, 1.0, form.foramen, True),
        (form.brachial_raup_w, -1.0, 0.02, False),
    ):
        coil = Coil(w, form.raup_d, 0.0, form.raup_s)
        outline = commissure(coil, phi, hinge=hinge, widest=widest)
        angles = valve_angles(coil, 58, smallest)
        size = coil.scale(angles[:, None])
        crest = ribs(phi, getattr(form, "ribs", 0), 1.0) if ribs_height else np.zeros_like(phi)
        if side > 0:
            crest = 1.0 - crest
        wide = ramp(2.4 - np.abs(phi), 0.0, 0.5)[None, :]
        height = ribs_height * crest[None, :] * wide - 0.010 * rests(size, resting, 0.010) * wide
        height = height + 0.0022 * growth_lines(-np.sqrt(-angles[:, None] + 1e-9) * 5, rng, 30) / np.maximum(size, 0.3)
        # The fold appears only once the animal has some size.
        growing = ramp(size, 0.15, 0.9)
        points = _valve_rows(coil, outline, angles, side * lag, growing, height)
        tint = np.clip(0.1 + height * 20 + 0.2 * np.sin(11 * size), -0.7, 0.9) * np.ones_like(phi)[None, :]
        if beak:
            points, tint = _pierced(points, tint)
        parts.append(grid_surface(points if side > 0 else mirrored(points), tint, close_end=False))
    return join(parts)


def _valve_rows(
    coil: Coil,
    outline: Outline,
    angles: Float[np.ndarray, " rows"],
    lag: Float[np.ndarray, " columns"],
    growing: Float[np.ndarray, "rows 1"],
    height: Float[np.ndarray, "rows columns"],
) -> Float[np.ndarray, "rows columns 3"]:
    base = np.concatenate(
        [
            coil_points(coil, outline, angles[k : k + 1], lag * growing[k], grows_with_lag=False)
            for k in range(len(angles))
        ]
    )
    fading = np.ones((len(angles), 1))
    fading[-3:, 0] = (0.7, 0.35, 0.0)
    return base + grid_normals(base) * (height * fading)[..., None] * coil.scale(angles)[:, None, None]


def _pierced(
    points: Float[np.ndarray, "rows columns 3"], tint: Float[np.ndarray, "rows columns"]
) -> tuple[Float[np.ndarray, "rows columns 3"], Float[np.ndarray, "rows columns"]]:
    """Turn the beak's end in, as the round hole through which the stalk left the shell."""
    ring, middle = points[0], points[0].mean(axis=0)
    into = points[6].mean(axis=0) - middle
    hole = np.stack([middle + (ring - middle) * share + depth * into for share, depth in ((0.4, 1.2), (0.6, 0.7), (0.7, 0.05))])
    return np.concatenate([hole, points]), np.concatenate([np.full((3, len(ring)), -0.9), tint])
