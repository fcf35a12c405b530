"""What all views of a collection have in common, taken out before they are compared: centring and whitening."""

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
class Projection:
    """A change of vectors that was learned from a collection.

    Parameters
    ----------
    mean : (d,) float32
        Subtracted first; read-only.
    axes : (d, k) float32, optional
        Principal axes, each divided by a power of the spread along it; none where only the mean
        is taken out; read-only.
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
        """Return 32 hexadecimal digits that tell one projection from another."""
        parts = self.mean.tobytes() + (b"" if self.axes is None else self.axes.tobytes())
        return hashlib.sha256(parts).hexdigest()[:32]

    def __call__(self, vectors: Float[np.ndarray, "m d"]) -> Float32[np.ndarray, "m k"]:
        """Return vectors changed and brought to length 1.

        Raises
        ------
        SettingError
            Where they have another number of dimensions than those it was learned from.
        """
        if vectors.shape[1] != len(self.mean):
            raise SettingError(
                f"The views have {vectors.shape[1]} dimensions, those of the collection {len(self.mean)}.",
                advice="Both must come from the same backbone and tokens.",
            )
        changed = vectors - self.mean
        return unit_rows(changed if self.axes is None else changed @ self.axes)


def fit_projection(vectors: Float[np.ndarray, "m d"], dimensions: int = 0, *, strength: float = 0.5) -> Projection:
    """Learn the mean of vectors and, if asked, how they spread.

    Parameters
    ----------
    vectors : (m, d) float
        Views of a collection, or a sample of them.
    dimensions : int
        How many principal axes are kept, 0 for centring alone. Axes along which the vectors
        hardly spread are left out whatever the number.
    strength : float
        0 keeps the spread along each axis, 1 makes all alike (whitening: Jégou & Chum 2012,
        Negative evidences and co-occurrences in image retrieval, ECCV); 0.5 lies between, and
        does no harm where there are few specimens.

    Raises
    ------
    SettingError
        Where a setting is outside of what is allowed, or there is no vector.
    """
    if dimensions < 0:
        raise SettingError(f"'whiten' must be at least 0 (got {dimensions}).", advice="128 is a good start; 0 is off.")
    if not 0 <= strength <= 1:
        raise SettingError(f"'strength' must be from 0 to 1 (got {strength}).")
    if not len(vectors):
        raise SettingError("There are no views to learn from.")
    mean = vectors.mean(axis=0, dtype=np.float64)
    if dimensions == 0:
        return Projection(mean.astype(np.float32))
    variances, axes = _principal_axes(vectors - mean, dimensions)
    kept = np.flatnonzero(variances > _SMALLEST_SHARE * max(float(variances[-1]), 1e-30))[::-1][:dimensions]
    if kept.size == 0:
        return Projection(mean.astype(np.float32))
    # The spread is the root of the variance.
    scaled = axes[:, kept] * variances[kept] ** (-strength / 2)
    return Projection(mean.astype(np.float32), np.ascontiguousarray(scaled, dtype=np.float32))


def _principal_axes(centred: Float64[np.ndarray, "m d"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest variances, smallest first, and the axes along which they are, (d, k)."""
    n, width = centred.shape
    # Fewer vectors than dimensions span no more axes than there are vectors: the smaller matrix knows them all.
    is_wide = n < width
    # On one core: where others are at work, threads that wait for one another took ten times as long.
    with threadpool_limits(1, user_api="blas"):
        products = (centred @ centred.T if is_wide else centred.T @ centred) / n
        last = len(products) - 1
        variances, axes = eigh(products, subset_by_index=[max(0, last - count + 1), last])
        if is_wide:
            axes = centred.T @ axes / np.sqrt(np.maximum(variances, 1e-30) * n)
    return variances, axes
