"""Suffixes, limits and errors of image files."""

from __future__ import annotations

import struct

from PIL import Image, UnidentifiedImageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
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
