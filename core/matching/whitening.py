"""Centring and whitening of view features."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.embeddings import unit_rows
from core.foundation import SettingError

_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True)
class Whitening:
    """A linear transform of vectors, learned from a collection.

    Parameters
    ----------
    mean : (d,) float32
        Subtracted first; read-only.
    axes : (d, k) float32, optional
        Principal axes, each divided by a power of the standard deviation along it; None if the
        vectors are only centred; read-only.
    """

    mean: Float32[np.ndarray, " d"]
    axes: Float32[np.ndarray, "d k"] | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.mean, self.axes):
            if array is not None:
                array.setflags(write=False)

    @property
    def fingerprint(self) -> str:
        """Return 32 hexadecimal digits that identify the transform."""
        parts = self.mean.tobytes() + (b"" if self.axes is None else self.axes.tobytes())
        return hashlib.sha256(parts).hexdigest()[:32]

    def __call__(self, vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m k"]:
        """Return the transformed vectors, of length 1.

        Raises
        ------
        SettingError
            If they have another number of dimensions than the collection.
        """
        if vectors.shape[1] != len(self.mean):
            raise SettingError(
                f"The views have {vectors.shape[1]} dimensions, those of the collection {len(self.mean)}.",
                advice="Both must come from the same backbone and tokens.",
            )
        changed = vectors - self.mean
        return unit_rows(changed if self.axes is None else changed @ self.axes)


def fit_whitening(vectors: Float[np.ndarray, "m d"], dimensions: int = 0, *, strength: float = 0.5) -> Whitening:
    """Fit centring or whitening to the vectors of a collection.

    Parameters
    ----------
    vectors : (m, d) float
        Views of a collection, or a sample of them.
    dimensions : int
        Number of principal axes, 0 for centring alone. Axes with hardly any variance are left out.
    strength : float
        0 keeps the standard deviation along each axis, 1 makes them equal (whitening: Jégou & Chum
        2012, Negative evidences and co-occurrences in image retrieval, ECCV); 0.5 lies between
        and does no harm with few specimens.

    Raises
    ------
    SettingError
        If a setting is out of range, or there is no vector.

    Examples
    --------
    >>> fit_whitening(np.array([[2, 1], [0, 1]], dtype=np.float32)).mean.tolist()
    [1.0, 1.0]
    """
    if dimensions < 0:
        raise SettingError(f"'whiten' must be at least 0 (got {dimensions}).", advice="128 is a good start; 0 is off.")
    if not 0 <= strength <= 1:
        raise SettingError(f"'strength' must be from 0 to 1 (got {strength}).")
    if not len(vectors):
        raise SettingError("There are no views to learn from.")
    mean = vectors.mean(axis=0, dtype=np.float64)
    if dimensions == 0:
        return Whitening(mean.astype(np.float32))
    variances, axes = _principal_axes(vectors - mean, dimensions)
    kept = np.flatnonzero(variances > _SMALLEST_SHARE * max(float(variances[-1]), 1e-30))[::-1][:dimensions]
    if kept.size == 0:
        return Whitening(mean.astype(np.float32))
    # The standard deviation is the root of the variance.
    scaled = axes[:, kept] * variances[kept] ** (-strength / 2)
    return Whitening(mean.astype(np.float32), np.ascontiguousarray(scaled, dtype=np.float32))


def _principal_axes(centred: Float64[np.ndarray, "m d"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest variances, smallest first, and their axes, (d, k)."""
    n, width = centred.shape
    # Fewer vectors than dimensions span no more axes than vectors, so the smaller matrix is enough.
    is_wide = n < width
    # One thread: on a busy machine, threads that wait for each other took ten times as long.
    with threadpool_limits(1, user_api="blas"):
        products = (centred @ centred.T if is_wide else centred.T @ centred) / n
        last = len(products) - 1
        variances, axes = eigh(products, subset_by_index=[max(0, last - count + 1), last])
        if is_wide:
            axes = centred.T @ axes / np.sqrt(np.maximum(variances, 1e-30) * n)
    return variances, axes
