"""Speed of rendering: every line is a ratio of two times measured in one run.

    python benchmarks/bench_render.py [--quick] [--specimens 2000]

PyVista renders off screen with one plotter that is reused. The least of several repeats counts, by
wall clock and by processor time, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.meshes import Mesh, decimate, normalise, read_mesh, write_ply
from core.views import ViewSettings, render_views, write_views

VIEWS = 12


def bumpy_ball(faces: int) -> Mesh:
    """Return a closed ball with ribs and knobs of about `faces` faces."""
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
    """The reference: one off-screen plotter, smooth shading, twelve camera positions."""

    def __init__(self, size: int) -> None:
        import pyvista as pv

        self._pv = pv
        self._plotter = pv.Plotter(off_screen=True, window_size=[size, size])
        self._plotter.show(auto_close=False)

    def render(self, vertices: np.ndarray, faces: np.ndarray, cameras: np.ndarray) -> None:
        """Render from every camera into memory."""
        mesh = self._pv.PolyData.from_regular_faces(vertices, faces)
        actor = self._plotter.add_mesh(mesh, color="white", smooth_shading=True)
        for pose in cameras:
            self._plotter.camera_position = [tuple(pose[:3, 3]), (0, 0, 0), tuple(-pose[:3, 1])]
            self._plotter.render()
            self._plotter.screenshot(return_img=True)
        self._plotter.remove_actor(actor)

    def close(self) -> None:
        """Close the plotter."""
        self._plotter.close()


@dataclass(frozen=True)
class Cost:
    """The least cost of a function, in wall-clock seconds and in seconds of all processors."""

    clock: float
    processor: float

    def times(self, other: Cost) -> str:
        """Return the ratio to another cost, by both measures."""
        return f"{self.clock / other.clock:5.2f} × ({self.processor / other.processor:.2f} × by processor time)"


def costs(*works: Callable[[], object], repeats: int) -> list[Cost]:
    """Return the least cost of each function.

    The functions alternate, so that other load on the machine affects all alike.
    """
    for work in works:
        work()
    clocks: list[list[float]] = [[] for _ in works]
    processors: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, clock, processor in zip(works, clocks, processors, strict=True):
            start, spent = time.perf_counter(), time.process_time()
            work()
            clock.append(time.perf_counter() - start)
            processor.append(time.process_time() - spent)
    return [Cost(min(clock), min(processor)) for clock, processor in zip(clocks, processors, strict=True)]


def against_pyvista(path: Path, faces: int, size: int, repeats: int) -> None:
    """Print views a second, with and without reading the file, as multiples of PyVista's."""
    import trimesh

    from core.views import camera_poses

    mesh, poses = read_mesh(path), camera_poses(VIEWS)
    unit = normalise(mesh)
    yardstick = PyVistaRenderer(size)

    def theirs_from_file() -> None:
        loaded = trimesh.load(path, process=False)
        points = np.asarray(loaded.vertices)
        points = points - (points.min(axis=0) + points.max(axis=0)) / 2
        points /= np.linalg.norm(points, axis=1).max()  # as large in the picture as ours
        yardstick.render(points, np.asarray(loaded.faces), poses)

    raster, raycast = (ViewSettings(views=VIEWS, size=size, backend=backend) for backend in ("raster", "raycast"))
    theirs, ours, rays, their_file, our_file, our_rays_file = costs(
        lambda: yardstick.render(unit.vertices, unit.faces, poses),
        lambda: render_views(mesh, raster),
        lambda: render_views(mesh, raycast),
        theirs_from_file,
        lambda: render_views(read_mesh(path), raster),
        lambda: render_views(read_mesh(path), raycast),
        repeats=repeats,
    )
    yardstick.close()
    print(f"{faces:,} faces, {size} px, against PyVista off screen; from the file, against trimesh and PyVista:")
    print(f"    raster  {theirs.times(ours)}, from the file {their_file.times(our_file)}")
    print(f"    raycast {theirs.times(rays)}, from the file {their_file.times(our_rays_file)}")
    bound = casting_alone(mesh, raycast, repeats)
    print(f"    building Embree's tree and casting one ray a pixel, nothing else, {theirs.times(bound)}", flush=True)


def casting_alone(mesh: Mesh, wish: ViewSettings, repeats: int) -> Cost:
    """Return the least work of the ray caster: its tree, and one ray for every pixel."""
    import open3d as o3d

    from core.views import camera_poses

    unit, poses = normalise(mesh), camera_poses(wish.views)
    place = (np.arange(wish.size, dtype=np.float32) + 0.5) / wish.size * 0.52 - 0.26
    right, down = np.meshgrid(place, place)
    seen = np.stack([right, down, np.ones_like(right)], axis=-1).reshape(-1, 3)
    rays = [
        np.concatenate([np.broadcast_to(pose[:3, 3], seen.shape), seen @ pose[:3, :3].T], axis=1).astype(np.float32)
        for pose in poses
    ]
    tensors = [o3d.core.Tensor.from_numpy(some) for some in rays]
    vertices = o3d.core.Tensor.from_numpy(unit.vertices.astype(np.float32))
    faces = o3d.core.Tensor.from_numpy(unit.faces.astype(np.uint32))

    def cast() -> None:
        scene = o3d.t.geometry.RaycastingScene()
        scene.add_triangles(vertices, faces)
        for tensor in tensors:
            scene.cast_rays(tensor)

    return costs(cast, repeats=repeats)[0]


def growth(meshes: dict[int, Mesh], repeats: int) -> None:
    """Print the growth of time with views and faces, and the cost of PNG files."""
    small, large = meshes[100_000], meshes[1_000_000]
    few, many = ViewSettings(views=12, size=224), ViewSettings(views=48, size=224)
    wish = ViewSettings(views=12, size=768)
    views = render_views(small, wish)
    with tempfile.TemporaryDirectory() as folder:
        a, b, c, drawing, writing = costs(
            lambda: render_views(small, few),
            lambda: render_views(small, many),
            lambda: render_views(large, few),
            lambda: render_views(small, wish),
            lambda: write_views(Path(folder), "a", views),
            repeats=repeats,
        )
    print(f"48 views cost {b.times(a)} 12 views")
    print(f"1,000,000 faces cost {c.times(a)} 100,000 faces (224 px)")
    print(f"writing 12 PNG files of 768 px takes {writing.times(drawing)} drawing them")
    (thinning,) = costs(lambda: decimate(large, 50_000), repeats=1)
    print(f"1,000,000 → 50,000 faces takes {thinning.times(c)} twelve views of it at 224 px")


def memory(specimens: int) -> None:
    """Print resident memory while this process renders many specimens."""
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
    """Render some specimens.

    Return the processor time.
    """
    wish, start = ViewSettings(views=12, size=224), time.process_time()
    for number in numbers:
        render_views(bumpy_ball(80_000 + number), wish, threads=1)
    return time.process_time() - start


def workers(repeats: int) -> None:
    """Print the speed-up of two worker processes over one."""
    jobs = [[100 * job + step for step in range(4)] for job in range(8)]
    spent: dict[str, list[float]] = {"one": [], "two": []}
    with multiprocessing.get_context("spawn").Pool(2) as two, multiprocessing.get_context("spawn").Pool(1) as one:
        alone, together = costs(
            lambda: spent["one"].append(sum(one.map(_work, jobs, chunksize=1))),
            lambda: spent["two"].append(sum(two.map(_work, jobs, chunksize=1))),
            repeats=repeats,
        )
    # Processor time excludes waiting on a busy machine.
    least = 2 * min(spent["one"]) / min(spent["two"])
    by_clock = alone.clock / together.clock
    print(f"two workers do {by_clock:.2f} × the work of one; by processor time they could do {least:.2f} ×")


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, the small mesh only")
    parser.add_argument("--specimens", type=int, default=2000, help="for the memory curve; 0 leaves it out")
    parser.add_argument("--repeats", type=int, default=5, help="of which the least counts")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else arguments.repeats
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
