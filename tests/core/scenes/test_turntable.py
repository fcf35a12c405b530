"""Turntables: frames, files, settings."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.foundation import SettingError
from core.meshes import Mesh, write_ply
from core.scenes import TurntableSettings, check_suffix, write_turntable
from core.scenes.turntable import turntable_frames

QUICK = TurntableSettings(frames=8, size=64, seconds=2.0)


def wedge() -> Mesh:
    """Return a specimen that looks different from every side."""
    vertices = np.array([[0, 0, 0], [3, 0, 0], [0, 1, 0], [0, 0, 2]], np.float64)
    return Mesh(vertices, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32))


def test_turntable_frames__turn_once_around() -> None:
    """There are as many pictures as asked for, each shows something, and no two are alike."""
    frames = turntable_frames(wedge(), QUICK)
    assert frames.shape == (8, 64, 64, 3)
    assert all((frame < 250).any() for frame in frames)
    assert len({frame.tobytes() for frame in frames}) == 8


def test_turntable_frames__axis_stays_in_the_middle() -> None:
    """A pillar on the axis stays where it is and as large as it is."""
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([0.2 * np.cos(around), 0.2 * np.sin(around)], 1)
    vertices = np.concatenate([np.column_stack([ring, np.full(24, z)]) for z in (-1.0, 1.0)])
    here, there = np.arange(24), np.roll(np.arange(24), -1)
    faces = np.concatenate([np.stack([here, there, here + 24], 1), np.stack([there, there + 24, here + 24], 1)])
    covered = (turntable_frames(Mesh(vertices, faces.astype(np.int32)), QUICK)[..., 0] < 250).any(axis=1)
    assert np.ptp(covered.sum(axis=1)) <= 2
    assert (np.abs(covered.argmax(axis=1) + covered.sum(axis=1) / 2 - 32) <= 2).all()


def test_write_turntable__gif(tmp_path: Path) -> None:
    """A GIF holds every frame, repeats for ever and lasts as long as asked for."""
    with Image.open(write_turntable(tmp_path / "new" / "a.gif", wedge(), QUICK)) as film:
        assert (getattr(film, "n_frames", 1), film.size, film.info["loop"]) == (8, (64, 64), 0)
        assert film.info["duration"] == 250


def test_write_turntable__mp4(tmp_path: Path) -> None:
    """A film holds every frame at the speed asked for."""
    film = cv2.VideoCapture(str(write_turntable(tmp_path / "a.MP4", wedge(), QUICK)))
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == 8
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(4.0)
    read, frame = film.read()
    assert read
    assert frame.shape == (64, 64, 3)


def test_check_suffix__names_what_is_allowed() -> None:
    """Another kind of file is refused with what there is."""
    with pytest.raises(SettingError, match=r"written as \.gif or \.mp4 \(got 'a\.avi'\)"):
        check_suffix(Path("a.avi"))


@pytest.mark.parametrize(
    "wrong", [{"frames": 3}, {"size": 65}, {"size": 2000}, {"seconds": 0.0}, {"appearance": "x"}, {"background": "x"}]
)
def test_turntable_settings__are_checked(wrong: dict[str, object]) -> None:
    """What is not allowed is named with what was given."""
    with pytest.raises(SettingError, match=r"must be .* \(got"):
        TurntableSettings(**wrong)  # type: ignore[arg-type]


def test_turntable_command__writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command does what the app does; curvature tells the ends of its colours."""
    write_ply(tmp_path / "a.ply", wedge())
    call = ["turntable", "--file", str(tmp_path / "a.ply"), "--frames", "4", "--size", "32", "--out"]
    assert main([*call, str(tmp_path / "a.gif")]) == 0
    assert main([*call, str(tmp_path / "b.gif"), "--curvature", "mean"]) == 0
    assert "in 1 / unit of the file" in capsys.readouterr().out
    assert (tmp_path / "a.gif").read_bytes() != (tmp_path / "b.gif").read_bytes()
    assert main([*call, str(tmp_path / "c.avi")]) == 1
