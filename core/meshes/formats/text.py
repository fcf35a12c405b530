"""Compiled parsers of numbers in text, for the readers of ASCII formats.

All of them are in one file, because numba caches compiled code by the age of its own file: a caller in
another file would keep using the code that it was compiled with.
"""

from __future__ import annotations

import numpy as np

from core.foundation import njit

_POWERS = np.array([10.0**exponent for exponent in range(23)])
_LARGEST_EXACT_POWER = 22
_LARGEST_POWER = 280
_UNKNOWN = 3  # place of unknown words in `others`

# What a scan cannot read.
BAD_NUMBERS = 1  # a row of numbers
BAD_CORNER = 2  # a corner of a face
BAD_WORD = 3  # a line without a known word
BAD_PLACE = 4  # a word where it does not belong
BAD_LOOPS = 5  # a facet with several outlines


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
        if seen and i < size and data[i] == 35:
            end = _end_of_missing(data, i)
            if end > i:
                is_infinite = data[i + 1] & 0xDF == 74 or (end > i + 3 and data[i + 3] & 0xDF == 70)  # J, INF
                return (sign * np.inf if is_infinite else np.nan), end
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
def _end_of_missing(data: np.ndarray, at: int) -> int:
    """Return the end of `#QNAN`, `#IND`, `#INF0` …, `at` itself for anything else.

    Libraries of Microsoft write `1.#QNAN`, and cut it to as many digits as are asked for: `1.#QO`,
    `1.#J`. Few capital letters of these words and digits follow the sign, then a blank.
    """
    i = at + 1
    letters = 0
    while i < data.size and 65 <= data[i] & 0xDF <= 90:
        letters += 1
        i += 1
    first = data[at + 1] & 0xDF if letters else 0
    while i < data.size and 48 <= data[i] <= 57:
        i += 1
    is_end = i >= data.size or data[i] <= 32 or data[i] == 44 or data[i] == 59
    is_known = first == 81 or first == 83 or first == 73 or first == 74 or first == 82  # Q, S, I, J, R
    return i if is_end and is_known and letters <= 4 else at


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
def scan_stl(data: np.ndarray):  # type: ignore[no-untyped-def]
    """Collect the corners of all facets of an ASCII STL, of one solid or several.

    Returns
    -------
    corners : (n, 3) float64
        The numbers behind every `vertex`.
    counts : (f,) int64
        Corners of every facet.
    facets_at : (f,) int64
        Byte of every `facet`.
    solids : int
        Number of solids.
    ended : bool
        Whether the last solid has its `endsolid`.
    fault, fault_at : int
        What cannot be read (`BAD_NUMBERS` …) and its first byte; 0 if there is nothing.
    """
    corners = np.empty((4096, 3), np.float64)
    facets = np.empty((2048, 2), np.int64)
    n_corners = n_facets = solids = loops = 0
    in_solid = in_facet = False
    fault = fault_at = at = 0
    i = _skip_white(data, 0)
    while i < data.size:
        at = i
        end = _end_of_word(data, i)
        first = data[i] | 32
        if first == 118 and _is_stl_word(data, i, end, b"vertex"):
            if not in_facet:
                fault = BAD_PLACE
                break
            if n_corners == len(corners):
                corners = _grown(corners, n_corners)
            end, count = _row(data, end, corners[n_corners])
            is_next_word = end < data.size and _is_letter(data[end]) and data[end - 1] <= 32
            if count != 3 or (end < data.size and data[end] != 10 and data[end] != 13 and not is_next_word):
                fault = BAD_NUMBERS
                break
            n_corners += 1
            facets[n_facets - 1, 0] += 1
        elif first == 101 and end - i >= 3 and _is_stl_word(data, i, i + 3, b"end"):
            i += 3
            if i == end:  # end facet, in two words
                i = skip_blanks(data, end)
                end = _end_of_word(data, i)
            if _is_stl_word(data, i, end, b"solid"):
                in_solid = in_facet = False
                end = _end_of_name(data, end)
            elif _is_stl_word(data, i, end, b"facet"):
                in_facet = False
        elif first == 102 and _is_stl_word(data, i, end, b"facet"):
            if not in_solid:
                fault = BAD_PLACE
                break
            if n_facets == len(facets):
                facets = _grown(facets, n_facets)
            facets[n_facets, 0] = 0
            facets[n_facets, 1] = at
            n_facets += 1
            loops = 0
            in_facet = True
        elif first == 115 and _is_stl_word(data, i, end, b"solid"):
            solids += 1
            in_solid = True
            in_facet = False
            end = _end_of_name(data, end)
        elif first == 108 and _is_stl_word(data, i, end, b"loop"):
            loops += 1
            if loops > 1 or not in_facet:
                fault = BAD_LOOPS if in_facet else BAD_PLACE
                break
        elif not in_solid:
            fault = BAD_PLACE
            break
        i = _skip_white(data, end)
    if fault:
        fault_at = at
    return (
        corners[:n_corners],
        facets[:n_facets, 0].copy(),
        facets[:n_facets, 1].copy(),
        solids,
        not in_solid,
        fault,
        fault_at,
    )


@njit(cache=True, nogil=True)
def _skip_white(data: np.ndarray, at: int) -> int:
    i = at
    while i < data.size and data[i] <= 32 and data[i] > 0:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _end_of_word(data: np.ndarray, at: int) -> int:
    i = at
    while i < data.size and (data[i] > 32 or data[i] == 0):
        i += 1
    return i


@njit(cache=True, nogil=True)
def _end_of_name(data: np.ndarray, at: int) -> int:
    """Return the end of the line of a solid's name, or its first facet if that is on the same line."""
    i = at
    while i < data.size and data[i] != 10 and data[i] != 13:
        if data[i] > 32 and data[i - 1] <= 32:
            end = _end_of_word(data, i)
            if _is_stl_word(data, i, end, b"facet"):
                after = skip_blanks(data, end)
                if _is_stl_word(data, after, _end_of_word(data, after), b"normal"):
                    return i
        i += 1
    return i


@njit(cache=True, nogil=True)
def _is_stl_word(data: np.ndarray, at: int, end: int, word: bytes) -> bool:
    """Return whether bytes are a word of small letters, in any case."""
    same = end - at == len(word)
    for k in range(len(word)):
        same = same and data[at + k] | 32 == word[k]
    return same


@njit(cache=True, nogil=True)
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122


@njit(cache=True, nogil=True)
def _grown(table: np.ndarray, count: int) -> np.ndarray:
    larger = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    larger[:count] = table[:count]
    return larger


@njit(cache=True, nogil=True)
def with_joined_lines(data: np.ndarray) -> np.ndarray:
    """Return the text of an OBJ file with lines that end in a backslash joined to the next.

    It keeps its length. Only lines of vertices and elements are joined: comments and names may end
    in a folder.
    """
    joined = data.copy()
    i = 0
    while i < data.size:
        i = skip_blanks(data, i)
        is_joined = i < data.size and (data[i] == 118 or data[i] == 102 or data[i] == 108 or data[i] == 112)
        while i < data.size and data[i] != 10 and data[i] != 13:
            step = 0
            if is_joined and data[i] == 92 and i + 1 < data.size:
                if data[i + 1] == 10:
                    step = 2
                elif data[i + 1] == 13:
                    step = 3 if i + 2 < data.size and data[i + 2] == 10 else 2
            joined[i : i + step] = 32
            i += max(step, 1)
        i += 1
    return joined


@njit(cache=True, nogil=True)
def scan_obj(data: np.ndarray):  # type: ignore[no-untyped-def]
    """Collect vertices, texture coordinates, faces and materials of an OBJ file.

    Returns
    -------
    vertices : (n, 7) float64
        The numbers of each vertex line; only as many as `widths` says are set.
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
    blocks : (b, 2) int64
        Number of vertices and of polygons before each vertex line that follows a face.
    others : (5,) int64
        Number of lines and points (`l`, `p`), of free-form curves and surfaces, of other files
        (`call`), of lines with unknown words, and the first byte of the first of these.
    fault, fault_at : int
        What cannot be read (`BAD_NUMBERS` …) and the first byte of its line; 0 if there is nothing.
    """
    vertices = np.empty((1024, 7), np.float64)
    widths = np.empty((1024, 1), np.int64)
    textures = np.empty((1024, 2), np.float64)
    counts = np.empty((1024, 1), np.int64)
    corners = np.empty((4096, 2), np.int64)
    materials = np.empty((16, 2), np.int64)
    libraries = np.empty((16, 1), np.int64)
    blocks = np.empty((16, 2), np.int64)
    others = np.zeros(5, np.int64)
    n_vertices = n_textures = n_faces = n_corners = n_materials = n_libraries = n_blocks = 0
    is_face_last = False
    fault = fault_at = 0
    i = 0
    size = data.size
    while i < size:
        i = skip_blanks(data, i)
        start = i
        first = data[i] if i < size else 10
        second = data[i + 1] if i + 1 < size else 10
        third = data[i + 2] if i + 2 < size else 10
        if first == 118 and second <= 32:  # v
            if n_vertices == len(vertices):
                vertices = _grown(vertices, n_vertices)
                widths = _grown(widths, n_vertices)
            if is_face_last:
                if n_blocks == len(blocks):
                    blocks = _grown(blocks, n_blocks)
                blocks[n_blocks, 0] = n_vertices
                blocks[n_blocks, 1] = n_faces
                n_blocks += 1
                is_face_last = False
            i, width = _row(data, i + 1, vertices[n_vertices])
            widths[n_vertices, 0] = width
            if width < 3 or not _is_end_of_row(data, i):
                fault = BAD_NUMBERS
            n_vertices += 1
        elif first == 118 and second == 116 and third <= 32:  # vt
            if n_textures == len(textures):
                textures = _grown(textures, n_textures)
            textures[n_textures] = 0.0
            i, width = _row(data, i + 2, textures[n_textures])
            if width < 1 or not _is_end_of_row(data, i):
                fault = BAD_NUMBERS
            n_textures += 1
        elif first == 102 and (second <= 32 or (second == 111 and third <= 32)):  # f, fo
            if n_faces == len(counts):
                counts = _grown(counts, n_faces)
            i += 1 if second <= 32 else 2
            count = 0
            while True:
                i = skip_blanks(data, i)
                if _is_end_of_row(data, i):
                    break
                vertex, texture, end = _corner(data, i)
                if end == i:
                    fault = BAD_CORNER
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
                elif corners[n_corners, 1] < 0:
                    corners[n_corners, 1] = -2
                n_corners += 1
                count += 1
            counts[n_faces, 0] = count
            n_faces += 1
            is_face_last = True
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
        elif first != 35 and first != 10 and first != 13 and not (first == 118 and second == 110 and third <= 32):
            kind = _kind_of_word(data, i)
            if kind >= 0:
                others[kind] += 1
            if kind == _UNKNOWN:
                if others[_UNKNOWN] == 1:
                    others[_UNKNOWN + 1] = start
                # A number is the rest of another line, and v or f the beginning of a damaged one.
                is_number = 48 <= first <= 57 or first == 43 or first == 45 or first == 46
                if is_number or first < 32 or first | 32 == 118 or first | 32 == 102:
                    fault = BAD_WORD
        if fault:
            fault_at = start
            break
        while i < size and data[i] != 10 and data[i] != 13:
            i += 1
        i += 1
    return (
        vertices[:n_vertices],
        widths[:n_vertices, 0],
        textures[:n_textures],
        counts[:n_faces, 0].copy(),
        corners[:n_corners, 0].copy(),
        corners[:n_corners, 1].copy(),
        materials[:n_materials].copy(),
        libraries[:n_libraries, 0].copy(),
        blocks[:n_blocks].copy(),
        others,
        fault,
        fault_at,
    )


@njit(cache=True, nogil=True)
def _kind_of_word(data: np.ndarray, at: int) -> int:
    """Return the place in `others` of the word of a line, -1 for words without a surface."""
    if _is_any_word(data, at, (b"l", b"p")):
        return 0
    if _is_any_word(data, at, (b"curv", b"curv2", b"surf", b"bzp", b"bsp", b"cdc", b"cdp")):
        return 1
    if _is_any_word(data, at, (b"call", b"csh")):
        return 2
    settings = (b"g", b"s", b"o", b"mg", b"bevel", b"c_interp", b"d_interp", b"lod", b"maplib", b"usemap")
    if _is_any_word(data, at, settings) or _is_any_word(data, at, (b"shadow_obj", b"trace_obj", b"ctech", b"stech")):
        return -1
    freeform = (b"vp", b"cstype", b"deg", b"bmat", b"step", b"parm", b"trim", b"hole", b"scrv", b"sp", b"end", b"con")
    if _is_any_word(data, at, freeform) or _is_any_word(data, at, (b"res", b"usemtl", b"mtllib")):
        return -1
    return _UNKNOWN


@njit(cache=True, nogil=True)
def _is_end_of_row(data: np.ndarray, at: int) -> bool:
    """Return whether a row of numbers ends here: at a line end, a comment, or the end of the text."""
    return bool(at >= data.size or data[at] == 10 or data[at] == 13 or data[at] == 35)


@njit(cache=True, nogil=True)
def _is_any_word(data: np.ndarray, at: int, words: tuple[bytes, ...]) -> bool:
    """Return whether the line begins with one of these words, and a blank or its end behind it."""
    end = _end_of_word(data, at)
    found = False
    for word in words:
        same = end - at == len(word)
        for k in range(len(word)):
            same = same and data[at + k] == word[k]
        found = found or same
    return found


@njit(cache=True, nogil=True)
def _is_word(data: np.ndarray, at: int, word: bytes) -> bool:
    """Return whether this word of small letters stands here in any case, and a blank behind it."""
    if at + len(word) >= data.size:
        return False
    after = data[at + len(word)]
    return (after == 32 or after == 9) and _is_stl_word(data, at, at + len(word), word)


@njit(cache=True, nogil=True)
def _row(data: np.ndarray, at: int, into: np.ndarray) -> tuple[int, int]:
    """Read the numbers of a line into `into`, and return the end and their count.

    Blanks stand between them, or the sign of the next.
    """
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
        if i < data.size and data[i] > 32 and data[i] != 43 and data[i] != 45:
            break
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
