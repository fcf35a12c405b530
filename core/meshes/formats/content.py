"""The bytes of a mesh file, decompressed if they are compressed, in bounded memory."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import psutil

from core.foundation import SpecimenError
from core.meshes.suffixes import COMPRESSED

_MEMORY_PER_FILE_BYTE = 10  # the file, its vertices and faces, the search tree over them
_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 22
# Scans shrink to a tenth, text to a thirtieth. Only files that are made to fill a machine shrink more.
_MOST_RATIO, _SMALL = 200, 64 * 1024 * 1024


def content_of(path: Path) -> bytes:
    """Return the bytes of a mesh file, decompressed if its name ends in `.gz`.

    A file of several gzip members is their content one after the other. A file that was decompressed
    on its way and kept its name is returned as it is.

    Raises
    ------
    SpecimenError
        If it is cut short or damaged, or would not fit into memory when it is decompressed.
    OSError
        If it cannot be read.
    """
    if path.suffix.lower() != COMPRESSED:
        return path.read_bytes()
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            file.seek(0)
            return file.read()
    return _decompressed(path, path.stat().st_size)


def head_of(path: Path, size: int) -> bytes:
    """Return the first bytes of a mesh file, decompressed if they are compressed.

    Raises
    ------
    OSError
        If it cannot be read, or is damaged.
    """
    with path.open("rb") as file:
        is_packed = path.suffix.lower() == COMPRESSED and file.read(len(_MAGIC)) == _MAGIC
        file.seek(0)
        if not is_packed:
            return file.read(size)
        try:
            with gzip.open(file, "rb") as stream:
                return stream.read(size)
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error


def check_memory(size: int) -> None:
    """Raise a `SpecimenError` if a file of that size would not fit into memory.

    Text and index arrays take a multiple of the size of the file.
    """
    total = psutil.virtual_memory().total
    if size > most_bytes():
        raise SpecimenError(
            "The file holds {size_gb:.1f} GB and would need about {needed_gb:.0f} GB of memory; this "
            "machine has {total_gb:.0f} GB.",
            advice="Decimate the mesh before adding it.",
            size_gb=size / 1e9,
            needed_gb=size * _MEMORY_PER_FILE_BYTE / 1e9,
            total_gb=total / 1e9,
        )


def most_bytes() -> int:
    """Return the size of the largest file that fits into memory as a mesh."""
    memory = psutil.virtual_memory()
    return int(max(memory.available, memory.total // 2) // _MEMORY_PER_FILE_BYTE)


def _decompressed(path: Path, packed: int) -> bytes:
    chunks: list[bytes] = []
    size, most = 0, most_bytes()
    try:
        with gzip.open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                _check_ratio(size, packed)
                if size > most:
                    check_memory(size)
                chunks.append(chunk)
    except EOFError as error:
        raise SpecimenError(
            "The compressed file is cut short: it ends in the middle.", advice="Copy or download it again."
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SpecimenError(
            "The compressed file is damaged ({reason}).", advice="Copy or download it again.", reason=error
        ) from error
    if not size:
        raise SpecimenError("The file is empty (0 bytes).", advice="Copy or export it again.")
    return b"".join(chunks)


def _check_ratio(size: int, packed: int) -> None:
    if size > _SMALL and size > _MOST_RATIO * packed:
        raise SpecimenError(
            "The compressed file of {packed_mb:.1f} MB would become more than {unpacked_mb:.0f} MB; no scan does.",
            advice="If you trust it, decompress it yourself and give the decompressed file.",
            packed_mb=packed / 1e6,
            unpacked_mb=size / 1e6,
        )
