"""Text formats of numbers: commas that separate or are decimal, and what is left over."""

from __future__ import annotations

import re

from core.foundation import SpecimenError, note
from core.meshes.formats.lines import line_at, unreadable_line, without_padding

DECIMAL_COMMA = note("Its numbers have a decimal comma and were read so.")
_LARGEST_TAIL = 64
_COMMENT = re.compile(rb"(?<![^\s])#[^\n]*")
_WORD = re.compile(rb"[^\s]*,[^\s]*")
_DECIMAL = re.compile(rb"[+-]?\d*,\d+([eEdD][+-]?\d+)?")
_THOUSANDS = re.compile(rb"[+-]?[1-9]\d{0,2},\d{3}")
_POINT = re.compile(rb"\d\.|\.\d")


def without_commas(data: bytes, start: int, format_name: str) -> tuple[bytes, bool]:
    """Return a text of the same length without commas from byte `start` on.

    Commas that separate numbers become blanks, decimal commas become points. They are decimal if they
    all stand within numbers that blanks separate, if no number has a point, and if they cannot be
    marks of thousands.

    Parameters
    ----------
    data : bytes
        The whole file.
    start : int
        First byte of the numbers.
    format_name : str
        PLY or OFF, for errors.

    Returns
    -------
    text : bytes
        The text; `data` itself if it has no comma.
    is_decimal : bool
        Whether the numbers have decimal commas. The caller has to check that the rows then have as
        many numbers as they should.

    Raises
    ------
    SpecimenError
        If the commas may mean several things.
    """
    if data.find(b",", start) < 0:
        return data, False
    text = _COMMENT.sub(lambda found: b" " * len(found.group()), data[start:])
    decimal = separating = first_decimal = first_separating = 0
    only_thousands = True
    for word in _WORD.finditer(text):
        if _DECIMAL.fullmatch(word.group()):
            first_decimal = first_decimal if decimal else word.start()
            decimal += 1
            only_thousands = only_thousands and _THOUSANDS.fullmatch(word.group()) is not None
        else:
            first_separating = first_separating if separating else word.start()
            separating += 1
    if not decimal:
        _check_separators(data, text, start, format_name)
        return data[:start] + text.replace(b",", b" "), False
    if separating or only_thousands or _POINT.search(text):
        at = first_decimal if not separating else min(first_decimal, first_separating)
        raise unreadable_line(data, line_start(data, start + at), format_name)
    return data[:start] + text.replace(b",", b"."), True


def _check_separators(data: bytes, text: bytes, start: int, format_name: str) -> None:
    """Raise a `SpecimenError` if there are lines where some numbers are between commas and others are not."""
    at = start
    for line in text.splitlines(keepends=True):
        commas = line.count(b",")
        if commas and commas not in ((numbers := len(line.replace(b",", b" ").split())) - 1, numbers):
            raise unreadable_line(data, at, format_name)
        at += len(line)


def without_tail(data: bytes) -> bytes:
    r"""Return a text without a few zeros, blanks and line ends behind its last line.

    More zeros, and those behind a line that is cut, are left for the reader to refuse.

    Examples
    --------
    >>> without_tail(b"3 0 1 2\n\0\0\n\0")
    b'3 0 1 2\n'
    """
    data = without_padding(data)
    text = data.rstrip(b"\0\x1a \t\r\n")
    tail = data[len(text) :]
    is_padding = len(tail) <= _LARGEST_TAIL and tail[:1] in (b"\r", b"\n")
    return text + b"\n" if b"\0" in tail and is_padding else data


def line_start(data: bytes, at: int) -> int:
    """Return the first byte of the line that a byte is in."""
    return max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1


def has_comma(data: bytes, at: int) -> bool:
    """Return whether there is a comma from byte `at` to the end of its line."""
    end = data.find(b"\n", at)
    return b"," in data[at : end if end >= 0 else len(data)]


def left_over(data: bytes, at: int, format_name: str) -> SpecimenError:
    """Return the error for text behind the last row that the header counts.

    Parameters
    ----------
    data : bytes
        The whole file.
    at : int
        First byte that is left over.
    format_name : str
        PLY or OFF.
    """
    text = re.split(rb"[\r\n]", data[at : at + 240], maxsplit=1)[0].decode("utf-8", errors="replace").strip()
    return SpecimenError(
        "The header of the {format} file counts less than it holds: line {line:,} is left over ({text!r}).",
        advice="Its counts are wrong, or two files are in one: export the mesh again.",
        format=format_name,
        line=line_at(data, at),
        text=text[:60],
    )
