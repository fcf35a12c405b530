"""Colours and symbols of groups, safe for colour-blind readers."""

from __future__ import annotations

import functools

import numpy as np

# Colour of noise and of specimens without a category: a warm grey, weak on light and dark backgrounds.
NOISE_COLOUR = "#968e83"
ACCENT_COLOUR = "#94471b"

# Okabe and Ito (2008), Color Universal Design, without black and yellow, which are invisible on a
# dark or a light background.
OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

# Symbols in addition to colour, for more groups than colours can distinguish.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")

# Range of relative luminance (WCAG 2) with contrast to a light and a dark background. The lightness
# of Oklab is unsuitable, because it takes pure blue for as light as a middle grey.
_LUMINANCE_RANGE = (0.12, 0.42)
_LEAST_CHROMA = 0.05
_STEPS = 24

# Vision without red or without green cones, on linear RGB (Machado, Oliveira and Fernandes, 2009,
# severity 1).
_PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
_DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


@functools.lru_cache(maxsize=64)
def palette(n: int) -> tuple[str, ...]:
    """Return distinct colours as `#rrggbb`, also for colour-blind readers.

    The first six are Okabe and Ito's. Each further colour is as far as possible from all before it
    in Oklab (Ottosson, 2020), for the worst of three observers (trichromat, protanope, deuteranope).
    Therefore `palette(n)` begins with `palette(m)` for any m < n, and a category keeps its colour
    when others are added. From about eight categories on, colour alone does not distinguish all of
    them; see `symbols`.

    Parameters
    ----------
    n : int
        Number of colours, at least 0.

    Examples
    --------
    >>> palette(3)
    ('#0072b2', '#d55e00', '#009e73')
    """
    chosen = list(OKABE_ITO[:n])
    if n <= len(chosen):
        return tuple(chosen)
    candidates = _candidates()
    seen = _as_seen(candidates)
    nearest = np.full(len(candidates), np.inf)
    for colour in chosen:
        nearest = np.minimum(nearest, _distance(seen, _as_seen(_rgb_of(colour)[None])))
    while len(chosen) < n:
        best = int(np.argmax(nearest))
        if nearest[best] <= 0.0:
            # All candidate colours are used up, so that they repeat.
            chosen.extend(chosen[: n - len(chosen)])
            continue
        chosen.append("#" + "".join(f"{round(float(channel) * 255):02x}" for channel in candidates[best]))
        nearest = np.minimum(nearest, _distance(seen, seen[:, best : best + 1]))
    return tuple(chosen)


def symbols(n: int) -> tuple[str, ...]:
    """Return `n` marker symbols, another one after every six."""
    return tuple(SYMBOLS[(index // len(OKABE_ITO)) % len(SYMBOLS)] for index in range(n))


def colours_of(categories: list[str], *, noise: str = "-1") -> dict[str, str]:
    """Return a colour for each category in the given order, grey for `noise`."""
    named = [category for category in dict.fromkeys(categories) if category != noise]
    colours = dict(zip(named, palette(len(named)), strict=True))
    if noise in categories:
        colours[noise] = NOISE_COLOUR
    return colours


@functools.cache
def _candidates() -> np.ndarray:
    """Return (c, 3) sRGB colours, 0 to 1, with contrast to both backgrounds."""
    steps = np.linspace(0.0, 1.0, _STEPS)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = np.round(grid * 255) / 255
    linear = _linear(grid)
    lab, luminance = _oklab(linear), linear @ np.array([0.2126, 0.7152, 0.0722])
    low, high = _LUMINANCE_RANGE
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    return np.asarray(grid[(luminance >= low) & (luminance <= high) & (chroma >= _LEAST_CHROMA)])


def _as_seen(rgb: np.ndarray) -> np.ndarray:
    """Return (3 observers, c, 3) Oklab coordinates of sRGB colours."""
    linear = _linear(rgb)
    seen = [linear, linear @ _PROTANOPIA.T, linear @ _DEUTERANOPIA.T]
    return np.stack([_oklab(np.clip(one, 0.0, 1.0)) for one in seen])


def _distance(seen: np.ndarray, one: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(seen - one, axis=2).min(axis=0))


def _rgb_of(colour: str) -> np.ndarray:
    return np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4))


def _oklab(linear: np.ndarray) -> np.ndarray:
    """Return Oklab coordinates (Ottosson, 2020)."""
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(np.cbrt(linear @ to_cones.T) @ to_lab.T)


def ramp(n: int = 255) -> tuple[str, ...]:
    """Return `n` colours as `#rrggbb` from low to high, of the colour map cividis.

    Cividis (Nuñez, Anderton & Renslow, 2018) looks the same to colour-blind readers. Colours are
    interpolated linearly between five of its colours.
    """
    places = np.linspace(0.0, 1.0, n)
    stops = np.array([_rgb_of(colour) for colour in ("#00224e", "#434e6c", "#7d7c78", "#bcae6c", "#fee838")])
    at = np.linspace(0.0, 1.0, len(stops))
    channels = np.stack([np.interp(places, at, stops[:, channel]) for channel in range(3)], axis=1)
    return tuple("#" + "".join(f"{round(float(value) * 255):02x}" for value in row) for row in channels)
