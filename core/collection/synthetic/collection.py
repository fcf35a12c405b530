"""The sample collection: its specimens, their files and their metadata."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from core.collection.synthetic.damage import break_off
from core.collection.synthetic.files import write_cloud, write_mesh
from core.collection.synthetic.preservation import colours
from core.collection.synthetic.scanning import scan
from core.collection.synthetic.shapes.form import Form
from core.collection.synthetic.shapes.surfaces import extent_of, weather
from core.collection.synthetic.taxa.ammonoids import Cadicone, Oxycone, Serpenticone
from core.collection.synthetic.taxa.bivalves import Heterodont
from core.collection.synthetic.taxa.brachiopods import Biconvex, Plicate
from core.collection.synthetic.taxa.corals import HornCoral
from core.collection.synthetic.taxa.crinoids import CrinoidStem
from core.collection.synthetic.taxa.foraminifers import GlobularForaminifer
from core.collection.synthetic.taxa.gastropods import HighSpired, LowSpired
from core.collection.synthetic.taxa.nautiloids import CoiledNautiloid, Orthocone
from core.collection.synthetic.taxa.teeth import ConicalTooth
from core.foundation import Progress, SettingError, file_of_specimen, silent
from core.storage import write_csv

METADATA_FILE = "samples.csv"

# Each form with common modes of preservation.
CATALOGUE: tuple[tuple[type[Form], tuple[str, ...]], ...] = (
    (Serpenticone, ("grey limestone", "pyrite", "ironstone", "limestone")),
    (Oxycone, ("pyrite", "grey limestone", "dark shale")),
    (Cadicone, ("ironstone", "limestone", "grey limestone")),
    (CoiledNautiloid, ("calcite shell", "limestone", "fresh shell")),
    (Orthocone, ("dark shale", "grey limestone", "ironstone")),
    (HighSpired, ("fresh shell", "calcite shell", "limestone")),
    (LowSpired, ("fresh shell", "calcite shell", "limestone")),
    (Heterodont, ("fresh shell", "calcite shell", "limestone")),
    (Biconvex, ("limestone", "calcite shell", "grey limestone")),
    (Plicate, ("grey limestone", "limestone", "ironstone")),
    (GlobularForaminifer, ("chalk",)),
    (HornCoral, ("grey limestone", "limestone", "dark shale")),
    (CrinoidStem, ("limestone", "grey limestone", "chalk")),
    (ConicalTooth, ("enamel", "phosphate")),
)
CATEGORIES: tuple[str, ...] = tuple(form.folder for form, _ in CATALOGUE)
# The suffixes of specimens 1, 2, … of a category; each category starts at another index.
SUFFIXES = (".ply", ".obj", ".ply", ".stl", ".ply", ".off", ".ply", ".ply")
CLOUD_INDEX = 4
MOST_PER_CATEGORY = 999


@dataclass(frozen=True)
class SampleSettings:
    """Number of specimens, and seed.

    Parameters
    ----------
    per_category : int
        Specimens in each category, 1 to 999. A larger number leaves the first ones as they are.
    seed : int
        Seed of all random numbers, 0 or more: equal seeds give equal files.

    Raises
    ------
    SettingError
        If a number is out of its range.

    Examples
    --------
    >>> from core.collection import SampleSettings
    >>> SampleSettings(per_category=2)
    SampleSettings(per_category=2, seed=42)
    """

    per_category: int = 8
    seed: int = 42

    def __post_init__(self) -> None:
        """Check both numbers."""
        for name, value in (("per_category", self.per_category), ("seed", self.seed)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise SettingError(f"'{name}' must be a whole number (got {value!r}).", advice="Write it like 8.")
        if not 1 <= self.per_category <= MOST_PER_CATEGORY:
            raise SettingError(
                f"'per_category' must be from 1 to {MOST_PER_CATEGORY} (got {self.per_category}).",
                advice="Eight specimens in each category make a collection that is worth looking at.",
            )
        if self.seed < 0:
            raise SettingError(f"'seed' must be 0 or more (got {self.seed}).", advice="Leave it out for 42.")


@dataclass(frozen=True)
class SampleReport:
    """Result of `make_samples`.

    Parameters
    ----------
    written : tuple of str
        Ids of the specimens written by this call, in order.
    skipped_existing : int
        Number of existing specimens that were kept.
    metadata_path : Path
        The CSV that describes all specimens.
    """

    written: tuple[str, ...]
    skipped_existing: int
    metadata_path: Path


@dataclass(frozen=True)
class _Plan:
    """All parameters of a specimen, drawn before its surface is built."""

    specimen_id: str
    form: Form
    suffix: str
    is_cloud: bool
    lost_share: float
    palette: str
    yaw_degrees: float
    tilt_degrees: float
    tilt_towards_degrees: float
    seeds: tuple[int, int, int]


def make_samples(
    out: Path, settings: SampleSettings, *, progress: Progress = silent, overwrite: bool = False
) -> SampleReport:
    """Write a collection of synthetic fossils and the CSV that describes them.

    Parameters
    ----------
    out : Path
        Folder for the specimens, created if it is missing; files are
        `<top category>/<category>/<file>`.
    settings : SampleSettings
        Number of specimens, and seed.
    progress : Progress, optional
        Advanced by every specimen.
    overwrite : bool, optional
        Make existing specimens again; otherwise they and their metadata are kept.

    Returns
    -------
    SampleReport
        Specimens that were written and kept.

    Raises
    ------
    WorkspaceError
        If the folder cannot be written.
    """
    plans = list(_plans(settings))
    metadata_path = out / METADATA_FILE
    known = _known_rows(metadata_path)
    written: list[str] = []
    try:
        for plan in progress(plans, len(plans), "samples"):
            path = file_of_specimen(out, plan.specimen_id, plan.suffix)
            if overwrite or not path.exists():
                _make(plan, path)
                written.append(plan.specimen_id)
    finally:
        # After an interruption, too, the written specimens have metadata.
        _write_metadata(out, metadata_path, plans, known, frozenset(written))
    return SampleReport(tuple(written), len(plans) - len(written), metadata_path)


def _plans(settings: SampleSettings) -> Iterator[_Plan]:
    for category, (form, palettes) in enumerate(CATALOGUE):
        for number in range(settings.per_category):
            # Random numbers depend on seed, category and number alone, so that other specimens have no effect.
            seeds = (settings.seed, zlib.crc32(form.folder.encode("utf-8")), number)
            rng = np.random.default_rng([*seeds, 0])
            index = (number + 3 * category) % len(SUFFIXES)
            is_broken = (number + 2 * category) % 4 == 2
            lost_share = round(float(rng.uniform(0.06, 0.18)), 3)
            yield _Plan(
                specimen_id=f"{form.folder}/{form.stem}_{number + 1:03d}",
                form=form.draw(number, rng),
                suffix=SUFFIXES[index],
                is_cloud=index == CLOUD_INDEX,
                lost_share=lost_share if is_broken else 0.0,
                palette=palettes[int(rng.integers(len(palettes)))],
                yaw_degrees=round(float(rng.uniform(0, 360)), 1),
                tilt_degrees=round(float(rng.uniform(0, 20)), 1),
                tilt_towards_degrees=round(float(rng.uniform(0, 360)), 1),
                seeds=seeds,
            )


def _make(plan: _Plan, path: Path) -> None:
    rng = np.random.default_rng([*plan.seeds, 1])
    surface = weather(plan.form.build(rng), rng)
    middle = 0.5 * (surface.vertices.min(axis=0) + surface.vertices.max(axis=0))
    surface = replace(surface, vertices=(surface.vertices - middle) * (plan.form.size_mm / extent_of(surface)))
    if plan.lost_share:
        surface = break_off(surface, rng, plan.lost_share)
    surface = replace(surface, vertices=surface.vertices @ _rotation(plan).T)
    tones = colours(surface, plan.palette, rng)
    if plan.is_cloud:
        write_cloud(path, scan(surface, tones, rng))
    else:
        write_mesh(path, surface, tones)


def _rotation(plan: _Plan) -> Float[np.ndarray, "3 3"]:
    """Return the rotation of a plan.

    It rotates about z by the yaw, and then tilts z towards a direction of the xy plane.
    """
    yaw, tilt, towards = np.radians([plan.yaw_degrees, plan.tilt_degrees, plan.tilt_towards_degrees])
    turn = _about_z(yaw)
    lean = np.array([[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]])
    return np.asarray(_about_z(towards) @ lean @ _about_z(-towards) @ turn)


def _about_z(angle: float) -> Float[np.ndarray, "3 3"]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _columns() -> list[str]:
    fixed = ["specimen_id", "group", "category", "file", "format", "point_cloud", "damage", "lost_share"]
    fixed += ["preservation", "yaw_degrees", "tilt_degrees", "tilt_towards_degrees", "seed"]
    own = dict.fromkeys(field.name for form, _ in CATALOGUE for field in fields(form))
    return fixed + list(own)


def _row(plan: _Plan) -> dict[str, str]:
    group, category = plan.form.folder.split("/")
    row = {
        "specimen_id": plan.specimen_id,
        "group": group,
        "category": f"{group}/{category}",
        "file": plan.specimen_id + plan.suffix,
        "format": plan.suffix.removeprefix("."),
        "point_cloud": "yes" if plan.is_cloud else "no",
        "damage": "piece broken off" if plan.lost_share else "none",
        "lost_share": str(plan.lost_share),
        "preservation": plan.palette,
        "yaw_degrees": str(plan.yaw_degrees),
        "tilt_degrees": str(plan.tilt_degrees),
        "tilt_towards_degrees": str(plan.tilt_towards_degrees),
        "seed": str(plan.seeds[0]),
    }
    return row | {name: str(value) for name, value in asdict(plan.form).items()}


def _known_rows(path: Path) -> dict[str, dict[str, str]]:
    """Return the rows of an existing metadata file by specimen id.

    Rows without a `specimen_id` are ignored.
    """
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["specimen_id"]: row for row in rows if row.get("specimen_id")}


def _write_metadata(
    out: Path, path: Path, plans: list[_Plan], known: dict[str, dict[str, str]], written: frozenset[str]
) -> None:
    rows = {name: row for name, row in known.items() if (out / row.get("file", "")).is_file()}
    for plan in plans:
        exists = file_of_specimen(out, plan.specimen_id, plan.suffix).is_file()
        if exists and (plan.specimen_id in written or plan.specimen_id not in rows):
            rows[plan.specimen_id] = _row(plan)
    columns = _columns()
    wanted = {name: [rows[name].get(column) or "" for column in columns] for name in sorted(rows)}
    existing = {name: [row.get(column) or "" for column in columns] for name, row in known.items()}
    if wanted != existing or list(wanted) != list(existing) or not path.is_file():
        write_csv(path, columns, wanted.values())
