"""Encodings of text formats: byte order marks, UTF-16, UTF-32 and code pages."""

from __future__ import annotations

import codecs
import os

# UTF-32 stands before UTF-16, because its little endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE = 256
# The code pages of the systems that scanners run on, those of several bytes a character first: they
# refuse most text of other code pages, while those of one byte take any.
_CODE_PAGES = ("cp932", "gbk", "big5", "euc_jp", "euc_kr", "cp1252", "cp1251", "cp1250", "cp850", "mac_roman")


def as_utf8(data: bytes) -> bytes:
    r"""Return text as UTF-8 without a byte order mark.

    Text of other encodings than UTF-16 and UTF-32 is returned as it is.

    Examples
    --------
    >>> as_utf8(b"\xef\xbb\xbfOFF"), as_utf8("v 1 2 3".encode("utf-16"))
    (b'OFF', b'v 1 2 3')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            data = data[len(mark) :]
            return data.decode(encoding, errors="replace").encode("utf-8") if encoding else data
    encoding = _unmarked(data[:_PROBE])
    return data.decode(encoding, errors="replace").encode("utf-8") if encoding else data


def spellings(text: bytes) -> tuple[str, ...]:
    """Return what the bytes of a name may mean, the likeliest first.

    MTL and OBJ do not tell their encoding. A name is that of a file if one of these is.
    """
    found = []
    for encoding in ("utf-8", *_CODE_PAGES):
        try:
            found.append(text.decode(encoding))
        except UnicodeDecodeError:
            continue
        if text.isascii():
            break
    # Archives are unpacked with the bytes of the names as they are.
    return tuple(dict.fromkeys([*found, os.fsdecode(text)]))


def _unmarked(probe: bytes) -> str:
    """Return the encoding of UTF-16 without a mark, empty for other text.

    Every second byte of its ASCII characters is zero.
    """
    even, odd = probe[0::2], probe[1::2]
    if len(probe) < 8 or not any(probe):
        return ""
    if not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if not any(even) and all(odd) else ""
