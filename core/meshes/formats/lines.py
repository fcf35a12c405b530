"""Errors that name a line of a text format, and padding behind its last line."""

from __future__ import annotations

import re

from core.foundation import SpecimenError

_PADDING = b"\0\x1a"  # zeros, and the end of a text for DOS
_LARGEST_PADDING = 4095  # a page of zeros is what a power failure leaves of data that was not yet written
_PADDING_OF_CUT_LINE = 4
_SHOWN = 60
_DECIMAL_COMMA = re.compile(r"\d,\d|,\d|\d,")


def without_padding(data: bytes) -> bytes:
    r"""Return a text without a few zeros behind its last line.

    More zeros, and those behind a line that is cut, are left for the reader to refuse.

    Examples
    --------
    >>> without_padding(b"f 1 2 3\n\0\0\0\0\0\0")
    b'f 1 2 3\n'
    """
    if data[-1:] not in (b"\0", b"\x1a"):
        return data
    text = data.rstrip(_PADDING)
    padding = len(data) - len(text)
    is_whole = text[-1:] in (b"\n", b"\r") or padding <= _PADDING_OF_CUT_LINE
    return text if is_whole and padding <= _LARGEST_PADDING else data


def line_at(data: bytes, at: int) -> int:
    """Return the number of the line, from 1, that a byte is in."""
    before = data[:at]
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")


def unreadable_line(data: bytes, at: int, format_name: str) -> SpecimenError:
    """Return the error for a line that cannot be read, which names a decimal comma or zeros.

    Parameters
    ----------
    data : bytes
        The text.
    at : int
        A byte of the line: the first that is to be shown.
    format_name : str
        OBJ, STL …
    """
    text = re.split(rb"[\r\n]", data[at : at + 4 * _SHOWN], maxsplit=1)[0]
    shown = text.decode("utf-8", errors="replace").strip()[:_SHOWN]
    line = line_at(data, at)
    if b"\0" in text:
        return SpecimenError(
            "Line {line:,} of the {format} file holds zero bytes instead of text.",
            advice="The file is damaged: copy or export it again.",
            line=line,
            format=format_name,
        )
    if _DECIMAL_COMMA.search(shown):
        return SpecimenError(
            "Line {line:,} of the {format} file holds numbers with a comma: {text}.",
            advice="Export it with a decimal point instead, and blanks between the numbers.",
            line=line,
            format=format_name,
            text=shown,
        )
    return SpecimenError(
        "Line {line:,} of the {format} file cannot be read: {text}.",
        advice="Export the mesh again.",
        line=line,
        format=format_name,
        text="".join(sign if sign.isprintable() else "�" for sign in shown),
    )
