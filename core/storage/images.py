"""Suffixes, limits and errors of image files, and their opening."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path, PurePath

from PIL import Image, UnidentifiedImageError

from core.foundation import memory_share

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


# Bytes a pixel of a picture that is decoded, made RGB and copied into an array.
_BYTES_AS_ARRAY = 14
_ALWAYS_ALLOWED = 256_000_000


def is_too_large(picture: Image.Image) -> bool:
    """Return whether a picture has too many pixels, or takes more memory than there is as an array."""
    pixels = picture.width * picture.height
    return pixels > MAX_PIXELS or pixels * _BYTES_AS_ARRAY > max(memory_share(), _ALWAYS_ALLOWED)


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
