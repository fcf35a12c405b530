"""Vectors rounded to half precision, with bounds of the rounding errors.

Half precision is bfloat16 if this processor multiplies it faster than single precision. Otherwise
nothing is rounded, and everything else is the same.
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
# Number of half-precision numbers that sum to one single-precision number.
PARTS = 3


@dataclass(frozen=True)
class HalfPrecisionVectors:
    """Vectors, and the same vectors in half precision.

    The similarity of two vectors is their product plus an offset of each, so that one form holds
    for all metrics: minus half the squared distance for euclidean, the product otherwise. An
    origin is subtracted before rounding, because errors are smaller near the mean; `shifts`
    replace the offsets for the rounded vectors.

    Parameters
    ----------
    points : (n, d) float32
        The vectors.
    offsets, shifts : (n,) float32
        Added to products of the vectors, and to products of the rounded vectors.
    bits : (n, d) uint16, or uint32 if nothing is rounded
        Bits of the rounded numbers.
    lengths, errors : (n,) float32
        Lengths of the rounded vectors, and of the rounding errors.
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
    ) -> HalfPrecisionVectors:
        """Round vectors to half precision, block by block."""
        n = len(points)
        offsets, shifts, lengths, errors = (np.zeros(n, np.float32) for _ in range(4))
        bits = np.empty(points.shape, dtype=bits_of(np.zeros(1, np.float32)).dtype)

        def round_block(start: int) -> None:
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
            list(pool.map(round_block, range(0, n, _ROWS_AT_ONCE)))
        return cls(points, offsets, shifts, bits, lengths, errors)

    def some(self, rows: Int[np.ndarray, " m"]) -> HalfPrecisionVectors:
        """Return a selection of the vectors."""
        if np.array_equal(rows, np.arange(len(self.points))):
            return self
        parts = self.points, self.offsets, self.shifts, self.bits, self.lengths, self.errors
        return HalfPrecisionVectors(*(part[rows] for part in parts))


def as_tensor(bits: UInt[np.ndarray, "n d"]) -> torch.Tensor:
    """Return bits as a tensor of numbers, without a copy."""
    kinds = (np.int16, torch.bfloat16) if bits.dtype == np.uint16 else (np.int32, torch.float32)
    return torch.from_numpy(bits.view(kinds[0])).view(kinds[1])


def bits_of(values: Float32[np.ndarray, "..."]) -> UInt[np.ndarray, "..."]:
    """Return the bits of numbers rounded to half precision, if the processor has it."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16) if has_half_precision() else bits


def in_parts(values: Float32[np.ndarray, " n"]) -> UInt[np.ndarray, "n 3"]:
    """Return the bits of three half-precision numbers that sum to each number.

    The error of the sum is negligible.
    """
    parts = []
    for _ in range(PARTS):
        parts.append(bits_of(values))
        values = values - _numbers_of(parts[-1])
    return np.stack(parts, axis=1)


def _numbers_of(bits: np.ndarray) -> np.ndarray:
    """Return the values of rounded numbers, float32."""
    wide = bits.astype(np.uint32) << 16 if bits.dtype == np.uint16 else bits
    return np.asarray(wide.view(np.float32))


@cache
def has_half_precision() -> bool:
    """Return whether bfloat16 is multiplied faster than float32, which is timed once."""
    seconds = {torch.bfloat16: np.inf, torch.float32: np.inf}
    for kind in list(seconds) * 5:
        numbers = torch.ones((512, 512), dtype=kind)
        started = time.perf_counter()
        torch.mm(numbers, numbers.T)
        seconds[kind] = min(seconds[kind], time.perf_counter() - started)
    return bool(seconds[torch.bfloat16] < seconds[torch.float32])
