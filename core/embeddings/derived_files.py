"""Files computed from embeddings, each with a JSON description that names these embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.embeddings.matrix import Embeddings, sha256_of_matrix
from core.foundation import MissingStageError
from core.storage import fingerprint, read_json, write_json


def fingerprint_of_embeddings(embeddings: Embeddings) -> str:
    """Return 32 hexadecimal digits that identify ids and matrix.

    Parameters
    ----------
    embeddings : Embeddings
        Ids and matrix; both are hashed.
    """
    return fingerprint("embeddings", embeddings.ids, sha256_of_matrix(embeddings))


def description_path(path: Path) -> Path:
    """Return the path of the description of a derived file, `FILE.json`."""
    return path.with_name(path.name + ".json")


def write_described(path: Path, write: Callable[[Path], None], describe: Callable[[], Mapping[str, object]]) -> None:
    """Write a derived file, then its description.

    An old description is removed first, so that an interrupted call never leaves a new file with
    an old description.

    Parameters
    ----------
    path : Path
        The derived file.
    write : callable
        Writes the file to the path that it is given.
    describe : callable
        Returns the description; called after the file is written.

    Raises
    ------
    WorkspaceError
        If a file cannot be written.
    """
    about_path = description_path(path)
    about_path.unlink(missing_ok=True)
    write(path)
    write_json(about_path, describe())


def read_description(path: Path, *, advice: str) -> Any:
    """Read the description of a derived file.

    Parameters
    ----------
    path : Path
        The derived file, which must exist as well.
    advice : str
        Advice of the error if one of the two files is missing.

    Raises
    ------
    MissingStageError
        If the file or its description is missing.
    WorkspaceError
        If the description is damaged.
    """
    about_path = description_path(path)
    for needed in (path, about_path):
        if not needed.is_file():
            raise MissingStageError("{path} is not there.", advice=advice, path=needed)
    return read_json(about_path)
