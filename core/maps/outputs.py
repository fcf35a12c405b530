"""A map as files: coordinates, what made them, a page for any browser and an SVG; each written once."""

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
    """A map that lies in a folder.

    Parameters
    ----------
    result : MapResult
        Where every specimen lies.
    trustworthiness : float
        How far neighbours on the map are neighbours indeed, 0 to 1.
    written : tuple of Path
        What was written by this call; empty where exactly these files were there already.
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
    """Write a map into a folder: `map.csv`, `map.json` and, where asked for, `map.html` and `map.svg`.

    Coordinates are those that the app shows for the same embeddings and settings. They are not
    computed again where only a page or a drawing is missing.

    Parameters
    ----------
    out : Path
        The folder; made where it is not there.
    embeddings, settings : Embeddings, MapSettings
        What is laid out, and how.
    colouring : Colouring
        What colours the specimens of page and drawing.
    name : str
        What the collection is called in titles.
    pictures : mapping of str to Path, optional
        WebP pictures of specimens, shown on the page where they are pointed at.
    page, drawing : bool
        Whether `map.html` and `map.svg` are wanted.
    overwrite : bool
        Do it again.

    Raises
    ------
    InputError
        Where there are no embeddings, or a drawing of three dimensions is wanted.
    WorkspaceError
        Where a file cannot be written.
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
            there = dict(islice((pictures or {}).items(), MOST_PICTURES))
            seen = fingerprint(look, [(one, file.stem) for one, file in there.items()])
            written += _draw(out / "map.html", seen, lambda path: _write_page(path, shown, there), overwrite)
        if drawing:
            written += _draw(out / "map.svg", look, lambda path: write_map_svg(path, shown), overwrite)
    return MapFiles(drawn, trust, tuple(written))


def _make(embeddings: Embeddings, settings: MapSettings, table: Path, about: Path) -> bool:
    made = make_map(embeddings, settings)
    write_map(table, made)
    facts = {"n_total": len(embeddings), "trustworthiness": trustworthiness(embeddings, made)}
    write_json(about, {**facts, "settings": asdict(settings), "notes": list(made.notes)})
    return True


def _draw(path: Path, made_from: str, write: Callable[[Path], None], overwrite: bool) -> list[Path]:
    """Write a file of its own, and return it where it was not there already."""

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
    """Return what a map by a method may be read for, and what not."""
    if method == "pca":
        return "PCA is a straight projection: what lies far apart is far apart, what lies together may still differ."
    return (
        f"Read from {METHOD_NAMES[method]} who is near whom. The size and density of a group, "
        "the space between groups and the axes mean little."
    )


def _data_uri(path: Path) -> str:
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
