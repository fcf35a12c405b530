"""Pictures and plots inside the page: thumbnails as data URIs, plots as SVG."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int

from core.maps import NOISE_COLOUR, OKABE_ITO, palette

_QUALITY = 78
_WIDTH, _HEIGHT, _EDGE = 900, 620, 24
_NAMED_CLUSTERS = 60
_MANY = 3000


def picture_of(path: Path | None, pixels: int) -> str:
    """Return a small picture as a data URI, empty if it cannot be read."""
    if path is None or not path.is_file():
        return ""
    image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return ""
    small = cv2.resize(image, (pixels, pixels), interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".webp", small, (int(cv2.IMWRITE_WEBP_QUALITY), _QUALITY))[1]
    return "data:image/webp;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def colours_of_clusters(count: int) -> tuple[str, ...]:
    """Return a colour for every cluster, repeating after sixty."""
    few = palette(min(count, _NAMED_CLUSTERS))
    return tuple(few[number % len(few)] for number in range(count)) if few else ()


def map_svg(coordinates: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], title: str) -> str:
    """Return a map as SVG, with a path of dots and a number for every cluster.

    A dot takes about ten bytes, so that 20,000 specimens take less than 250 kB. The number stands at
    the median of the cluster. The SVG holds only numbers and the escaped `title`.

    Parameters
    ----------
    coordinates : (n, 2) or (n, 3) float
        Map coordinates; the first two are drawn.
    labels : (n,) int
        Cluster of every specimen, -1 for noise.
    title : str
        Title for screen readers.
    """
    places = _to_page(coordinates[:, :2])
    count = int(labels.max()) + 1 if labels.size else 0
    colours = colours_of_clusters(count)
    width = 9 if len(labels) < 500 else 6 if len(labels) < _MANY else 3
    parts = [_dots(places[labels < 0], NOISE_COLOUR, width, 0.55)]
    parts += [_dots(places[labels == label], colours[label], width, 0.85) for label in range(count)]
    for label in range(min(count, _NAMED_CLUSTERS)):
        x, y = np.median(places[labels == label], axis=0)
        parts.append(f'<text x="{x:.0f}" y="{y:.0f}">{label}</text>')
    return _svg(_WIDTH, _HEIGHT, title, "".join(parts))


def bars_svg(values: Sequence[float], colours: Sequence[str], title: str, *, height: int = 150) -> str:
    """Return bars from left to right as SVG, with the highest value as text."""
    if not values:
        return ""
    top, width = max(max(values), 1e-12), min(40.0, 860 / len(values))
    bars = "".join(
        f'<rect x="{20 + place * width:.1f}" y="{height - 20 - value / top * (height - 40):.1f}" '
        f'width="{max(width - 2, 0.8):.1f}" height="{value / top * (height - 40):.1f}" fill="{colour}"/>'
        for place, (value, colour) in enumerate(zip(values, colours, strict=True))
    )
    written = f"{top:.0f}" if top >= 1 else f"{top:.2f}"
    axis = f'<path d="M18 {height - 20}H{24 + len(values) * width:.0f}" stroke="#777"/>'
    return _svg(_WIDTH, height, title, f'{bars}{axis}<text class="tick" x="20" y="14">{written}</text>')


def share_colour() -> str:
    """Return the colour of bars that belong to no cluster."""
    return OKABE_ITO[0]


def _to_page(points: np.ndarray) -> np.ndarray:
    """Scale points into the drawing with one scale for both axes, y upwards."""
    if len(points) == 0:
        return np.zeros((0, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([_WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE])
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    centred = (points - (low + high) / 2) * scale
    return np.asarray(np.stack([_WIDTH / 2 + centred[:, 0], _HEIGHT / 2 - centred[:, 1]], axis=1))


def _dots(places: np.ndarray, colour: str, width: int, opacity: float) -> str:
    if len(places) == 0:
        return ""
    steps = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in places.tolist())
    return f'<path d="{steps}" stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}" class="dots"/>'


def _svg(width: int, height: int, title: str, inside: str) -> str:
    safe = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{safe}</title>{inside}</svg>"
    )
