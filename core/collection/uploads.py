"""Upload of files into a workspace, checked by content, never overwriting."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import psutil

from core.collection.archives import ArchiveLimits, is_zip, safe_parts, unpack
from core.collection.file_kinds import SENTENCES, kind_of_unread
from core.foundation import InputError, SettingError, WorkspaceError
from core.meshes import SUFFIXES, is_mesh, suffix_of
from core.storage import IMAGE_SUFFIXES, is_image, sha256_of_file

# Materials of OBJ and buffers of glTF are kept for the meshes that name them.
KEPT_SUFFIXES = (*SUFFIXES, *IMAGE_SUFFIXES, ".mtl", ".bin")
_INCOMING = ".incoming-"
_HEAD = 4096
_CHUNK = 1 << 20
_SECONDS_TO_UPLOAD = 86_400.0
_KINDS = (
    (b"PK\x03\x04", "a ZIP file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"glTF", "a glTF file"),
)
# What the content of these files is.
_OWN_KINDS = {".glb": "a glTF file", ".gz": "a gzip archive"}
_PICTURES = ("a PNG picture", "a JPEG picture")


class Upload(Protocol):
    """An uploaded file: its name and its content."""

    @property
    def name(self) -> str:
        """Return the original file name."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position in the file."""
        ...


@dataclass(frozen=True)
class Refusal:
    """A refused file, with the reason in a sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Intake:
    """The result of an upload.

    Parameters
    ----------
    folder : Path
        The target folder.
    kept : tuple of str
        Names of the stored files below that folder.
    unchanged : tuple of str
        Files that existed already with the same content.
    refused : tuple of Refusal
        Files that were refused.
    n_others : int
        Number of skipped files of other kinds within archives.
    """

    folder: Path
    kept: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    n_others: int = 0


@dataclass
class _Staged:
    names: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    n_others: int = 0


def take_uploads(
    meshes: Path, uploads: Sequence[Upload], category: str = "", *, limits: ArchiveLimits | None = None
) -> Intake:
    """Store uploads below the input folder of a workspace.

    Files and the content of archives go into a hidden folder first, which the inventory ignores.
    They are moved from there when all of them are complete.

    Parameters
    ----------
    meshes : Path
        The workspace's own input folder.
    uploads : sequence of Upload
        Meshes, point clouds, pictures, or ZIP files of them.
    category : str
        Subfolders of `meshes` for the files, such as `Molars/Tarsius`; empty for none.
    limits : ArchiveLimits, optional
        Limits of an archive.

    Raises
    ------
    SettingError
        If the category is not a valid folder name.
    WorkspaceError
        If the folder cannot be written.
    """
    folder = meshes.joinpath(*category_parts(category))
    try:
        meshes.mkdir(parents=True, exist_ok=True)
        remove_abandoned(meshes)
        with tempfile.TemporaryDirectory(prefix=f"{_INCOMING}{os.getpid()}-", dir=meshes) as incoming:
            staged = _stage(Path(incoming), uploads, limits if limits is not None else ArchiveLimits())
            kept, unchanged, refused = _move_into_place(Path(incoming), folder)
    except OSError as error:
        raise WorkspaceError(
            "The folder {meshes} cannot be written ({reason}).",
            advice="Check the free space and the permissions of that folder.",
            meshes=meshes,
            reason=error.strerror or error,
        ) from error
    return Intake(folder, tuple(kept), tuple(unchanged), (*staged.refused, *refused), staged.n_others)


def category_parts(category: str) -> tuple[str, ...]:
    """Return the folders of a category.

    Raises
    ------
    SettingError
        If it is not a valid folder name.
    """
    try:
        parts = safe_parts(category, title="The category")
    except InputError as error:
        raise SettingError(
            "{category!r} cannot be a category.",
            advice="Take folder names like Molars/Tarsius, without .. in them.",
            category=category,
        ) from error
    if any(part.startswith(".") for part in parts):
        raise SettingError(
            "{category!r} cannot be a category.", advice="Folders that begin with a dot are hidden.", category=category
        )
    return parts


def remove_abandoned(meshes: Path) -> int:
    """Remove hidden folders of ended upload processes, and return their number."""
    removed = 0
    for path in meshes.glob(f"{_INCOMING}*"):
        pid = path.name.removeprefix(_INCOMING).partition("-")[0]
        with suppress(OSError):
            is_old = time.time() - path.stat().st_mtime > _SECONDS_TO_UPLOAD
            if is_old or (pid.isdigit() and not psutil.pid_exists(int(pid))):
                shutil.rmtree(path)
                removed += 1
    return removed


def why_refused(name: str, head: bytes) -> str:
    """Return why a file is refused, by its name and first bytes, empty if it is not."""
    suffix = suffix_of(name)
    if suffix not in KEPT_SUFFIXES:
        allowed, others, kind = " ".join(SUFFIXES[:4]), " ".join(SUFFIXES[4:]), kind_of_unread(name)
        what_to_do = SENTENCES[kind][1] if kind else ""
        return InputError(
            "only {allowed}, pictures and ZIP files of them are taken, also {others}.",
            advice=what_to_do,
            allowed=allowed,
            others=others,
        ).reason
    if not head:
        return "the file is empty."
    kind = next((what for begin, what in _KINDS if head.startswith(begin)), "")
    if not kind and head.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        kind = "a web page or XML"
    if kind == _OWN_KINDS.get(Path(suffix).suffix or suffix):
        kind = ""
    is_picture = suffix in IMAGE_SUFFIXES
    if suffix == ".ply" and not kind and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"ply"):
        return "its content is not a PLY file: it does not begin with the word ply."
    if kind and not (is_picture and kind in _PICTURES):
        return InputError("its content is {kind}, whatever its name says.", kind=kind).reason
    return ""


def _stage(incoming: Path, uploads: Sequence[Upload], limits: ArchiveLimits) -> _Staged:
    """Copy all files into the hidden folder, and note the refused ones."""
    staged = _Staged()
    for upload in uploads:
        upload.seek(0)
        head = upload.read(_HEAD)
        upload.seek(0)
        name = Path(upload.name.replace("\\", "/")).name
        if is_zip(head):
            _stage_archive(incoming, upload, name, limits, staged)
        elif name.lower().endswith(".zip"):
            staged.refused.append(Refusal(name, "its content is not a ZIP file."))
        else:
            _stage_file(incoming, upload, name, head, staged)
    return staged


def _stage_file(incoming: Path, upload: Upload, name: str, head: bytes, staged: _Staged) -> None:
    *folders, last = safe_parts(name, title=name)
    # A file whose name begins with a dot is hidden, so that no run would read it.
    target = incoming.joinpath(*folders, f"_{last}" if last.startswith(".") else last)
    reason = _why_not_staged(name, head, target)
    if reason:
        staged.refused.append(Refusal(name, reason))
        return
    with target.open("xb") as sink:
        shutil.copyfileobj(upload, sink, _CHUNK)
    staged.names.append(name)


def _stage_archive(incoming: Path, upload: Upload, name: str, limits: ArchiveLimits, staged: _Staged) -> None:
    with tempfile.TemporaryDirectory(prefix=".archive-", dir=incoming) as own:
        try:
            unpacked = unpack(_as_file(upload), Path(own), _is_kind_kept, limits, title=name)
        except InputError as error:
            staged.refused.append(Refusal(name, error.reason))
            return
        staged.n_others += unpacked.n_others
        for inside in unpacked.names:
            source = Path(own, inside)
            with source.open("rb") as stream:
                head = stream.read(_HEAD)
            # Pictures at the top level of an archive are the photographs of one specimen.
            is_loose_picture = "/" not in inside and is_image(source)
            holds_meshes = any("/" not in other and is_mesh(other) for other in unpacked.names)
            loose = is_loose_picture and not holds_meshes
            target = incoming / Path(name).stem / inside if loose else incoming / inside
            reason = _why_not_staged(inside, head, target)
            if reason:
                staged.refused.append(Refusal(f"{name}: {inside}", reason))
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            staged.names.append(inside)
        if not unpacked.names:
            more = " Archives within it are not opened." if unpacked.n_archives else ""
            staged.refused.append(Refusal(name, f"it holds no meshes, point clouds or pictures.{more}"))


def _why_not_staged(name: str, head: bytes, target: Path) -> str:
    """Return why a file is refused, which includes a second file of its name."""
    duplicate = "two files of that name were sent; rename one." if target.exists() else ""
    return why_refused(name, head) or duplicate


def _is_kind_kept(name: str) -> bool:
    return suffix_of(name) in KEPT_SUFFIXES


def _as_file(upload: Upload) -> IO[bytes]:
    return upload  # type: ignore[return-value]  # zipfile needs read and seek only


def _move_into_place(incoming: Path, folder: Path) -> tuple[list[str], list[str], list[Refusal]]:
    """Move staged files to their target, but never over existing files."""
    kept: list[str] = []
    unchanged: list[str] = []
    refused: list[Refusal] = []
    for source in sorted(path for path in incoming.rglob("*") if path.is_file()):
        name = source.relative_to(incoming).as_posix()
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            kept.append(name)
        elif target.is_file() and sha256_of_file(target) == sha256_of_file(source):
            unchanged.append(name)
        else:
            refused.append(Refusal(name, "another file of that name is already there; rename it first."))
    return kept, unchanged, refused
