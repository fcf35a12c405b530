"""Unit vectors: rows of a matrix divided by their length."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from core.foundation import check_choice

NORMALIZATIONS = ("l2", "none")


def normalise_rows(matrix: Float[np.ndarray, "n d"], how: str = "l2") -> Float[np.ndarray, "n d"]:
    """Return the rows of a matrix as a `normalize` setting asks for, float32.

    Parameters
    ----------
    matrix : (n, d) float
        Rows; rounded to float32 first.
    how : {"l2", "none"}
        `l2` for rows of length 1, by `unit_rows`; `none` for the rows as they are.

    Raises
    ------
    SettingError
        If `how` is neither.

    Examples
    --------
    >>> import numpy as np
    >>> normalise_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    check_choice("normalize", how, NORMALIZATIONS)
    rows = np.asarray(matrix, dtype=np.float32)
    return rows if how == "none" else unit_rows(rows)


def unit_rows(vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m d"]:
    """Return rows divided by their Euclidean length, float32.

    Lengths and quotients are computed in float64, whatever the type of the rows. A row of zeros has no
    direction and stays zero.

    Examples
    --------
    >>> import numpy as np
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 2.0]]))
    array([[0.6, 0.8],
           [0. , 1. ]], dtype=float32)
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    # Divided without a second copy in float64, which a large collection would not fit beside the first.
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
