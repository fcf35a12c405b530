"""What every category offers: parameters that are drawn first, then a surface made from them."""

from __future__ import annotations

from typing import ClassVar, Protocol, Self

import numpy as np

from core.samples.surfaces import Surface


class Form(Protocol):
    """A frozen dataclass whose fields are the parameters of one specimen and columns of the metadata."""

    folder: ClassVar[str]
    stem: ClassVar[str]
    size_mm: float

    @classmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw the parameters of a specimen from their ranges; its `number` picks the style in turn."""
        ...

    def build(self, rng: np.random.Generator) -> Surface:
        """Make the surface, in any unit and complete."""
        ...


def between(rng: np.random.Generator, low: float, high: float, digits: int = 3) -> float:
    """Draw a number, rounded as the metadata will show it."""
    return round(float(rng.uniform(low, high)), digits)


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))
