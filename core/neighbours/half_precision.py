"""Vectors rounded to half precision, with what is known of what that takes from them.

Half precision is bfloat16 where this processor multiplies it faster than single precision; else
nothing is rounded, and all else stays the same.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float32, Int, UInt

_ROWS_AT_ONCE = 1024
# A number stands for what it is in so many rounded ones.
PARTS = 3


@dataclass(frozen=True)
class Rounded:
    """Vectors, and what rounding makes of them.

    How alike two of them are is their product and an offset of each, so that one form holds for
    all metrics: minus half the square of the distance for euclidean ones, else the product. What
    is rounded are the vectors less an origin, since less is lost near the middle of all; `shifts`
    take the place of the offsets there.

    Parameters
    ----------
    points : (n, d) float32
        The vectors.
    offsets, shifts : (n,) float32
        What is added to products of the vectors, and to those of what is rounded.
    bits : (n, d) uint16, or uint32 where nothing is rounded
        Bits of the rounded numbers.
    lengths, errors : (n,) float32
        Lengths of what is rounded, and of what rounding takes.
    """

    points: Float32[np.ndarray, "n d"]
    offsets: Float32[np.ndarray, " n"]
    shifts: Float32[np.ndarray, " n"]
    bits: UInt[np.ndarray, "n d"]
    lengths: Float32[np.ndarray, " n"]
    errors: Float32[np.ndarray, " n"]

    @classmethod
    def of(
        cls, points: Float32[np.ndarray, "n d"], origin: Float32[np.ndarray, " d"], *, is_euclidean: bool
    ) -> Rounded:
        """Round vectors, some at a time."""
        n = len(points)
        offsets, shifts, lengths, errors = (np.zeros(n, np.float32) for _ in range(4))
        bits = np.empty(points.shape, dtype=bits_of(np.zeros(1, np.float32)).dtype)

        def round_some(start: int) -> None:
            part = slice(start, start + _ROWS_AT_ONCE)
            near = points[part] - origin
            squares = np.einsum("nd,nd->n", near, near)
            bits[part] = bits_of(near)
            lengths[part] = np.sqrt(squares)
            errors[part] = np.linalg.norm(near - _numbers_of(bits[part]), axis=1)
            if is_euclidean:
                offsets[part] = -np.einsum("nd,nd->n", points[part], points[part]) / 2
                shifts[part] = -squares / 2
            else:
                shifts[part] = near @ origin + origin @ origin / 2

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(round_some, range(0, n, _ROWS_AT_ONCE)))
        return cls(points, offsets, shifts, bits, lengths, errors)

    def some(self, rows: Int[np.ndarray, " m"]) -> Rounded:
        """Return some of the vectors."""
        if np.array_equal(rows, np.arange(len(self.points))):
            return self
        parts = self.points, self.offsets, self.shifts, self.bits, self.lengths, self.errors
        return Rounded(*(part[rows] for part in parts))


def as_tensor(bits: UInt[np.ndarray, "n d"]) -> torch.Tensor:
    """Return bits as the numbers they are, without a copy."""
    kinds = (np.int16, torch.bfloat16) if bits.dtype == np.uint16 else (np.int32, torch.float32)
    return torch.from_numpy(bits.view(kinds[0])).view(kinds[1])


def bits_of(values: Float32[np.ndarray, "..."]) -> UInt[np.ndarray, "..."]:
    """Return the bits of numbers in the precision that is multiplied, rounded to the nearest."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16) if is_rounded() else bits


def in_parts(values: Float32[np.ndarray, " n"]) -> UInt[np.ndarray, "n 3"]:
    """Return bits of numbers as sums of three rounded ones, (n, 3), which lose nothing that counts."""
    parts = []
    for _ in range(PARTS):
        parts.append(bits_of(values))
        values = values - _numbers_of(parts[-1])
    return np.stack(parts, axis=1)


def _numbers_of(bits: np.ndarray) -> np.ndarray:
    """Return what numbers are once they are rounded."""
    wide = bits.astype(np.uint32) << 16 if bits.dtype == np.uint16 else bits
    return np.asarray(wide.view(np.float32))


@cache
def is_rounded() -> bool:
    """Return whether this processor multiplies bfloat16 faster than float32, which is tried once."""
    seconds = {torch.bfloat16: np.inf, torch.float32: np.inf}
    for kind in list(seconds) * 5:
        numbers = torch.ones((512, 512), dtype=kind)
        started = time.perf_counter()
        torch.mm(numbers, numbers.T)
        seconds[kind] = min(seconds[kind], time.perf_counter() - started)
    return bool(seconds[torch.bfloat16] < seconds[torch.float32])
