"""How fast specimens become views: every line a ratio of two things measured in this run.

    python benchmarks/bench_render.py [--quick] [--specimens 2000]

PyVista draws off screen with one plotter that is used again, as a careful user would.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.meshes import Mesh, decimate, normalise, read_mesh, write_ply
from core.views import ViewSettings, render_views, write_views

VIEWS = 12


def bumpy_ball(faces: int) -> Mesh:
    """Return a closed ball with ribs and knobs of about so many faces."""
    rings = round((faces / 4) ** 0.5)
    height, turn = np.mgrid[0 : rings + 1, 0 : 2 * rings]
    polar, azimuth = np.pi * (height + 0.5) / (rings + 1), np.pi * turn / rings
    radius = 1 + 0.06 * np.sin(17 * azimuth) * np.sin(polar) + 0.04 * np.sin(23 * polar) * np.cos(5 * azimuth)
    points = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), 0.7 * np.cos(polar)], axis=-1)
    rows, columns = np.mgrid[0:rings, 0 : 2 * rings]
    here, right = rows * 2 * rings + columns, rows * 2 * rings + (columns + 1) % (2 * rings)
    below, across = here + 2 * rings, right + 2 * rings
    corners = np.stack([here, below, right, right, below, across], -1).reshape(-1, 3)
    return Mesh((radius[..., None] * points).reshape(-1, 3), corners.astype(np.int32))


class PyVistaRenderer:
    """The yardstick: one plotter off screen, smooth shading, twelve camera positions."""

    def __init__(self, size: int) -> None:
        import pyvista as pv

        self._pv = pv
        self._plotter = pv.Plotter(off_screen=True, window_size=[size, size])
        self._plotter.show(auto_close=False)

    def render(self, vertices: np.ndarray, faces: np.ndarray, cameras: np.ndarray) -> None:
        """Draw from every camera into memory."""
        mesh = self._pv.PolyData.from_regular_faces(vertices, faces)
        actor = self._plotter.add_mesh(mesh, color="white", smooth_shading=True)
        for pose in cameras:
            self._plotter.camera_position = [tuple(pose[:3, 3]), (0, 0, 0), tuple(-pose[:3, 1])]
            self._plotter.render()
            self._plotter.screenshot(return_img=True)
        self._plotter.remove_actor(actor)

    def close(self) -> None:
        """Give the window back."""
        self._plotter.close()


def seconds(*works: Callable[[], object], repeats: int) -> list[float]:
    """Return the median time of each, measured in turns so that all see the same machine."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [median(taken) for taken in times]


def against_pyvista(path: Path, faces: int, size: int, repeats: int) -> None:
    """Print views a second, and from the file to views in memory, as multiples of PyVista's."""
    import trimesh

    from core.poses import camera_poses

    mesh, poses = read_mesh(path), camera_poses(VIEWS)
    unit = normalise(mesh)
    yardstick = PyVistaRenderer(size)

    def theirs_from_file() -> None:
        loaded = trimesh.load(path, process=False)
        points = np.asarray(loaded.vertices)
        points = (points - points.mean(axis=0)) / np.ptp(points, axis=0).max()
        yardstick.render(points, np.asarray(loaded.faces), poses)

    raster, raycast = (ViewSettings(views=VIEWS, size=size, backend=backend) for backend in ("raster", "raycast"))
    theirs, ours, rays, their_file, our_file = seconds(
        lambda: yardstick.render(unit.vertices, unit.faces, poses),
        lambda: render_views(mesh, raster),
        lambda: render_views(mesh, raycast),
        theirs_from_file,
        lambda: render_views(read_mesh(path), raster),
        repeats=repeats,
    )
    yardstick.close()
    print(
        f"{faces:>9,} faces {size} px | raster {theirs / ours:5.1f} × PyVista, {1e3 * ours / VIEWS:5.1f} ms a view | "
        f"raycast {theirs / rays:4.1f} × | from file {their_file / our_file:5.1f} × trimesh + PyVista",
        flush=True,
    )


def growth(meshes: dict[int, Mesh], repeats: int) -> None:
    """Print how time grows with views and with faces, and what writing PNG files adds."""
    small, large = meshes[100_000], meshes[1_000_000]
    few, many = ViewSettings(views=12, size=224), ViewSettings(views=48, size=224)
    a, b, c = seconds(
        lambda: render_views(small, few),
        lambda: render_views(small, many),
        lambda: render_views(large, few),
        repeats=repeats,
    )
    print(f"48 views cost {b / a:.2f} × 12 views; 1,000,000 faces cost {c / a:.2f} × 100,000 faces (224 px)")
    wish = ViewSettings(views=12, size=768)
    views = render_views(small, wish)
    with tempfile.TemporaryDirectory() as folder:
        drawing, writing = seconds(
            lambda: render_views(small, wish), lambda: write_views(Path(folder), "a", views), repeats=repeats
        )
    print(f"writing 12 PNG files of 768 px takes {writing / drawing:.2f} × drawing them")
    (thinning,) = seconds(lambda: decimate(large, 50_000), repeats=1)
    print(f"1,000,000 → 50,000 faces by clustering takes {thinning / c:.2f} × twelve views of it at 224 px")


def memory(specimens: int) -> None:
    """Print resident memory while many specimens are drawn in this process."""
    resident = Path("/proc/self/statm")
    wish = ViewSettings(views=2, size=224)
    curve = []
    for number in range(specimens + 1):
        if number in (100, 500, 1000, 1500, 2000, specimens):
            curve.append((number, int(resident.read_text().split()[1]) * 4096 / 1e6))
        mesh = bumpy_ball(4_000 + 500 * (number % 40))
        render_views(mesh, wish)
    base = curve[0][1]
    print("memory after specimens: " + ", ".join(f"{number}: {use / base:.3f} ×" for number, use in curve))


def _work(numbers: list[int]) -> float:
    """Draw some specimens; return the processor time that took."""
    wish, start = ViewSettings(views=12, size=224), time.process_time()
    for number in numbers:
        render_views(bumpy_ball(80_000 + number), wish, threads=1)
    return time.process_time() - start


def workers(repeats: int) -> None:
    """Print how much more two worker processes do than one."""
    jobs = [[100 * job + step for step in range(4)] for job in range(8)]
    spent: dict[str, list[float]] = {"one": [], "two": []}
    with multiprocessing.get_context("spawn").Pool(2) as two, multiprocessing.get_context("spawn").Pool(1) as one:
        alone, together = seconds(
            lambda: spent["one"].append(sum(one.map(_work, jobs, chunksize=1))),
            lambda: spent["two"].append(sum(two.map(_work, jobs, chunksize=1))),
            repeats=repeats,
        )
    # Processor time does not count the waiting for a machine that others use too.
    least = 2 * min(spent["one"]) / min(spent["two"])
    print(f"two workers do {alone / together:.2f} × the work of one; by processor time they could do {least:.2f} ×")


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, the small mesh only")
    parser.add_argument("--specimens", type=int, default=2000, help="for the memory curve; 0 leaves it out")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else 5
    meshes = {faces: bumpy_ball(faces) for faces in (100_000, 1_000_000)}
    with tempfile.TemporaryDirectory() as folder:
        for faces, mesh in meshes.items():
            path = Path(folder) / f"{faces}.ply"
            write_ply(path, mesh)
            for size in (224, 518, 768):
                if not (arguments.quick and faces > 100_000):
                    against_pyvista(path, faces, size, repeats)
    growth(meshes, repeats)
    workers(repeats)
    if arguments.specimens:
        memory(arguments.specimens)


if __name__ == "__main__":
    main()
