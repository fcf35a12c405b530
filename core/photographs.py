"""Photographs of a specimen as its views: upright, on a plain ground, square."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import SpecimenError

MAX_PIXELS = 200_000_000


def read_photographs(paths: Sequence[Path], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Read photographs, turned as their EXIF says, fitted into squares.

    Parameters
    ----------
    paths : sequence of Path
        One image a view.
    size : int
        Height and width in pixels of the views. A picture that is not square is padded with
        the median colour of its border; transparency becomes white.

    Raises
    ------
    SpecimenError
        Where one cannot be read, or is larger than 200 megapixels.
    """
    return np.stack([_read(path, size) for path in paths])


def _read(path: Path, size: int) -> np.ndarray:
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise SpecimenError(
                    f"{path.name} has {opened.width} x {opened.height} pixels; at most 200 megapixels are read."
                )
            upright = ImageOps.exif_transpose(opened)
            with_alpha = upright.convert("RGBA")
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError, SyntaxError) as error:
        raise SpecimenError(f"{path.name} is not a readable picture ({str(error)[:120]}).") from error
    ground = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
    picture = Image.alpha_composite(ground, with_alpha).convert("RGB")
    return np.asarray(ImageOps.pad(picture, (size, size), method=Image.Resampling.LANCZOS, color=_border(picture)))


def _border(picture: Image.Image) -> tuple[int, int, int]:
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(edge, axis=0))
    return red, green, blue
