"""Specimen ids and their embedding matrix, read and checked together."""

from __future__ import annotations

import hashlib
import re
import time
import tokenize
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

import core
from core.embeddings.pairing import check_pairing, is_unchanged, pairing_path, read_pairing
from core.foundation import CoreError, InputError, MisalignedEmbeddingsError, MissingStageError, category_of
from core.storage import decode_text, fingerprint, read_npy

_ROWS_AT_ONCE = 16_384
_ROWS_HASHED_TOGETHER = 16_384
_ATTEMPTS, _SECONDS_BETWEEN_ATTEMPTS = 5, 0.05


@dataclass(frozen=True)
class Embeddings:
    """The embedding matrix of a collection, row `i` of which belongs to `ids[i]`.

    Parameters
    ----------
    ids : tuple of str
        Specimen ids, unique, in row order.
    matrix : (n, d) float32
        Embeddings as pooled, not normalised; read-only.

    Raises
    ------
    MisalignedEmbeddingsError
        If the matrix has not two axes, the lengths differ, or an id is there twice.

    Examples
    --------
    >>> import numpy as np
    >>> embeddings = Embeddings(("Molars/a", "Molars/b"), np.eye(2, dtype=np.float32))
    >>> len(embeddings), embeddings.categories, embeddings.row_of["Molars/b"]
    (2, ('Molars', 'Molars'), 1)
    """

    ids: tuple[str, ...]
    matrix: Float[np.ndarray, "n d"]

    def __post_init__(self) -> None:
        """Check that ids and rows fit each other."""
        if self.matrix.ndim != 2:
            raise MisalignedEmbeddingsError(
                "An embedding matrix has two axes (N, D); this one has the shape {shape}.",
                advice="Make it again with `python -m core pool`.",
                shape=self.matrix.shape,
            )
        if len(self.ids) != self.matrix.shape[0]:
            raise MisalignedEmbeddingsError(
                "There are {ids} ids but {rows} embedding rows.",
                advice="Both files must come from the same call of `python -m core pool`.",
                ids=len(self.ids),
                rows=self.matrix.shape[0],
            )
        if len(set(self.ids)) != len(self.ids):
            repeated = Counter(self.ids).most_common(1)[0][0]
            raise MisalignedEmbeddingsError(
                "The id {twice!r} stands more than once in the ids.",
                advice="Make embeddings.npy and ids.txt again with `python -m core pool`.",
                twice=repeated,
            )
        self.matrix.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of specimens."""
        return len(self.ids)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Return the category of every specimen, in row order."""
        return tuple(category_of(name) for name in self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Return the row of every id."""
        return {name: row for row, name in enumerate(self.ids)}


def read_embeddings(matrix_path: Path, ids_path: Path, *, mapped: bool = False) -> Embeddings:
    """Read `embeddings.npy` and `ids.txt` and check that they fit each other.

    Parameters
    ----------
    matrix_path, ids_path : Path
        The two files.
    mapped : bool
        Whether a float32 matrix stays in its file and is mapped into memory, so that it may be
        larger than the memory of the machine. Other matrices are read whole.

    Raises
    ------
    MissingStageError
        If a file is not there.
    InputError
        If a file is not what its name says, or a value is not finite.
    MisalignedEmbeddingsError
        If the two do not fit each other, or are not those of the record beside them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from core.embeddings import Embeddings, read_embeddings, write_embeddings
    >>> with tempfile.TemporaryDirectory() as name:
    ...     write_embeddings(Path(name), Embeddings(("a", "b"), np.eye(2, dtype=np.float32)))
    ...     read_embeddings(Path(name) / "embeddings.npy", Path(name) / "ids.txt").ids
    ('a', 'b')
    """
    for path in (matrix_path, ids_path):
        if not path.is_file():
            raise MissingStageError(
                "{path} is not there.",
                advice="Run `python -m core pool` first, or give the path with --emb and --ids.",
                path=path,
            )
    matrix, ids = _read_together(matrix_path, ids_path, mapped=mapped)
    if matrix.dtype.kind != "f":
        raise InputError(
            "{matrix_path} does not hold floating-point numbers.",
            advice="Make it again with `python -m core pool`.",
            matrix_path=matrix_path,
        )
    with np.errstate(over="ignore"):  # values too large for float32 become infinite and are refused below
        is_mapped = isinstance(matrix, np.memmap)
        embeddings = Embeddings(ids, matrix if is_mapped else np.ascontiguousarray(matrix, dtype=np.float32))
    bad = np.flatnonzero(~_finite_rows(embeddings.matrix))
    if bad.size:
        first_ids = ", ".join(ids[row] for row in bad[:3])
        raise InputError(
            "{size} of {ids} embeddings hold NaN or infinite values, first: {named}.",
            advice="Extract and pool these specimens again with --overwrite.",
            size=bad.size,
            ids=len(ids),
            named=first_ids,
        )
    return embeddings


def _read_together(matrix_path: Path, ids_path: Path, *, mapped: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read both files in the same state.

    A run that ends meanwhile replaces one file after the other. Reading is repeated until no file
    changed in between, and ids and rows are those of the record beside them.
    """
    paths = (matrix_path, ids_path, pairing_path(matrix_path))
    error: CoreError | None = None
    for attempt in range(_ATTEMPTS):
        time.sleep(_SECONDS_BETWEEN_ATTEMPTS if attempt else 0)
        states = [_state_of(path) for path in paths]
        try:
            matrix, ids = _read_both(matrix_path, ids_path, mapped=mapped)
            error = None
        except CoreError as found:
            error = found
        if states == [_state_of(path) for path in paths] and None not in states[:2]:
            if error is not None:
                raise error
            return matrix, ids
    raise error or MisalignedEmbeddingsError(
        "{matrix_path} is being written while it is read.",
        advice="Wait until the run is done, then look again.",
        matrix_path=matrix_path,
    )


def _read_both(matrix_path: Path, ids_path: Path, *, mapped: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    record = read_pairing(matrix_path)
    matrix = _map(matrix_path) if mapped else None
    if matrix is None:
        matrix = read_npy(matrix_path)
    ids = _read_ids(ids_path)
    if record is not None:
        is_trusted = isinstance(matrix, np.memmap) and is_unchanged(matrix_path)
        is_readable = matrix.ndim == 2 and matrix.dtype.kind == "f"
        sha256 = sha256_of_rows(matrix) if is_readable and not is_trusted else str(record.get("matrix"))
        check_pairing(record, matrix_path, ids_path, ids, sha256)
    return matrix, ids


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes if a file is replaced, None if it is missing."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError("{path} cannot be read ({reason}).", path=path, reason=error.strerror or error) from error
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def check_embeddings(matrix_path: Path, ids_path: Path) -> None:
    """Check that matrix and ids fit each other, without reading the matrix.

    Raises
    ------
    MissingStageError, InputError, MisalignedEmbeddingsError
        As `read_embeddings` does, except that values that are not finite are not looked for.
    """
    if not matrix_path.is_file() or not ids_path.is_file() or _map(matrix_path) is None:
        read_embeddings(matrix_path, ids_path)
    else:
        matrix, ids = _read_together(matrix_path, ids_path, mapped=True)
        Embeddings(ids, matrix)


def sha256_of_matrix(embeddings: Embeddings) -> str:
    """Return the SHA-256 of the bytes of the matrix, read in blocks."""
    return sha256_of_rows(embeddings.matrix)


def sha256_of_rows(matrix: np.ndarray) -> str:
    """Return the SHA-256 of the rows of an array of numbers."""
    digest = hashlib.sha256()
    for start in range(0, len(matrix), _ROWS_HASHED_TOGETHER):
        digest.update(np.ascontiguousarray(matrix[start : start + _ROWS_HASHED_TOGETHER]).data)
    return digest.hexdigest()


def select_rows(embeddings: Embeddings, rows: Sequence[int]) -> Embeddings:
    """Return the embeddings of some rows, in the order given.

    Examples
    --------
    >>> import numpy as np
    >>> select_rows(Embeddings(("a", "b", "c"), np.eye(3, dtype=np.float32)), [2, 0]).ids
    ('c', 'a')
    """
    return Embeddings(tuple(embeddings.ids[row] for row in rows), embeddings.matrix[np.asarray(rows, dtype=np.intp)])


def _read_ids(path: Path) -> tuple[str, ...]:
    """Read one id per line, in UTF-8 or UTF-16 and with any line ends."""
    text, _ = decode_text(path, code_pages=False)
    return tuple(line for line in re.split(r"\r\n|\r|\n", text) if line)


def _map(path: Path) -> np.ndarray | None:
    """Return a matrix mapped into memory, or None if it is not float32 in row order."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    # The ordinary way of reading it reports the error.
    except (OSError, EOFError, ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, MemoryError):
        return None
    if not isinstance(array, np.memmap) or array.dtype != np.float32 or not array.flags.c_contiguous:
        return None
    return array


def _finite_rows(matrix: Float[np.ndarray, "n d"]) -> Bool[np.ndarray, " n"]:
    finite = np.empty(len(matrix), dtype=bool)
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        finite[start : start + _ROWS_AT_ONCE] = np.isfinite(matrix[start : start + _ROWS_AT_ONCE]).all(axis=1)
    return finite


def fingerprint_of_results(embeddings: Embeddings, *settings: object) -> str:
    """Return the fingerprint of a result from its embeddings and settings."""
    return fingerprint("results", core.__version__, embeddings.ids, sha256_of_matrix(embeddings), *settings)
