"""A picture of all embeddings: PCA, UMAP, t-SNE or PaCMAP coordinates in two or three dimensions.

Distances on a map are not distances between specimens. What may be read from one: who lies
beside whom, as far as `trustworthiness` says. What may not: how far groups are apart, how
large or dense they are, what the axes mean (unless they are principal components).
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
    """How a map is drawn.

    Parameters
    ----------
    method : str
        `umap` (McInnes, Healy & Melville, 2018), `pca`, `tsne` (van der Maaten & Hinton, 2008), or
        `pacmap` (Wang, Huang, Rudin & Shaposhnik, 2021).
    dimensions : int
        2 or 3.
    n_neighbors : int
        How many neighbours hold a specimen in place; more shows the whole, fewer details. t-SNE
        takes it as its perplexity.
    min_dist : float
        UMAP: how near to each other points may lie, 0 to 1.
    metric : str
        `cosine` or `euclidean`.
    seed : int
        Seed of all but PCA; with the same seed a map is the same again.
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
    """Where every specimen lies on a map.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, in row order of the embeddings.
    coordinates : (n, 2) or (n, 3) float32
        Map coordinates without unit; read-only.
    settings : MapSettings
        What was asked for.
    notes : tuple of str
        What was done otherwise than asked, in sentences.
    """

    ids: tuple[str, ...]
    coordinates: Float[np.ndarray, "n k"]
    settings: MapSettings
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Protect the coordinates from change."""
        self.coordinates.setflags(write=False)


def make_map(embeddings: Embeddings, settings: MapSettings | None = None) -> MapResult:
    """Lay out all specimens on a map on which near ones are alike.

    Raises
    ------
    InputError
        Where there are no embeddings.
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
    """Return how far neighbours on a map are neighbours indeed, 0 to 1 (Venna & Kaski, 2001).

    Measured on at most `sample` specimens; 1 where there are too few to be wrong about.

    Raises
    ------
    InputError
        Where the map shows other specimens.
    """
    if embeddings.ids != result.ids:
        raise InputError("The map shows other specimens than the embeddings.", advice="Make the map again.")
    rows = np.arange(len(embeddings))
    if rows.size > sample:
        rows = np.sort(np.random.default_rng(result.settings.seed).choice(rows, sample, replace=False))
    n_neighbors = min(n_neighbors, (rows.size - 1) // 2)
    if n_neighbors < 1:
        return 1.0
    from sklearn.manifold import trustworthiness as of_neighbours

    vectors = normalise_rows(embeddings.matrix[rows], "l2" if result.settings.metric == "cosine" else "none")
    return float(of_neighbours(vectors, result.coordinates[rows], n_neighbors=n_neighbors))


def place_on_map(embeddings: Embeddings, result: MapResult, newcomers: Embeddings, n_neighbors: int = 5) -> MapResult:
    """Return where new specimens belong on a map, without moving the others.

    Each lies at the mean of its nearest mapped specimens, nearer ones counting more. On a map of
    principal components the place is exact only as far as neighbours share it.

    Raises
    ------
    InputError
        Where the map shows other specimens, or the embeddings have another width.
    """
    if embeddings.ids != result.ids:
        raise InputError("The map shows other specimens than the embeddings.", advice="Make the map again.")
    if newcomers.matrix.shape[1] != embeddings.matrix.shape[1]:
        raise InputError(
            "The new embeddings have {given} dimensions, the mapped ones {dimensions}.",
            advice="Extract them with the same backbone and pooling.",
            given=newcomers.matrix.shape[1],
            dimensions=embeddings.matrix.shape[1],
        )
    how = "l2" if result.settings.metric == "cosine" else "none"
    mapped, asked = normalise_rows(embeddings.matrix, how), normalise_rows(newcomers.matrix, how)
    count = min(n_neighbors, len(embeddings))
    coordinates = np.empty((len(newcomers), result.coordinates.shape[1]), dtype=np.float32)
    for row, vector in enumerate(asked):
        away = np.linalg.norm(mapped - vector, axis=1)
        nearest = np.argsort(away, kind="stable")[:count]
        weights = 1.0 / np.maximum(away[nearest], 1e-6)
        coordinates[row] = np.average(result.coordinates[nearest], axis=0, weights=weights)
    return MapResult(newcomers.ids, coordinates, result.settings, ("Placed beside their nearest specimens.",))


def map_in(folder: Path, embeddings: Embeddings, settings: MapSettings | None = None) -> MapResult:
    """Return a map that is kept in a folder, by fingerprint of embeddings and settings; make it if need be.

    Raises
    ------
    InputError
        Where there are no embeddings, or the kept file is damaged.
    WorkspaceError
        Where the folder cannot be written.
    """
    settings = settings if settings is not None else MapSettings()
    name = fingerprint("map 2", asdict(settings), list(embeddings.ids), sha256_of_matrix(embeddings))
    path, about = folder / f"map_{name}.csv", folder / f"map_{name}.json"
    if not path.is_file() or not about.is_file():
        made = make_map(embeddings, settings)
        write_json(about, {"settings": asdict(settings), **notes_as_json(made.notes)})
        write_map(path, made)
    return replace(read_map(path, settings), notes=notes_from_json(read_json(about)))


def write_map(path: Path, result: MapResult) -> None:
    """Write a map as CSV: `specimen_id,x,y` and, in three dimensions, `z`.

    Raises
    ------
    WorkspaceError
        Where the file cannot be written.
    """
    header = ("specimen_id", *_AXES[: result.coordinates.shape[1]])
    rows = ((name, *map(repr, row)) for name, row in zip(result.ids, result.coordinates.tolist(), strict=True))
    write_csv(path, header, rows)


def read_map(path: Path, settings: MapSettings | None = None) -> MapResult:
    """Read a map that `write_map` wrote.

    Raises
    ------
    MissingStageError
        Where the file is not there.
    InputError
        Where it is not such a CSV.
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
