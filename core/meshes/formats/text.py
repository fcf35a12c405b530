"""Compiled parsers of numbers in text, for the readers of ASCII formats.

All of them are in one file, because numba caches compiled code by the age of its own file: a caller in
another file would keep using the code that it was compiled with.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_POWERS = np.array([10.0**exponent for exponent in range(23)])
_LARGEST_EXACT_POWER = 22
_LARGEST_POWER = 280


@njit(cache=True, nogil=True)
def parse_number(data: np.ndarray, at: int):  # type: ignore[no-untyped-def]
    """Read one number that begins at byte `at`.

    Returns
    -------
    value : float
        The number; NaN if the text is no number, or is a word for NaN.
    end : int
        The first byte behind it; `at` itself if the text is no number.
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
        return float(value * _POWERS[exponent])
    if -_LARGEST_EXACT_POWER <= exponent < 0:
        return float(value / _POWERS[-exponent])
    if exponent < -_LARGEST_POWER:
        return value * 10.0**-_LARGEST_POWER * 10.0 ** (exponent + _LARGEST_POWER)
    return value * 10.0**exponent


@njit(cache=True, nogil=True)
def _parse_word(data: np.ndarray, i: int, at: int, sign: float):  # type: ignore[no-untyped-def]
    """Read words like `nan`, `inf` and `-nan(ind)`, written for missing points."""
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
    """Return the first byte from `at` on that is a line end or not white space."""
    i = at
    while i < data.size and (data[i] == 32 or data[i] == 9 or data[i] == 11 or data[i] == 12):
        i += 1
    return i


@njit(cache=True, nogil=True)
def numbers_by_line(data: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Read all numbers from byte `at` on, without comments.

    A comment begins with `#` at the beginning of a word, and ends with its line. A carriage return
    inside it is no end of the line if the text has line feeds.

    Returns
    -------
    values : (k,) float64
        The numbers.
    starts : (lines + 1,) int64
        Index in `values` at which each line with numbers begins, and the end.
    places : (lines,) int64
        The byte at which the first number of each line begins.
    stopped : int
        First byte of the first word that is no number, or the size of the text.
    """
    has_feeds = False
    for byte in data:
        if byte == 10:
            has_feeds = True
            break
    values = np.empty(1024, np.float64)
    lines = np.empty((512, 2), np.int64)
    count = 0
    n_lines = 0
    fresh = True
    i = at
    while i < data.size:
        byte = data[i]
        if byte == 10 or byte == 13:
            fresh = True
            i += 1
        elif byte <= 32:
            i += 1
        elif byte == 35:
            while i < data.size and data[i] != 10 and (has_feeds or data[i] != 13):
                i += 1
        else:
            value, end = parse_number(data, i)
            if end == i or (end < data.size and data[end] > 32):
                break
            if fresh:
                if n_lines == len(lines):
                    lines = _grown(lines, n_lines)
                lines[n_lines, 0] = count
                lines[n_lines, 1] = i
                n_lines += 1
                fresh = False
            if count == values.size:
                wider = np.empty(2 * count, np.float64)
                wider[:count] = values
                values = wider
            values[count] = value
            count += 1
            i = end
    starts = np.empty(n_lines + 1, np.int64)
    starts[:n_lines] = lines[:n_lines, 0]
    starts[n_lines] = count
    return values[:count], starts, lines[:n_lines, 1].copy(), i


@njit(cache=True, nogil=True)
def scan_stl(data: np.ndarray) -> tuple[np.ndarray, int, bool]:
    """Return the numbers behind every `vertex`, the number of facets, and a flag.

    The flag says whether there is a line `endsolid`.
    """
    room = 4096
    corners = np.empty((room, 3), np.float64)
    count = 0
    facets = 0
    ended = False
    i = 0
    while i < data.size:
        i = skip_blanks(data, i)
        if i + 6 < data.size:
            first = data[i] | 32
            if first == 118 and (data[i + 1] | 32) == 101 and (data[i + 5] | 32) == 120:  # ve...x
                if count == room:
                    room *= 2
                    larger = np.empty((room, 3), np.float64)
                    larger[:count] = corners[:count]
                    corners = larger
                i += 6
                whole = True
                for axis in range(3):
                    i = skip_blanks(data, i)
                    value, end = parse_number(data, i)
                    whole = whole and end > i
                    corners[count, axis] = value
                    i = end
                if whole:
                    count += 1
            elif first == 102 and (data[i + 1] | 32) == 97 and (data[i + 4] | 32) == 116:  # fa..t
                facets += 1
            elif first == 101 and (data[i + 3] | 32) == 115 and (data[i + 4] | 32) == 111:  # ends o
                ended = True
        while i < data.size and data[i] != 10 and data[i] != 13:
            i += 1
        i += 1
    return corners[:count], facets, ended


@njit(cache=True, nogil=True)
def _grown(table: np.ndarray, count: int) -> np.ndarray:
    larger = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    larger[:count] = table[:count]
    return larger


@njit(cache=True, nogil=True)
def scan_obj(data: np.ndarray):  # type: ignore[no-untyped-def]
    """Collect vertices, texture coordinates, faces and materials of an OBJ file.

    Returns
    -------
    vertices : (n, 6) float64
        Positions, and colours if the line has them.
    widths : (n,) int64
        Count of numbers in each vertex line.
    textures : (t, 2) float64
        Texture coordinates.
    counts : (p,) int64
        Corners of each polygon.
    corners, texture_corners : (c,) int64
        Indices of vertices and texture coordinates of all polygons; -1 if 0 or not given.
    materials : (k, 2) int64
        Byte of the name behind each `usemtl`, and the number of polygons before it.
    libraries : (l,) int64
        Byte of the name behind each `mtllib`.
    bad_line : int
        Number of the first line that cannot be read, 0 if there is none.
    """
    vertices = np.empty((1024, 6), np.float64)
    widths = np.empty((1024, 1), np.int64)
    textures = np.empty((1024, 2), np.float64)
    counts = np.empty((1024, 1), np.int64)
    corners = np.empty((4096, 2), np.int64)
    materials = np.empty((16, 2), np.int64)
    libraries = np.empty((16, 1), np.int64)
    n_vertices = n_textures = n_faces = n_corners = n_materials = n_libraries = 0
    line = 1
    bad_line = 0
    i = 0
    size = data.size
    while i < size:
        i = skip_blanks(data, i)
        first = data[i] if i < size else 10
        second = data[i + 1] if i + 1 < size else 10
        third = data[i + 2] if i + 2 < size else 10
        if first == 118 and second <= 32 and second != 10 and second != 13:  # v
            if n_vertices == len(vertices):
                vertices = _grown(vertices, n_vertices)
                widths = _grown(widths, n_vertices)
            i, width = _row(data, i + 1, vertices[n_vertices])
            widths[n_vertices, 0] = width
            if width < 3:
                bad_line = line
                break
            n_vertices += 1
        elif first == 118 and second == 116 and third <= 32:  # vt
            if n_textures == len(textures):
                textures = _grown(textures, n_textures)
            textures[n_textures] = 0.0
            i, width = _row(data, i + 2, textures[n_textures])
            n_textures += 1
        elif first == 102 and second <= 32 and second != 10 and second != 13:  # f
            if n_faces == len(counts):
                counts = _grown(counts, n_faces)
            i += 1
            count = 0
            while True:
                i = skip_blanks(data, i)
                if i >= size or data[i] == 10 or data[i] == 13 or data[i] == 35:
                    break
                vertex, texture, end = _corner(data, i)
                if end == i:
                    bad_line = line
                    break
                i = end
                if n_corners == len(corners):
                    corners = _grown(corners, n_corners)
                corners[n_corners, 0] = vertex - 1 if vertex > 0 else n_vertices + vertex
                if vertex == 0:
                    corners[n_corners, 0] = -1
                corners[n_corners, 1] = texture - 1 if texture > 0 else n_textures + texture
                if texture == 0:
                    corners[n_corners, 1] = -1
                n_corners += 1
                count += 1
            counts[n_faces, 0] = count
            n_faces += 1
            if bad_line:
                break
        elif _is_word(data, i, b"usemtl"):
            if n_materials == len(materials):
                materials = _grown(materials, n_materials)
            materials[n_materials, 0] = skip_blanks(data, i + 6)
            materials[n_materials, 1] = n_faces
            n_materials += 1
        elif _is_word(data, i, b"mtllib"):
            if n_libraries == len(libraries):
                libraries = _grown(libraries, n_libraries)
            libraries[n_libraries, 0] = skip_blanks(data, i + 6)
            n_libraries += 1
        while i < size and data[i] != 10 and data[i] != 13:
            i += 1
        if i + 1 < size and data[i] == 13 and data[i + 1] == 10:
            i += 1
        i += 1
        line += 1
    return (
        vertices[:n_vertices],
        widths[:n_vertices, 0],
        textures[:n_textures],
        counts[:n_faces, 0].copy(),
        corners[:n_corners, 0].copy(),
        corners[:n_corners, 1].copy(),
        materials[:n_materials].copy(),
        libraries[:n_libraries, 0].copy(),
        bad_line,
    )


@njit(cache=True, nogil=True)
def _is_word(data: np.ndarray, at: int, word: bytes) -> bool:
    if at + len(word) >= data.size:
        return False
    for k in range(len(word)):
        if data[at + k] != word[k]:
            return False
    after = data[at + len(word)]
    return bool(after == 32 or after == 9)


@njit(cache=True, nogil=True)
def _row(data: np.ndarray, at: int, into: np.ndarray) -> tuple[int, int]:
    """Read the numbers of a line into `into`, and return the end and their count."""
    i = at
    count = 0
    while True:
        i = skip_blanks(data, i)
        value, end = parse_number(data, i)
        if end == i:
            break
        if count < into.size:
            into[count] = value
        count += 1
        i = end
    return i, count


@njit(cache=True, nogil=True)
def _corner(data: np.ndarray, at: int) -> tuple[int, int, int]:
    """Read vertex and texture index of `v`, `v/t`, `v//n` or `v/t/n`, 0 if missing."""
    vertex, i = _integer(data, at)
    if i == at:
        return 0, 0, at
    texture = 0
    if i < data.size and data[i] == 47:
        texture, i = _integer(data, i + 1)
        if i < data.size and data[i] == 47:
            _, i = _integer(data, i + 1)
    if i < data.size and data[i] > 32:
        return 0, 0, at
    return vertex, texture, i


@njit(cache=True, nogil=True)
def _integer(data: np.ndarray, at: int) -> tuple[int, int]:
    i = at
    negative = False
    if i < data.size and (data[i] == 45 or data[i] == 43):
        negative = data[i] == 45
        i += 1
    digits = 0
    value = 0
    while i < data.size and 48 <= data[i] <= 57:
        if digits < 18:
            value = value * 10 + (data[i] - 48)
        digits += 1
        i += 1
    if digits == 0:
        return 0, at
    return (-value if negative else value), i
