"""Robustness of a search: changed specimens are searched for in their collection."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32

from core.embeddings import Embeddings
from core.foundation import InputError, Progress, SettingError, SpecimenError, category_of, silent
from core.meshes import Mesh, decimate, read_mesh
from core.neighbours import Searcher, SearchSettings
from core.storage import write_csv

COLUMNS = ("change", "n_specimens", "finds_itself", "n_with_class", "finds_its_class")


@dataclass(frozen=True)
class RobustnessSettings:
    """Settings of a robustness measurement.

    Parameters
    ----------
    changes : tuple of str
        Which of `CHANGES`, in the order of the report.
    specimens : int
        Number of specimens, spread evenly over the collection.
    seed : int
        Seed of rotations, noise and positions.
    """

    changes: tuple[str, ...] = ("none", "turned", "decimated", "noise", "holes", "cut", "cloud")
    specimens: int = 40
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every setting."""
        unknown = [name for name in self.changes if name not in CHANGES]
        if unknown or not self.changes:
            raise SettingError(f"'changes' must be of {', '.join(CHANGES)} (got {', '.join(unknown) or 'none'}).")
        if self.specimens < 1:
            raise SettingError(f"'specimens' must be at least 1 (got {self.specimens}).")


@dataclass(frozen=True)
class RobustnessResult:
    """Retrieval of specimens after one change.

    Parameters
    ----------
    change : str
        Name of the change.
    n_specimens : int
        Number of specimens that could be changed and described.
    finds_itself : float
        Share of them with their unchanged self as the nearest specimen.
    n_with_class : int
        Number of specimens with another member of their category in the collection.
    finds_its_class : float
        Share of these with the nearest other specimen in their category; NaN if there are none.
    """

    change: str
    n_specimens: int
    finds_itself: float
    n_with_class: int
    finds_its_class: float


class Described(Protocol):
    """A specimen described by a `Describer`."""

    @property
    def embedding(self) -> Float32[np.ndarray, " d"]:
        """Return the embedding."""
        ...


class Describer(Protocol):
    """Protocol of what describes meshes as their collection was described.

    `core.pipeline.Describer` is the one of a run.
    """

    @property
    def identity(self) -> tuple[object, ...]:
        """Return the backbone, weights and settings that determine the embeddings."""
        ...

    def describe_mesh(self, mesh: Mesh, name: str) -> Described:
        """Return the description of a mesh, with its embedding."""
        ...


def measure_robustness(
    embeddings: Embeddings,
    describer: Describer,
    file_of: Callable[[str], Path],
    settings: RobustnessSettings | None = None,
    progress: Progress = silent,
) -> tuple[RobustnessResult, ...]:
    """Search for changed specimens in their collection and count the right results.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    describer : Describer
        Describes meshes as the collection was described.
    file_of : callable
        Returns the file of a specimen by its id.
    settings : RobustnessSettings, optional
        Changes and number of specimens.
    progress : Progress
        Reports every specimen.

    Raises
    ------
    InputError
        If none of the specimens is a readable mesh.
    """
    settings = settings or RobustnessSettings()
    count = min(settings.specimens, len(embeddings))
    rows = np.linspace(0, len(embeddings) - 1, count).astype(np.intp)
    searcher = Searcher(embeddings, SearchSettings(2))
    outcomes: dict[str, list[tuple[bool, bool | None]]] = {name: [] for name in settings.changes}
    for row in progress(rows.tolist(), count, "Robustness"):
        name = embeddings.ids[row]
        try:
            mesh = read_mesh(file_of(name))
        except SpecimenError:
            continue  # photographs, which cannot be changed so
        for change in settings.changes:
            # Seeded by change, so that a change does not depend on which others are asked for.
            rng = np.random.default_rng([settings.seed, row, list(CHANGES).index(change)])
            try:
                embedding = describer.describe_mesh(CHANGES[change](mesh, rng), name).embedding
            except SpecimenError:
                continue  # nothing was left of it
            outcomes[change].append(_outcome(searcher.nearest_to_vector(embedding, name).ids, name, embeddings))
    if not any(outcomes.values()):
        raise InputError("None of these specimens is a mesh that can be changed.", advice="Photographs cannot.")
    return tuple(_result_of(change, outcome) for change, outcome in outcomes.items())


def write_robustness(path: Path, results: tuple[RobustnessResult, ...]) -> None:
    """Write a CSV with one row per change."""
    rows = (
        (s.change, s.n_specimens, f"{s.finds_itself:.6f}", s.n_with_class, f"{s.finds_its_class:.6f}") for s in results
    )
    write_csv(path, COLUMNS, rows)


def read_robustness(path: Path) -> tuple[RobustnessResult, ...]:
    """Read a file that `write_robustness` wrote.

    Raises
    ------
    InputError
        If it cannot be read or has other content.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(
                RobustnessResult(
                    row["change"],
                    int(row["n_specimens"]),
                    float(row["finds_itself"]),
                    int(row["n_with_class"]),
                    float(row["finds_its_class"]),
                )
                for row in csv.DictReader(stream)
            )
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} does not hold what was measured.", advice="Measure again with `python -m core robustness`."
        ) from error


def _outcome(nearest: tuple[str, ...], name: str, embeddings: Embeddings) -> tuple[bool, bool | None]:
    category = category_of(name)
    if embeddings.categories.count(category) < 2:
        return nearest[0] == name, None
    other = next(one for one in nearest if one != name)
    return nearest[0] == name, category_of(other) == category


def _result_of(change: str, outcomes: list[tuple[bool, bool | None]]) -> RobustnessResult:
    in_class = [hit for _, hit in outcomes if hit is not None]
    itself = float(np.mean([hit for hit, _ in outcomes])) if outcomes else float("nan")
    return RobustnessResult(
        change, len(outcomes), itself, len(in_class), float(np.mean(in_class)) if in_class else float("nan")
    )


def _rotated(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Apply a uniformly random rotation (QR of a random matrix: Stewart 1980)."""
    rotation, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.diag(triangle))
    rotation[:, 0] *= np.linalg.det(rotation)
    normals = None if mesh.normals is None else (mesh.normals @ rotation.T).astype(np.float32)
    return replace(mesh, vertices=mesh.vertices @ rotation.T, normals=normals)


def _decimated(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Keep a tenth of the faces, at least 100."""
    del rng
    return decimate(mesh, max(100, (len(mesh.faces) or len(mesh.vertices)) // 10))


def _with_noise(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Add noise of 0.5 % of the largest extent (standard deviation) to every vertex."""
    shift = 0.005 * float(mesh.extent.max()) * rng.normal(size=mesh.vertices.shape)
    return replace(mesh, vertices=mesh.vertices + shift)


def _with_holes(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Remove five spheres with a radius of a tenth of the largest extent."""
    centres = mesh.vertices[rng.choice(len(mesh.vertices), 5)]
    apart = np.linalg.norm(mesh.vertices[:, None] - centres[None], axis=2).min(axis=1)
    return _kept(mesh, apart > 0.1 * float(mesh.extent.max()))


def _cut(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Cut off a quarter of the length, in a random direction."""
    direction = rng.normal(size=3)
    along = mesh.vertices @ (direction / np.linalg.norm(direction))
    return _kept(mesh, along < along.min() + 0.75 * np.ptp(along))


def _as_points(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Keep the vertices only, without faces."""
    del rng
    return Mesh(mesh.vertices, np.empty((0, 3), dtype=np.int32))


def _kept(mesh: Mesh, is_kept: np.ndarray) -> Mesh:
    """Return the part of a mesh with the kept vertices, without appearance."""
    if not is_kept.any():
        raise SpecimenError("Nothing is left of it.")
    number = np.cumsum(is_kept) - 1
    faces = mesh.faces[is_kept[mesh.faces].all(axis=1)]
    if len(mesh.faces) and not len(faces):
        raise SpecimenError("No face is left of it.")
    return Mesh(mesh.vertices[is_kept], number[faces].astype(np.int32))


CHANGES: dict[str, Callable[[Mesh, np.random.Generator], Mesh]] = {
    "none": lambda mesh, rng: mesh,
    "turned": _rotated,
    "decimated": _decimated,
    "noise": _with_noise,
    "holes": _with_holes,
    "cut": _cut,
    "cloud": _as_points,
}
