"""Re-ranking by shared neighbours: who is in the other's neighbourhood, and whose is alike."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from core.foundation import SettingError


def k_reciprocal(
    distances: Float[np.ndarray, "n n"], k1: int = 10, k2: int = 4, share: float = 0.3
) -> Float64[np.ndarray, "n n"]:
    """Return distances in which specimens that share neighbours are nearer.

    Two are k-reciprocal neighbours where each is among the k nearest of the other. A specimen is
    described by its k-reciprocal neighbours and theirs, weighed by nearness and averaged over its
    own k2 nearest; descriptions are compared by Jaccard's distance (Zhong, Zheng, Cao & Li 2017,
    Re-ranking person re-identification with k-reciprocal encoding, CVPR).

    Parameters
    ----------
    distances : (n, n) float
        Symmetric, 0 on the diagonal.
    k1, k2 : int
        Sizes of the neighbourhoods, at least 1.
    share : float
        How much of the original distance, divided by the largest of its row, is kept, 0 to 1.

    Raises
    ------
    SettingError
        Where a setting is outside of what is allowed.
    """
    if min(k1, k2) < 1 or not 0 <= share <= 1:
        raise SettingError(f"'k1' and 'k2' must be at least 1, 'share' from 0 to 1 (got {k1}, {k2}, {share}).")
    scaled = distances / np.maximum(distances.max(axis=1, keepdims=True), 1e-12)
    order = np.argsort(scaled, axis=1, kind="stable")
    wide, narrow = _reciprocal(order, k1), _reciprocal(order, max(1, round(k1 / 2)))
    described = np.zeros(distances.shape)
    for row, own in enumerate(wide):
        near = np.flatnonzero(own)
        # The neighbours of a neighbour join where two thirds of them are mine already.
        joined = [other for other in near if 3 * (narrow[other] & own).sum() > 2 * narrow[other].sum()]
        members = np.flatnonzero(own | narrow[joined].any(axis=0))
        weights = np.exp(-scaled[row, members])
        described[row, members] = weights / weights.sum()
    described = np.stack([described[order[row, :k2]].mean(axis=0) for row in range(len(described))])
    # Rows add up to 1, so that the union is 2 less the intersection.
    common = np.stack([np.minimum(row, described).sum(axis=1) for row in described])
    return np.asarray((1 - share) * (1 - common / (2 - common)) + share * scaled)


def _reciprocal(order: np.ndarray, k: int) -> np.ndarray:
    """Return for every pair whether each is among the k nearest of the other, itself counted as one more."""
    near = np.zeros(order.shape, dtype=bool)
    np.put_along_axis(near, order[:, : k + 1], True, axis=1)
    return np.asarray(near & near.T)
