"""The record beside a matrix of which ids and rows belong together: `embeddings.json`.

Ids and rows lie in two files. Without the record, two ids that change places, or a matrix of
another run, would give wrong answers. Files of other programs have no record and are read as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.foundation import CoreError, MisalignedEmbeddingsError
from core.storage import fingerprint, is_blank, read_json, sha256_of_file

_KIND = "ids and rows"
_ADVICE = (
    "`python -m core repair` puts a run in order, `python -m core pool` makes both files again. If another program "
    "wrote them on purpose, delete {record}."
)


def pairing_path(matrix_path: Path) -> Path:
    """Return the path of the record beside a matrix, `embeddings.json` of `embeddings.npy`."""
    return matrix_path.with_suffix(".json")


def pairing_of(ids: tuple[str, ...], sha256: str, parquet: Path, made_with: str) -> dict[str, object]:
    """Return the record of ids and matrix.

    Parameters
    ----------
    ids : tuple of str
        The ids.
    sha256 : str
        The hash of the matrix.
    parquet : Path
        The complete file of both for other programs.
    made_with : str
        Fingerprint of the settings of the embeddings, empty if they are not known.
    """
    settings = {"made_with": made_with} if made_with else {}
    return {
        "kind": _KIND,
        "ids": fingerprint("ids", ids),
        "matrix": sha256,
        "parquet": sha256_of_file(parquet),
        **settings,
    }


def read_pairing(matrix_path: Path) -> dict[str, Any] | None:
    """Return the record beside a matrix, None if there is none.

    Raises
    ------
    MisalignedEmbeddingsError
        If it is damaged.
    """
    path = pairing_path(matrix_path)
    if not path.is_file():
        return None
    with suppress(CoreError):
        record = read_json(path)
        return record if isinstance(record, dict) and record.get("kind") == _KIND else None
    if path.name == "embeddings.json" or is_blank(path):
        raise MisalignedEmbeddingsError(
            "{record} is damaged: it no longer says which ids and rows belong together.", advice=_ADVICE, record=path
        )
    return None


def check_pairing(
    record: Mapping[str, Any], matrix_path: Path, ids_path: Path, ids: tuple[str, ...], sha256: str
) -> None:
    """Check that ids and matrix are those of the record.

    Parameters
    ----------
    record : dict
        The record.
    matrix_path, ids_path : Path
        The files, which the error names.
    ids : tuple of str
        The ids.
    sha256 : str
        The hash of the matrix.

    Raises
    ------
    MisalignedEmbeddingsError
        If they are not.
    """
    if record.get("ids") != fingerprint("ids", ids):
        raise MisalignedEmbeddingsError(
            "The ids in {ids_path} are not those that {matrix_path} was written with, or stand in another order.",
            advice=_ADVICE,
            ids_path=ids_path,
            matrix_path=matrix_path,
            record=pairing_path(matrix_path),
        )
    if record.get("matrix") != sha256:
        raise MisalignedEmbeddingsError(
            "The rows in {matrix_path} are not those that were written with {ids_path}.",
            advice=_ADVICE,
            matrix_path=matrix_path,
            ids_path=ids_path,
            record=pairing_path(matrix_path),
        )


def is_unchanged(matrix_path: Path) -> bool:
    """Return whether a matrix is no younger than its record.

    It need not be hashed then. The time of a rename counts as well, so that an older matrix in its
    place is seen.
    """
    status, record = matrix_path.stat(), pairing_path(matrix_path).stat()
    return max(status.st_mtime_ns, status.st_ctime_ns) <= max(record.st_mtime_ns, record.st_ctime_ns)


def is_parquet_sound(matrix_path: Path) -> bool:
    """Return whether `embeddings.parquet` is as it was written, if there is a record."""
    parquet = matrix_path.with_suffix(".parquet")
    if not parquet.is_file():
        return False
    record = read_pairing(matrix_path)
    recorded = None if record is None else record.get("parquet")
    return not is_blank(parquet) and recorded in (None, sha256_of_file(parquet))
