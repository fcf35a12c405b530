"""Photographs as views: upright, square, on a plain background."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from core.foundation import SpecimenError, memory_share
from core.storage import MAX_PIXELS, UNREADABLE, open_image, stat_of_file

# Bytes that Pillow keeps for a pixel; 4 in all other modes.
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2}
# Bytes a pixel that decoders take beside it, measured.
_BYTES_MORE = {"WEBP": 8, "TIFF": 4, "HEIF": 8}
_BYTES_OF_COEFFICIENTS = 6
_ALWAYS_ALLOWED = 256_000_000
# Views of 3 bytes a pixel, as they are read and as they are stacked.
_BYTES_OF_VIEWS = 6
_STRIP_PIXELS = 1 << 20
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
        If a file cannot be read, is larger than 170 megapixels, or would take more memory than is
        free for it. A larger JPEG is decoded at a half, a quarter or an eighth of its size.

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
    needed = len(paths) * size * size * _BYTES_OF_VIEWS
    if needed > max(memory_share(), _ALWAYS_ALLOWED):
        raise SpecimenError(
            "{count} photographs of {size} px would take {needed_gb:.1f} GB of memory, and {free_gb:.1f} GB are free.",
            advice="Put fewer into a folder, or choose a smaller image size.",
            count=len(paths),
            size=size,
            needed_gb=needed / 1e9,
            free_gb=memory_share() / 1e9,
        )
    return np.stack([_read(path, size) for path in paths])


def _read(path: Path, size: int) -> np.ndarray:
    try:
        stat_of_file(path)
        with warnings.catch_warnings():
            # Pillow warns of large images, which are allowed here, and of harmless flaws in metadata.
            warnings.simplefilter("ignore")
            with _opened(path) as opened:
                _reduce(opened)
                _check_size(opened, path)
                picture = _upright(_flattened(opened), opened)
            border = _border(picture)
            padded = ImageOps.pad(picture, (size, size), method=Image.Resampling.LANCZOS, color=border)
    except UNREADABLE as error:
        raise SpecimenError(
            "{file} is not a readable picture ({reason}).",
            advice="Export it again as PNG or JPEG.",
            file=path.name,
            reason=str(error)[:120],
        ) from error
    except MemoryError as error:
        raise _too_large(path, 0) from error
    return np.asarray(padded.convert("RGB"))


def _opened(path: Path) -> Image.Image:
    """Open a picture; a JPEG of any size, because it is decoded at a fraction of its size."""
    try:
        return open_image(path)
    except Image.DecompressionBombError:
        with path.open("rb") as file:
            is_jpeg = file.read(2) == b"\xff\xd8"
        if not is_jpeg:
            raise SpecimenError(
                "{file} has more than 170 megapixels, the most that are read.",
                advice="Make it smaller.",
                file=path.name,
            ) from None
        return JpegImageFile(path)


def _reduce(opened: Image.Image) -> None:
    """Let a JPEG of more than 170 megapixels be decoded at a half, a quarter or an eighth of its size."""
    width, height = opened.size
    if width * height > MAX_PIXELS and isinstance(opened, JpegImageFile):
        fraction = next((part for part in (2, 4, 8) if width * height <= MAX_PIXELS * part**2), 8)
        opened.draft(opened.mode, (-(-width // fraction), -(-height // fraction)))


def _check_size(opened: Image.Image, path: Path) -> None:
    """Raise a `SpecimenError` if a picture has too many pixels, or takes more memory than there is."""
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise SpecimenError(
            "{file} has {width} x {height} pixels; at most 170 megapixels are read.",
            advice="Make it smaller.",
            file=path.name,
            width=width,
            height=height,
        )
    # The picture as decoded, as 8 bits if it is not yet, and turned upright.
    each = _BYTES.get(opened.mode, 4) + (4 if _is_plain(opened) else 8) + _BYTES_MORE.get(opened.format or "", 0)
    needed = width * height * each
    if opened.info.get("progressive"):  # all coefficients are kept, whatever the size it is decoded at
        needed += _full_pixels(opened) * _BYTES_OF_COEFFICIENTS
    if needed > max(memory_share(), _ALWAYS_ALLOWED):
        raise _too_large(path, needed)


def _full_pixels(opened: Image.Image) -> int:
    """Return the number of pixels of a JPEG before it was reduced."""
    scale = getattr(opened, "decoderconfig", None) or (1,)
    return opened.width * opened.height * int(scale[0] or 1) ** 2


def _too_large(path: Path, needed: int) -> SpecimenError:
    if not needed:
        return SpecimenError(
            "{file} takes more memory than there is.",
            advice="Make it smaller, or work with fewer --workers.",
            file=path.name,
        )
    return SpecimenError(
        "{file} would take {needed_gb:.1f} GB of memory, and {free_gb:.1f} GB are free for it.",
        advice="Make it smaller, or work with fewer --workers.",
        file=path.name,
        needed_gb=needed / 1e9,
        free_gb=memory_share() / 1e9,
    )


def _flattened(opened: Image.Image) -> Image.Image:
    """Return a picture as RGB or grey values of 8 bits on white, a strip at a time.

    Images of 16 bits or of floats are stretched, because conversion alone would clip them at 255.
    """
    opened.load()
    if _is_plain(opened):
        return opened
    is_deep = opened.mode.startswith(("I", "F"))
    low, high = _extremes(opened) if is_deep else (0.0, 0.0)
    flat = Image.new("L" if is_deep else "RGB", opened.size)
    for top, strip in _strips(opened):
        flat.paste(_stretched(strip, low, high) if is_deep else _on_white(strip), (0, top))
    return flat


def _is_plain(opened: Image.Image) -> bool:
    """Return whether a picture is taken as it was decoded."""
    return opened.mode in ("RGB", "L") and "transparency" not in opened.info


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield a picture in strips of about a megapixel, each with the row it begins on."""
    rows = max(1, _STRIP_PIXELS // max(1, picture.width))
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _on_white(strip: Image.Image) -> Image.Image:
    with_alpha = strip.convert("RGBA")
    background = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
    return Image.alpha_composite(background, with_alpha).convert("RGB")


def _extremes(picture: Image.Image) -> tuple[float, float]:
    ends = [
        (float(values.min()), float(values.max())) for values in map(_values_of, (one for _, one in _strips(picture)))
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _values_of(strip: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(strip, dtype=np.float64), posinf=0.0, neginf=0.0)


def _stretched(strip: Image.Image, low: float, high: float) -> Image.Image:
    values = _values_of(strip)
    stretched = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.rint(stretched).astype(np.uint8))


def _upright(picture: Image.Image, opened: Image.Image) -> Image.Image:
    """Turn a picture by the EXIF orientation of its file."""
    turn = _TURNS.get(opened.getexif().get(ExifTags.Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def _border(picture: Image.Image) -> tuple[int, ...] | int:
    """Return the median colour of the border."""
    width, height = picture.size
    boxes = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    n_bands = len(picture.getbands())
    edge = np.concatenate([np.asarray(picture.crop(box)).reshape(-1, n_bands) for box in boxes])
    median = tuple(int(value) for value in np.median(edge, axis=0))
    return median if n_bands > 1 else median[0]
