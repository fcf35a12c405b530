"""Folders on this machine that the app may read, and their content."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.foundation import InputError, SettingError, path_from_readable
from core.meshes import is_mesh
from core.storage import is_image

ROOTS_VARIABLE = "FOSSILVIT_ROOTS"
_FOLDERS_SHOWN = 2000


@dataclass(frozen=True)
class SpecimenCount:
    """Number of specimens in a folder.

    Parameters
    ----------
    found : int
        Number of mesh files and of folders of photographs.
    is_whole : bool
        Whether the whole folder was searched within the time limit.
    """

    found: int
    is_whole: bool


@dataclass(frozen=True)
class Listing:
    """The subfolders of a folder, for a folder picker.

    Parameters
    ----------
    folder : Path
        The folder, with links resolved.
    trail : tuple of Path
        The folders from the root down to this one.
    below : tuple of Path
        Its subfolders by name, without hidden ones and links that lead out of the roots.
    n_left_out : int
        Number of links that lead out, and of subfolders beyond the first 2,000.
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
    """Return the folders below which the app may read.

    They are those of `FOSSILVIT_ROOTS`, or the home folder if it is not set, and `more`.
    """
    given = os.environ.get(ROOTS_VARIABLE, "")
    folders = [Path(part) for part in given.split(os.pathsep) if part] or [Path.home()]
    return tuple(dict.fromkeys(folder.expanduser().resolve() for folder in (*folders, *more)))


def allowed_folder(text: str | Path, roots: Sequence[Path]) -> Path:
    """Return a folder below one of the roots, links resolved.

    Raises
    ------
    SettingError, InputError
        If it lies elsewhere, or does not exist as a folder.
    """
    path_text = str(text).strip().strip('"')
    try:
        path = path_from_readable(path_text).expanduser()
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingError(
            "{written!r} is not a path ({reason}).",
            advice="Check it, or pick a folder below.",
            written=path_text,
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
    """Return the subfolders of a folder and the folders above it.

    Raises
    ------
    SettingError, InputError
        If it lies outside the roots, is not a folder, or cannot be read.
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
            "The folder {folder} cannot be read ({reason}).",
            advice="Check its permissions.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    below.sort(key=lambda path: path.name.casefold())
    # If roots contain one another, the outermost allows the way up to it.
    root = min((root for root in roots if folder.is_relative_to(root)), key=lambda root: len(root.parts))
    between = folder.relative_to(root).parts
    trail = tuple(root.joinpath(*between[:depth]) for depth in range(len(between) + 1))
    return Listing(folder, trail, tuple(below[:_FOLDERS_SHOWN]), left_out + max(0, len(below) - _FOLDERS_SHOWN))


def count_specimens(folder: Path, *, seconds: float = 0.5) -> SpecimenCount:
    """Count the specimens below a folder by file names, within a time limit.

    The result is that of `take_inventory`, except for files that share an id. No file is opened,
    and links to folders are not followed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import count_specimens
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("femur.ply", "rib.stl", "notes.txt"):
    ...     (folder / name).touch()
    >>> count_specimens(folder).found
    2
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
                    meshes += is_mesh(entry.name)
                    has_images |= is_image(entry.name)
        except OSError:
            # A folder that cannot be read counts as empty; the inventory warns of it.
            continue
        found += meshes or (has_images and directory != folder)
        if waiting and time.monotonic() > end:
            return SpecimenCount(found, is_whole=False)
    return SpecimenCount(found, is_whole=True)


def is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Return whether a resolved path lies at or below one of the roots."""
    return any(path.is_relative_to(root) for root in roots)
