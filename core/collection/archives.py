"""Safe unpacking of ZIP files from unknown sources.

No file is written outside the target folder, and limits keep an archive from filling the disk.
"""

from __future__ import annotations

import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.foundation import InputError, SettingError, WorkspaceError
from core.storage import is_reserved

_CHUNK = 1 << 20
_SMALL = 64 * 1024 * 1024
_UTF8, _ENCRYPTED = 0x800, 0x1
_NOT_IN_NAMES = '<>:"|?*'
_LONGEST_NAME = 200
# Files that archiving programs add.
_ADDED_BY_ARCHIVERS = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits of an archive.

    Parameters
    ----------
    most_files : int
        Number of entries, including folders.
    most_bytes : int
        Size of all files when unpacked.
    most_ratio : float
        Unpacked bytes per packed byte, for archives above 64 MB unpacked. Scans shrink to a third
        or a tenth; only files that are made to fill a disk shrink to a thousandth.
    most_depth : int
        Depth of nested folders.
    least_free : int
        Bytes that stay free on the disk.
    """

    most_files: int = 100_000
    most_bytes: int = 100_000_000_000
    most_ratio: float = 200.0
    most_depth: int = 16
    least_free: int = 1_000_000_000

    def __post_init__(self) -> None:
        """Check every limit."""
        for name, value in vars(self).items():
            if value < 0:
                raise SettingError("'{name}' must be at least 0 (got {value}).", name=name, value=value)


@dataclass(frozen=True)
class Unpacked:
    """The result of unpacking an archive.

    Parameters
    ----------
    names : tuple of str
        Names of the unpacked files below the folder.
    n_others : int
        Number of skipped files of other kinds.
    n_archives : int
        Number of archives among them.
    """

    names: tuple[str, ...]
    n_others: int
    n_archives: int


def unpack(
    archive: IO[bytes],
    folder: Path,
    is_wanted: Callable[[str], bool],
    limits: ArchiveLimits | None = None,
    *,
    title: str = "The archive",
) -> Unpacked:
    """Unpack the wanted files of a ZIP into a folder, as a stream.

    Parameters
    ----------
    archive : binary file
        A ZIP, open for reading.
    folder : Path
        Target folder, which should be empty.
    is_wanted : callable
        Takes the name of a file and returns whether to unpack it. Archives within the archive are
        never opened.
    limits : ArchiveLimits, optional
        Limits of the archive.
    title : str
        Name of the archive in error messages.

    Raises
    ------
    InputError
        If the archive is no ZIP, damaged or encrypted, if a name leads out of the folder, if an
        entry is a link or device, or if a limit is exceeded. Files unpacked by then stay.
    WorkspaceError
        If the files cannot be written.
    """
    limits = limits if limits is not None else ArchiveLimits()
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen, n_others, n_archives = _examine(opened, is_wanted, limits, title)
            _check_size([entry for entry, _ in chosen], folder, limits, title)
            remaining = sum(entry.file_size for entry, _ in chosen)
            for entry, name in chosen:
                remaining -= _unpack_one(opened, entry, folder.joinpath(*name.parts), remaining, title)
    # zipfile raises these for damaged or unknown archives.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(
            "{title} is not a ZIP file that can be read ({reason}).", advice="Pack it again.", title=title, reason=error
        ) from error
    except OSError as error:  # a wrong offset in the archive, or a full disk
        raise WorkspaceError(
            "{title} could not be unpacked ({reason}).",
            advice="Check the free space, or pack it again.",
            title=title,
            reason=error.strerror or error,
        ) from error
    return Unpacked(tuple(str(name) for _, name in chosen), n_others, n_archives)


def is_zip(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of a ZIP."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def safe_parts(name: str, *, title: str, most_depth: int = ArchiveLimits.most_depth) -> tuple[str, ...]:
    """Return the parts of a path, each valid on all file systems.

    Raises
    ------
    InputError
        If the name leads out of the folder, is absolute, or is nested too deeply.

    Examples
    --------
    >>> from core.collection import safe_parts
    >>> safe_parts("Molars/upper?/scan.ply", title="scans.zip")
    ('Molars', 'upper_', 'scan.ply')
    """
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")) or path[1:3] == ":/":
        raise InputError(
            "{title} was refused: the name {name!r} in it leads out of its folder.",
            advice="Pack the folder again with an ordinary program; such names can overwrite files elsewhere.",
            title=title,
            name=name[:80],
        )
    if len(parts) > most_depth:
        raise InputError(
            "{title} was refused: it nests {parts} folders; at most {most_depth} are unpacked.",
            advice="Pack the folder that holds the specimens.",
            title=title,
            parts=len(parts),
            most_depth=most_depth,
        )
    return tuple(map(_safe_part, parts))


def _safe_part(part: str) -> str:
    plain = unicodedata.normalize("NFC", part)
    safe = "".join("_" if sign in _NOT_IN_NAMES or unicodedata.category(sign)[0] == "C" else sign for sign in plain)
    stem, dot, suffix = safe.strip().rpartition(".")
    if len(safe.encode("utf-8", "replace")) > _LONGEST_NAME:
        safe = stem[: _LONGEST_NAME // 4] + dot + suffix[:10]
    safe = safe.strip().rstrip(". ")
    return f"_{safe}" if is_reserved(safe) else safe or "_"


def _examine(
    opened: zipfile.ZipFile, is_wanted: Callable[[str], bool], limits: ArchiveLimits, title: str
) -> tuple[list[tuple[zipfile.ZipInfo, PurePosixPath]], int, int]:
    """Return the entries to unpack with their names, before anything is written."""
    entries = opened.infolist()
    if len(entries) > limits.most_files:
        raise InputError(
            "{title} was refused: it holds {entries:,} entries; at most {most_files:,} are unpacked.",
            advice="Pack it in several parts, or copy the folder to this machine.",
            title=title,
            entries=len(entries),
            most_files=limits.most_files,
        )
    chosen: dict[str, tuple[zipfile.ZipInfo, PurePosixPath]] = {}
    n_others = n_archives = 0
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        parts = safe_parts(_name_of(entry), title=title, most_depth=limits.most_depth)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InputError(
                "{title} was refused: {name!r} in it is a link or a device, not a file.",
                advice="Pack the files themselves.",
                title=title,
                name=entry.filename[:80],
            )
        if (
            not parts
            or entry.is_dir()
            or parts[0] in _ADDED_BY_ARCHIVERS
            or any(part.startswith(".") for part in parts)
        ):
            continue
        if not is_wanted(parts[-1]):
            n_archives += parts[-1].lower().endswith((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"))
            n_others += 1
            continue
        if entry.flag_bits & _ENCRYPTED:
            raise InputError(
                "{title} is encrypted and cannot be opened.", advice="Pack it without a password.", title=title
            )
        name = PurePosixPath(*parts)
        if str(name).casefold() in chosen:
            raise InputError(
                "{title} was refused: it holds {name!r} twice.",
                advice="Rename one of them and pack it again.",
                title=title,
                name=str(name),
            )
        chosen[str(name).casefold()] = (entry, name)
    return list(chosen.values()), n_others, n_archives


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry.

    Older programs write Japanese names without naming the encoding.
    """
    if entry.flag_bits & _UTF8 or entry.filename.isascii():
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _check_size(entries: list[zipfile.ZipInfo], folder: Path, limits: ArchiveLimits, title: str) -> None:
    packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
    if unpacked > _SMALL and unpacked > limits.most_ratio * max(packed, 1):
        raise InputError(
            "{title} was refused: {packed_mb:.1f} MB would become {unpacked_gb:.1f} GB.",
            advice="Such archives are made to fill a disk; copy the folder to this machine if you trust it.",
            title=title,
            packed_mb=packed / 1e6,
            unpacked_gb=unpacked / 1e9,
        )
    if unpacked > limits.most_bytes:
        raise InputError(
            "{title} was refused: it holds {unpacked_gb:.1f} GB; at most {most_gb:.1f} GB are unpacked.",
            advice="Copy the folder to this machine and choose it there.",
            title=title,
            unpacked_gb=unpacked / 1e9,
            most_gb=limits.most_bytes / 1e9,
        )
    free = shutil.disk_usage(folder).free
    if unpacked + limits.least_free > free:
        raise InputError(
            "{title} holds {unpacked_gb:.1f} GB and the disk has {free_gb:.1f} GB left.",
            advice="Free some space, or choose another workspace.",
            title=title,
            unpacked_gb=unpacked / 1e9,
            free_gb=free / 1e9,
        )


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, remaining: int, title: str) -> int:
    """Write one file and return its length.

    The bytes are counted, because the size in the archive may be wrong.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(entry) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > remaining:
                raise InputError(
                    "{title} was refused: it unpacks to more than its entries state.",
                    advice="Pack it again.",
                    title=title,
                )
            sink.write(chunk)
    return written
