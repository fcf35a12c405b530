"""Looking for a collection on this machine: which folders may be looked into, and what is in them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.foundation import InputError, SettingError
from core.meshes import SUFFIXES
from core.storage import IMAGE_SUFFIXES

ROOTS_VARIABLE = "FOSSILVIT_ROOTS"
_FOLDERS_SHOWN = 2000


@dataclass(frozen=True)
class SpecimenCount:
    """How many specimens a folder holds.

    Parameters
    ----------
    found : int
        Mesh files, and folders of photographs, that were found.
    is_whole : bool
        Whether the folder was looked through to its end within the time given.
    """

    found: int
    is_whole: bool


@dataclass(frozen=True)
class Listing:
    """What a folder picker shows of one folder.

    Parameters
    ----------
    folder : Path
        The folder itself, without links in its path.
    trail : tuple of Path
        From the root that holds it down to itself.
    below : tuple of Path
        Its subfolders by name; hidden ones, and links that lead out of the roots, are left out.
    n_left_out : int
        Links that lead out, and subfolders beyond the two thousandth.
    """

    folder: Path
    trail: tuple[Path, ...]
    below: tuple[Path, ...]
    n_left_out: int

    @property
    def parent(self) -> Path | None:
        """Return the folder above, None at a root."""
        return self.trail[-2] if len(self.trail) > 1 else None


def configured_roots(*more: Path) -> tuple[Path, ...]:
    """Return the folders below which the app may look: `FOSSILVIT_ROOTS`, else the home folder, and `more`."""
    given = os.environ.get(ROOTS_VARIABLE, "")
    folders = [Path(part) for part in given.split(os.pathsep) if part] or [Path.home()]
    return tuple(dict.fromkeys(folder.expanduser().resolve() for folder in (*folders, *more)))


def allowed_folder(text: str | Path, roots: Sequence[Path]) -> Path:
    """Return a folder below one of the roots, links resolved.

    Raises
    ------
    SettingError, InputError
        Where it lies elsewhere, or is no folder that can be looked into.
    """
    written = str(text).strip().strip('"')
    try:
        path = Path(written).expanduser()
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingError(
            "{written!r} is not a path ({reason}).",
            advice="Check it, or pick a folder below.",
            written=written,
            reason=error,
        ) from error
    if not is_below(resolved, roots):
        named = ", ".join(str(root) for root in roots)
        raise SettingError(
            "The folder {path} is outside of what this app may look at ({named}).",
            advice="Set {roots_variable} to the folders of your collections before starting the app.",
            path=path,
            named=named,
            roots_variable=ROOTS_VARIABLE,
        )
    if not resolved.is_dir():
        what = "{path} is a file, not a folder." if resolved.is_file() else "There is no folder {path}."
        raise InputError(what, advice="Check the path, or pick a folder below.", path=path)
    return resolved


def list_folder(folder: Path, roots: Sequence[Path]) -> Listing:
    """Return the subfolders of a folder and the way down to it.

    Raises
    ------
    SettingError, InputError
        Where it lies outside of the roots, is no folder, or may not be looked into.
    """
    folder = allowed_folder(folder, roots)
    below: list[Path] = []
    left_out = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.is_dir():
                    continue
                if entry.is_symlink() and not is_below(Path(entry.path).resolve(), roots):
                    left_out += 1
                else:
                    below.append(Path(entry.path))
    except OSError as error:
        raise InputError(
            "The folder {folder} cannot be looked into ({reason}).",
            advice="Check its permissions.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    below.sort(key=lambda path: path.name.casefold())
    # Of roots within one another the outermost, so that one can go all the way up.
    root = min((root for root in roots if folder.is_relative_to(root)), key=lambda root: len(root.parts))
    between = folder.relative_to(root).parts
    trail = tuple(root.joinpath(*between[:depth]) for depth in range(len(between) + 1))
    return Listing(folder, trail, tuple(below[:_FOLDERS_SHOWN]), left_out + max(0, len(below) - _FOLDERS_SHOWN))


def count_specimens(folder: Path, *, seconds: float = 0.5) -> SpecimenCount:
    """Count the specimens below a folder by their names alone, for as long as there is time.

    What `core.collection.inventory.take_inventory` would find, but for files that share an id; nothing is
    opened, links to folders are not followed.
    """
    end = time.monotonic() + seconds
    found = 0
    waiting = [folder]
    while waiting:
        directory = waiting.pop()
        meshes, has_images = 0, False
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                        continue
                    suffix = Path(entry.name).suffix.lower()
                    meshes += suffix in SUFFIXES
                    has_images |= suffix in IMAGE_SUFFIXES
        except OSError:
            # What cannot be looked into holds nothing for us; the inventory names it in a warning.
            continue
        found += meshes or (has_images and directory != folder)
        if waiting and time.monotonic() > end:
            return SpecimenCount(found, is_whole=False)
    return SpecimenCount(found, is_whole=True)


def is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Return whether a resolved path lies at or below one of the roots."""
    return any(path.is_relative_to(root) for root in roots)
