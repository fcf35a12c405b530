"""Interface of all categories: draw parameters, build a surface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from core.collection.synthetic.shapes.coiling import Coil
from core.collection.synthetic.shapes.surfaces import Surface


@dataclass(frozen=True)
class Form(ABC):
    """Parameters of one specimen.

    The fields are columns of the metadata.

    Parameters
    ----------
    style : str
        The kind of sculpture or build within the category, one of `styles`.
    size_mm : float
        Longest edge of the box around the whole specimen, before it is tilted or broken.
    """

    folder: ClassVar[str]
    stem: ClassVar[str]
    styles: ClassVar[tuple[str, ...]]

    style: str
    size_mm: float

    @classmethod
    @abstractmethod
    def draw(cls, number: int, rng: np.random.Generator) -> Self:
        """Draw the parameters of a specimen from their ranges.

        Styles alternate with the `number` of the specimen.
        """

    @abstractmethod
    def build(self, rng: np.random.Generator) -> Surface:
        """Build the complete surface, in any unit."""


@dataclass(frozen=True)
class CoiledForm(Form):
    """A form that coils, with the parameters of Raup (1966).

    See `core.collection.synthetic.shapes.coiling.Coil`.
    """

    raup_w: float
    raup_d: float
    raup_t: float
    raup_s: float

    @property
    def coil(self) -> Coil:
        """The coil of these parameters."""
        return Coil(self.raup_w, self.raup_d, self.raup_t, self.raup_s)


def between(rng: np.random.Generator, low: float, high: float, digits: int = 3) -> float:
    """Draw a number, rounded as in the metadata."""
    return round(float(rng.uniform(low, high)), digits)


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))
