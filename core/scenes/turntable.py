"""Turntables: one rotation of a specimen as GIF or MP4.

They need neither graphics driver nor browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from core.foundation import RendererError, SettingError
from core.meshes import Mesh, normalise_with_body
from core.storage import write_atomically
from core.views import Cameras, Look, camera_poses, colour_of, draw_surface, surface_of

SUFFIXES = (".gif", ".mp4")
_PALETTE_FRAMES = 6
_MARGIN = 0.03
_LARGEST_SIZE = 1080
_MOST_FRAMES = 360


@dataclass(frozen=True)
class TurntableSettings:
    """Settings of a turntable.

    Parameters
    ----------
    frames : int
        Images of one rotation, 4 to 360.
    size : int
        Width and height in pixels, 16 to 1080, even (video formats allow no odd sizes).
    seconds : float
        Duration of one rotation.
    appearance : str
        `gray` (form alone) or `colour` (the specimen's own, if it has one).
    background : str
        As in `core.views.ViewSettings`.

    Raises
    ------
    SettingError
        If a value is not allowed.

    Examples
    --------
    >>> from core.scenes import TurntableSettings
    >>> TurntableSettings(frames=24, size=320).seconds
    6.0
    """

    frames: int = 48
    size: int = 480
    seconds: float = 6.0
    appearance: str = "gray"
    background: str = "white"

    def __post_init__(self) -> None:
        """Check every setting."""
        if not 4 <= self.frames <= _MOST_FRAMES:
            raise SettingError(
                "'frames' must be from 4 to {most_frames} (got {frames}).", most_frames=_MOST_FRAMES, frames=self.frames
            )
        if not 16 <= self.size <= _LARGEST_SIZE or self.size % 2:
            raise SettingError(
                "'size' must be an even number from 16 to {largest_size} (got {size}).",
                largest_size=_LARGEST_SIZE,
                size=self.size,
            )
        if not 0.1 <= self.seconds <= 600:
            raise SettingError("'seconds' must be from 0.1 to 600 (got {seconds}).", seconds=self.seconds)
        if self.appearance not in ("gray", "colour"):
            raise SettingError("'appearance' must be gray or colour (got {appearance!r}).", appearance=self.appearance)
        colour_of(self.background)


def turntable_frames(
    mesh: Mesh, settings: TurntableSettings | None = None, *, threads: int = 0
) -> UInt8[np.ndarray, "frames size size 3"]:
    """Return the images of one rotation around z, from 20 degrees above.

    The front (-y) comes first.

    Parameters
    ----------
    mesh : Mesh
        As read.
    settings : TurntableSettings, optional
        Number and size of the images.
    threads : int
        Number of threads, 0 for all.

    Raises
    ------
    SpecimenError
        If the mesh has no extent.

    Examples
    --------
    >>> import numpy as np
    >>> from core.meshes import Mesh
    >>> from core.scenes.turntable import TurntableSettings, turntable_frames
    >>> corners = np.array([[0, 0, 0], [3, 0, 0], [0, 1, 0], [0, 0, 2]], float)
    >>> mesh = Mesh(corners, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32))
    >>> turntable_frames(mesh, TurntableSettings(frames=4, size=32)).shape
    (4, 32, 32, 3)
    """
    settings = settings or TurntableSettings()
    unit, body = normalise_with_body(mesh)
    poses = np.roll(camera_poses(settings.frames, "ring"), -round(0.75 * settings.frames), axis=0)
    surface = surface_of(unit)
    cameras = Cameras(poses, _window(unit.vertices if body is None else unit.vertices[body], poses), settings.size)
    look = Look(appearance=settings.appearance, background=colour_of(settings.background))
    return draw_surface("raster", surface, cameras, look, threads)[0]


def _window(vertices: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Return one window for all frames, centred on the axis of rotation.

    The specimen keeps its place and size in all frames.
    """
    from core.views import bounds_in_windows

    bounds = bounds_in_windows(np.ascontiguousarray(vertices, np.float32), poses)
    across = float(np.abs(bounds[:, :2]).max())
    top, bottom = float(bounds[:, 2].min()), float(bounds[:, 3].max())
    half = max(across, (bottom - top) / 2, 1e-6) * (1 + 2 * _MARGIN)
    middle = (top + bottom) / 2
    return np.tile([-half, half, middle - half, middle + half], (len(poses), 1))


def write_turntable(path: Path, mesh: Mesh, settings: TurntableSettings | None = None, *, threads: int = 0) -> Path:
    """Write a turntable as `.gif` or `.mp4` and return its path.

    The file is written atomically. A GIF repeats; MP4 is coded with VP9.

    Raises
    ------
    SettingError
        If the suffix is neither.
    SpecimenError
        If the mesh has no extent.
    RendererError
        If this machine cannot write films.
    WorkspaceError
        If the folder cannot be written.
    """
    settings = settings or TurntableSettings()
    check_suffix(path)
    frames = turntable_frames(mesh, settings, threads=threads)
    save = _save_gif if path.suffix.lower() == ".gif" else _save_mp4
    write_atomically(path, lambda temporary: save(temporary, frames, settings.seconds))
    return path


def check_suffix(path: Path) -> None:
    """Raise a `SettingError` if the suffix is not that of a turntable."""
    if path.suffix.lower() not in SUFFIXES:
        raise SettingError(
            "A turntable is written as {allowed} (got {file!r}).",
            advice="Use .gif for slides and web pages, .mp4 for a smaller file.",
            allowed=" or ".join(SUFFIXES),
            file=path.name,
        )


def _save_gif(path: Path, frames: np.ndarray, seconds: float) -> None:
    from PIL import Image

    # One palette for all frames: with one each, a constant background would flicker.
    few = frames[:: max(1, len(frames) // _PALETTE_FRAMES)]
    palette = Image.fromarray(np.concatenate(list(few))).quantize(256, method=Image.Quantize.MEDIANCUT)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pictures[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=max(20, round(1000 * seconds / len(frames))),
        loop=0,
        disposal=1,
    )


def _save_mp4(path: Path, frames: np.ndarray, seconds: float) -> None:
    import cv2

    reader: Any = cv2
    size = frames.shape[1:3]
    film = reader.VideoWriter(str(path), reader.VideoWriter_fourcc(*"vp09"), len(frames) / seconds, size)
    if not film.isOpened():
        raise RendererError("This machine cannot write films.", advice="Write a .gif instead.")
    for frame in frames:
        film.write(np.ascontiguousarray(frame[..., ::-1]))
    film.release()
