"""Atomic writes of bytes, JSON, CSV and arrays, and checks of files."""

from __future__ import annotations

import csv
import errno
import json
import os
import platform
import re
import stat
import tempfile
import time
import tokenize
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core.foundation import InputError, SpecimenError, WorkspaceError
from core.storage.durability import sync_file, sync_folder

TEMPORARY_PREFIX = ".writing-"
# Age from which a temporary file of another machine counts as abandoned.
_SECONDS_TO_WRITE_A_FILE = 86_400.0
_COPY_ADVICE = "Put a copy of the scan there."
# Tolerance between the clocks of processes and of the file system.
_CLOCK_TOLERANCE_SECONDS = 60.0
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def write_atomically(path: Path, write: Callable[[Path], object], *, sync: bool = True) -> None:
    """Write a temporary file beside `path` with `write`, then rename it to `path`.

    Parameters
    ----------
    path : Path
        The final path.
    write : callable
        Writes the file to the path that it is given.
    sync : bool
        Whether file and folder are on the disk when the call ends. Without it, a power failure can
        leave the file empty, cut or zeroed; only for files whose size and hash a `Manifest` keeps.

    Raises
    ------
    WorkspaceError
        If the folder cannot be written or the disk is full.
    SpecimenError
        If the path is longer than the file system allows; other specimens may have shorter ones.
    """
    _write_temporaries([(path, write)], lambda: None, sync=sync)


def write_together(
    writes: Sequence[tuple[Path, Callable[[Path], object]]], *, withdrawn: Path, sync: bool = True
) -> None:
    """Write several files that belong together, and rename them one after the other.

    All of them are complete before the first one is renamed. Then `withdrawn` is removed, so that a
    process that ends between two renames does not leave files of two states that look complete.

    Parameters
    ----------
    writes : sequence of (Path, callable)
        The files in the order in which they are renamed, and what writes them.
    withdrawn : Path
        The last of these files, without which the others are not used.
    sync : bool
        As in `write_atomically`.

    Raises
    ------
    WorkspaceError, SpecimenError
        As `write_atomically` does.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.storage import write_together
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows, ids = Path(folder) / "rows", Path(folder) / "ids"
    ...     files = [(rows, lambda path: path.write_text("1")), (ids, lambda path: path.write_text("a"))]
    ...     write_together(files, withdrawn=ids)
    ...     rows.read_text(), ids.read_text()
    ('1', 'a')
    """
    _write_temporaries(writes, lambda: withdrawn.unlink(missing_ok=True), sync=sync)


def _write_temporaries(
    writes: Sequence[tuple[Path, Callable[[Path], object]]], before_renames: Callable[[], None], *, sync: bool
) -> None:
    temporaries: list[Path] = []
    path = writes[0][0]
    try:
        for path, write in writes:
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix = f"{TEMPORARY_PREFIX}{_machine()}-{os.getpid()}-"
            handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
            os.close(handle)
            temporaries.append(Path(name))
            write(temporaries[-1])
            temporaries[-1].chmod(0o644)
            if sync:
                sync_file(temporaries[-1])
        before_renames()
        for (path, _), temporary in zip(writes, temporaries, strict=True):
            temporary.replace(path)
        if sync:
            for folder in {path.parent for path, _ in writes}:
                sync_folder(folder)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise SpecimenError(
                "{file}… has a name, or lies in folders, too long for this file system "
                "({characters} characters in all).",
                advice="Give it, or its folders, a shorter name.",
                file=path.name[:40],
                characters=len(str(path)),
            ) from error
        raise not_writable(path, error) from error
    finally:
        for temporary in temporaries:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def not_writable(path: Path, error: OSError) -> WorkspaceError:
    """Return the error for a file that cannot be written."""
    return WorkspaceError(
        "{path} cannot be written ({reason}).",
        advice="Check the free space and the permissions of that folder, or choose another one.",
        path=path,
        reason=error.strerror or error,
    )


def remove_file(path: Path) -> None:
    """Remove a file if it exists.

    Raises
    ------
    WorkspaceError
        If the system forbids it.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # no file can have such a name, so none exists
            raise WorkspaceError(
                "{path} cannot be removed ({reason}).",
                advice="Check the permissions of that folder, and whether another program has the file open.",
                path=path,
                reason=error.strerror or error,
            ) from error


def remove_unfinished(folder: Path) -> int:
    """Remove temporary files whose process has ended, and return their number.

    All folders below `folder` are searched. A file still has its process if the process in its name
    runs on this machine and is no younger than the file, or if another machine wrote the file within
    the last day.
    """
    removed = 0
    for path in folder.rglob(f"{TEMPORARY_PREFIX}*"):
        machine, _, rest = path.name.removeprefix(TEMPORARY_PREFIX).partition("-")
        pid = rest.partition("-")[0]
        with suppress(OSError):
            written = path.stat().st_mtime
            if machine == _machine() and pid.isdigit():
                is_orphan = not _runs_since(int(pid), written)
            else:
                is_orphan = time.time() - written > _SECONDS_TO_WRITE_A_FILE
            if is_orphan:
                path.unlink()
                removed += 1
    return removed


def _runs_since(pid: int, moment: float) -> bool:
    """Return whether a running process had started by this time.

    Process numbers are reused, so that the number alone does not identify a process.
    """
    try:
        return psutil.Process(pid).create_time() < moment + _CLOCK_TOLERANCE_SECONDS
    except (psutil.Error, OverflowError):
        return False


def _machine() -> str:
    """Return a short name of this machine, on which a process number is unique."""
    return f"{zlib.crc32(platform.node().encode('utf-8', 'replace')):08x}"


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write bytes atomically."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data), sync=sync)


def write_npy(path: Path, array: np.ndarray, *, sync: bool = True) -> None:
    """Write an array as `.npy` without pickles, atomically.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from core.storage import read_npy, write_npy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_npy(Path(folder) / "embedding.npy", np.array([0.5, 1.0]))
    ...     read_npy(Path(folder) / "embedding.npy")
    array([0.5, 1. ])
    """

    def save(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)

    write_atomically(path, save, sync=sync)


def read_npy(path: Path) -> np.ndarray:
    """Read an array from a `.npy` file without loading pickled objects.

    Raises
    ------
    InputError
        If the file is missing, damaged, or holds anything but an array of plain values.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
                raise InputError("{path} is not a .npy file.", advice="Give a file that numpy.save wrote.", path=path)
            stream.seek(0)
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except OSError as error:
        raise InputError("{path} cannot be read ({reason}).", path=path, reason=error.strerror or error) from error
    # A damaged header is parsed as Python text, which can raise each of these.
    except (EOFError, ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, MemoryError) as error:
        if "allow_pickle" in str(error):
            problem = "it holds pickled Python objects, which are never loaded because they could run code"
            raise InputError(
                "{path} was not read: {reason}.", advice="Save it as plain numbers.", path=path, reason=problem
            ) from error
        raise InputError(
            "{path} is damaged and cannot be read.", advice="Make it again with the command that wrote it.", path=path
        ) from error
    return array


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and two spaces of indent, atomically."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON with sorted keys and two spaces of indent, in UTF-8."""
    return encoded_json(value, indent=2, sort_keys=True, allow_nan=False) + b"\n"


def encoded_json(value: Any, **options: Any) -> bytes:
    """Return a value as JSON in UTF-8, or in ASCII if it holds the name of a file that is no text.

    `read_json` returns such a name as it was.
    """
    try:
        return json.dumps(value, ensure_ascii=False, **options).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, **options).encode("ascii")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    WorkspaceError
        If it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    # Deeply nested brackets exhaust the stack.
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise WorkspaceError(
            "{path} cannot be read as JSON ({reason}).",
            advice="Delete it and run the stage again.",
            path=path,
            reason=error,
        ) from error


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, sync: bool = True) -> None:
    """Write a CSV with a header line, UTF-8 and Unix line ends, atomically."""

    def save(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(map(_quotable, rows))

    write_atomically(path, save, sync=sync)


def _quotable(row: Sequence[object]) -> Sequence[object]:
    """Return a row without carriage returns.

    `csv` does not quote them, and readers take them for the end of a row.
    """
    if any(isinstance(cell, str) and "\r" in cell for cell in row):
        return [cell.replace("\r", " ") if isinstance(cell, str) else cell for cell in row]
    return row


def stat_of_file(path: Path) -> os.stat_result:
    """Return the status of a file that can be read to its end.

    Raises
    ------
    OSError
        If it does not exist.
    SpecimenError
        If it is a pipe, a socket or a device, because reading one may block forever.
    """
    status = path.stat()
    for is_kind, kind in ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket")):
        if is_kind(status.st_mode):
            raise SpecimenError("{file} is {kind}, not a file.", advice=_COPY_ADVICE, file=path.name, kind=kind)
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        raise SpecimenError("{file} is {kind}, not a file.", advice=_COPY_ADVICE, file=path.name, kind="a device")
    return status


def is_reserved(name: str) -> bool:
    """Return whether Windows reserves a name for a device, with any suffix."""
    return _RESERVED.fullmatch(name) is not None
