"""Time until the 3D scene of a million faces is ready, relative to a small scan.

    python -m benchmarks.bench_viewer

One warm process opens both alternately; the least of several times counts.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from core.meshes import Mesh, write_ply
from core.scenes import SceneBuilder, SceneConfig, SceneSource

ROUNDS = 5
FACES_OF_SMALL, FACES_OF_LARGE = 20_000, 1_000_000


def main() -> None:
    """Measure and print seconds and their ratio."""
    builder = SceneBuilder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        builder.warm_up()
        small = [SceneSource(write_sheet(folder / "small.ply", FACES_OF_SMALL), folder / "small_preview.ply")]
        large = [SceneSource(write_sheet(folder / "large.ply", FACES_OF_LARGE), folder / "large_preview.ply")]
        seconds: dict[str, list[float]] = {"first": [], "again": [], "small": [], "full": []}
        for turn in range(ROUNDS):
            folder.joinpath("large_preview.ply").unlink(missing_ok=True)
            seconds["first"].append(opened(builder, large, turn, 0))
            seconds["again"].append(opened(builder, large, turn, 1))
            seconds["small"].append(opened(builder, small, turn, 0))
        seconds["full"].append(opened(builder, large, 0, 0, detail="full"))
        builder.close()
    least = {what: min(times) for what, times in seconds.items()}
    print(f"a million faces, preview not made yet: {least['first']:.2f} s (least of {ROUNDS})")
    print(f"a million faces, preview kept: {least['again']:.2f} s")
    print(f"{FACES_OF_SMALL:,} faces: {least['small']:.2f} s")
    print(f"a million faces in full resolution: {least['full']:.2f} s (once)")
    print(f"ratio of a million faces with its preview kept to {FACES_OF_SMALL:,} faces: {ratio(least):.2f}")


def ratio(least: dict[str, float]) -> float:
    """Return the relative time of the large scan with a cached preview."""
    return least["again"] / least["small"]


def opened(builder: SceneBuilder, sources: list[SceneSource], turn: int, clay: int, detail: str = "preview") -> float:
    """Return the seconds until a scene is ready.

    A new shade of clay avoids the cache.
    """
    config = SceneConfig(clay=f"#d3c{turn:x}{clay:x}6", detail=detail)
    started = time.perf_counter()
    builder.build(sources, config)
    return time.perf_counter() - started


def write_sheet(path: Path, faces: int) -> Path:
    """Write a wavy, slightly rough sheet."""
    steps = round((faces / 2) ** 0.5) + 1
    along = np.linspace(0, np.pi, steps)
    x, y = (axis.ravel() for axis in np.meshgrid(along, along))
    rough = 0.002 * np.random.default_rng(42).normal(size=len(x))
    corner = (np.arange(steps - 1)[:, None] * steps + np.arange(steps - 1)).ravel().astype(np.int32)
    triangles = [
        np.stack([corner, corner + 1, corner + steps], 1),
        np.stack([corner + 1, corner + steps + 1, corner + steps], 1),
    ]
    write_ply(path, Mesh(np.stack([x, y, np.sin(3 * x) * np.cos(2 * y) + rough], 1), np.concatenate(triangles)))
    return path


if __name__ == "__main__":
    main()
