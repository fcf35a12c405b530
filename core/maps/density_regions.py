"""Dense regions of a map, with contours and names."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from core.foundation import InputError

SHARES = (0.5, 0.8, 0.95)
_CELLS = 160
_MARGIN = 0.06
_NARROWER = 0.35
_FEWEST = 8
_MOST_LABELS = 24
_FEW = 1500
_LEAST_SHARE_OF_MAP = 0.008
_LEAST_MAJORITY = 0.5
_LINE_TOLERANCE = 0.25


@dataclass(frozen=True)
class Contour:
    """A contour of the density of a map.

    Parameters
    ----------
    share : float
        Share of the specimens inside the contours of this level.
    line : (m, 2) float64
        Points of the line in map coordinates; read-only.
    """

    share: float
    line: Float[np.ndarray, "m 2"]

    def __post_init__(self) -> None:
        """Make the line read-only."""
        self.line.setflags(write=False)


@dataclass(frozen=True)
class RegionLabel:
    """Name of a dense region of a map.

    Parameters
    ----------
    text : str
        The commonest name in the region, or the two commonest if none makes up half.
    x, y : float
        Position of the name in map coordinates: the densest place, or above the region if there are
        few specimens.
    n_specimens : int
        Number of specimens in the region.
    share : float
        Share of them with the first name.
    """

    text: str
    x: float
    y: float
    n_specimens: int
    share: float


@dataclass(frozen=True)
class Regions:
    """Dense regions of a map.

    Parameters
    ----------
    contours : tuple of Contour
        Widest first.
    labels : tuple of RegionLabel
        Largest region first.
    """

    contours: tuple[Contour, ...] = ()
    labels: tuple[RegionLabel, ...] = ()


@dataclass(frozen=True)
class _Grid:
    """Density on a grid, with cell (row, column) at `origin + step * (column, row)`."""

    density: Float[np.ndarray, "h w"]
    origin: Float[np.ndarray, " 2"]
    step: float

    def cells(self, points: Float[np.ndarray, "n 2"]) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Return row and column of every point."""
        places = np.rint((points - self.origin) / self.step).astype(np.int64)
        height, width = self.density.shape
        return np.clip(places[:, 1], 0, height - 1), np.clip(places[:, 0], 0, width - 1)


def find_regions(
    coordinates: Float[np.ndarray, "n 2"], names: Sequence[str], unnamed: tuple[str, ...] = ("",)
) -> Regions:
    """Return contours of the density of a map and names of its dense regions.

    The density is a Gaussian kernel estimate on a grid. Contours enclose the highest-density regions
    (Hyndman, 1996) with 50, 80 and 95 % of the specimens. Regions are separated along the valleys
    between peaks (watershed; Vincent & Soille, 1991).

    Parameters
    ----------
    coordinates : (n, 2) float
        Map coordinates of the specimens.
    names : sequence of str
        Name of each specimen, such as its category, cluster or label.
    unnamed : tuple of str
        Names that are not used for regions, such as that of noise.

    Raises
    ------
    InputError
        If the map has not two dimensions, or names and coordinates differ in number.

    Examples
    --------
    >>> corner = np.random.default_rng(0).normal(size=(30, 2))
    >>> regions = find_regions(np.concatenate([corner, corner + 20]), ["tooth"] * 30 + ["shell"] * 30)
    >>> sorted(label.text for label in regions.labels)
    ['shell', 'tooth']
    """
    if coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise InputError("Dense regions are found on maps of two dimensions.", advice="Choose two dimensions.")
    if len(names) != coordinates.shape[0]:
        raise InputError(f"There are {len(names)} names for {coordinates.shape[0]} places on the map.")
    points = np.asarray(coordinates, dtype=np.float64)
    if points.shape[0] < _FEWEST or not np.ptp(points, axis=0).any():
        return Regions()
    grid = _density(points)
    heights = grid.density[grid.cells(points)]
    return Regions(_contours(grid, heights), _labels(grid, points, heights, names, unnamed))


def _density(points: Float[np.ndarray, "n 2"]) -> _Grid:
    from scipy.ndimage import gaussian_filter

    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * float((high - low).max())
    low, high = low - margin, high + margin
    step = float((high - low).max()) / (_CELLS - 1)
    width, height = (np.ceil((high - low) / step).astype(int) + 1).tolist()
    grid = _Grid(np.zeros((height, width)), low, step)
    np.add.at(grid.density, grid.cells(points), 1.0)
    # Scott's (1992) bandwidth suits a single mode. A map has many, so that a narrower one is used.
    spread = float(np.sqrt(points.var(axis=0).mean()))
    sigma = max(_NARROWER * spread * points.shape[0] ** (-1 / 6) / step, 1.5)
    return _Grid(gaussian_filter(grid.density, sigma, mode="constant"), low, step)


def _contours(grid: _Grid, heights: Float[np.ndarray, " n"]) -> tuple[Contour, ...]:
    measure = _skimage("measure")
    contours = []
    for share in sorted(SHARES, reverse=True):
        level = float(np.quantile(heights, 1.0 - share))
        for line in measure.find_contours(np.pad(grid.density, 1), level):
            shorter = measure.approximate_polygon(line - 1.0, _LINE_TOLERANCE)
            contours.append(Contour(share, grid.origin + grid.step * shorter[:, ::-1]))
    return tuple(contours)


def _labels(
    grid: _Grid,
    points: Float[np.ndarray, "n 2"],
    heights: Float[np.ndarray, " n"],
    names: Sequence[str],
    unnamed: tuple[str, ...],
) -> tuple[RegionLabel, ...]:
    inside = grid.density >= np.quantile(heights, 1.0 - max(SHARES))
    peaks = _skimage("feature").peak_local_max(
        grid.density, min_distance=4, labels=inside.astype(np.int32), exclude_border=False
    )
    markers = np.zeros(grid.density.shape, dtype=np.int32)
    markers[peaks[:, 0], peaks[:, 1]] = np.arange(1, len(peaks) + 1)
    basin = _skimage("segmentation").watershed(-grid.density, markers, mask=inside)[grid.cells(points)]
    labels = []
    for number, (row, column) in enumerate(peaks.tolist(), start=1):
        members = np.flatnonzero(basin == number)
        if members.size < max(3, _LEAST_SHARE_OF_MAP * len(names)):
            continue
        common = Counter(names[place] for place in members.tolist() if names[place] not in unnamed).most_common(2)
        if not common:
            continue
        share = common[0][1] / members.size
        text = common[0][0] if share >= _LEAST_MAJORITY else ", ".join(name for name, _ in common)
        x, y = (grid.origin + grid.step * np.array([column, row])).tolist()
        if len(names) <= _FEW:
            # With few specimens, a name at the densest place would hide them.
            y = float(points[members, 1].max())
        labels.append(RegionLabel(text, x, y, int(members.size), share))
    return tuple(sorted(labels, key=lambda label: (-label.n_specimens, label.text))[:_MOST_LABELS])


def _skimage(part: str) -> Any:
    # scikit-image has no types and is slow to import.
    return importlib.import_module(f"skimage.{part}")
