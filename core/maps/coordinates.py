"""Map coordinates of embeddings in two or three dimensions.

The methods are PCA, UMAP, t-SNE and PaCMAP. Distances on a map are not distances between specimens.
A map shows which specimens are neighbours, as far as `trustworthiness` says. It does not show the
distances between groups, their size or density, and its axes have no meaning unless they are
principal components.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from core.embeddings import Embeddings, normalise_rows, sha256_of_matrix
from core.foundation import InputError, MissingStageError, check_at_least, check_choice, notes_as_json, notes_from_json
from core.maps.manifold import fit_pacmap, fit_tsne, fit_umap, pca_coordinates
from core.storage import fingerprint, read_json, write_csv, write_json

MAP_METHODS = ("umap", "pca", "tsne", "pacmap")
MAP_METRICS = ("cosine", "euclidean")
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class MapSettings:
    """Settings of map coordinates.

    Parameters
    ----------
    method : str
        `umap` (McInnes, Healy & Melville, 2018), `pca`, `tsne` (van der Maaten & Hinton, 2008), or
        `pacmap` (Wang, Huang, Rudin & Shaposhnik, 2021).
    dimensions : int
        2 or 3.
    n_neighbors : int
        Number of neighbours that fix the position of a specimen. More show the overall structure,
        fewer show details. It is the perplexity of t-SNE.
    min_dist : float
        Smallest distance of points of UMAP, 0 to 1.
    metric : str
        `cosine` or `euclidean`.
    seed : int
        Seed of all methods but PCA. The same seed gives the same map.
    """

    method: str = "umap"
    dimensions: int = 2
    n_neighbors: int = 15
    min_dist: float | int = 0.1
    metric: str = "cosine"
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("method", self.method, MAP_METHODS)
        check_choice("dimensions", str(self.dimensions), ("2", "3"))
        check_at_least("n_neighbors", self.n_neighbors, 2)
        check_at_least("min_dist", self.min_dist, 0)
        check_choice("metric", self.metric, MAP_METRICS)
        check_at_least("seed", self.seed, 0)


@dataclass(frozen=True)
class MapResult:
    """Map coordinates of specimens.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, in row order of the embeddings.
    coordinates : (n, 2) or (n, 3) float32
        Map coordinates without unit; read-only.
    settings : MapSettings
        The settings.
    notes : tuple of str
        Deviations from the settings, in sentences.
    """

    ids: tuple[str, ...]
    coordinates: Float[np.ndarray, "n k"]
    settings: MapSettings
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make the coordinates read-only."""
        self.coordinates.setflags(write=False)


def make_map(embeddings: Embeddings, settings: MapSettings | None = None) -> MapResult:
    """Compute the map coordinates of all specimens.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    settings : MapSettings, optional
        Method and its settings.

    Raises
    ------
    InputError
        If there are no embeddings.

    Examples
    --------
    >>> embeddings = Embeddings(("a", "b", "c"), np.array([[1, 0], [2, 0], [6, 0]], dtype=np.float32))
    >>> abs(make_map(embeddings, MapSettings("pca", metric="euclidean")).coordinates).round(2).tolist()
    [[2.0, 0.0], [1.0, 0.0], [3.0, 0.0]]
    """
    settings = settings if settings is not None else MapSettings()
    if len(embeddings) == 0:
        raise InputError("There are no embeddings to lay out.", advice="Run `python -m core pool` first.")
    vectors = normalise_rows(embeddings.matrix, "l2" if settings.metric == "cosine" else "none")
    if settings.method == "pca":
        return MapResult(embeddings.ids, pca_coordinates(vectors, settings.dimensions), settings)
    if settings.method == "tsne":
        coordinates, notes = fit_tsne(
            vectors, dimensions=settings.dimensions, perplexity=settings.n_neighbors, seed=settings.seed
        )
        return MapResult(embeddings.ids, coordinates, settings, notes)
    if settings.method == "pacmap":
        coordinates, notes = fit_pacmap(
            vectors,
            dimensions=settings.dimensions,
            n_neighbors=settings.n_neighbors,
            metric=settings.metric,
            seed=settings.seed,
        )
        return MapResult(embeddings.ids, coordinates, settings, notes)
    coordinates, notes = fit_umap(
        vectors,
        dimensions=settings.dimensions,
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        metric=settings.metric,
        seed=settings.seed,
    )
    return MapResult(embeddings.ids, coordinates, settings, notes)


def trustworthiness(embeddings: Embeddings, result: MapResult, n_neighbors: int = 12, sample: int = 2000) -> float:
    """Return the trustworthiness of a map, 0 to 1 (Venna & Kaski, 2001).

    It is the degree to which neighbours on the map are neighbours among the embeddings, measured on
    at most `sample` specimens; 1 if there are too few specimens to measure it.

    Raises
    ------
    InputError
        If the map has other specimens.
    """
    if embeddings.ids != result.ids:
        raise InputError("The map has other specimens than the embeddings.", advice="Make the map again.")
    rows = np.arange(len(embeddings))
    if rows.size > sample:
        rows = np.sort(np.random.default_rng(result.settings.seed).choice(rows, sample, replace=False))
    n_neighbors = min(n_neighbors, (rows.size - 1) // 2)
    if n_neighbors < 1:
        return 1.0
    from sklearn.manifold import trustworthiness as trustworthiness_of

    vectors = normalise_rows(embeddings.matrix[rows], "l2" if result.settings.metric == "cosine" else "none")
    return float(trustworthiness_of(vectors, result.coordinates[rows], n_neighbors=n_neighbors))


def place_on_map(embeddings: Embeddings, result: MapResult, newcomers: Embeddings, n_neighbors: int = 5) -> MapResult:
    """Return the map coordinates of new specimens on an existing map.

    They are the means of the coordinates of the nearest mapped specimens, weighted by nearness. On a
    map of principal components they are approximate.

    Raises
    ------
    InputError
        If the map has other specimens, or the new embeddings another number of dimensions.
    """
    if embeddings.ids != result.ids:
        raise InputError("The map has other specimens than the embeddings.", advice="Make the map again.")
    if newcomers.matrix.shape[1] != embeddings.matrix.shape[1]:
        raise InputError(
            "The new embeddings have {given} dimensions, the mapped ones {dimensions}.",
            advice="Extract them with the same backbone and pooling.",
            given=newcomers.matrix.shape[1],
            dimensions=embeddings.matrix.shape[1],
        )
    normalisation = "l2" if result.settings.metric == "cosine" else "none"
    mapped, new = normalise_rows(embeddings.matrix, normalisation), normalise_rows(newcomers.matrix, normalisation)
    count = min(n_neighbors, len(embeddings))
    coordinates = np.empty((len(newcomers), result.coordinates.shape[1]), dtype=np.float32)
    for row, vector in enumerate(new):
        distances = np.linalg.norm(mapped - vector, axis=1)
        nearest = np.argsort(distances, kind="stable")[:count]
        weights = 1.0 / np.maximum(distances[nearest], 1e-6)
        coordinates[row] = np.average(result.coordinates[nearest], axis=0, weights=weights)
    return MapResult(newcomers.ids, coordinates, result.settings, ("Placed beside their nearest specimens.",))


def map_in(folder: Path, embeddings: Embeddings, settings: MapSettings | None = None) -> MapResult:
    """Return the map of a folder, computed and kept if it is missing.

    Files are named by the fingerprint of embeddings and settings.

    Raises
    ------
    InputError
        If there are no embeddings, or the kept file is damaged.
    WorkspaceError
        If the folder cannot be written.
    """
    settings = settings if settings is not None else MapSettings()
    name = fingerprint("map 2", asdict(settings), list(embeddings.ids), sha256_of_matrix(embeddings))
    path, about = folder / f"map_{name}.csv", folder / f"map_{name}.json"
    if not path.is_file() or not about.is_file():
        result = make_map(embeddings, settings)
        write_json(about, {"settings": asdict(settings), **notes_as_json(result.notes)})
        write_map(path, result)
    return replace(read_map(path, settings), notes=notes_from_json(read_json(about)))


def write_map(path: Path, result: MapResult) -> None:
    """Write a map as CSV: `specimen_id,x,y` and, in three dimensions, `z`.

    Raises
    ------
    WorkspaceError
        If the file cannot be written.
    """
    header = ("specimen_id", *_AXES[: result.coordinates.shape[1]])
    rows = ((name, *map(repr, row)) for name, row in zip(result.ids, result.coordinates.tolist(), strict=True))
    write_csv(path, header, rows)


def read_map(path: Path, settings: MapSettings | None = None) -> MapResult:
    """Read a map that `write_map` wrote.

    Raises
    ------
    MissingStageError
        If the file is missing.
    InputError
        If it is not such a CSV.
    """
    if not path.is_file():
        raise MissingStageError("{path} is not there.", advice="Make the map first.", path=path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream))
        coordinates = np.array([[float(value) for value in row[1:]] for row in rows], dtype=np.float32)
        coordinates = coordinates.reshape(len(rows), len(header) - 1)
    except (ValueError, csv.Error) as error:
        raise InputError(
            "{path} is not a map in CSV ({reason}).",
            advice="Delete it; it will be made again.",
            path=path,
            reason=error,
        ) from error
    dimensions = coordinates.shape[1]
    return MapResult(tuple(row[0] for row in rows), coordinates, settings or MapSettings(dimensions=dimensions))
