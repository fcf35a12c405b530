"""Text in the encodings that spreadsheets and editors write."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from core.foundation import InputError, note

MOST_TEXT_BYTES = 200_000_000
# UTF-32 stands before UTF-16, because its little endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"
_PROBE = 4096
# Letters of Windows-1252 between ASCII characters. Japanese characters are pairs or runs of such bytes.
_WESTERN = re.compile(rb"(?:[\x00-\x7f]|(?<![\x80-\xff])[\x8a\x8c\x8e\x91-\x97\x9a\x9c\x9e-\xff](?![\x80-\xff]))*")

# A character of Shift-JIS whose second byte is ASCII, alone between separators, as the label 殻 is.
_LONE_JAPANESE = re.compile(rb"(?<![0-9A-Za-z\x80-\xff])[\x81-\x9f\xe0-\xef][\x40-\x7e](?![0-9A-Za-z\x80-\xff])")


def decode_text(path: Path, *, code_pages: bool = True) -> tuple[str, list[str]]:
    """Return the text of a file without byte order mark, and notes on its encoding.

    UTF-8 is read, UTF-16 and UTF-32 with or without a mark, Windows-1252 and Shift-JIS.

    Parameters
    ----------
    path : Path
        Any file of text.
    code_pages : bool
        Whether other text than Unicode is read, whose encoding is guessed.

    Raises
    ------
    InputError
        If it is in another encoding, holds zero bytes, is larger than 200 MB, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_TEXT_BYTES + 1)
    except OSError as error:
        raise InputError("{path} cannot be read ({reason}).", path=path, reason=error.strerror or error) from error
    if len(data) > MOST_TEXT_BYTES:
        raise InputError(
            "{file} holds more than {most_mb:,.0f} MB of text, the most that is read.",
            advice="Give the columns and rows that are needed.",
            file=path.name,
            most_mb=MOST_TEXT_BYTES / 1e6,
        )
    if data.startswith(b"PK\x03\x04"):
        raise InputError(
            "{file} is a ZIP or Excel file, whatever its name says.",
            advice="Give it the suffix .xlsx if it is a table, or save it as CSV in UTF-8.",
            file=path.name,
        )
    text, notes = _decoded(path, data, code_pages)
    if "\0" in text:
        raise InputError(
            "{path} holds zero bytes, which no text has.", advice="Save it as text or CSV in UTF-8.", path=path
        )
    return text.lstrip(_MARK), notes


def _decoded(path: Path, data: bytes, code_pages: bool) -> tuple[str, list[str]]:
    wide = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "") or _unmarked(data[:_PROBE])
    if wide:
        return _decoded_as(path, data, wide)
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        if not code_pages:
            raise InputError(
                "{path} is not UTF-8 text ({reason}).", advice="Save it as UTF-8.", path=path, reason=error
            ) from error
    if _WESTERN.fullmatch(data) and not _LONE_JAPANESE.search(data):
        sentence = "{file} is not UTF-8 and was read as Windows-1252; check a word or two."
        return data.decode("cp1252", errors="replace"), [note(sentence, file=path.name)]
    try:
        # The superset of Shift-JIS that spreadsheets write on Windows.
        sentence = "{file} is not UTF-8 and was read as Shift-JIS; check a label or two."
        return data.decode("cp932"), [note(sentence, file=path.name)]
    except UnicodeDecodeError as error:
        raise InputError(
            "{path} is neither UTF-8 nor Shift-JIS text ({reason}).",
            advice="Save it as CSV in UTF-8.",
            path=path,
            reason=error,
        ) from error


def _decoded_as(path: Path, data: bytes, encoding: str) -> tuple[str, list[str]]:
    """Return UTF-16 or UTF-32 text."""
    is_16 = encoding.startswith("utf-16")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            "{path} is damaged UTF-16 text ({reason})." if is_16 else "{path} is damaged UTF-32 text ({reason}).",
            advice="Save it as CSV in UTF-8.",
            path=path,
            reason=error,
        ) from error
    said = "{file} is UTF-16 text." if is_16 else "{file} is UTF-32 text."
    return text, [note(said, file=path.name)]


def _unmarked(probe: bytes) -> str:
    """Return the encoding of UTF-16 without a mark, empty for other text.

    Its line ends, separators, digits and Latin letters have a zero in every second byte.
    """
    even, odd = probe[0::2].count(0), probe[1::2].count(0)
    if max(even, odd) < 2 or len(probe) < 4 or min(even, odd) * 4 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"
