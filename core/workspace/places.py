"""Paths of a workspace that stay right if it is moved.

The catalogue keeps a path inside the workspace relative to it. Rows and configurations of earlier
versions hold absolute paths, which are recognised in a workspace that was moved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import quote_from_bytes, unquote_to_bytes

# Begins a path inside the workspace, as the catalogue keeps it.
INSIDE = "./"
_BYTES = "bytes:"


def stored_path(root: Path, text: str) -> str:
    """Return a path as the catalogue keeps it: relative if it is inside, and always text.

    Examples
    --------
    >>> from pathlib import Path
    >>> from core.workspace.places import stored_path
    >>> stored_path(Path("/data"), "/data/meshes"), stored_path(Path("/data"), "/scans")
    ('./meshes', '/scans')
    """
    path = Path(text)
    if path.is_absolute() and path != root and path.is_relative_to(root):
        text = INSIDE + path.relative_to(root).as_posix()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # names of files may hold bytes that are no text
        return _BYTES + quote_from_bytes(os.fsencode(text))
    return text


def present_path(root: Path, text: str) -> str:
    """Return the path that `stored_path` was given, in the present place of the workspace."""
    if text.startswith(_BYTES):
        text = os.fsdecode(unquote_to_bytes(text.removeprefix(_BYTES)))
    return str(root / text.removeprefix(INSIDE)) if text.startswith(INSIDE) else text


def inside(root: Path, folder: Path) -> dict[str, str]:
    """Return the entry of a configuration that finds an input folder in a moved workspace."""
    if folder != root and folder.is_relative_to(root):
        return {"input_in_workspace": folder.relative_to(root).as_posix()}
    return {}


def present_input(root: Path, recorded: str, relative: object, specimen_ids: Callable[[], Iterable[str]]) -> str:
    """Return the input folder of a run in the present place of its workspace.

    Parameters
    ----------
    root : Path
        The workspace.
    recorded : str
        The absolute path when the run was made.
    relative : object
        The entry of `inside`, if there is one.
    specimen_ids : callable
        Returns ids of the run, by which the folder is recognised if there is no entry.
    """
    if isinstance(relative, str) and relative and ".." not in PurePosixPath(relative).parts:
        folder = root / relative
        if str(folder) == recorded or not folder.is_dir():
            return recorded
        # A workspace that was copied without its scans is still that of the folder it was made from.
        if not _is_folder(recorded) or any(_has(folder, name) for name in specimen_ids()):
            return str(folder)
        return recorded
    if not recorded or not Path(recorded).is_absolute() or _is_folder(recorded):
        return recorded
    moved = moved_folder(root, recorded, lambda folder: any(_has(folder, name) for name in specimen_ids()))
    return recorded if moved is None else str(moved)


def moved_folder(root: Path, before: str, is_it: Callable[[Path], bool]) -> Path | None:
    """Return the folder inside a workspace that an absolute path meant before a move, None if none does.

    Its last parts are those of the path, and `is_it` recognises it by its content.
    """
    parts = Path(before).parts[1:]
    candidates = (root.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((folder for folder in candidates if folder.is_dir() and is_it(folder)), None)


def _is_folder(text: str) -> bool:
    """Return whether any text is the path of a folder."""
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):  # a name too long, or with characters that no name has
        return False


def _has(folder: Path, specimen_id: str) -> bool:
    """Return whether a folder holds a file, or a folder, of a specimen."""
    path = folder / specimen_id
    if path.exists():
        return True
    try:
        with os.scandir(path.parent) as entries:
            return any(entry.name.startswith(f"{path.name}.") for entry in entries)
    except OSError:
        return False
