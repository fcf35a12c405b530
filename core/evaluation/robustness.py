"""What a search survives: specimens turned, thinned, damaged, and looked for again."""

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
    """What is done to specimens.

    Parameters
    ----------
    changes : tuple of str
        Which of `CHANGES`, in the order of the report.
    specimens : int
        How many are tried, spread evenly over the collection.
    seed : int
        Seed of turns, noise and places.
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
class Survival:
    """How a change was survived.

    Parameters
    ----------
    change : str
        What was done.
    n_specimens : int
        How many could be changed and described.
    finds_itself : float
        Share of them whose nearest specimen is their unchanged self.
    n_with_class : int
        How many have another member of their category in the collection.
    finds_its_class : float
        Share of these whose nearest other specimen is of their category; NaN where there is none.
    """

    change: str
    n_specimens: int
    finds_itself: float
    n_with_class: int
    finds_its_class: float


class Described(Protocol):
    """A specimen that a `Describer` described."""

    @property
    def embedding(self) -> Float32[np.ndarray, " d"]:
        """Return its embedding."""
        ...


class Describer(Protocol):
    """Describes meshes as the collection was described; `core.pipeline` has the one of a run."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Return the backbone, the weights and the settings that decide the numbers."""
        ...

    def describe_mesh(self, mesh: Mesh, name: str) -> Described:
        """Return the embedding of a changed mesh."""
        ...


def measure_robustness(
    embeddings: Embeddings,
    describer: Describer,
    file_of: Callable[[str], Path],
    settings: RobustnessSettings | None = None,
    progress: Progress = silent,
) -> tuple[Survival, ...]:
    """Change specimens, look for them in their collection, and count who finds itself and its category.

    Parameters
    ----------
    embeddings : Embeddings
        The collection.
    describer : Describer
        Describes meshes as the collection was described.
    file_of : callable
        Gives the file of a specimen by its id.
    settings : RobustnessSettings, optional
        What is done, to how many.
    progress : Progress
        Told of every specimen.

    Raises
    ------
    InputError
        Where none of the specimens is a mesh that can be read.
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
            # The same change comes out the same whichever others are asked for.
            chance = np.random.default_rng([settings.seed, row, list(CHANGES).index(change)])
            try:
                embedding = describer.describe_mesh(CHANGES[change](mesh, chance), name).embedding
            except SpecimenError:
                continue  # nothing was left of it
            outcomes[change].append(_outcome(searcher.nearest_to_vector(embedding, name).ids, name, embeddings))
    if not any(outcomes.values()):
        raise InputError("None of these specimens is a mesh that can be changed.", advice="Photographs cannot.")
    return tuple(_survival(change, found) for change, found in outcomes.items())


def write_robustness(path: Path, survivals: tuple[Survival, ...]) -> None:
    """Write a row a change."""
    rows = (
        (s.change, s.n_specimens, f"{s.finds_itself:.6f}", s.n_with_class, f"{s.finds_its_class:.6f}")
        for s in survivals
    )
    write_csv(path, COLUMNS, rows)


def read_robustness(path: Path) -> tuple[Survival, ...]:
    """Return what `write_robustness` wrote.

    Raises
    ------
    InputError
        Where it cannot be read, or holds something else.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(
                Survival(
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


def _survival(change: str, found: list[tuple[bool, bool | None]]) -> Survival:
    in_class = [hit for _, hit in found if hit is not None]
    itself = float(np.mean([hit for hit, _ in found])) if found else float("nan")
    return Survival(change, len(found), itself, len(in_class), float(np.mean(in_class)) if in_class else float("nan"))


def _turned(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Turn at random, evenly over all turns (the QR of a random matrix: Stewart 1980)."""
    turn, triangle = np.linalg.qr(chance.normal(size=(3, 3)))
    turn *= np.sign(np.diag(triangle))
    turn[:, 0] *= np.linalg.det(turn)
    normals = None if mesh.normals is None else (mesh.normals @ turn.T).astype(np.float32)
    return replace(mesh, vertices=mesh.vertices @ turn.T, normals=normals)


def _decimated(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Keep a tenth of the faces, 100 at least."""
    del chance
    return decimate(mesh, max(100, (len(mesh.faces) or len(mesh.vertices)) // 10))


def _with_noise(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Shift every vertex by half a hundredth of the greatest extent."""
    shift = 0.005 * float(mesh.extent.max()) * chance.normal(size=mesh.vertices.shape)
    return replace(mesh, vertices=mesh.vertices + shift)


def _with_holes(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Take five round pieces off, each of a tenth of the greatest extent in radius."""
    centres = mesh.vertices[chance.choice(len(mesh.vertices), 5)]
    apart = np.linalg.norm(mesh.vertices[:, None] - centres[None], axis=2).min(axis=1)
    return _kept(mesh, apart > 0.1 * float(mesh.extent.max()))


def _cut(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Cut a quarter of the length off, in a direction at random."""
    direction = chance.normal(size=3)
    along = mesh.vertices @ (direction / np.linalg.norm(direction))
    return _kept(mesh, along < along.min() + 0.75 * np.ptp(along))


def _as_points(mesh: Mesh, chance: np.random.Generator) -> Mesh:
    """Leave the vertices alone, without faces."""
    del chance
    return Mesh(mesh.vertices, np.empty((0, 3), dtype=np.int32))


def _kept(mesh: Mesh, is_kept: np.ndarray) -> Mesh:
    """Return the part of a mesh, form alone, whose vertices are kept."""
    if not is_kept.any():
        raise SpecimenError("Nothing is left of it.")
    number = np.cumsum(is_kept) - 1
    faces = mesh.faces[is_kept[mesh.faces].all(axis=1)]
    if len(mesh.faces) and not len(faces):
        raise SpecimenError("No face is left of it.")
    return Mesh(mesh.vertices[is_kept], number[faces].astype(np.int32))


CHANGES: dict[str, Callable[[Mesh, np.random.Generator], Mesh]] = {
    "none": lambda mesh, chance: mesh,
    "turned": _turned,
    "decimated": _decimated,
    "noise": _with_noise,
    "holes": _with_holes,
    "cut": _cut,
    "cloud": _as_points,
}
