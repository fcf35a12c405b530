"""Inventory of an input folder: specimens with their ids, and warnings."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.collection.file_kinds import PICTURES, RAW, kind_of_unread
from core.collection.model_pictures import pictures_of_models
from core.collection.unread import Unread, UnreadFiles, unread_pages
from core.foundation import (
    InputError,
    MissingStageError,
    as_specimen_id,
    escaped_id,
    few_of,
    is_taken_id,
    joined,
    note,
)
from core.meshes import SUFFIXES, is_mesh, stem_of, suffix_of
from core.storage import IMAGE_SUFFIXES, is_image
from core.workspace import RunFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpecimenFile:
    """A specimen and its file or folder.

    Parameters
    ----------
    specimen_id : str
        The path below the input folder without suffix, `/` between folders.
    path : Path
        A mesh file, or the folder of its photographs.
    images : tuple of Path
        The photographs of an image folder, sorted; empty for a mesh.
    input_folder : Path, optional
        The input folder that it was found in, outside of which no texture is read.
    """

    specimen_id: str
    path: Path
    images: tuple[Path, ...] = ()
    input_folder: Path | None = field(default=None, compare=False)

    @property
    def is_image_folder(self) -> bool:
        """Return whether the specimen is a folder of photographs."""
        return bool(self.images)


@dataclass(frozen=True)
class Inventory:
    """The specimens of an input folder in id order, warnings in sentences, and what is not read."""

    folder: Path
    specimens: tuple[SpecimenFile, ...]
    warnings: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


def take_inventory(folder: Path) -> Inventory:
    """Find every specimen below a folder.

    A mesh or point-cloud file is a specimen. A folder that holds images and no meshes is one
    specimen, and its images are the views, unless they are textures or previews of a model. Hidden
    files, symbolic links that lead out of the folder, and files that are being written are left out.
    Characters that are not allowed in an id (ends of lines, backslashes, bytes that are no text)
    become `%` and two hexadecimal digits.

    Raises
    ------
    InputError
        If the folder is missing or holds no specimen.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import take_inventory
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "Molars").mkdir()
    >>> (folder / "Molars" / "m1.ply").touch()
    >>> [specimen.specimen_id for specimen in take_inventory(folder).specimens]
    ['Molars/m1']
    """
    if not folder.is_dir():
        is_file = "The input folder {folder} is a file, not a folder."
        raise InputError(
            is_file if folder.exists() else "The input folder {folder} does not exist.",
            advice="Give the folder that holds your scans.",
            folder=folder,
        )
    found: list[SpecimenFile] = []
    warnings: list[str] = []
    others: defaultdict[str, int] = defaultdict(int)
    root = folder.resolve()
    unread = UnreadFiles(root)
    not_read: dict[Path, list[str]] = {}
    for directory, names in _walk(root, warnings):
        meshes = [name for name in names if is_mesh(name)]
        images = [name for name in names if is_image(name)]
        left = unread.look_at(directory, names, meshes)
        for path in _within_root((directory / name for name in meshes), root, warnings):
            inside = path.relative_to(root)
            name = as_specimen_id(inside.with_name(stem_of(inside)).as_posix())
            found.append(SpecimenFile(name, path, input_folder=root))
        wanted = images if not meshes and directory != root else []
        if images and not meshes and directory == root:
            warnings.append(_loose_pictures(images))
        paths = tuple(_within_root((directory / name for name in wanted), root, warnings))
        if paths:
            found.append(SpecimenFile(as_specimen_id(directory.relative_to(root).as_posix()), directory, paths))
            not_read[directory] = [*left.get(RAW, ()), *left.get(PICTURES, ())]
        is_left_out = set(names) - set(meshes) - (set(images) if directory != root else set())
        for name in is_left_out:
            others[Path(name).suffix.lower() or "without a suffix"] += 1
    if not found:
        raise _nothing_found(folder, others, unread.result())
    found, of_models = _without_pictures_of_models(found, root)
    specimens, doubled = _with_unique_ids(found, root)
    few = _few_pictures(specimens, not_read)
    return Inventory(root, specimens, (*warnings, *of_models, *doubled, *few), unread.result())


def _without_pictures_of_models(found: list[SpecimenFile], root: Path) -> tuple[list[SpecimenFile], list[str]]:
    """Return specimens without the pictures that belong to models, and warnings."""
    models = [one.path for one in found if not one.is_image_folder]
    folders = {one.specimen_id: one.images for one in found if one.is_image_folder}
    pictures, warnings = pictures_of_models(models, folders, root)
    if not pictures:
        return found, warnings
    kept = [replace(one, images=tuple(path for path in one.images if path not in pictures)) for one in found]
    return [new for new, old in zip(kept, found, strict=True) if new.images or not old.images], warnings


def inventory_for_work(folder: Path) -> Inventory:
    """Take the inventory at the beginning of a run, and log what is not read.

    TIFF files are opened, since only their first page is read.

    Raises
    ------
    InputError
        If the folder is missing or holds no specimen.
    """
    inventory = take_inventory(folder)
    images = [path for specimen in inventory.specimens for path in specimen.images]
    inventory = replace(inventory, unread=(*inventory.unread, *unread_pages(images, inventory.folder)))
    for one in inventory.unread:
        log.error("%s", one.reason)
    return inventory


def _loose_pictures(images: Sequence[str]) -> str:
    """Return a warning of pictures that belong to no specimen."""
    return note(
        "Pictures in the input folder itself belong to no specimen ({count}): {files}. Photographs of a specimen "
        "go into a folder of their own.",
        count=len(images),
        files=few_of([as_specimen_id(name) for name in images]),
    )


def _few_pictures(specimens: Sequence[SpecimenFile], not_read: Mapping[Path, Sequence[str]]) -> list[str]:
    """Return warnings of specimens whose folder holds pictures that are not read."""
    return [
        note(
            "{name} is made from {count} of the {total} pictures in its folder; not read: {files}.",
            name=specimen.specimen_id,
            count=len(specimen.images),
            total=len(specimen.images) + len(not_read[specimen.path]),
            files=few_of([as_specimen_id(name) for name in not_read[specimen.path]]),
        )
        for specimen in specimens
        if specimen.images and not_read.get(specimen.path)
    ]


def _within_root(paths: Iterable[Path], root: Path, warnings: list[str]) -> Iterator[Path]:
    """Yield the files within the folder, and warn of links out or in circles."""
    for path in paths:
        try:
            leads_out = path.is_symlink() and not path.resolve().is_relative_to(root)
        except (OSError, RuntimeError):  # a circle
            leads_out = True
        if not leads_out:
            yield path
            continue
        name = as_specimen_id(path.relative_to(root).as_posix())
        warnings.append(note("{name} is a link out of the input folder and was left out.", name=name))


def _walk(root: Path, warnings: list[str]) -> Iterator[tuple[Path, list[str]]]:
    def warn(error: OSError) -> None:
        sentence = "The folder {folder} cannot be read ({reason}) and was left out."
        warnings.append(note(sentence, folder=error.filename, reason=error.strerror))

    for directory, folders, names in os.walk(root, onerror=warn):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(directory), sorted(name for name in names if not name.startswith("."))


def _with_unique_ids(found: list[SpecimenFile], root: Path) -> tuple[tuple[SpecimenFile, ...], list[str]]:
    r"""Return specimens with unique ids, and warnings.

    Files that would share an id keep their suffix in it. Paths that still share it differ only in
    characters that are not allowed in ids: `a\nb.ply` and `a%0Ab.ply`. Their `%` is escaped, too, so
    that no two paths have one id. The same is done if an id is the name of a file of a whole stage.
    """
    named = list(found)
    levels = [0] * len(named)
    warnings: list[str] = []
    while True:
        by_id: defaultdict[str, list[int]] = defaultdict(list)
        for place, specimen in enumerate(named):
            by_id[specimen.specimen_id].append(place)
        shared = {name: at for name, at in by_id.items() if len(at) > 1 or is_taken_id(name)}
        if not shared:
            break
        for specimen_id, places in shared.items():
            files = ", ".join(as_specimen_id(named[place].path.name) for place in places)
            for place in places:
                levels[place] += 1
                named[place] = replace(named[place], specimen_id=_longer_id(named[place], root, levels[place]))
            new = ", ".join(named[place].specimen_id for place in places)
            if len(places) == 1:
                sentence = (
                    "{files} would get the id {specimen_id}, which names a file of all specimens; its id is {new}."
                )
            elif max(levels[place] for place in places) == 1:
                sentence = "{files} would share the id {specimen_id}; they keep their suffix in their ids."
            else:
                sentence = "{files} would share the id {specimen_id}; their ids are {new}."
            warnings.append(note(sentence, files=files, specimen_id=specimen_id, new=new))
    return tuple(sorted(named, key=lambda specimen: specimen.specimen_id)), warnings


def _longer_id(specimen: SpecimenFile, root: Path, level: int) -> str:
    """Return an id with the suffix of the file (level 1), with `%` escaped as well (level 2)."""
    path = specimen.path.relative_to(root).as_posix()
    return escaped_id(path) if level > 1 or is_taken_id(path) else as_specimen_id(path)


def _nothing_found(folder: Path, others: dict[str, int], unread: Sequence[Unread]) -> InputError:
    """Return the error for a folder without specimens.

    `others` counts its files by suffix.
    """
    with_photographs = (
        "Meshes and point clouds end in .ply .obj .stl or .off, these compressed in .gz, or in .glb or .gltf. "
        "Photographs of a specimen go into a folder of their own inside it."
    )
    usual = "Meshes and point clouds end in .ply .obj .stl or .off, these compressed in .gz, or in .glb or .gltf."
    is_any_picture = any(suffix in others for suffix in IMAGE_SUFFIXES)
    return InputError(
        "The input folder {folder} holds no specimens, only other files ({kinds})."
        if others
        else "The input folder {folder} is empty.",
        advice="{unread}" if unread else with_photographs if is_any_picture else usual,
        folder=folder,
        unread=joined([one.reason for one in unread]),
        kinds=", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items(), key=lambda kv: -kv[1])[:4]),
    )


def specimen_at(path: Path) -> SpecimenFile:
    """Return the specimen of a file or of a folder of photographs.

    Raises
    ------
    InputError
        If the path does not exist, or has another format.
    """
    name = as_specimen_id(path.name or path.resolve().name) if path.is_dir() else as_specimen_id(stem_of(path))
    suffix = suffix_of(path)
    if path.is_dir():
        images = tuple(sorted(p for p in path.iterdir() if is_image(p) and p.name[0] != "."))
        if images:
            specimen = SpecimenFile(name, path, images)
            unread = [p.name for p in sorted(path.iterdir()) if kind_of_unread(p.name) in (RAW, PICTURES)]
            for warning in _few_pictures([specimen], {path: [one for one in unread if not one.startswith(".")]}):
                log.warning("%s", warning)
            return specimen
        raise InputError(
            "The folder {path} holds no photographs.", advice="Give a folder of images of one specimen.", path=path
        )
    if not path.is_file():
        raise InputError(
            "{path} is not there.", advice="Give a mesh, a photograph, or a folder of photographs.", path=path
        )
    if is_image(path):
        return SpecimenFile(name, path, (path,))
    if suffix in SUFFIXES:
        return SpecimenFile(name, path)
    raise InputError(
        "{path} is neither a mesh nor a photograph.",
        advice="Meshes end in {meshes}, photographs in {pictures}.",
        path=path,
        meshes=" ".join(SUFFIXES),
        pictures=" ".join(IMAGE_SUFFIXES),
    )


def check_photographs(names: Iterable[str]) -> None:
    """Check that the files of one specimen are photographs.

    Raises
    ------
    InputError
        If one of them is not a photograph.
    """
    for name in names:
        if not is_image(name):
            raise InputError(
                "{file} is no photograph, and only photographs of one specimen are taken together.",
                advice="Give one mesh, or photographs alone.",
                file=name,
            )


def file_of(run: RunFolder, specimen_id: str) -> Path:
    """Return the file, or folder of photographs, of a specimen of a run.

    Raises
    ------
    MissingStageError
        If it is no longer in the input folder of the run.
    """
    folder = Path(str(run.config().get("input", "")))
    candidates = [folder / f"{specimen_id}{suffix}" for suffix in ("", *SUFFIXES, *map(str.upper, SUFFIXES))]
    existing = [path for path in candidates if path.exists()]
    if len(existing) == 1 and existing[0].is_file() and "%" not in specimen_id:
        return existing[0]
    # A folder may be a category or a specimen, and a `%` may be part of a name or an escape.
    with suppress(InputError):
        for specimen in take_inventory(folder).specimens:
            if specimen.specimen_id == specimen_id:
                return specimen.path
    raise MissingStageError(
        "The file of {specimen_id} is no longer in {folder}.",
        advice="Restore the input folder of the run.",
        specimen_id=specimen_id,
        folder=folder,
    )
