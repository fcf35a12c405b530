"""A fake extractor without weights or GPU, small specimens, and helpers for files."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path

import numpy as np

from core.foundation import SpecimenError
from core.meshes import Mesh
from core.workspace import RunFolder

PROJECT = Path(__file__).resolve().parents[1]
PIXELS = 64


class FakeExtractor:
    """An extractor whose features are the mean brightness of sixteen fields of a view.

    Parameters
    ----------
    name : str
        Name of the backbone in the identity.
    fails_at : int
        The call, counted from 1, that raises `SpecimenError`; 0 for none.
    gives_nan_at : int
        The call that returns NaN.
    seconds : float
        Duration of a call.
    dies_at : int
        The call that kills its own process.
    """

    image_size = PIXELS

    def __init__(
        self,
        name: str = "fake",
        *,
        fails_at: int = 0,
        gives_nan_at: int = 0,
        seconds: float = 0.0,
        dies_at: int = 0,
    ) -> None:
        self.name, self.fails_at, self.gives_nan_at = name, fails_at, gives_nan_at
        self.seconds, self.dies_at = seconds, dies_at
        self.calls = 0

    @property
    def identity(self) -> dict[str, object]:
        """Return the settings that determine the features."""
        return {
            "backbone": self.name,
            "image_size": PIXELS,
            "engine": "fake",
            "device": "cpu",
            "precision": "fp32",
            "weights_source": "none",
        }

    def __call__(
        self, images: np.ndarray, masks: np.ndarray | None = None, depth: np.ndarray | None = None
    ) -> np.ndarray:
        """Return (v, 16) features."""
        self.calls += 1
        time.sleep(self.seconds)
        if self.calls == self.dies_at:
            os.kill(os.getpid(), 9)
        if self.calls == self.fails_at:
            raise SpecimenError("It does not fit the fake.")
        side = images.shape[1] // 4
        fields = images[:, : 4 * side, : 4 * side].reshape(len(images), 4, side, 4, side, 3)
        features = fields.mean(axis=(2, 4, 5)).reshape(len(images), 16).astype(np.float32)
        return np.full_like(features, np.nan) if self.calls == self.gives_nan_at else features


def write_specimens(folder: Path, names: str | list[str]) -> None:
    """Write an OFF file of a different tetrahedron for every name."""
    for name in names.split() if isinstance(names, str) else names:
        write_specimen(folder / f"{name}.off")


def write_specimen(path: Path, *, stretch: float = 1.0) -> None:
    """Write a tetrahedron.

    Its shape is seeded by the name of the file.
    """
    rng = np.random.default_rng(list(path.stem.encode("utf-8", "surrogateescape")))
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) + rng.uniform(-0.4, 0.4, (4, 3))
    corners[:, 0] *= stretch
    lines = ["OFF", "4 4 6", *(" ".join(f"{value:.6f}" for value in corner) for corner in corners)]
    lines += ["3 0 1 2", "3 0 3 1", "3 0 2 3", "3 1 3 2"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def rows_of(path: Path, *, encoding: str = "utf-8") -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def ellipsoid(radii: tuple[float, float, float], *, colours: bool = False) -> Mesh:
    """Return a lumpy ellipsoid without rotational symmetry."""
    rows, columns = 40, 60
    polar, around = np.meshgrid(
        np.linspace(0.05, np.pi - 0.05, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False)
    )
    unit = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    points = (unit * np.array(radii) * (1.0 + 0.15 * np.sin(5 * around + 2 * polar))[..., None]).reshape(-1, 3)
    strip, ring = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    here, there = ring * rows + strip, (ring + 1) % columns * rows + strip
    faces = np.concatenate([np.stack([here, here + 1, there], -1), np.stack([there, here + 1, there + 1], -1)])
    painted = np.tile(np.array([30, 90, 220], np.uint8), (len(points), 1)) if colours else None
    return Mesh(points, faces.reshape(-1, 3).astype(np.int32), painted)


def bytes_of_run(run: RunFolder) -> dict[str, object]:
    """Return the bytes of a run's files, except for where its input folder lies in the workspace."""
    config = json.loads(run.config_path.read_text(encoding="utf-8"))
    config.pop("input_in_workspace", None)
    return {**bytes_below(run.root), "config.json": config}
