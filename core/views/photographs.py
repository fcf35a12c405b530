"""Photographs as views: upright, square, on a plain background."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from core.foundation import SpecimenError
from core.storage import MAX_PIXELS, UNREADABLE, open_image, stat_of_file


def read_photographs(paths: Sequence[Path], size: int) -> UInt8[np.ndarray, "v size size 3"]:
    """Read photographs, upright by their EXIF orientation and fitted into squares.

    Parameters
    ----------
    paths : sequence of Path
        One image a view.
    size : int
        Height and width in pixels of the views. An image that is not square is padded with
        the median colour of its border. Transparency becomes white. An image of more than 8
        bits a pixel is stretched from its darkest to its brightest value.

    Raises
    ------
    SpecimenError
        If a file cannot be read, or is larger than 170 megapixels.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from core.views import read_photographs
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "ammonite.png"
    ...     Image.new("RGB", (60, 40), "gray").save(path)
    ...     read_photographs([path], size=32).shape
    (1, 32, 32, 3)
    """
    return np.stack([_read(path, size) for path in paths])


def _read(path: Path, size: int) -> np.ndarray:
    try:
        stat_of_file(path)
        with warnings.catch_warnings():
            # Pillow warns of large images, which are allowed here, and of harmless flaws in metadata.
            warnings.simplefilter("ignore")
            with open_image(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise SpecimenError(
                        "{file} has {width} x {height} pixels; at most 170 megapixels are read.",
                        advice="Make it smaller.",
                        file=path.name,
                        width=opened.width,
                        height=opened.height,
                    )
                with_alpha = _in_8_bits(ImageOps.exif_transpose(opened)).convert("RGBA")
    except UNREADABLE as error:
        raise SpecimenError(
            "{file} is not a readable picture ({reason}).",
            advice="Export it again as PNG or JPEG.",
            file=path.name,
            reason=str(error)[:120],
        ) from error
    background = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
    picture = Image.alpha_composite(background, with_alpha).convert("RGB")
    return np.asarray(ImageOps.pad(picture, (size, size), method=Image.Resampling.LANCZOS, color=_border(picture)))


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Stretch an image of 16 bits or of floats to 8 bits.

    Conversion alone would clip it at 255.
    """
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    stretched = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.rint(stretched).astype(np.uint8))


def _border(picture: Image.Image) -> tuple[int, int, int]:
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(edge, axis=0))
    return red, green, blue
