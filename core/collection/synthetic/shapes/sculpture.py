"""Sculpture of shells as height over the smooth surface.

Heights are in units of half a whorl's height.

All take the angle of growth `theta` (rows, 1) and the place `phi` (1, columns) around the
generating curve, 0 on the venter, both in radians.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Rows = Float[np.ndarray, "rows 1"]
Columns = Float[np.ndarray, "1 columns"]
Height = Float[np.ndarray, "rows columns"]


def bump(x: Float[np.ndarray, "..."], width: float | Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return a Gaussian hill of height 1 at 0."""
    return np.asarray(np.exp(-0.5 * (x / width) ** 2))


def ramp(x: Float[np.ndarray, "..."], start: float, stop: float) -> Float[np.ndarray, "..."]:
    """Return 0 before `start`, 1 after `stop`, and a smooth step between."""
    t = np.clip((x - start) / (stop - start), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def cell(theta: Float[np.ndarray, "..."], per_whorl: float) -> Float[np.ndarray, "..."]:
    """Return the position within a repeat of sculpture, -0.5 to 0.5, the crest at 0."""
    turns = theta * per_whorl / (2 * np.pi)
    return np.asarray(turns - np.round(turns))


def wobble(theta: Rows, rng: np.random.Generator, amount: float) -> Rows:
    """Return the angles with uneven steps, so that ribs are irregular."""
    shift = np.zeros_like(theta)
    for frequency in (1.3, 2.9, 5.3, 9.7):
        shift = shift + rng.normal() / frequency * np.sin(frequency * theta + rng.uniform(0, 2 * np.pi))
    return theta + amount * shift


def ribs(theta: Rows, per_whorl: float, sharpness: float = 1.0) -> Float[np.ndarray, "..."]:
    """Return ribs between 0 and 1, narrower with a higher `sharpness`."""
    return np.asarray((0.5 + 0.5 * np.cos(2 * np.pi * cell(theta, per_whorl))) ** sharpness)


def forked_ribs(theta: Rows, phi: Columns, per_whorl: float, fork_at: float) -> Height:
    """Return primary ribs on the flank that fork in two towards the venter.

    `fork_at` is the position of the fork on the flank, in radians from the venter.
    """
    place = cell(theta, per_whorl)
    apart = 0.25 * ramp(fork_at + 0.25 - np.abs(phi), 0.0, 0.75)
    width = 0.13 - 0.05 * ramp(fork_at - np.abs(phi), 0.0, 0.6)
    height = np.zeros(np.broadcast_shapes(theta.shape, phi.shape))
    for neighbour in (-1.0, 0.0, 1.0):
        for side in (-1.0, 1.0):
            height = np.maximum(height, bump(place - neighbour - side * apart, width))
    return height


def nodes(theta: Rows, phi: Columns, per_whorl: float, at: Sequence[float], length: float, width: float) -> Height:
    """Return rows of tubercles at the positions `at` (radians).

    `length` is a share of their spacing.
    """
    along = bump(cell(theta, per_whorl), length)
    across = np.zeros_like(phi)
    for place in at:
        across = across + bump(phi - place, width)
    return np.asarray(along * across)


def cords(phi: Columns, places: Sequence[float], width: float) -> Columns:
    """Return spiral cords, or keels, at the places `places` (radians)."""
    height = np.zeros_like(phi)
    for place in places:
        height = np.maximum(height, bump(phi - place, width))
    return height


def growth_lines(theta: Rows, rng: np.random.Generator, finest: float = 55.0) -> Rows:
    """Return fine growth lines of about unit variance, at most `finest` a whorl."""
    total = np.zeros_like(theta)
    for frequency in rng.uniform(0.3 * finest, finest, 7):
        total = total + np.cos(frequency * theta + rng.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(3.5) * (0.6 + 0.4 * np.sin(3.1 * theta + rng.uniform(0, 2 * np.pi))))


def rests(theta: Rows, places: Sequence[float], width: float) -> Rows:
    """Return varices at pauses of growth, at the angles `places`.

    Times minus one, they are constrictions.
    """
    height = np.zeros_like(theta)
    for place in places:
        height = np.maximum(height, bump(theta - place, width))
    return height


def folded(theta: Rows, phi: Columns, lobes: float, depth: float) -> Height:
    """Return angles of growth along an ammonitic suture.

    It has `lobes` folds from venter to dorsum.

    `depth` is the depth of the folds in radians; they shallow towards the umbilicus.
    """
    flank = np.abs(phi)
    folds = np.cos(2 * lobes * flank) + 0.30 * np.cos(6 * lobes * flank + 1.0)
    return np.asarray(theta + depth * folds * (0.55 + 0.45 * np.cos(0.45 * flank)))


def suture_lines(course: Height, *, per_whorl: float, last: float, width: float) -> Height:
    """Return the lines along which septa met the shell wall, 1 on a line.

    `course` holds the angle of growth along a septum's edge (see `folded`). The last septum is at
    the angle `last`, because the body chamber has none. `width` is in radians.
    """
    spacing = 2 * np.pi / per_whorl
    beside = (course - last) - spacing * np.round((course - last) / spacing)
    return np.asarray(bump(beside, width) * (course < last + 0.5 * spacing))


def enough_steps(angles: Float[np.ndarray, " rows"], per_whorl: float) -> Rows:
    """Return 1 for rows dense enough for that many repeats a whorl, else 0."""
    steps_per_repeat = 2 * np.pi / np.maximum(np.gradient(angles), 1e-9) / per_whorl
    return ramp(steps_per_repeat, 2.5, 4.5)[:, None]
