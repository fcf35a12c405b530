"""Fossils that do not coil: a foraminifer of globular chambers, a horn coral, a crinoid stem, a tooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from core.samples.form import between, whole
from core.samples.sculpture import bump, growth_lines, ramp
from core.samples.surfaces import Surface, ellipsoid, grid_normals, grid_surface, join, noise_field


@dataclass(frozen=True)
class GlobularForaminifer:
    """A planktonic foraminifer of inflated chambers in a trochospire: *Globigerina*, *Trilobatus*."""

    folder: ClassVar[str] = "Foraminifera/Globular"
    stem: ClassVar[str] = "foraminifer_globular"
    styles: ClassVar[tuple[str, ...]] = ("high arch", "low arch", "loose")

    style: str
    size_mm: float
    chambers: int
    chambers_per_whorl: float
    chamber_growth: float
    translation: float
    overlap: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 9 to 13 chambers, 3.4 to 5.2 to a whorl, each 1.10 to 1.2 times as wide as the last."""
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
        """Let spheres grow along a spiral; the last one opens in an arch over the umbilicus."""
        parts = []
        steps = np.arange(self.chambers)
        radius = self.chamber_growth ** (steps - self.chambers + 1.0)
        turn = -2 * np.pi * (steps - self.chambers + 1) / self.chambers_per_whorl
        # Neighbours of the last whorl overlap by what `overlap` leaves of the sum of their radii.
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


def _porous(
    chamber: Surface, centre: Float[np.ndarray, "3"], radius: float, rng: np.random.Generator
) -> Surface:
    """Pit the wall of a chamber with evenly spread pores between low ridges."""
    pores = ellipsoid(np.zeros(3), np.ones(3), max(round(620 * radius**2), 30)).vertices
    pores += 0.012 / radius * rng.normal(size=pores.shape)
    unit = (chamber.vertices - centre) / radius
    distance, _ = cKDTree(pores).query(unit)
    pit = bump(distance, 0.042 / radius)
    return Surface(chamber.vertices - 0.035 * pit[:, None] * unit, chamber.faces, 0.3 - 0.7 * pit)


@dataclass(frozen=True)
class HornCoral:
    """A solitary rugose coral: *Zaphrentis*, *Caninia*, *Streptelasma*."""

    folder: ClassVar[str] = "Corals/Horn"
    stem: ClassVar[str] = "coral_horn"
    styles: ClassVar[tuple[str, ...]] = ("curved", "slender", "wrinkled")

    style: str
    size_mm: float
    curvature_degrees: float
    opening_degrees: float
    septa: int
    calice_depth: float
    wrinkles: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 22 to 34 major septa, a bend of 40 to 95 degrees, an opening angle of 26 to 48 degrees."""
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
        """Bend a cone, wrinkle and groove its wall, and hollow a calice with two orders of septa."""
        around = np.linspace(0, 2 * np.pi, self.septa * 7, endpoint=False)
        growth = np.linspace(0.02, 1.0, 66)
        spread_angle = np.tan(np.radians(self.opening_degrees / 2))
        radius = spread_angle * growth**0.92 * (1 - 0.10 * ramp(growth, 0.8, 1.0))
        uneven = growth[:, None] * 2 * np.pi + 0.12 * np.sin(around)[None, :]
        rugae = growth_lines(1.3 * uneven, rng, 26) + 0.8 * growth_lines(0.6 * uneven, rng, 18)
        grooves = np.abs(np.sin(self.septa * around / 1.0))[None, :] ** 0.7
        height = self.wrinkles * rugae + 0.035 * grooves * ramp(growth, 0.05, 0.3)[:, None]
        near_rim = ramp(growth, 0.6, 0.75)[:, None]
        # Over the calice the wall is thin: there wrinkles only stand out.
        height = height * (1 - near_rim) + near_rim * (0.03 + 0.6 * np.abs(height))
        reach = radius[:, None] * (1.0 + height)
        rows = _along_arc(growth, reach, around, np.radians(self.curvature_degrees))
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
            crest = np.maximum(major * ramp(np.array(share), 0.06, 0.2), 0.7 * minor * reach_of_minor)
            level = 1.0 - depth * (1.0 - 0.62 * crest)
            rows.append(_along_arc(level[None, :], (rim * share)[None, :], around, bend)[0])
            shades.append(0.9 * crest - 0.55)
        return np.stack(rows), np.stack(shades)


def _along_arc(
    level: Float[np.ndarray, "..."],
    reach: Float[np.ndarray, "rows columns"],
    around: Float[np.ndarray, " columns"],
    bend: float,
) -> Float[np.ndarray, "rows columns 3"]:
    """Return rings about an arc of length 1 that turns by `bend` radians from its start to its end."""
    place = level if level.ndim == 2 else np.broadcast_to(level[:, None], reach.shape)
    curve_radius = 1.0 / max(bend, 1e-3)
    angle = place * bend
    middle = np.stack([curve_radius * (1 - np.cos(angle)), 0 * angle, curve_radius * np.sin(angle)], -1)
    across = np.stack([np.cos(angle), 0 * angle, -np.sin(angle)], -1)
    sideways = np.array([0.0, 1.0, 0.0])
    x, y = (reach * np.cos(around))[..., None], (reach * np.sin(around))[..., None]
    return np.asarray(middle + across * x + sideways * y)


@dataclass(frozen=True)
class CrinoidStem:
    """A piece of stem, of round or star-shaped columnals: *Encrinus*, *Isocrinus*, *Platycrinites*."""

    folder: ClassVar[str] = "Crinoids/Stem"
    stem: ClassVar[str] = "crinoid_stem"
    styles: ClassVar[tuple[str, ...]] = ("round", "star", "round with nodals")

    style: str
    size_mm: float
    columnals: int
    columnal_height: float
    nodal_swelling: float
    lumen: float
    crenulae: int
    curvature_degrees: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw 7 to 18 columnals, 0.28 to 0.5 radii high, with 24 to 36 crenulae on the facets."""
        return cls(
            style=cls.styles[number % len(cls.styles)],
            size_mm=between(rng, 12, 55, 1),
            columnals=whole(rng, 7, 17),
            columnal_height=between(rng, 0.30, 0.5),
            nodal_swelling=between(rng, 0.06, 0.16),
            lumen=between(rng, 0.14, 0.24),
            crenulae=whole(rng, 22, 30),
            curvature_degrees=between(rng, 0, 22),
        )

    def build(self, rng: np.random.Generator) -> Surface:
        """Stack discs whose order alternates N 3 2 3 1 3 2 3, and crenulate the facets at both ends."""
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
                # Seen from the side, neighbouring discs interlock in a fine zigzag.
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


@dataclass(frozen=True)
class ConicalTooth:
    """A conical tooth with carinae: crocodile, plesiosaur (ridged), mako-like shark (flattened, two-rooted)."""

    folder: ClassVar[str] = "Teeth/Conical"
    stem: ClassVar[str] = "tooth_conical"
    styles: ClassVar[tuple[str, ...]] = ("crocodile", "plesiosaur", "shark")

    style: str
    size_mm: float
    curvature_degrees: float
    slenderness: float
    flattening: float
    apicobasal_ridges: int
    carina: float
    tip_wear: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw a crown 1.5 to 2.5 times as high as wide and a bend of 15 to 50 degrees."""
        style = cls.styles[number % len(cls.styles)]
        return cls(
            style=style,
            size_mm=between(rng, 16, 70, 1),
            curvature_degrees=between(rng, 12, 26) if style == "shark" else between(rng, 22, 55),
            slenderness=between(rng, 1.5, 2.0) if style == "shark" else between(rng, 1.7, 2.5),
            flattening=between(rng, 0.38, 0.5) if style == "shark" else between(rng, 0.82, 0.98),
            apicobasal_ridges=whole(rng, 22, 30) if style == "plesiosaur" else 0,
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
        taper = np.where(level[:, None] < 0.36, 1.02 - 0.10 * ramp(level, 0.18, 0.36)[:, None], 0.97)
        radius = base_radius * taper * np.maximum((1 - height_in_crown**1.35) * (1 + 0.06 * np.sin(np.pi * height_in_crown)), 0.02)
        carinae = (bump(np.sin(around / 2), 0.045) + bump(np.cos(around / 2), 0.045))[None, :]
        serration = 1.0 + 0.12 * np.cos(2 * np.pi * 60 * level[:, None])
        ridges = np.zeros((len(level), len(around)))
        if self.apicobasal_ridges:
            # Every second ridge stops short of the tip.
            long = bump(np.sin(self.apicobasal_ridges * around / 4), 0.28)[None, :]
            short = bump(np.cos(self.apicobasal_ridges * around / 4), 0.28)[None, :]
            ridges = 0.075 * (long + short * ramp(0.62 - height_in_crown, 0.0, 0.15)) * ramp(1 - height_in_crown, 0.05, 0.3)
        fine = 0.006 * growth_lines(level[:, None] * 6, rng, 40)
        roughness = (1 - crown) * (0.008 * np.cos(11 * around + 5 * level[:, None]) + 0.012 * growth_lines(level[:, None] * 9, rng, 24))
        enamel = 0.028 * crown
        reach = radius * (1 + enamel + crown * (self.carina * carinae * serration + ridges + fine) + roughness)
        rows = _along_arc(level, reach, around, np.radians(self.curvature_degrees))
        rows[..., 1] *= self.flattening
        # The root is broken off unevenly.
        rows[..., 2] += 0.016 * (1 - ramp(level, 0.0, 0.2))[:, None] * noise_field(rng, 0.30)(rows)
        pulp = np.stack([rows[0].mean(0) + (rows[0] - rows[0].mean(0)) * s + np.array([0, 0, d]) for s, d in
                         ((0.2, 0.2), (0.45, 0.14), (0.65, 0.07), (0.75, 0.0))])
        tint = crown * (0.55 + 2 * ridges + 0.5 * carinae) + (1 - crown) * (-0.35 + 4 * roughness)
        tint = np.clip(tint - 0.35 * height_in_crown, -1, 1)
        shade = np.repeat(np.array([-1.0, -0.9, -0.8, -0.6])[:, None], len(around), axis=1)
        return grid_surface(np.concatenate([pulp, rows]), np.concatenate([shade, tint]))

    def _shark(self, around: Float[np.ndarray, " columns"]) -> Surface:
        """Taper a flat blade with a flat front, a domed back and a root of two lobes."""
        level = np.concatenate([np.linspace(0.0, 0.32, 36), np.linspace(0.33, 1.0 - 0.5 * self.tip_wear, 90)])
        crown = ramp(level, 0.30, 0.36)[:, None]
        height_in_crown = np.clip((level - 0.32) / 0.68, 0, 1)[:, None]
        half_width = 0.5 * 0.68 / self.slenderness
        root = 1 - crown
        breadth = half_width * (np.maximum(1 - height_in_crown, 0.01) ** 0.9 * (1 - 0.12 * np.sin(np.pi * height_in_crown)))
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
        fine = 0.004 * root * np.cos(9 * around + 40 * level[:, None])
        points = np.stack([x, y, z], -1)
        points = points + grid_normals(points) * (fine + 0.006 * crown)[..., None]
        tint = np.clip(crown * (0.6 - 0.2 * height_in_crown) - 0.5 * root + 0 * c, -1, 1)
        # The underside of the root closes along its middle, for a fan would bridge the notch.
        middle = points[0] * np.array([1.0, 0.0, 1.0]) + np.array([0.0, float(points[0, :, 1].mean()), 0.015])
        points = np.concatenate([middle[None], points])
        return grid_surface(points, np.concatenate([tint[:1], tint]), close_start=False)
