"""Files of a map: coordinates, settings, HTML page and SVG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import core
from core.embeddings import Embeddings, sha256_of_matrix
from core.foundation import InputError
from core.maps.colouring import Colouring
from core.maps.coordinates import MapResult, MapSettings, make_map, read_map, trustworthiness, write_map
from core.maps.density_regions import Regions, find_regions
from core.maps.pictures import MOST_PICTURES, MapPicture, write_map_page, write_map_svg
from core.storage import fingerprint, read_json, write_json, write_once

METHOD_NAMES: Mapping[str, str] = {"umap": "UMAP", "pca": "PCA", "tsne": "t-SNE", "pacmap": "PaCMAP"}
CATEGORY = "category"
NOISE_NAME = "noise"


@dataclass(frozen=True)
class MapFiles:
    """A map written to a folder.

    Parameters
    ----------
    result : MapResult
        Map coordinates.
    trustworthiness : float
        As `core.maps.trustworthiness`, 0 to 1.
    written : tuple of Path
        Files written by this call; empty if all were up to date.
    """

    result: MapResult
    trustworthiness: float
    written: tuple[Path, ...]


def map_into(
    out: Path,
    embeddings: Embeddings,
    settings: MapSettings,
    colouring: Colouring,
    *,
    name: str = "",
    pictures: Mapping[str, Path] | None = None,
    page: bool = False,
    drawing: bool = False,
    overwrite: bool = False,
) -> MapFiles:
    """Write `map.csv` and `map.json`, and `map.html` and `map.svg` if asked for.

    Coordinates are those that the app shows for the same embeddings and settings. They are not
    computed again if only the page or the drawing is missing.

    Parameters
    ----------
    out : Path
        The folder; created if missing.
    embeddings, settings : Embeddings, MapSettings
        The collection and the settings of its map.
    colouring : Colouring
        Colours of page and drawing.
    name : str
        Name of the collection in titles.
    pictures : mapping of str to Path, optional
        WebP images of specimens, shown on the page under the pointer.
    page, drawing : bool
        Whether to write `map.html` and `map.svg`.
    overwrite : bool
        Write files that are up to date again.

    Raises
    ------
    InputError
        If there are no embeddings, or a drawing of three dimensions is asked for.
    WorkspaceError
        If a file cannot be written.
    """
    if drawing and settings.dimensions != 2:
        raise InputError("An SVG shows maps of two dimensions.", advice="Leave --svg out, or give --dimensions 2.")
    table, about = out / "map.csv", out / "map.json"
    made_from = fingerprint("map", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), asdict(settings))
    written = []
    if write_once(out, "map", made_from, [table, about], lambda: _make(embeddings, settings, table, about), overwrite):
        written += [table, about]
    facts = read_json(about)
    drawn = MapResult(embeddings.ids, read_map(table, settings).coordinates.copy(), settings, tuple(facts["notes"]))
    trust = float(facts["trustworthiness"])
    if page or drawing:
        shown = _picture(embeddings, drawn, trust, colouring, name)
        look = fingerprint(made_from, colouring.column, colouring.texts, name)
        if page:
            shown_pictures = dict(islice((pictures or {}).items(), MOST_PICTURES))
            seen = fingerprint(look, [(one, file.stem) for one, file in shown_pictures.items()])
            written += _draw(out / "map.html", seen, lambda path: _write_page(path, shown, shown_pictures), overwrite)
        if drawing:
            written += _draw(out / "map.svg", look, lambda path: write_map_svg(path, shown), overwrite)
    return MapFiles(drawn, trust, tuple(written))


def _make(embeddings: Embeddings, settings: MapSettings, table: Path, about: Path) -> bool:
    result = make_map(embeddings, settings)
    write_map(table, result)
    facts = {"n_total": len(embeddings), "trustworthiness": trustworthiness(embeddings, result)}
    write_json(about, {**facts, "settings": asdict(settings), "notes": list(result.notes)})
    return True


def _draw(path: Path, made_from: str, write: Callable[[Path], None], overwrite: bool) -> list[Path]:
    """Write a file if it is out of date, and return what was written."""

    def make() -> bool:
        write(path)
        return True

    return [path] if write_once(path.parent, path.name, made_from, [path], make, overwrite) else []


def _write_page(path: Path, picture: MapPicture, pictures: Mapping[str, Path]) -> None:
    write_map_page(path, picture, {name: _data_uri(file) for name, file in pictures.items()})


def _picture(embeddings: Embeddings, drawn: MapResult, trust: float, colouring: Colouring, name: str) -> MapPicture:
    settings = drawn.settings
    method = METHOD_NAMES[settings.method]
    regions = Regions()
    if settings.dimensions == 2:
        regions = find_regions(drawn.coordinates, colouring.texts, ("", NOISE_NAME))
    made = f"{method}, {settings.n_neighbors} neighbours, seed {settings.seed}" if settings.method != "pca" else method
    return MapPicture(
        ids=embeddings.ids,
        coordinates=drawn.coordinates,
        colouring=colouring,
        title=f"{method} · {name}" if name else method,
        note=f"{made}; trustworthiness {trust:.2f}. {reading_of(settings.method)}",
        regions=regions,
    )


def reading_of(method: str) -> str:
    """Return what a map by a method shows and what it does not, as text."""
    if method == "pca":
        return "PCA is a straight projection: what lies far apart is far apart, what lies together may still differ."
    return (
        f"{METHOD_NAMES[method]} shows which specimens are neighbours. The size and density of a group, "
        "the distance between groups and the axes mean little."
    )


def _data_uri(path: Path) -> str:
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
