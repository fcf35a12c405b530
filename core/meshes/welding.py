"""Welding of vertices at exactly the same position."""

from __future__ import annotations

import numpy as np

from core.foundation import njit

_FAR = 64  # distance from the origin by the extent, from which single precision loses shape


def weld(points: np.ndarray, *, double: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return a number for every point, the same for exactly equal positions.

    Parameters
    ----------
    points : (n, 3) float32 or float64
        Positions.
    double : bool
        Whether positions are compared in double precision, otherwise in single. Points far from the
        origin are moved there before they become single.

    Returns
    -------
    inverse : (n,) int32
        The number of every point, in order of first appearance.
    first : (k,) int32
        The first point of each number.

    Examples
    --------
    >>> import numpy as np
    >>> inverse, first = weld(np.array([[0.0, 0, 0], [1, 0, 0], [0, 0, 0]]))
    >>> inverse.tolist(), first.tolist()
    ([0, 1, 0], [0, 1])
    """
    real, bits = (np.dtype("f8"), np.dtype("u8")) if double else (np.dtype("f4"), np.dtype("u4"))
    points = points if double else _near_origin(points)
    kept = np.ascontiguousarray(points, dtype=real) + np.zeros(1, real)  # -0 becomes 0
    slots = 1 << max(4, int(2 * len(kept)).bit_length())
    return _weld(kept.view(bits), slots)


def _near_origin(points: np.ndarray) -> np.ndarray:
    """Return points that are far from the origin for their extent moved there, others as they are."""
    if points.dtype != np.float64 or not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    is_far = np.abs(points).max() > _FAR * (high - low).max()
    return points - low if is_far else points


@njit(cache=True, nogil=True)
def _weld(bits: np.ndarray, slots: int) -> tuple[np.ndarray, np.ndarray]:
    table = np.full(slots, -1, np.int32)
    inverse = np.empty(len(bits), np.int32)
    first = np.empty(len(bits), np.int32)
    found = 0
    mask = np.uint64(slots - 1)
    for i in range(len(bits)):
        key = (
            np.uint64(bits[i, 0]) * np.uint64(0x9E3779B97F4A7C15)
            ^ np.uint64(bits[i, 1]) * np.uint64(0xC2B2AE3D27D4EB4F)
            ^ np.uint64(bits[i, 2]) * np.uint64(0x165667B19E3779F9)
        )
        key ^= key >> np.uint64(29)
        key *= np.uint64(0xBF58476D1CE4E5B9)
        slot = (key >> np.uint64(20)) & mask
        while True:
            number = table[slot]
            if number < 0:
                table[slot] = found
                first[found] = i
                inverse[i] = found
                found += 1
                break
            other = first[number]
            if bits[other, 0] == bits[i, 0] and bits[other, 1] == bits[i, 1] and bits[other, 2] == bits[i, 2]:
                inverse[i] = number
                break
            slot = (slot + np.uint64(1)) & mask
    return inverse, first[:found].copy()
