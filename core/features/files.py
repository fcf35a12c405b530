"""Feature files: one array of (V, D) a specimen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from core.foundation import InputError, SpecimenError
from core.storage import read_npy, write_npy


def read_features(path: Path) -> Float32[np.ndarray, "v d"]:
    """Read the view features of one specimen; a broken file is a `SpecimenError`."""
    try:
        array = read_npy(path)
    except InputError as error:
        said = error.sentences
        raise SpecimenError(said.problem, advice="Extract it again with --overwrite.", **said.values) from error
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise SpecimenError("{file} does not hold view features (V, D).", file=path.name)
    if not np.isfinite(array).all():
        raise SpecimenError("{file} holds NaN or infinite values; extract it again with --overwrite.", file=path.name)
    return array.astype(np.float32)


def store_features(path: Path, view_features: Float32[np.ndarray, "v d"]) -> None:
    """Write view features as float32, having made sure that they are numbers.

    Raises
    ------
    SpecimenError
        Where the backbone gave NaN or infinite values.
    """
    if not np.isfinite(view_features).all():
        raise SpecimenError("The backbone gave NaN or infinite values for it; try --precision fp32.")
    write_npy(path, np.ascontiguousarray(view_features, dtype=np.float32))
