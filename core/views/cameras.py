"""Camera poses on a sphere that look at the origin, in NumPy alone.

A pose is `camera_to_world`, a (4, 4) matrix: its columns are the camera's right, its down, the
direction it looks in, and its position (the convention of computer vision: x right, y down,
z forward). World z is up, the convention of scanners and of most collections.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.foundation import SettingError

LAYOUTS = ("fibonacci", "dodecahedron", "icosahedron", "ring", "faces")
DISTANCE = 4.0
"""Distance of the cameras from the origin, in radii of a normalised specimen."""

_GOLDEN_RATIO = (1 + 5**0.5) / 2
_FIXED_COUNTS = {"dodecahedron": 20, "icosahedron": 12, "faces": 6}
_RING_ELEVATION_DEGREES = 20.0


def check_views(count: int, layout: str) -> None:
    """Check that a layout exists and has this many poses.

    Raises
    ------
    SettingError
        If it does not.
    """
    if layout not in LAYOUTS:
        raise SettingError(f"'layout' must be one of {', '.join(LAYOUTS)} (got {layout!r}).")
    if count < 1:
        raise SettingError(
            f"'views' must be at least 1 (got {count}).", advice="12 is a good start; more cost time in proportion."
        )
    allowed = _FIXED_COUNTS.get(layout)
    if allowed is not None and count > allowed:
        raise SettingError(
            f"'views' must be at most {allowed} with the layout {layout!r} (got {count}).",
            advice="Take fewer views, or the layout 'fibonacci', which has any number.",
        )


def camera_poses(count: int, layout: str = "fibonacci") -> Float[np.ndarray, "v 4 4"]:
    """Return camera poses that look at the origin from all directions.

    The poses are the same in every call.

    Parameters
    ----------
    count : int
        Number of poses, from 1. A layout of fixed size (20 corners of the dodecahedron, 12 of the
        icosahedron, 6 faces of the cube) gives its first `count`, each far from those before it.
    layout : str
        `fibonacci` (any number, evenly over the sphere; González, 2010), `dodecahedron`,
        `icosahedron`, `ring` (any number, 20 degrees above the equator) or `faces`.

    Returns
    -------
    (count, 4, 4) float64
        `camera_to_world` of each pose; the cameras stand at `DISTANCE` from the origin.

    Raises
    ------
    SettingError
        If the layout does not exist or has fewer poses.

    Examples
    --------
    >>> from core.views import camera_poses
    >>> poses = camera_poses(12)
    >>> poses.shape
    (12, 4, 4)
    >>> camera_poses(3, "faces")[:, :3, 3].round(1).tolist()
    [[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0], [0.0, 4.0, 0.0]]
    """
    check_views(count, layout)
    directions = _DIRECTIONS[layout](count)
    poses = np.stack([_looking_inwards(direction) for direction in directions])
    poses[:, :3, 3] *= DISTANCE
    return poses


def _looking_inwards(direction: np.ndarray) -> np.ndarray:
    """Return the upright pose of a camera at `direction` that looks at the origin."""
    forward = -direction
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0] = right
    pose[:3, 1] = np.cross(forward, right)
    pose[:3, 2] = forward
    pose[:3, 3] = direction
    return pose


def _fibonacci(count: int) -> np.ndarray:
    index = np.arange(count)
    z = 1 - (2 * index + 1) / count
    azimuth = 2 * np.pi * index / _GOLDEN_RATIO
    radius = np.sqrt(1 - z**2)
    return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)


def _dodecahedron(count: int) -> np.ndarray:
    g = _GOLDEN_RATIO
    corners: list[tuple[float, float, float]] = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    for a in (-1 / g, 1 / g):
        for b in (-g, g):
            corners += [(0, a, b), (a, b, 0), (b, 0, a)]
    return _spread(np.array(corners) / 3**0.5, count)


def _icosahedron(count: int) -> np.ndarray:
    g = _GOLDEN_RATIO
    corners = [corner for a in (-1, 1) for b in (-g, g) for corner in ((0, a, b), (a, b, 0), (b, 0, a))]
    return _spread(np.array(corners) / np.hypot(1, g), count)


def _ring(count: int) -> np.ndarray:
    azimuth = 2 * np.pi * np.arange(count) / count
    elevation = np.radians(_RING_ELEVATION_DEGREES)
    return np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.full(count, np.sin(elevation)),
        ],
        axis=1,
    )


def _faces(count: int) -> np.ndarray:
    return np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)], float)[:count]


def _spread(directions: np.ndarray, count: int) -> np.ndarray:
    """Return `count` directions, each the farthest from those before it."""
    chosen = [0]
    nearest = directions @ directions[0]
    while len(chosen) < count:
        farthest = int(np.argmin(np.round(nearest, 9)))
        chosen.append(farthest)
        nearest = np.maximum(nearest, directions @ directions[farthest])
    return directions[chosen]


_DIRECTIONS = {
    "fibonacci": _fibonacci,
    "dodecahedron": _dodecahedron,
    "icosahedron": _icosahedron,
    "ring": _ring,
    "faces": _faces,
}
