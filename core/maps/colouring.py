"""Colours of the points of a map, by group or by number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from core.maps.palettes import palette, ramp, symbols

MOST_GROUPS = 24
OTHERS = -1
_STEPS = 255


@dataclass(frozen=True)
class Colouring:
    """Colours of the points of a map.

    Parameters
    ----------
    column : str
        Name of the column behind the colours, such as `category`.
    texts : tuple of str
        The value of every specimen as text; empty without a value.
    codes : (n,) int16
        Index in `names`, or in `colours` for numbers; read-only. -1 for noise, for specimens without
        a value and for all but the commonest groups.
    names : tuple of str
        The groups with a colour of their own, in natural order; empty for numbers.
    colours : tuple of str
        As `#rrggbb`, one per group, or a ramp from low to high.
    range : (str, str) or None
        The lowest and the highest number; None for groups.
    """

    column: str
    texts: tuple[str, ...]
    codes: Int[np.ndarray, " n"]
    names: tuple[str, ...]
    colours: tuple[str, ...]
    range: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Make the codes read-only."""
        self.codes.setflags(write=False)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the marker symbol of every group."""
        return symbols(len(self.names))

    @property
    def counts(self) -> tuple[int, ...]:
        """Return the number of specimens of every group, then of the rest."""
        numbers = np.bincount(np.where(self.codes < 0, len(self.names), self.codes), minlength=len(self.names) + 1)
        return tuple(numbers.tolist())


def colour_by_groups(column: str, values: Sequence[str], unnamed: tuple[str, ...] = ("",)) -> Colouring:
    """Return a colour for each of the 24 commonest groups, grey for all others.

    Parameters
    ----------
    column : str
        Name of the column.
    values : sequence of str
        The group of every specimen.
    unnamed : tuple of str
        Values that are no group, such as noise; they are grey.

    Examples
    --------
    >>> colouring = colour_by_groups("category", ["tooth", "shell", "tooth", ""])
    >>> colouring.names, colouring.codes.tolist(), colouring.counts
    (('shell', 'tooth'), [1, 0, 1, -1], (1, 2, 1))
    """
    counted = Counter(value for value in values if value not in unnamed)
    common = [name for name, _ in sorted(counted.items(), key=lambda pair: (-pair[1], _natural(pair[0])))]
    names = sorted(common[:MOST_GROUPS], key=_natural)
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([place.get(value, OTHERS) for value in values], dtype=np.int16)
    return Colouring(column, tuple(values), codes, tuple(names), palette(len(names)))


def colour_by_numbers(column: str, numbers: Sequence[float | None]) -> Colouring:
    """Return colours along a ramp from the lowest to the highest number.

    Parameters
    ----------
    column : str
        Name of the column.
    numbers : sequence of float or None
        The number of every specimen; grey for None and NaN.

    Examples
    --------
    >>> colouring = colour_by_numbers("length", [2, 4, None])
    >>> colouring.codes.tolist(), colouring.range
    ([0, 254, -1], ('2', '4'))
    """
    given = np.array([math.nan if number is None else float(number) for number in numbers])
    known = np.isfinite(given)
    low, high = (float(given[known].min()), float(given[known].max())) if known.any() else (0.0, 0.0)
    places = np.zeros(given.size)
    places[known] = (given[known] - low) / (high - low) if high > low else 0.5
    codes = np.where(known, np.rint(places * (_STEPS - 1)), OTHERS).astype(np.int16)
    values = tuple(f"{number:g}" if math.isfinite(number) else "" for number in given.tolist())
    return Colouring(column, values, codes, (), ramp(_STEPS), (f"{low:g}", f"{high:g}"))


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isascii() and name.lstrip("-").isdigit() else (10**9, name)
