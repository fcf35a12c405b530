"""Numbers out of text, compiled: what the ASCII formats share."""

from __future__ import annotations

import numpy as np
from numba import njit

_POWERS = np.array([10.0**exponent for exponent in range(23)])
_LARGEST_EXACT_POWER = 22


@njit(cache=True, nogil=True)
def parse_number(data: np.ndarray, at: int) -> tuple[float, int]:
    """Read one number that begins at byte `at`.

    Returns
    -------
    value : float
        The number; NaN where the text is no number or says so.
    end : int
        The first byte behind it; `at` itself where the text is no number.
    """
    size = data.size
    i = at
    sign = 1.0
    if i < size and (data[i] == 45 or data[i] == 43):
        if data[i] == 45:
            sign = -1.0
        i += 1
    mantissa = np.uint64(0)
    digits = 0
    dropped = 0
    seen = 0
    while i < size and 48 <= data[i] <= 57:
        seen += 1
        if digits < 18:
            mantissa = mantissa * np.uint64(10) + np.uint64(data[i] - 48)
            if mantissa > 0:
                digits += 1
        else:
            dropped += 1
        i += 1
    if i < size and data[i] == 46:
        i += 1
        while i < size and 48 <= data[i] <= 57:
            seen += 1
            if digits < 18:
                mantissa = mantissa * np.uint64(10) + np.uint64(data[i] - 48)
                dropped -= 1
                if mantissa > 0:
                    digits += 1
            i += 1
    if seen == 0:
        return _parse_word(data, i, at, sign)
    exponent = 0
    if i < size and (data[i] | 32) in (101, 100):  # e, d (Fortran)
        j = i + 1
        down = False
        if j < size and (data[j] == 45 or data[j] == 43):
            down = data[j] == 45
            j += 1
        if j < size and 48 <= data[j] <= 57:
            while j < size and 48 <= data[j] <= 57:
                if exponent < 10000:
                    exponent = exponent * 10 + (data[j] - 48)
                j += 1
            if down:
                exponent = -exponent
            i = j
    return sign * _scaled(float(mantissa), exponent + dropped), i


@njit(cache=True, nogil=True)
def _scaled(value: float, exponent: int) -> float:
    if value == 0.0 or exponent == 0:
        return value
    if 0 < exponent <= _LARGEST_EXACT_POWER:
        return value * _POWERS[exponent]
    if -_LARGEST_EXACT_POWER <= exponent < 0:
        return value / _POWERS[-exponent]
    return value * 10.0**exponent


@njit(cache=True, nogil=True)
def _parse_word(data: np.ndarray, i: int, at: int, sign: float) -> tuple[float, int]:
    """Read `nan`, `inf`, `-nan(ind)` and their like, which exporters write for missing points."""
    if i + 3 <= data.size:
        a, b, c = data[i] | 32, data[i + 1] | 32, data[i + 2] | 32
        is_nan = a == 110 and b == 97 and c == 110
        is_inf = a == 105 and b == 110 and c == 102
        if is_nan or is_inf:
            i += 3
            while i < data.size and data[i] > 32:
                i += 1
            return (sign * np.inf if is_inf else np.nan), i
    return np.nan, at


@njit(cache=True, nogil=True)
def skip_blanks(data: np.ndarray, at: int) -> int:
    """Return the first byte from `at` on that is neither a blank nor a tab (line ends count)."""
    i = at
    while i < data.size and (data[i] == 32 or data[i] == 9 or data[i] == 11 or data[i] == 12):
        i += 1
    return i


@njit(cache=True, nogil=True)
def skip_line(data: np.ndarray, at: int) -> int:
    """Return the first byte behind the line that `at` is in."""
    i = at
    while i < data.size and data[i] != 10 and data[i] != 13:
        i += 1
    while i < data.size and (data[i] == 10 or data[i] == 13):
        i += 1
    return i


@njit(cache=True, nogil=True)
def numbers_by_line(data: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Read all numbers from byte `at` on; `#` begins a comment.

    Returns
    -------
    values : (k,) float64
        The numbers.
    starts : (lines + 1,) int64
        Where in `values` each line that holds numbers begins, and the end.
    stopped : int
        Byte of the first thing that is no number, or the size of the text.
    """
    room = 1024
    values = np.empty(room, np.float64)
    line_room = 512
    starts = np.empty(line_room, np.int64)
    count = 0
    lines = 0
    fresh = True
    i = at
    while i < data.size:
        byte = data[i]
        if byte == 10 or byte == 13:
            fresh = True
            i += 1
        elif byte <= 32 or byte == 44:
            i += 1
        elif byte == 35:
            i = skip_line(data, i)
            fresh = True
        else:
            value, end = parse_number(data, i)
            if end == i or (end < data.size and data[end] > 32 and data[end] != 44 and data[end] != 35):
                break
            if fresh:
                if lines + 1 >= line_room:
                    line_room *= 2
                    larger = np.empty(line_room, np.int64)
                    larger[:lines] = starts[:lines]
                    starts = larger
                starts[lines] = count
                lines += 1
                fresh = False
            if count == room:
                room *= 2
                wider = np.empty(room, np.float64)
                wider[:count] = values[:count]
                values = wider
            values[count] = value
            count += 1
            i = end
    starts[lines] = count
    return values[:count], starts[: lines + 1], i
