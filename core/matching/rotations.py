"""Rotations that map a layout of cameras onto itself."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from core.foundation import SettingError, WorkspaceError
from core.storage import read_json
from core.views import camera_poses

_SAME = 1e-6
# A Fibonacci layout has only the half turn that puts it upside down, which adds next to nothing.
_FEWEST = 4


def rotations_of_views(layout: str, count: int, *, mirrored: bool = False) -> Int[np.ndarray, "t v"]:
    """Return which view lies where after every rotation of a layout onto itself.

    Parameters
    ----------
    layout, count : str, int
        As for `core.views.camera_poses`.
    mirrored : bool
        Rotations combined with a reflection instead: view `i` of a specimen, flipped, shows the
        mirror image of the specimen from the mirrored direction.

    Returns
    -------
    (t, v) int64
        A row per rotation: view `i` lies on view `row[i]`. The dodecahedron and the icosahedron
        have 60, a ring of v views has v; most others have 1, the identity.

    Raises
    ------
    SettingError
        If the layout does not exist or does not have this number of poses.

    Examples
    --------
    >>> rotations_of_views("ring", 3).tolist()
    [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    """
    return _rotations(layout, count, -1 if mirrored else 1)


def rotations_for_matching(layout: str, count: int, *, mirrored: bool = False) -> Int[np.ndarray, "t v"]:
    """Return the rotations of a layout, which must have several.

    Raises
    ------
    SettingError
        If it has fewer than four.
    """
    rotations = rotations_of_views(layout, count)
    if len(rotations) < _FEWEST:
        raise SettingError(
            f"'match' aligned needs views that rotate onto one another; {count} in the layout {layout!r} do not.",
            advice="Run with --layout dodecahedron --views 20, icosahedron with 12, or ring; or use --match maxsim.",
        )
    return rotations_of_views(layout, count, mirrored=True) if mirrored else rotations


def layout_beside(features: Path) -> tuple[str, int]:
    """Return the recorded layout and number of the views of features.

    The record is that of the run or of `render`, beside the features.

    Raises
    ------
    SettingError
        If there is no record.
    WorkspaceError
        If the record is incomplete.
    """
    for path, inside in ((features.parent / "config.json", "views"), (features.parent / "renders/settings.json", "")):
        if path.is_file():
            recorded: Any = read_json(path)
            try:
                views = recorded[inside] if inside else recorded
                return str(views["layout"]), int(views["views"])
            except (KeyError, TypeError, ValueError) as error:
                raise WorkspaceError(f"{path} does not say how views were laid out.", advice="Render again.") from error
    raise SettingError(
        f"Nothing beside {features} says how the views were laid out, which 'match' aligned must know.",
        advice="Give the folder of a run with --run.",
    )


@cache
def _rotations(layout: str, count: int, handedness: int) -> Int[np.ndarray, "t v"]:
    directions = camera_poses(count, layout)[:, :3, 3]
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    basis = _independent(directions)
    if basis is None:
        return np.arange(count)[None]
    frame = directions[list(basis)].T
    orders = []
    for images in itertools.permutations(range(count), len(basis)):
        target = directions[list(images)].T
        if np.abs(target.T @ target - frame.T @ frame).max() > _SAME:
            continue
        rotation = _completed(target, handedness) @ np.linalg.inv(_completed(frame, 1))
        order = np.argmax(directions @ rotation.T @ directions.T, axis=1)
        if np.abs(directions @ rotation.T - directions[order]).max() < _SAME:
            orders.append(order)
    rotations = np.unique(np.array(orders, dtype=np.int64).reshape(-1, count), axis=0)
    rotations.setflags(write=False)
    return rotations


def _independent(directions: Float[np.ndarray, "v 3"]) -> tuple[int, int] | None:
    """Return the first two views with directions that are not collinear."""
    for other in range(1, len(directions)):
        if np.linalg.norm(np.cross(directions[0], directions[other])) > _SAME:
            return 0, other
    return None


def _completed(pair: Float[np.ndarray, "3 2"], handedness: int) -> Float[np.ndarray, "3 3"]:
    """Return two directions and their cross product, negated for a reflection."""
    return np.column_stack([pair, handedness * np.cross(pair[:, 0], pair[:, 1])])
