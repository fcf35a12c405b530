"""Feature files: one array (V, D) per specimen, read and written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from core.foundation import InputError, SpecimenError
from core.storage import read_npy, write_npy


def read_features(path: Path) -> Float32[np.ndarray, "v d"]:
    """Read the view features of one specimen.

    Raises
    ------
    SpecimenError
        If the file cannot be read, or does not hold finite features (V, D).
    """
    try:
        array = read_npy(path)
    except InputError as error:
        message = error.sentences
        raise SpecimenError(message.problem, advice="Extract it again with --overwrite.", **message.values) from error
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise SpecimenError("{file} does not hold view features (V, D).", file=path.name)
    if not np.isfinite(array).all():
        raise SpecimenError("{file} holds NaN or infinite values; extract it again with --overwrite.", file=path.name)
    return array.astype(np.float32)


def store_features(path: Path, view_features: Float32[np.ndarray, "v d"], *, sync: bool = True) -> None:
    """Write view features as float32, if all of them are finite.

    `sync` is that of `core.storage.write_atomically`.

    Raises
    ------
    SpecimenError
        If the backbone gave NaN or infinite values.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store_features(Path(folder) / "a.npy", np.ones((12, 384), dtype=np.float32))
    ...     read_features(Path(folder) / "a.npy").shape
    (12, 384)
    """
    if not np.isfinite(view_features).all():
        raise SpecimenError("The backbone gave NaN or infinite values for it; try --precision fp32.")
    write_npy(path, np.ascontiguousarray(view_features, dtype=np.float32), sync=sync)
