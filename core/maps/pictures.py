"""Drawings of a map: scene for the browser, standalone HTML page and SVG."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from core.foundation import InputError
from core.maps.colouring import Colouring
from core.maps.density_regions import Regions
from core.maps.palettes import NOISE_COLOUR
from core.storage import write_bytes

PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("places.js", "painter.js", "sheet.js", "map.js")
MOST_PICTURES = 3000
WORDS: Mapping[str, str] = {
    "label": "Map of specimens",
    "category": "category",
    "none": "none",
    "move": "Move",
    "lasso": "Lasso",
    "box": "Box",
    "labels": "Names",
    "contours": "Contours",
    "whole": "Whole map",
    "png": "PNG",
    "find": "Find and highlight",
    "found": "Found:",
    "selected": "Selected:",
    "take": "Select them",
    "clear": "Clear selection",
    "hide": "Click to hide or show",
}
_SIZE = 1000.0
_ROOM = 40.0
_LEGEND = 22.0
# SVG path of each marker around the current point, in units of half a marker.
_MARKS = {
    "circle": "m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
    "square": "m-.85-.85h1.7v1.7h-1.7z",
    "diamond": "m0-1.2l1.2 1.2-1.2 1.2-1.2-1.2z",
    "triangle-up": "m0-1.1l1.1 1.9h-2.2z",
    "cross": "m-.35-1.05h.7v.7h.7v.7h-.7v.7h-.7v-.7h-.7v-.7h.7z",
    "triangle-down": "m0 1.1l1.1-1.9h-2.2z",
}


@dataclass(frozen=True)
class MapPicture:
    """A map with colours, names and texts.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids.
    coordinates : (n, 2) or (n, 3) float32
        Map coordinates; read-only.
    colouring : Colouring
        Colours of the specimens.
    title : str
        Title of the drawing.
    note : str
        Method, trustworthiness and how to read the map.
    regions : Regions
        Contours and names of dense regions; empty in three dimensions.
    facts : mapping of str to sequence of str
        Further columns that are shown for a specimen under the pointer, such as its cluster.

    Raises
    ------
    InputError
        If these differ in length.
    """

    ids: tuple[str, ...]
    coordinates: Float[np.ndarray, "n k"]
    colouring: Colouring
    title: str = "Map"
    note: str = ""
    regions: Regions = field(default_factory=Regions)
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that all have the same number of specimens."""
        lengths = {len(self.ids), len(self.coordinates), len(self.colouring.codes), *map(len, self.facts.values())}
        if len(lengths) > 1:
            raise InputError(f"A map, its colours and facts must be of the same specimens (got {sorted(lengths)}).")
        self.coordinates.setflags(write=False)


def as_scene(picture: MapPicture, others: str = "others", words: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return the scene that the script of `map_page` draws, ready for JSON.

    Parameters
    ----------
    picture : MapPicture
        The map.
    others : str
        Name of the grey points.
    words : mapping of str to str, optional
        Texts of buttons; English if None.
    """
    colouring = picture.colouring
    coordinates = np.ascontiguousarray(picture.coordinates, dtype="<f4")
    facts = [_as_fact(name, values) for name, values in {**picture.facts, colouring.column: colouring.texts}.items()]
    points = {
        "n": len(picture.ids),
        "dimensions": int(coordinates.shape[1]),
        "coordinates": _base64(coordinates),
        # A line break inside an id would shift all ids after it.
        "ids": "\n".join(name.replace("\n", " ") for name in picture.ids),
    }
    look = {
        "codes": _base64(np.ascontiguousarray(colouring.codes, dtype="<i2")),
        "names": list(colouring.names),
        "colours": list(colouring.colours),
        "symbols": list(colouring.symbols),
        "counts": list(colouring.counts),
        "scale": None if colouring.range is None else list(colouring.range),
        "column": colouring.column,
        "grey": NOISE_COLOUR,
        "others": others if colouring.counts[-1] and colouring.range is None else "",
        "facts": facts,
    }
    above = {
        "contours": [
            {"share": contour.share, "line": np.round(contour.line, 4).ravel().tolist()}
            for contour in picture.regions.contours
        ],
        "labels": [{"text": one.text, "x": one.x, "y": one.y} for one in picture.regions.labels],
    }
    rest = {"newcomers": [], "chosen": -1, "selected": [], "words": dict(words or WORDS), "height": 620}
    names = {"title": picture.title, "note": picture.note, "file": "map", "alone": False}
    return {"key": _hash(points), "look": _hash(look), **points, **look, **above, **rest, **names}


def write_map_page(path: Path, picture: MapPicture, pictures: Mapping[str, str] | None = None) -> None:
    """Write a map as one HTML file that needs no network and no other file.

    Parameters
    ----------
    path : Path
        The HTML file.
    picture : MapPicture
        The map.
    pictures : mapping of str to str, optional
        Small images of specimens as data URIs, shown under the pointer. At most 3000 are included.

    Raises
    ------
    WorkspaceError
        If the file cannot be written.
    """
    write_bytes(path, map_page(picture, pictures).encode("utf-8"))


def map_page(picture: MapPicture, pictures: Mapping[str, str] | None = None) -> str:
    """Return the HTML that `write_map_page` writes."""
    kept = dict(list((pictures or {}).items())[:MOST_PICTURES])
    scene = {**as_scene(picture), "alone": True, "pictures": kept}
    # A name that contains </script> would end the script.
    data = json.dumps(scene, ensure_ascii=False).replace("<", "\\u003c")
    page = (PAGE / "page.html").read_text(encoding="utf-8")
    parts = {
        "@@TITLE@@": html.escape(picture.title),
        "@@NOTE@@": html.escape(picture.note),
        "@@STYLE@@": (PAGE / "map.css").read_text(encoding="utf-8"),
        "@@SCRIPT@@": map_script(),
        "@@SCENE@@": data,
    }
    for mark, part in parts.items():
        page = page.replace(mark, part)
    return page


def map_script() -> str:
    """Return the script of the page, with `mountMap(element, send, ask)`."""
    return "".join((PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS)


def write_map_svg(path: Path, picture: MapPicture) -> None:
    """Write a map of two dimensions as SVG.

    It has contours, names of regions, a legend and the note.

    Raises
    ------
    InputError
        If the map has three dimensions.
    WorkspaceError
        If the file cannot be written.
    """
    write_bytes(path, map_svg(picture).encode("utf-8"))


def map_svg(picture: MapPicture) -> str:
    """Return the SVG that `write_map_svg` writes."""
    if picture.coordinates.shape[1] != 2:
        raise InputError("An SVG shows maps of two dimensions.", advice="Choose two dimensions.")
    places, width, height, place = _page_places(picture.coordinates)
    entries = _legend(picture.colouring)
    columns = max(1, int(width // 230))
    notes = _wrapped(picture.note, max(40, int(width / 4.8)))
    below = 40 + _LEGEND * -(-len(entries) // columns) + 12 * len(notes)
    lift = 0.0 if len(picture.ids) > 1500 else 10.0
    marker = 2.2 if len(picture.ids) > 20_000 else 3.2 if len(picture.ids) > 3000 else 5.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + below:.0f}" '
        f'width="{width:.0f}" height="{height + below:.0f}" font-family="sans-serif" fill="#2a2520">',
        f"<title>{html.escape(picture.title)}</title><desc>{html.escape(picture.note)}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *_svg_points(picture.colouring, places, marker),
        *(_svg_contour(place(contour.line), contour.share) for contour in picture.regions.contours),
        *(_svg_label(place(np.array([[one.x, one.y]])), one.text, lift) for one in picture.regions.labels),
    ]
    for number, (name, colour, symbol) in enumerate(entries):
        x, y = 20 + 230 * (number % columns), height + 20 + _LEGEND * (number // columns)
        parts.append(f'<path d="{_mark(symbol, x, y, 6)}" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14:.0f}" y="{y + 4:.0f}" font-size="12">{html.escape(name)}</text>')
    for number, line in enumerate(reversed(notes)):
        parts.append(
            f'<text x="14" y="{height + below - 10 - 12 * number:.0f}" font-size="9">{html.escape(line)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def _page_places(
    coordinates: Float[np.ndarray, "n 2"],
) -> tuple[Float[np.ndarray, "n 2"], float, float, _Placer]:
    points = np.asarray(coordinates, dtype=np.float64)
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    scale = (_SIZE - 2 * _ROOM) / max(float((high - low).max()), 1e-9)
    place = _Placer(low, high, scale)
    width, height = ((high - low) * scale + 2 * _ROOM).tolist()
    return place(points), max(width, 400.0), height, place


@dataclass(frozen=True)
class _Placer:
    """Transform from map coordinates to page coordinates, with y pointing down."""

    low: np.ndarray
    high: np.ndarray
    scale: float

    def __call__(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        across = (points[:, 0] - self.low[0]) * self.scale + _ROOM
        down = (self.high[1] - points[:, 1]) * self.scale + _ROOM
        return np.stack([across, down], axis=1)


def _svg_points(colouring: Colouring, places: Float[np.ndarray, "n 2"], marker: float) -> list[str]:
    """Return one path per colour, the grey one first, behind the others."""
    parts = []
    for code in sorted(set(colouring.codes.tolist())):
        symbol = colouring.symbols[code] if 0 <= code < len(colouring.names) else "circle"
        colour = colouring.colours[code] if code >= 0 else NOISE_COLOUR
        marks = "".join(_mark(symbol, x, y, marker) for x, y in places[colouring.codes == code].tolist())
        parts.append(f'<path d="{marks}" fill="{colour}" fill-opacity=".85"/>')
    return parts


def _mark(symbol: str, x: float, y: float, size: float) -> str:
    return f"M{x:.1f} {y:.1f}" + _scaled(symbol, size)


@lru_cache(maxsize=32)
def _scaled(symbol: str, size: float) -> str:
    """Return a marker scaled by `size`, without changing the flags of arcs."""

    def one(command: re.Match[str]) -> str:
        letter, numbers = command.group(1), re.findall(r"-?\d*\.?\d+", command.group(2))
        flags = {2, 3, 4} if letter == "a" else set()
        return letter + " ".join(n if k in flags else f"{float(n) * size:.2f}" for k, n in enumerate(numbers))

    # An arc has seven numbers, and each arc has its own letter.
    return re.sub(r"([a-z])([^a-z]*)", one, _MARKS[symbol])


def _svg_contour(line: Float[np.ndarray, "m 2"], share: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.tolist())
    return f'<polyline points="{points}" fill="none" stroke="#2a2520" stroke-opacity="{1.15 - share:.2f}"/>'


def _svg_label(where: Float[np.ndarray, "1 2"], text: str, lift: float) -> str:
    x, y = where[0].tolist()
    return (
        f'<text x="{x:.1f}" y="{y - lift:.1f}" font-size="13" font-weight="600" text-anchor="middle" '
        f'paint-order="stroke" stroke="#ffffff" stroke-width="4">{html.escape(text)}</text>'
    )


def _legend(colouring: Colouring) -> list[tuple[str, str, str]]:
    if colouring.range is not None:
        low, high = colouring.range
        return [
            (f"{colouring.column}: {low}", colouring.colours[0], "square"),
            (high, colouring.colours[-1], "square"),
        ]
    entries = list(zip(colouring.names, colouring.colours, colouring.symbols, strict=True))
    return [*entries, ("others", NOISE_COLOUR, "circle")] if colouring.counts[-1] else entries


def _as_fact(name: str, values: Sequence[str]) -> dict[str, object]:
    names, codes = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
    return {"name": name, "names": names.tolist(), "codes": _base64(np.ascontiguousarray(codes, dtype="<i4"))}


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _hash(parts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()[:16]


def _wrapped(text: str, columns: int) -> list[str]:
    """Return lines of at most `columns` columns.

    East Asian characters are two columns wide and allow a line break after them.
    """
    lines, used = [""], 0
    for part in re.findall(r"\s+|[\u3000-\uffff]|[^\s\u3000-\uffff]+", text):
        # Words longer than a line are split.
        for piece in (part[start : start + columns] for start in range(0, len(part), columns)):
            wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in piece)
            if used + wide > columns:
                lines.append("")
                used = 0
            lines[-1] += piece
            used += wide
    return [line.strip() for line in lines if line.strip()]
