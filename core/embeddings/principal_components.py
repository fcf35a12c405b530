"""Principal components of an embedding matrix, with their explained variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.foundation import SettingError, note

_BLOCK = 4096


@dataclass(frozen=True)
class PrincipalComponents:
    """Principal components of a matrix, and its rows in their coordinates.

    Parameters
    ----------
    coordinates : (n, k) float32
        Rows in the coordinates of the components, centred; read-only. Their Euclidean
        distances are those of the rows projected onto the kept components.
    components : (k, d) float64
        Orthonormal directions; the entry with the largest magnitude of each is positive.
    mean : (d,) float64
        What was subtracted from every row.
    explained_variance_ratio : (k,) float64
        Share of the total variance along each kept component.
    notes : tuple of str
        Sentences on every deviation from the settings.
    """

    coordinates: Float[np.ndarray, "n k"]
    components: Float[np.ndarray, "k d"]
    mean: Float[np.ndarray, " d"]
    explained_variance_ratio: Float[np.ndarray, " k"]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.coordinates, self.components, self.mean, self.explained_variance_ratio):
            array.setflags(write=False)

    @property
    def n_components(self) -> int:
        """Return the number of kept components."""
        return int(self.components.shape[0])

    @cached_property
    def cumulative(self) -> Float[np.ndarray, " k"]:
        """Return the share of the variance kept by the first 1, 2, … components."""
        return np.cumsum(self.explained_variance_ratio)

    def project(self, matrix: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m k"]:
        """Return the coordinates of other rows, float32."""
        centred = np.asarray(matrix, dtype=np.float64) - self.mean
        return np.asarray(centred @ self.components.T, dtype=np.float32)

    def with_origin(self) -> Float[np.ndarray, "n k1"]:
        """Return uncentred coordinates, float32, (n, k + 1).

        Centring moves the origin, and with it every angle. These rows describe the rows as they are
        reconstructed from the kept components: the first k columns hold their coordinates along the
        components, and the last column the length of the part of the mean outside of all components.
        Their cosines are the cosines of the reconstructed rows.
        """
        along = self.components @ self.mean
        outside = self.mean - along @ self.components
        column = np.full((self.coordinates.shape[0], 1), np.linalg.norm(outside))
        return np.hstack([self.coordinates + along, column]).astype(np.float32)


@dataclass(frozen=True)
class Spectrum:
    """All principal directions of a matrix.

    Parameters
    ----------
    mean : (d,) float64
        Mean of the rows.
    variances : (r,) float64
        Sum of squares along each direction, largest first.
    directions : (r, d) float64
        Orthonormal directions; the entry with the largest magnitude of each is positive.
    """

    mean: Float[np.ndarray, " d"]
    variances: Float[np.ndarray, " r"]
    directions: Float[np.ndarray, "r d"]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.mean, self.variances, self.directions):
            array.setflags(write=False)


def extreme_rows(coordinates: Float[np.ndarray, "n k"], component: int, count: int) -> tuple[list[int], list[int]]:
    """Return the rows with the lowest and the highest values along a component.

    Parameters
    ----------
    coordinates : (n, k) float
        Rows in the coordinates of the components.
    component : int
        0 for the first.
    count : int
        Number of rows at each end; no row is at both.

    Returns
    -------
    lowest, highest : list of int
        Row numbers, the most extreme first.

    Examples
    --------
    >>> import numpy as np
    >>> extreme_rows(np.array([[0.5], [-2.0], [3.0], [1.0]]), component=0, count=1)
    ([1], [2])
    """
    order = np.argsort(coordinates[:, component], kind="stable")
    count = min(count, order.size // 2)
    return order[:count].tolist(), order[::-1][:count].tolist()


def fit_pca(matrix: Float[np.ndarray, "n d"], pca: float | int) -> PrincipalComponents:
    """Return the principal components of a matrix (Pearson, 1901; Hotelling, 1933).

    Solved exactly from the smaller of the two cross-product matrices in float64: the result needs no
    seed and is the same every time.

    Parameters
    ----------
    matrix : (n, d) float
        Rows to reduce.
    pca : int or float
        A whole number of components, at least 1, or a fraction below 1 for the fewest components
        that keep that share of the variance.

    Raises
    ------
    SettingError
        If `pca` is no such number.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0, 0.0, 1.0], [2.0, 2.0, 1.0], [4.0, 4.0, 1.0], [6.0, 6.0, 1.0]])
    >>> fitted = fit_pca(rows, 0.95)
    >>> fitted.n_components, fitted.coordinates.shape
    (1, (4, 1))
    >>> fitted.explained_variance_ratio.round(3)
    array([1.])
    """
    return keep_components(fit_spectrum(matrix), matrix, pca)


def fit_spectrum(matrix: Float[np.ndarray, "n d"]) -> Spectrum:
    """Return all principal directions of a matrix, solved as `fit_pca` does."""
    rows = np.asarray(matrix)
    mean = rows.mean(axis=0, dtype=np.float64)
    variances, directions = _spectrum(rows, mean)
    return Spectrum(mean, variances, _with_fixed_signs(directions))


def keep_components(spectrum: Spectrum, matrix: Float[np.ndarray, "n d"], pca: float | int) -> PrincipalComponents:
    """Return the first principal components of a matrix from its spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        The principal directions of the matrix, by `fit_spectrum`.
    matrix : (n, d) float
        Rows to reduce.
    pca : int or float
        A number of components or a share of the variance, as in `fit_pca`.

    Raises
    ------
    SettingError
        If `pca` is no such number.
    """
    check_pca(pca)
    if pca == 0:
        raise SettingError("'pca' is 0, which means no reduction.", advice="Use the matrix as it is.")
    rows = np.asarray(matrix)
    allowed = max(1, min(rows.shape[0] - 1, rows.shape[1]))
    kept, notes = _how_many(spectrum.variances, pca, allowed)
    components = spectrum.directions[:kept].copy()
    coordinates = np.empty((rows.shape[0], kept), dtype=np.float32)
    for start in range(0, rows.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        coordinates[block] = (rows[block] - spectrum.mean) @ components.T
    total = spectrum.variances.sum()
    ratio = spectrum.variances[:kept] / total if total > 0 else np.zeros(kept)
    return PrincipalComponents(coordinates, components, spectrum.mean, ratio, notes)


def check_pca(pca: float | int) -> None:
    """Check that `pca` is 0, a whole number above 0, or a fraction below 1.

    Raises
    ------
    SettingError
        If it is none of them.
    """
    fits = not isinstance(pca, bool) and math.isfinite(pca) and pca >= 0 and (pca < 1 or pca == int(pca))
    if not fits:
        raise SettingError(
            "'pca' must be 0, a whole number of components or a fraction below 1 (got {pca}).",
            advice="Use 0 for none, 64 for 64 components, 0.95 to keep 95 % of the variance.",
            pca=pca,
        )


def _spectrum(
    rows: Float[np.ndarray, "n d"], mean: Float[np.ndarray, " d"]
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "r d"]]:
    n_rows, n_columns = rows.shape
    if n_columns <= n_rows:
        cross = np.zeros((n_columns, n_columns))
        for start in range(0, n_rows, _BLOCK):
            block = rows[start : start + _BLOCK] - mean
            cross += block.T @ block
        values, vectors = _eigh(cross)
        order = np.argsort(-values, kind="stable")
        return np.clip(values[order], 0.0, None), vectors[:, order].T
    centred = rows - mean
    values, vectors = _eigh(centred @ centred.T)
    order = np.argsort(-values, kind="stable")
    values = np.clip(values[order], 0.0, None)
    directions = vectors[:, order].T @ centred
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return values, directions / np.where(lengths > 0, lengths, 1.0)


def _eigh(matrix: Float[np.ndarray, "k k"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k k"]]:
    # On one core: on a busy machine, BLAS threads that wait for one another took five times as long.
    with threadpool_limits(1, user_api="blas"):
        values, vectors = np.linalg.eigh(matrix)
    return values, vectors


def _how_many(variances: Float[np.ndarray, " r"], pca: float | int, allowed: int) -> tuple[int, tuple[str, ...]]:
    if pca >= 1:
        if pca > allowed:
            sentence = "PCA was asked for {asked} components; the data allow {allowed}, which were kept."
            return allowed, (note(sentence, asked=int(pca), allowed=allowed),)
        return int(pca), ()
    total = variances.sum()
    if total <= 0:
        return 1, (note("All embeddings are the same, so no component holds any variance."),)
    cumulative = np.cumsum(variances) / total
    return min(int(np.searchsorted(cumulative, pca - 1e-12)) + 1, allowed), ()


def _with_fixed_signs(directions: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "k d"]:
    largest = np.argmax(np.abs(directions), axis=1)
    signs = np.sign(directions[np.arange(directions.shape[0]), largest])
    return directions * np.where(signs == 0, 1.0, signs)[:, None]
