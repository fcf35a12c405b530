"""Files of an input folder that are of kinds that are not read, with what to do about them.

Tables, texts and the like beside the scans are no specimens and are not named. Every other file that
becomes neither a specimen nor a view is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from core.collection.file_kinds import ARCHIVES, FILMS, OTHERS, PAGES, PICTURES, SENTENCES, VOLUMES, kind_of_unread
from core.foundation import InputError, WorkspaceError, as_specimen_id, few_of, notes_as_json, notes_from_json
from core.meshes import stem_of, textures_of_models
from core.storage import is_image, read_json, write_json

UNREAD_FILE = "not_read.json"

_THUMBNAILS = (
    "textures",
    "texture",
    "tex",
    "maps",
    "materials",
    "images",
    "thumbnails",
    "thumbs",
    "preview",
    "previews",
)
_HEAD = 132


@dataclass(frozen=True)
class Unread:
    """The files of one kind that are not read.

    Parameters
    ----------
    kind : str
        One of the keys of `SENTENCES`.
    files : tuple of str
        Their paths below the input folder.
    """

    kind: str
    files: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Return a sentence with up to three names, and what to do."""
        problem, advice = SENTENCES[self.kind]
        return InputError(problem, advice=advice, count=len(self.files), files=few_of(self.files)).reason


def write_unread(folder: Path, unread: Sequence[Unread]) -> None:
    """Keep what was not read in the folder of a run."""
    write_json(folder / UNREAD_FILE, {"count": count_of(unread), **notes_as_json([one.reason for one in unread])})


def read_unread(folder: Path) -> tuple[str, ...]:
    """Return the sentences on what was not read that a run kept, empty if it is an older one."""
    try:
        return notes_from_json(read_json(folder / UNREAD_FILE))
    except (WorkspaceError, KeyError, TypeError, AttributeError):
        return ()


def count_of(unread: Sequence[Unread]) -> int:
    """Return the number of files that are not read."""
    return sum(len(one.files) for one in unread)


@dataclass
class UnreadFiles:
    """Collects the files of a folder that are of kinds that are not read."""

    root: Path
    _found: dict[str, list[Path]] = field(default_factory=dict)
    _with_meshes: dict[Path, list[Path]] = field(default_factory=dict)

    def look_at(self, directory: Path, names: Collection[str], meshes: Collection[str]) -> dict[str, list[str]]:
        """Take the names of one folder, and return those that are not read by kind.

        Parameters
        ----------
        directory : Path
            The folder.
        names : collection of str
            All its files that are not hidden.
        meshes : collection of str
            Those that are meshes.
        """
        if meshes:
            self._with_meshes[directory] = [directory / name for name in meshes]
        here: dict[str, list[str]] = {}
        for name in sorted(set(names) - set(meshes)):
            if is_image(name):
                continue
            kind = kind_of_unread(name) or (_kind_by_content(directory / name) if not PurePath(name).suffix else "")
            if kind and not (kind == FILMS and _has_twin(name, names)):
                here.setdefault(kind, []).append(name)
                self._found.setdefault(kind, []).append(directory / name)
        return here

    def result(self) -> tuple[Unread, ...]:
        """Return what was found, a member a kind, without the textures and thumbnails of models."""
        found = []
        for kind in SENTENCES:
            paths = self._found.get(kind, [])
            if kind == PICTURES:
                paths = self._without_those_of_models(paths)
            if paths:
                names = tuple(as_specimen_id(path.relative_to(self.root).as_posix()) for path in paths)
                found.append(Unread(kind, names))
        return tuple(found)

    def _without_those_of_models(self, pictures: Sequence[Path]) -> list[Path]:
        """Return the pictures that are no texture and no thumbnail of a mesh beside, below or above them."""
        near = {path: self._near(path.parent) for path in pictures}
        models = {mesh for meshes in near.values() for mesh in meshes}
        named = {path.resolve() for path in textures_of_models(sorted(models), self.root)} if models else set()
        return [
            path for path, meshes in near.items() if path.resolve() not in named and not _is_thumbnail(path, meshes)
        ]

    def _near(self, folder: Path) -> list[Path]:
        """Return the meshes in a folder, in the one above, and in those beside and below it."""
        around = {folder, folder.parent}
        return [
            mesh for at, meshes in self._with_meshes.items() if at in around or at.parent in around for mesh in meshes
        ]


def _is_thumbnail(picture: Path, near: Sequence[Path]) -> bool:
    """Return whether a picture has the name of a mesh beside it, or its folder that of thumbnails of a mesh."""
    is_named = any(mesh.parent == picture.parent and stem_of(mesh) == stem_of(picture) for mesh in near)
    return is_named or (bool(near) and picture.parent.name.lower() in _THUMBNAILS)


def unread_pages(images: Sequence[Path], root: Path) -> tuple[Unread, ...]:
    """Return the TIFF files that hold more pages than the first, which alone is read.

    Smaller copies of the first page and masks are no pages.
    """
    tiffs = (path for path in images if path.suffix.lower() in (".tif", ".tiff") and path.is_file())
    found = [path for path in tiffs if _has_pages(path)]
    names = tuple(as_specimen_id(path.relative_to(root).as_posix()) for path in found)
    return (Unread(PAGES, names),) if names else ()


def _has_pages(path: Path) -> bool:
    import warnings

    from PIL import Image

    from core.storage import UNREADABLE

    new_subfile_type, copy_or_mask = 254, 1 | 4
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large images, whose pixels are not decoded here
            with Image.open(path) as image:
                for page in range(1, getattr(image, "n_frames", 1)):
                    image.seek(page)
                    if not int(image.tag_v2.get(new_subfile_type, 0)) & copy_or_mask:  # type: ignore[attr-defined]
                        return True
    except (*UNREADABLE, AttributeError):
        pass  # the view itself is refused with a reason
    return False


def _has_twin(name: str, names: Collection[str]) -> bool:
    """Return whether a picture of the same name is read, as beside the film of a live photograph."""
    return any(is_image(other) and stem_of(other) == stem_of(name) for other in names)


def _kind_by_content(path: Path) -> str:
    """Return the kind of a file without a suffix, empty if it is a text such as README."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return ""
    if head[128:132] == b"DICM":
        return VOLUMES
    starts = (b"ply\n", b"ply\r", b"solid ", b"OFF", b"glTF", b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
    if head.startswith(starts):
        return OTHERS
    return ARCHIVES if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")) else ""
