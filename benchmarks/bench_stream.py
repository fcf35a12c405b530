"""From a folder of meshes to embeddings: the stream against how it is usually done, and against its own bound.

    python -m benchmarks.bench_stream [--quick] [--memory] [--workers 1]

Everything runs in processes of its own, so that starting up is part of it. The usual way: PyVista
off screen with one plotter used again, PNG files, read back, plain timm in torch fp32 with batches
of 16, pooled. The bound: rendering alone with the same children, extraction alone with the same
engine, and the processors' time that both together need, shared out over all processors.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
SPECIMENS = PROJECT.parent / "shared" / "specimens"
MODEL, VIEWS, SIZE, BATCH = "efficientnet_lite2", 12, 224, 16
PYTHON = [sys.executable, "-m"]


def main() -> None:
    """Print every ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every sixth specimen")
    parser.add_argument("--memory", action="store_true", help="also the peak memory for 200 and 2,000 specimens")
    parser.add_argument("--rounds", type=int, default=1, help="times that each is measured; the usual way once")
    parser.add_argument("--workers", type=int, help="children that render")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        CHILDREN[options.child[0]](Path(options.child[1]), Path(options.child[2]), options.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        meshes = some_specimens(Path(folder) / "meshes", 6 if options.quick else 1)
        against_the_usual_way(meshes, options.rounds, options.workers)
        if options.memory:
            memory(meshes, Path(folder), options.workers)


def against_the_usual_way(meshes: Path, rounds: int, workers: int | None) -> None:
    """Print the stream's time and what it is of the others' and of its bound."""
    with tempfile.TemporaryDirectory() as spare:
        for way in ("stream", "separate"):  # converts the network, compiles the casters and the modules
            in_child(way, meshes, Path(spare), workers)
    seconds: dict[str, list[float]] = {}
    processor: dict[str, float] = {}
    for number in range(rounds):
        for way in ("stream", "separate", "render", "extract", "usual"):
            if way == "usual" and number:
                continue  # minutes; once, between the others
            with tempfile.TemporaryDirectory() as out:
                told = in_child(way, meshes, Path(out), workers)
            seconds.setdefault(way, []).append(told["seconds"])
            processor[way] = min(processor.get(way, 1e9), told["processor"])
    took = {way: median(times) for way, times in seconds.items()}
    cores = len(os.sched_getaffinity(0))
    shared_out = (processor["render"] + processor["extract"]) / cores
    bound = max(took["render"], took["extract"], shared_out)
    count = told_count(meshes)
    print(f"{count} specimens, {VIEWS} views at {SIZE} px, {MODEL}, {cores} processors, start-up included")
    print(f"  stream {took['stream']:6.1f} s, {count * VIEWS / took['stream']:6.1f} views/s")
    print(f"  the usual way     {took['usual'] / took['stream']:5.1f} × as long (wanted 6)")
    print(f"  separate commands {took['separate'] / took['stream']:5.1f} × as long (wanted 2)")
    print(
        f"  bound {bound:.1f} s (rendering alone {took['render']:.1f}, extraction alone {took['extract']:.1f}, "
        f"both shared out {shared_out:.1f}): the stream reaches {bound / took['stream']:.0%} (wanted 85 %)"
    )
    print(f"  processors' time: usual {processor['usual'] / processor['stream']:.1f} × the stream's", flush=True)


def memory(meshes: Path, folder: Path, workers: int | None) -> None:
    """Print the peak memory of the stream for 200 and for 2,000 specimens, children included."""
    small = sorted((path for path in meshes.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)[:40]
    peaks = []
    for count in (200, 2000):
        many = folder / f"many{count}"
        many.mkdir()
        for number in range(count):
            source = small[number % len(small)]
            os.link(source, many / f"{number:04d}{source.suffix}")
        with tempfile.TemporaryDirectory() as out:
            peaks.append(in_child("stream", many, Path(out), workers)["peak"])
    print(f"  peak memory: {peaks[0]:.0f} MiB for 200, {peaks[1] / peaks[0] - 1:+.1%} for 2,000 (wanted below 10 %)")


def in_child(way: str, meshes: Path, out: Path, workers: int | None) -> dict[str, float]:
    """Run one way in a process of its own; return what it says, with its whole time."""
    command = [*PYTHON, "benchmarks.bench_stream", "--child", way, str(meshes), str(out)]
    command += ["--workers", str(workers)] if workers is not None else []
    # As on anybody's machine: modules are compiled once, not at every start.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "fossilvit-bench-pycache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, env=environment)
    whole = time.perf_counter() - start
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    told.setdefault("seconds", whole)
    return told


def some_specimens(folder: Path, step: int) -> Path:
    """Return a folder with copies of every `step`-th specimen."""
    paths = sorted(path for path in SPECIMENS.rglob("*") if path.suffix in (".ply", ".obj", ".stl", ".off"))
    for path in paths[::step]:
        link = folder / path.relative_to(SPECIMENS)
        link.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, link)
    return folder


def told_count(meshes: Path) -> int:
    """Return how many specimens lie below a folder."""
    return sum(path.is_file() for path in meshes.rglob("*"))


def say(**facts: float) -> None:
    """Print facts, with the time of this process and its children, and the largest of them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(usage.ru_utime + usage.ru_stime for usage in used)
    print(json.dumps({"processor": processor, "peak": sum(usage.ru_maxrss for usage in used) / 1024, **facts}))


def stream(meshes: Path, out: Path, workers: int | None) -> None:
    """Run the whole stream; its time is until the last embedding is stored."""
    from core.features import FeatureSettings
    from core.pipeline import RunSettings, run_pipeline
    from core.views import ViewSettings
    from core.workspace import open_workspace

    reached: list[float] = []

    def progress(iterable: Iterable, total: int | None, label: str) -> Iterator:
        del total
        yield from iterable
        if label == "Features":
            reached.append(time.time() - psutil_started())

    settings = RunSettings(
        views=ViewSettings(views=VIEWS), size=SIZE, features=FeatureSettings(MODEL, download=False), workers=workers
    )
    run_pipeline(open_workspace(out), settings, meshes=meshes, progress=progress)
    say(seconds=reached[0])


def psutil_started() -> float:
    """Return when this process was started."""
    import psutil

    return float(psutil.Process().create_time())


def separate(meshes: Path, out: Path, workers: int | None) -> None:
    """Call our own commands one after the other."""
    del workers
    for arguments in (
        ["render", "--in", meshes, "--out", out / "renders", "--views", VIEWS, "--size", SIZE],
        ["extract", "--renders", out / "renders", "--out", out / "features", "--model", MODEL, "--no-download"],
        ["pool", "--features", out / "features", "--out", out / "embeddings"],
    ):
        command = [*PYTHON, "core", *map(str, arguments)]
        subprocess.run(command, cwd=PROJECT, check=True, stdout=sys.stderr)
    say()


def tasks_of(meshes: Path) -> list:
    """Return the tasks of the stream's children."""
    from core.inventory import take_inventory
    from core.views import ViewSettings
    from core.workers import Task

    settings = ViewSettings(views=VIEWS, size=SIZE)
    return [Task(specimen, settings) for specimen in take_inventory(meshes).specimens]


def render(meshes: Path, out: Path, workers: int | None) -> None:
    """Only read and render, with the stream's children."""
    del out
    from core.workers import default_workers, prepare_all

    for _ in prepare_all(tasks_of(meshes), workers or default_workers()):
        pass
    say()


def extract(meshes: Path, out: Path, workers: int | None) -> None:
    """Only extract: views are made ready before the clock starts."""
    del out, workers
    from core.features import FeatureSettings, open_extractor
    from core.workers import prepare_all

    ready = [item.views.images for item in prepare_all(tasks_of(meshes), 0)]
    before, start = time.process_time(), time.perf_counter()
    extractor = open_extractor(FeatureSettings(MODEL, download=False))
    for images in ready:
        extractor(images)
    say(seconds=time.perf_counter() - start, processor=time.process_time() - before)


def usual(meshes: Path, out: Path, workers: int | None) -> None:
    """Do it as it is usually done."""
    del workers
    from benchmarks.bench_features import plain_timm, some_backbone

    # Before VTK opens its window: torchvision loaded after that ends the process here.
    run = plain_timm(some_backbone(MODEL, SIZE))
    import pyvista as pv
    import torch
    import trimesh
    from PIL import Image

    from core.poses import camera_poses

    plotter = pv.Plotter(off_screen=True, window_size=[SIZE, SIZE])
    files = sorted(path for path in meshes.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        loaded = trimesh.load(path, process=False)
        points = np.asarray(loaded.vertices, dtype=np.float64)
        points = (points - points.mean(axis=0)) / np.ptp(points, axis=0).max()
        faces = getattr(loaded, "faces", None)
        has_faces = faces is not None and len(faces)
        surface = pv.PolyData.from_regular_faces(points, np.asarray(faces)) if has_faces else pv.PolyData(points)
        actor = plotter.add_mesh(surface, color="white", smooth_shading=bool(has_faces))
        for view, pose in enumerate(camera_poses(VIEWS)):
            plotter.camera_position = [tuple(pose[:3, 3]), (0, 0, 0), tuple(-pose[:3, 1])]
            Image.fromarray(plotter.screenshot(return_img=True)).save(out / f"{number:04d}_{view:02d}.png")
        plotter.remove_actor(actor)
    plotter.close()
    pictures = sorted(out.glob("*.png"))
    with torch.inference_mode():
        parts = [
            run(np.stack([np.asarray(Image.open(path).convert("RGB")) for path in pictures[start : start + BATCH]]))
            for start in range(0, len(pictures), BATCH)
        ]
    np.save(out / "embeddings.npy", np.concatenate(parts).reshape(len(files), VIEWS, -1).mean(axis=1))
    say()


CHILDREN = {"stream": stream, "separate": separate, "render": render, "extract": extract, "usual": usual}

if __name__ == "__main__":
    main()
