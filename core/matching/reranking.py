"""Re-ranking by shared neighbours (k-reciprocal encoding)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from core.foundation import SettingError


def k_reciprocal(
    distances: Float[np.ndarray, "n n"], k1: int = 10, k2: int = 4, share: float = 0.3
) -> Float64[np.ndarray, "n n"]:
    """Return distances in which specimens that share neighbours are nearer.

    Two specimens are k-reciprocal neighbours if each is among the k nearest of the other. A
    specimen is described by its k-reciprocal neighbours and theirs, weighted by nearness and
    averaged over its k2 nearest. Descriptions are compared by the Jaccard distance (Zhong, Zheng,
    Cao & Li 2017, Re-ranking person re-identification with k-reciprocal encoding, CVPR).

    Parameters
    ----------
    distances : (n, n) float
        Symmetric, 0 on the diagonal.
    k1, k2 : int
        Sizes of the neighbourhoods, at least 1.
    share : float
        Weight of the original distance, divided by the largest of its row, 0 to 1.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> places = np.array([0.0, 1.0, 10.0, 11.0])
    >>> k_reciprocal(abs(places[:, None] - places), k1=1, k2=1)[0].round(2).tolist()
    [0.0, 0.09, 0.97, 1.0]
    """
    if min(k1, k2) < 1 or not 0 <= share <= 1:
        raise SettingError(f"'k1' and 'k2' must be at least 1, 'share' from 0 to 1 (got {k1}, {k2}, {share}).")
    scaled = distances / np.maximum(distances.max(axis=1, keepdims=True), 1e-12)
    order = np.argsort(scaled, axis=1, kind="stable")
    wide, narrow = _reciprocal(order, k1), _reciprocal(order, max(1, round(k1 / 2)))
    described = np.zeros(distances.shape)
    for row, own in enumerate(wide):
        near = np.flatnonzero(own)
        # The neighbours of a neighbour join if two thirds of them are neighbours already.
        joined = [other for other in near if 3 * (narrow[other] & own).sum() > 2 * narrow[other].sum()]
        members = np.flatnonzero(own | narrow[joined].any(axis=0))
        weights = np.exp(-scaled[row, members])
        described[row, members] = weights / weights.sum()
    described = np.stack([described[order[row, :k2]].mean(axis=0) for row in range(len(described))])
    # Rows sum to 1, so that the union is 2 less the intersection.
    common = np.stack([np.minimum(row, described).sum(axis=1) for row in described])
    return np.asarray((1 - share) * (1 - common / (2 - common)) + share * scaled)


def _reciprocal(order: np.ndarray, k: int) -> np.ndarray:
    """Return for every pair whether each is among the k nearest of the other.

    A specimen is its own neighbour, beyond the k.
    """
    near = np.zeros(order.shape, dtype=bool)
    np.put_along_axis(near, order[:, : k + 1], True, axis=1)
    return np.asarray(near & near.T)
