"""Suffixes, limits and errors of image files, and their opening."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path, PurePath

from PIL import Image, UnidentifiedImageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif", ".hif")
# Pillow itself refuses images from 179 megapixels on.
MAX_PIXELS = 170_000_000
# The errors that Pillow's readers raise on damaged files.
UNREADABLE = (
    OSError,
    UnidentifiedImageError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    Image.DecompressionBombError,
)


def is_image(name: str | PurePath) -> bool:
    """Return whether a file has the suffix of a picture that is read.

    Examples
    --------
    >>> is_image("IMG_1.HEIC"), is_image("a/b.gif")
    (True, False)
    """
    return PurePath(name).suffix.lower() in IMAGE_SUFFIXES


def open_image(path: Path) -> Image.Image:
    """Open a picture by its content; HEIC is recognised under any name.

    Raises
    ------
    OSError
        If it cannot be read. Its pixels are decoded later, which may raise any of `UNREADABLE`.
    """
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:12] not in (b"avif", b"avis"):
        _register_heif()
    return Image.open(path)


@cache
def _register_heif() -> None:
    """Let Pillow open HEIC, whose library is loaded only when it is needed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise OSError("HEIC is read by the package pillow-heif, which is not installed") from error
    register_heif_opener(thumbnails=False)
