"""Stamps of specimens, by which an unchanged one is recognised without reading its files."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from core.meshes import TEXTURE_FOLDERS, files_beside, suffix_of
from core.storage import fingerprint, stamp_of_files
from core.workspace import SpecimenRecord

if TYPE_CHECKING:
    from core.collection.inventory import SpecimenFile

# Files beside a mesh of these formats change its colours and not its form.
_COLOURED = (".obj", ".ply")
# The whole file of these formats is searched for the names of others.
_SEARCHED = ".obj"


class Stamp(NamedTuple):
    """The state of the files of a specimen.

    Parameters
    ----------
    size, mtime_ns : int
        Total size and latest time of its own files.
    files : str
        Fingerprint of the status of every file that it depends on, textures included.
    """

    size: int
    mtime_ns: int
    files: str


def stamp_of(specimen: SpecimenFile, record: SpecimenRecord | None = None) -> Stamp | None:
    """Return the stamp of a specimen, None if one of its files does not exist.

    The stamp changes while a file is being written, and if a file is replaced.

    Parameters
    ----------
    specimen : SpecimenFile
        The specimen.
    record : SpecimenRecord, optional
        What is known of it. Its list of files beside the mesh is used as long as none was added to
        their folders, so that the mesh need not be searched for their names.
    """
    own = specimen.images or (specimen.path,)
    try:
        stats = [path.stat() for path in own]
        files = stamp_of_files((*own, *_files_beside(specimen, record)))
    except OSError:
        return None
    return Stamp(sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats), files)


def is_as_recorded(record: SpecimenRecord, stamp: Stamp) -> bool:
    """Return whether the files of a specimen are as they were when its record was made.

    Rows of earlier versions hold size and time alone.
    """
    return (
        record.stamp == stamp.files if record.stamp else (record.size, record.mtime_ns) == (stamp.size, stamp.mtime_ns)
    )


def beside_as_text(specimen: SpecimenFile) -> tuple[tuple[Path, ...], str]:
    """Return the files beside a mesh, and the text by which a record keeps them.

    The text is empty for formats whose files beside are found without reading the whole mesh.
    """
    if _names_no_files(specimen):
        return (), ""
    found = files_beside(specimen.path, specimen.input_folder)
    if not _suffix(specimen).startswith(_SEARCHED):
        return found, ""
    names = [_path_from(specimen.path.parent.resolve(), path) for path in found]
    return found, json.dumps({"files": names, "folders": _stamp_of_folders(specimen.path, found)})


def _path_from(folder: Path, path: Path) -> str:
    """Return the path that leads from a folder to a file, with `..` for each step up."""
    shared = next((above for above in (folder, *folder.parents) if path.is_relative_to(above)), None)
    if shared is None:  # on another drive
        return path.as_posix()
    steps_up = [".."] * len(folder.relative_to(shared).parts)
    return PurePosixPath(*steps_up, *path.relative_to(shared).parts).as_posix()


def decides_colours_alone(specimen: SpecimenFile) -> bool:
    """Return whether the files beside a mesh change its colours and not its form."""
    return not specimen.is_image_folder and _suffix(specimen).startswith(_COLOURED)


def _names_no_files(specimen: SpecimenFile) -> bool:
    # Opening a pipe may block forever.
    return specimen.is_image_folder or not specimen.path.is_file()


def _suffix(specimen: SpecimenFile) -> str:
    return suffix_of(specimen.path)


def _files_beside(specimen: SpecimenFile, record: SpecimenRecord | None) -> tuple[Path, ...]:
    if _names_no_files(specimen):
        return ()
    if record is not None and record.beside:
        with suppress(ValueError, LookupError, TypeError, OSError):
            kept = json.loads(record.beside)
            files = tuple(specimen.path.parent.resolve() / name for name in kept["files"])
            if kept["folders"] == _stamp_of_folders(specimen.path, files):
                return files
    return files_beside(specimen.path, specimen.input_folder)


def _stamp_of_folders(path: Path, files: tuple[Path, ...]) -> str:
    """Return a fingerprint of the folders in which a file that a mesh names may lie.

    It changes if a file is added, removed or renamed in one of them.
    """
    folder = path.parent.resolve()
    named = [spelling for name in TEXTURE_FOLDERS for spelling in (name, name.capitalize(), name.upper())]
    near = [place / name for place in (folder, folder.parent) for name in named]
    return fingerprint([_time_of(place) for place in (folder, folder.parent, *near, *(file.parent for file in files))])


def _time_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
