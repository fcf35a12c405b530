"""Turns of a sphere of views that lay every view onto another: the symmetries of a layout of cameras."""

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
# Views spread by the golden ratio can be turned upside down, which tells next to nothing.
_FEWEST = 4


def turns_of_views(layout: str, count: int, *, mirrored: bool = False) -> Int[np.ndarray, "t v"]:
    """Return which view lies where after every turn of the sphere that lays views onto views.

    Parameters
    ----------
    layout, count : str, int
        As `core.views.cameras.camera_poses` takes them.
    mirrored : bool
        The mirror images of the sphere instead: view `i` of a specimen, flipped, shows the mirror
        image of the specimen from the mirrored direction.

    Returns
    -------
    (t, v) int64
        A row a turn: view `i` lies on view `row[i]`. The dodecahedron and the icosahedron have 60,
        a ring of v views has v; most others 1, which moves nothing.

    Raises
    ------
    SettingError
        Where the layout does not exist or has not so many poses.
    """
    return _turns(layout, count, -1 if mirrored else 1)


def turns_for_matching(layout: str, count: int, *, mirrored: bool = False) -> Int[np.ndarray, "t v"]:
    """Return the turns of a layout that has any.

    Raises
    ------
    SettingError
        Where it has hardly any.
    """
    turns = turns_of_views(layout, count)
    if len(turns) < _FEWEST:
        raise SettingError(
            f"'match' aligned needs views that turn onto one another; {count} in the layout {layout!r} do not.",
            advice="Run with --layout dodecahedron --views 20, icosahedron with 12, or ring; or take --match maxsim.",
        )
    return turns_of_views(layout, count, mirrored=True) if mirrored else turns


def layout_beside(features: Path) -> tuple[str, int]:
    """Return layout and number of the views that features were extracted from, as the run or `render` recorded them.

    Raises
    ------
    SettingError
        Where neither is there.
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
def _turns(layout: str, count: int, handedness: int) -> Int[np.ndarray, "t v"]:
    directions = camera_poses(count, layout)[:, :3, 3]
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    basis = _independent(directions)
    if basis is None:
        return np.arange(count)[None]
    frame = directions[list(basis)].T
    found = []
    for images in itertools.permutations(range(count), len(basis)):
        target = directions[list(images)].T
        if np.abs(target.T @ target - frame.T @ frame).max() > _SAME:
            continue
        turn = _completed(target, handedness) @ np.linalg.inv(_completed(frame, 1))
        order = np.argmax(directions @ turn.T @ directions.T, axis=1)
        if np.abs(directions @ turn.T - directions[order]).max() < _SAME:
            found.append(order)
    turns = np.unique(np.array(found, dtype=np.int64).reshape(-1, count), axis=0)
    turns.setflags(write=False)
    return turns


def _independent(directions: Float[np.ndarray, "v 3"]) -> tuple[int, int] | None:
    """Return the first two views that do not lie on one line."""
    for other in range(1, len(directions)):
        if np.linalg.norm(np.cross(directions[0], directions[other])) > _SAME:
            return 0, other
    return None


def _completed(pair: Float[np.ndarray, "3 2"], handedness: int) -> Float[np.ndarray, "3 3"]:
    """Return two directions and a third across them; the other way round for a mirror image."""
    return np.column_stack([pair, handedness * np.cross(pair[:, 0], pair[:, 1])])
