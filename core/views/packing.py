"""Views on their way from one process to another: a quarter of the bytes where they are gray."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.views.rendering import Views


@dataclass(frozen=True)
class Parcel:
    """Views made small.

    Parameters
    ----------
    pixels : (v * h, w) or (v * h, w, 3) uint8
        One channel where all three are alike.
    masks : (n,) uint8
        Eight pixels a byte.
    shape : (int, int, int)
        v, h and w.
    camera_to_world, depth
        As `core.views.rendering.Views` has them.
    """

    pixels: np.ndarray
    masks: np.ndarray
    shape: tuple[int, int, int]
    camera_to_world: np.ndarray
    depth: np.ndarray | None


def pack_views(views: Views) -> Parcel:
    """Return views made small; nothing is lost."""
    count, height, width = views.masks.shape
    tall = views.images.reshape(count * height, width, 3)
    gray = cv2.extractChannel(tall, 0)
    pixels = gray if np.array_equal(_three_channels(gray), tall) else tall
    return Parcel(pixels, np.packbits(views.masks), (count, height, width), views.camera_to_world, views.depth)


def unpack_views(parcel: Parcel) -> Views:
    """Return the views of a parcel, exactly as they were."""
    tall = _three_channels(parcel.pixels) if parcel.pixels.ndim == 2 else parcel.pixels
    count = parcel.shape[0] * parcel.shape[1] * parcel.shape[2]
    masks = np.unpackbits(parcel.masks, count=count).view(np.bool_).reshape(parcel.shape)
    return Views(tall.reshape(*parcel.shape, 3), masks, parcel.camera_to_world, parcel.depth)


def _three_channels(gray: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.merge([gray, gray, gray]))
