"""Compact views for other processes."""

from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given, strategies as st

from core.views import Views, pack_views, unpack_views


def views_of(count: int, height: int, width: int, seed: int, gray: bool, with_depth: bool) -> Views:
    """Return views of noise."""
    rng = np.random.default_rng(seed)
    shape = (count, height, width)
    images = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    if gray:
        images[..., 1:] = images[..., :1]
    depth = rng.normal(size=shape).astype(np.float32) if with_depth else None
    return Views(images, rng.random(shape) > 0.5, np.tile(np.eye(4), (count, 1, 1)), depth)


@given(st.integers(1, 5), st.integers(1, 33), st.integers(1, 33), st.integers(0, 99), st.booleans(), st.booleans())
def test_unpack_views__gives_back_what_was_packed(
    count: int, height: int, width: int, seed: int, gray: bool, with_depth: bool
) -> None:
    """Pictures, masks, poses and depth, of any size, gray or coloured."""
    views = views_of(count, height, width, seed, gray, with_depth)
    back = unpack_views(pickle.loads(pickle.dumps(pack_views(views))))  # noqa: S301 our own bytes
    for name, array in vars(views).items():
        arrived = vars(back)[name]
        if array is None:
            assert arrived is None
            continue
        assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrived, array)


def test_pack_views__sends_one_channel_of_gray_pictures() -> None:
    """A quarter of the bytes for gray; one coloured pixel is enough to send all channels."""
    views = views_of(4, 128, 128, 0, gray=True, with_depth=False)
    whole = len(pickle.dumps(views))
    assert len(pickle.dumps(pack_views(views))) < 0.3 * whole
    images = views.images.copy()
    images[3, 127, 127, 2] ^= 1
    coloured = Views(images, views.masks, views.camera_to_world)
    assert len(pickle.dumps(pack_views(coloured))) > 0.75 * whole
