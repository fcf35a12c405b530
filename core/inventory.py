"""What is in an input folder: specimens with their ids, and what was left out and why."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.meshes import SUFFIXES

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True)
class SpecimenFile:
    """A specimen and where it is.

    Parameters
    ----------
    specimen_id : str
        The path below the input folder without suffix, `/` between folders.
    path : Path
        A mesh file, or the folder of its photographs.
    images : tuple of Path
        The photographs of an image folder, sorted; empty for a mesh.
    """

    specimen_id: str
    path: Path
    images: tuple[Path, ...] = ()

    @property
    def is_image_folder(self) -> bool:
        """Return whether the specimen is a folder of photographs."""
        return bool(self.images)


@dataclass(frozen=True)
class Inventory:
    """The specimens of an input folder in id order, and warnings in plain words."""

    folder: Path
    specimens: tuple[SpecimenFile, ...]
    warnings: tuple[str, ...]


def take_inventory(folder: Path) -> Inventory:
    """Find every specimen below a folder.

    A mesh or point-cloud file is a specimen. A folder that holds images and no meshes is one
    specimen, its images the views. Hidden files, symbolic links that lead out of the folder,
    and files that are being written are left out.

    Raises
    ------
    InputError
        Where the folder is missing or holds no specimen.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"The input folder {folder} {what}.", advice="Give the folder that holds your scans.")
    found: list[SpecimenFile] = []
    warnings: list[str] = []
    others: defaultdict[str, int] = defaultdict(int)
    root = folder.resolve()
    for directory, names in _walk(root):
        meshes = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
        images = [name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES]
        for name in meshes:
            path = directory / name
            if not path.resolve().is_relative_to(root):
                warnings.append(f"{path.relative_to(root)} is a link out of the input folder and was left out.")
            else:
                found.append(SpecimenFile(path.relative_to(root).with_suffix("").as_posix(), path))
        if images and not meshes and directory != root:
            paths = tuple(directory / name for name in images)
            found.append(SpecimenFile(directory.relative_to(root).as_posix(), directory, paths))
        for name in set(names) - set(meshes) - set(images):
            others[Path(name).suffix.lower() or "without a suffix"] += 1
    if not found:
        raise InputError(
            _nothing_found(folder, others), advice="Meshes and point clouds end in .ply .obj .stl or .off."
        )
    specimens, doubled = _with_unique_ids(found, root)
    return Inventory(root, specimens, (*warnings, *doubled))


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(directory), sorted(name for name in names if not name.startswith("."))


def _with_unique_ids(found: list[SpecimenFile], root: Path) -> tuple[tuple[SpecimenFile, ...], list[str]]:
    """Let files that would share an id keep their suffix in it, and say so."""
    by_id: defaultdict[str, list[SpecimenFile]] = defaultdict(list)
    for specimen in found:
        by_id[specimen.specimen_id].append(specimen)
    unique: list[SpecimenFile] = []
    warnings: list[str] = []
    for specimen_id, group in by_id.items():
        if len(group) == 1:
            unique.extend(group)
            continue
        renamed = [SpecimenFile(s.path.relative_to(root).as_posix(), s.path, s.images) for s in group]
        unique.extend(renamed)
        names = ", ".join(s.path.name for s in group)
        warnings.append(f"{names} would share the id {specimen_id}; they keep their suffix in their ids.")
    return tuple(sorted(unique, key=lambda s: s.specimen_id)), warnings


def _nothing_found(folder: Path, others: dict[str, int]) -> str:
    if not others:
        return f"The input folder {folder} is empty."
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items(), key=lambda kv: -kv[1])[:4])
    return f"The input folder {folder} holds no specimens, only other files ({kinds})."
