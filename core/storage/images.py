"""Limits and errors of image files."""

from __future__ import annotations

import struct

from PIL import Image, UnidentifiedImageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


# What Pillow itself refuses to read begins at 179 megapixels.
MAX_PIXELS = 170_000_000
# What Pillow's readers raise on damaged files.
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
