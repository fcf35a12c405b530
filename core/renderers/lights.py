"""Light and colour of what is seen through a pixel, compiled; shared by the two casters.

Lights are fixed to the camera, as a researcher's lamp is to the drawing board: one at the camera,
one from the upper left, the convention of scientific illustration. The second wraps around the
surface (half-Lambert), so that nothing turns black.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from core.renderers.surface import Look, Surface

_APPEARANCE = {"gray": 0, "colour": 1, "depth": 2, "normals": 3}
_SHADING = {"clay": 0, "headlight": 1, "key": 2}
_WHITE = np.float32(255.0)
_CLAY = np.float32(238.0)
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@dataclass(frozen=True)
class Shading:
    """What colouring a hit needs besides the hit.

    Parameters
    ----------
    arguments : tuple
        What `colour_of_hit` takes behind the camera, in order.
    channels : int
        1 for gray, 3 for colours.
    has_cavities : bool
        Whether cavities are darkened.
    background : (3,) float32
        From 0 to 255.
    """

    arguments: tuple[Any, ...]
    channels: int
    has_cavities: bool
    background: np.ndarray


def shading_of(surface: Surface, look: Look) -> Shading:
    """Gather what shading looks up, in the forms that the compiled code takes."""
    corner_colours = surface.corner_colours if surface.corner_colours is not None else np.empty((0, 3, 3), np.uint8)
    vertex_colours = surface.vertex_colours if surface.vertex_colours is not None else np.empty((0, 3), np.uint8)
    appearance = look.appearance
    if appearance == "colour" and not len(corner_colours) and not len(vertex_colours):
        appearance = "gray"
    arguments = (
        _readable(surface.vertices),
        _readable(surface.faces),
        _readable(surface.normals),
        _readable(vertex_colours),
        _readable(corner_colours),
        _APPEARANCE[appearance],
        _SHADING[look.shading],
        look.normals == "smooth",
    )
    lit = appearance in ("gray", "colour")
    return Shading(
        arguments,
        1 if appearance in ("gray", "depth") else 3,
        look.shading == "clay" and lit,
        np.array(look.background, np.float32),
    )


def _readable(array: np.ndarray) -> np.ndarray:
    """Return a view that compiled code sees as one type, whether the array may be written or not."""
    view = array.view()
    view.setflags(write=False)
    return view


def camera_numbers(pose: np.ndarray, window: np.ndarray, size: int) -> np.ndarray:
    """Return right, down, forward, position (rows 0 to 3) and left, top, step (row 4) as float32."""
    camera = np.empty((5, 3), np.float32)
    camera[:4] = pose[:3, :4].T
    camera[4] = (window[0], window[2], (window[1] - window[0]) / size)
    return camera


@njit(cache=True, nogil=True, fastmath=True)
def colour_of_hit(  # type: ignore[no-untyped-def]
    face,
    u,
    v,
    w,
    depth,
    dx,
    dy,
    dz,
    camera,
    vertices,
    faces,
    normals,
    vertex_colours,
    corner_colours,
    appearance,
    shading,
    smooth,
):
    """Return red, green and blue from 0 to 255 of a point on a face (gray: all three alike).

    `u`, `v`, `w` are its barycentric coordinates, `depth` its distance along the camera's axis,
    and `dx`, `dy`, `dz` the direction from the camera to it.
    """
    if appearance == 2:
        # White at the near pole of the unit sphere, dark gray at the far one.
        value = _WHITE - np.float32(100.0) * (depth - np.float32(3.0))
        value = min(max(value, np.float32(20.0)), _WHITE)
        return value, value, value
    a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
    ux = vertices[b, 0] - vertices[a, 0]
    uy = vertices[b, 1] - vertices[a, 1]
    uz = vertices[b, 2] - vertices[a, 2]
    vx = vertices[c, 0] - vertices[a, 0]
    vy = vertices[c, 1] - vertices[a, 1]
    vz = vertices[c, 2] - vertices[a, 2]
    gx, gy, gz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    if gx * dx + gy * dy + gz * dz > _ZERO:
        gx, gy, gz = -gx, -gy, -gz
    length = np.sqrt(gx * gx + gy * gy + gz * gz)
    scale = _ONE / length if length > _ZERO else _ZERO
    nx, ny, nz = gx * scale, gy * scale, gz * scale
    if smooth:
        sx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
        sy = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
        sz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
        length = np.sqrt(sx * sx + sy * sy + sz * sz)
        if length > np.float32(0.1):
            # Whichever way a face is wound, its smooth normal lies on the side that is seen.
            if sx * nx + sy * ny + sz * nz < _ZERO:
                length = -length
            nx, ny, nz = sx / length, sy / length, sz / length
    # In the camera's frame: x right, y down, z towards the camera.
    x = nx * camera[0, 0] + ny * camera[0, 1] + nz * camera[0, 2]
    y = nx * camera[1, 0] + ny * camera[1, 1] + nz * camera[1, 2]
    z = -(nx * camera[2, 0] + ny * camera[2, 1] + nz * camera[2, 2])
    if appearance == 3:
        half = np.float32(127.5)
        return half * (_ONE + x), half * (_ONE - y), half * (_ONE + z)
    light = _light(x, y, z, shading)
    if appearance == 0:
        value = _CLAY * light
        return value, value, value
    # Dark colours are kept readable: some of the light goes through unshaded.
    light = np.float32(0.2) + np.float32(0.8) * light
    if len(corner_colours):
        red = u * corner_colours[face, 0, 0] + v * corner_colours[face, 1, 0] + w * corner_colours[face, 2, 0]
        green = u * corner_colours[face, 0, 1] + v * corner_colours[face, 1, 1] + w * corner_colours[face, 2, 1]
        blue = u * corner_colours[face, 0, 2] + v * corner_colours[face, 1, 2] + w * corner_colours[face, 2, 2]
    else:
        red = u * vertex_colours[a, 0] + v * vertex_colours[b, 0] + w * vertex_colours[c, 0]
        green = u * vertex_colours[a, 1] + v * vertex_colours[b, 1] + w * vertex_colours[c, 1]
        blue = u * vertex_colours[a, 2] + v * vertex_colours[b, 2] + w * vertex_colours[c, 2]
    return red * light, green * light, blue * light


@njit(cache=True, nogil=True, fastmath=True)
def _light(x, y, z, shading):  # type: ignore[no-untyped-def]
    """Return the light that a surface of this normal sends to the camera, 0 to 1."""
    head = max(z, _ZERO)
    if shading == 1:
        return np.float32(0.12) + np.float32(0.88) * head
    # From the upper left, 45 degrees above the drawing board.
    key = np.float32(-0.5) * x + np.float32(-0.5) * y + np.float32(0.70710678) * z
    if shading == 2:
        return np.float32(0.12) + np.float32(0.88) * max(key, _ZERO)
    wrapped = max((key + np.float32(0.3)) / np.float32(1.3), _ZERO)
    return np.float32(0.12) + np.float32(0.30) * head + np.float32(0.58) * wrapped * wrapped
