"""Photographs: upright, square, on a plain background, from any file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from core.foundation import SpecimenError
from core.views import read_photographs


def saved(path: Path, pixels: np.ndarray, **how: object) -> Path:
    """Write a picture."""
    Image.fromarray(pixels).save(path, **how)
    return path


def test_read_photographs__gives_one_square_a_picture(tmp_path: Path) -> None:
    """Any shape becomes square; what is added has the colour of the border."""
    wide = np.full((20, 60, 3), (10, 200, 30), dtype=np.uint8)
    tall = np.full((60, 20), 99, dtype=np.uint8)
    views = read_photographs([saved(tmp_path / "a.png", wide), saved(tmp_path / "b.png", tall)], 32)
    assert views.shape == (2, 32, 32, 3)
    assert (views[0] == (10, 200, 30)).all()
    assert (views[1] == 99).all()


def test_read_photographs__turns_as_the_camera_says(tmp_path: Path) -> None:
    """EXIF orientation 3 is upside down."""
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    path = saved(tmp_path / "a.png", pixels, exif=exif)
    view = read_photographs([path], 32)[0]
    assert view[:14].max() == 0
    assert view[18:].min() == 255


def test_read_photographs__puts_transparency_on_white(tmp_path: Path) -> None:
    """A cut-out specimen stands on white."""
    pixels = np.zeros((16, 16, 4), dtype=np.uint8)
    assert (read_photographs([saved(tmp_path / "a.png", pixels)], 16) == 255).all()


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_read_photographs__stretches_more_than_8_bits(tmp_path: Path, kind: type) -> None:
    """Pictures of electron microscopes and CT keep their shades; cutting at 255 would leave white."""
    ramp = np.linspace(0, 4000, 64 * 64).reshape(64, 64).astype(kind)
    view = read_photographs([saved(tmp_path / "a.tif", ramp)], 64)[0]
    assert 120 < view.mean() < 135
    assert (view.min(), view.max()) == (0, 255)


def test_read_photographs__takes_a_flat_picture_of_16_bits(tmp_path: Path) -> None:
    """Nothing to stretch is no division by zero."""
    flat = np.full((8, 8), 700, dtype=np.uint16)
    assert read_photographs([saved(tmp_path / "a.png", flat)], 8).shape == (1, 8, 8, 3)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_read_photographs__names_the_file_that_is_none(tmp_path: Path, data: bytes) -> None:
    """The specimen can be put right: the message says which of its pictures is broken."""
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(SpecimenError, match=r"a\.png is not a readable picture"):
        read_photographs([tmp_path / "a.png"], 16)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
@given(data=st.data())
def test_read_photographs__never_breaks_on_a_damaged_file(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    """A picture or a sentence, whichever byte is wrong or missing."""
    whole = bytearray(saved(tmp_path / f"whole.{suffix}", np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        assert read_photographs([path], 16).shape == (1, 16, 16, 3)
    except SpecimenError as error:
        assert f"a.{suffix}" in error.problem


def test_read_photographs__refuses_what_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit and the size are both told."""
    monkeypatch.setattr("core.views.photographs.MAX_PIXELS", 100)
    path = saved(tmp_path / "a.png", np.zeros((20, 20), dtype=np.uint8))
    with pytest.raises(SpecimenError, match=r"a\.png has 20 x 20 pixels; at most 170 megapixels are read"):
        read_photographs([path], 16)
