"""Unit vectors: rows of a matrix divided by their length."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from core.embeddings.principal_components import NORMALIZATIONS
from core.foundation import check_choice


def normalise_rows(matrix: Float[np.ndarray, "n d"], how: str = "l2") -> Float[np.ndarray, "n d"]:
    """Return the rows with length 1 (`l2`) or as they are (`none`), float32.

    A row of zeros has no direction and stays zero.

    Raises
    ------
    SettingError
        Where `how` is neither.
    """
    check_choice("normalize", how, NORMALIZATIONS)
    rows = np.asarray(matrix, dtype=np.float32)
    if how == "none":
        return rows
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def unit_rows(vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m d"]:
    """Return rows of length 1, float32; a row of zeros stays one."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1), dtype=np.float32)
