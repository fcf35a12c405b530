"""Speed of the pipeline, against a plain script and its own bound.

    python -m benchmarks.bench_stream [--quick] [--memory] [--workers 1]

Every way runs in a separate process, so that its start is part of the time. The plain script: PyVista
off screen with one reused plotter, PNG files, read back, plain timm in torch fp32 with batches of 16,
pooled. The bound: rendering alone with the same children, extraction alone with the same engine, and
the processor time of both together, divided by the number of processors.
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

import numpy as np

from core.foundation import processors

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
    from core.backbones import driver_sees_gpu

    with tempfile.TemporaryDirectory() as folder:
        meshes = some_specimens(Path(folder) / "meshes", 6 if options.quick else 1)
        against_the_usual_way(meshes, options.rounds, options.workers)
        if driver_sees_gpu():
            on_gpu(meshes)
        if options.memory:
            memory(meshes, Path(folder), options.workers)


def against_the_usual_way(meshes: Path, rounds: int, workers: int | None) -> None:
    """Print the time of the stream, relative to the other ways and to its bound."""
    with tempfile.TemporaryDirectory() as spare:
        for way in ("stream", "separate"):  # converts the network, compiles the casters and the modules
            in_child(way, meshes, Path(spare), workers)
    seconds: dict[str, list[float]] = {}
    processor: dict[str, float] = {}
    for number in range(rounds):
        for way in ("stream", "separate", "render", "extract", "stream-bf16", "usual"):
            if way == "usual" and number:
                continue  # minutes; once, between the others
            with tempfile.TemporaryDirectory() as out:
                told = in_child(way, meshes, Path(out), workers)
            seconds.setdefault(way, []).append(told["seconds"])
            processor[way] = min(processor.get(way, 1e9), told["processor"])
    took = {way: min(times) for way, times in seconds.items()}
    cores = processors()
    shared_out = (processor["render"] + processor["extract"]) / cores
    slower = max(took["render"], took["extract"])
    bound = max(slower, shared_out)
    count = told_count(meshes)
    print(f"{count} specimens, {VIEWS} views at {SIZE} px, {MODEL}, {cores} processors, start-up included")
    print(f"  stream {took['stream']:6.1f} s, {count * VIEWS / took['stream']:6.1f} views/s")
    print(
        f"  the usual way     {took['usual'] / took['stream']:5.1f} × as long (wanted 6); "
        f"{took['usual'] / took['stream-bf16']:.1f} × with --precision bf16"
    )
    print(f"  separate commands {took['separate'] / took['stream']:5.1f} × as long (wanted 2)")
    print(
        f"  bound {bound:.1f} s (rendering alone {took['render']:.1f}, extraction alone {took['extract']:.1f}, "
        f"both shared out {shared_out:.1f}): the stream reaches {bound / took['stream']:.0%} (wanted 85 %), "
        f"{slower / took['stream']:.0%} of the slower one alone"
    )
    # Wall-clock time depends on other work on the machine; processor time does so less.
    used = processor["stream"]
    print(
        f"  processors' time: stream {used:.1f} s, rendering and extraction alone {shared_out * cores:.1f} s "
        f"({shared_out * cores / used:.0%}); separate commands {processor['separate'] / used:.1f} ×, "
        f"the usual way {processor['usual'] / used:.1f} × "
        f"(in bf16 {processor['usual'] / processor['stream-bf16']:.1f} ×)",
        flush=True,
    )


def on_gpu(meshes: Path) -> None:
    """Print the rate of the stream on the GPU, relative to that of the network alone."""
    from core.pipeline import default_workers

    with tempfile.TemporaryDirectory() as out:
        told = in_child("gpu", meshes, Path(out), None)
    print(
        f"  dinov2_vits14 in bf16 on the GPU: alone {told['alone']:.0f} views/s, in the stream {told['streamed']:.0f} "
        f"({told['streamed'] / told['alone']:.0%}), rendering by {default_workers()} children",
        flush=True,
    )


def memory(meshes: Path, folder: Path, workers: int | None) -> None:
    """Print the peak memory of the stream, with children, for 200 and 2,000 specimens."""
    small = sorted((path for path in meshes.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)[:40]
    told = []
    for count in (200, 2000):
        many = folder / f"many{count}"
        many.mkdir()
        for number in range(count):
            source = small[number % len(small)]
            os.link(source, many / f"{number:04d}{source.suffix}")
        with tempfile.TemporaryDirectory() as out:
            told.append(in_child("stream", many, Path(out), workers))
    few, most = told
    print(
        f"  peak memory of the stream: {few['peak']:.0f} MiB for 200, {most['peak'] / few['peak'] - 1:+.1%} for 2,000 "
        f"(wanted below 10 %); with neighbours, clusters and evaluation at the end {few['whole']:.0f} MiB, "
        f"{most['whole'] / few['whole'] - 1:+.1%}"
    )


def in_child(way: str, meshes: Path, out: Path, workers: int | None) -> dict[str, float]:
    """Run one way in a separate process.

    Return its facts, with its whole time.
    """
    command = [*PYTHON, "benchmarks.bench_stream", "--child", way, str(meshes), str(out)]
    command += ["--workers", str(workers)] if workers is not None else []
    # Modules are compiled once, not at every start.
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
    """Return the number of specimens below a folder."""
    return sum(path.is_file() for path in meshes.rglob("*"))


def say(**facts: float) -> None:
    """Print facts, with the processor time if they do not hold it."""
    print(json.dumps({"processor": processor_time(), **facts}))


def processor_time() -> float:
    """Return the processor seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak() -> float:
    """Return the peak memory of this process and of its largest child, in MiB."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(who).ru_maxrss for who in both) / 1024


def stream(meshes: Path, out: Path, workers: int | None, precision: str = "auto") -> None:
    """Run the whole stream.

    Its time is until the last embedding is stored.
    """
    from core.backbones import EngineSettings
    from core.features import FeatureSettings
    from core.pipeline import RunSettings, run_pipeline
    from core.views import ViewSettings
    from core.workspace import open_workspace

    reached: dict[str, float] = {}

    def progress(iterable: Iterable, total: int | None, label: str) -> Iterator:
        del total
        yield from iterable
        if label == "Features":
            # Neighbours and clusters come later, after all embeddings.
            reached.update(seconds=time.time() - started(), peak=peak(), processor=processor_time())

    features = FeatureSettings(MODEL, download=False, engine=EngineSettings(precision=precision))
    settings = RunSettings(views=ViewSettings(views=VIEWS), size=SIZE, features=features, workers=workers)
    run_pipeline(open_workspace(out), settings, meshes=meshes, progress=progress)
    say(**reached, whole=peak())


def gpu(meshes: Path, out: Path, workers: int | None) -> None:
    """Run the stream with DINOv2 on the GPU, if there is one, and the network alone."""
    from benchmarks.bench_features import some_backbone
    from core.backbones import EngineSettings, TokenSettings, open_engine
    from core.features import NetworkExtractor
    from core.pipeline import RunSettings, run_pipeline
    from core.views import ViewSettings
    from core.workspace import open_workspace

    backbone, tokens = some_backbone("dinov2_vits14", SIZE), TokenSettings()
    engine = open_engine(backbone, tokens, EngineSettings(engine="torch"))
    on_cuda = engine.identity["device"] != "cpu"
    images = np.random.default_rng(0).integers(0, 256, (4096 if on_cuda else 8, SIZE, SIZE, 3), dtype=np.uint8)
    engine.run(images)
    start = time.perf_counter()
    engine.run(images)
    alone = len(images) / (time.perf_counter() - start)
    passed: list[float] = []

    def progress(iterable: Iterable, total: int | None, label: str) -> Iterator:
        del total
        for item in iterable:
            yield item
            if label == "Features":
                passed.append(time.perf_counter())

    settings = RunSettings(views=ViewSettings(views=VIEWS), size=SIZE, workers=workers)
    extractor = NetworkExtractor(backbone, engine, tokens)
    run_pipeline(open_workspace(out), settings, meshes=meshes, extractor=extractor, progress=progress)
    # From the first result to the last: the start is not measured here.
    say(alone=alone, streamed=(len(passed) - 1) * VIEWS / (passed[-1] - passed[0]))


def stream_bf16(meshes: Path, out: Path, workers: int | None) -> None:
    """Run the whole stream with the network in bf16."""
    stream(meshes, out, workers, "bf16")


def started() -> float:
    """Return the start time of this process."""
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
    from core.collection import take_inventory
    from core.pipeline import Task
    from core.views import ViewSettings

    settings = ViewSettings(views=VIEWS, size=SIZE)
    return [Task(specimen, settings) for specimen in take_inventory(meshes).specimens]


def render(meshes: Path, out: Path, workers: int | None) -> None:
    """Read and render only, with the stream's children."""
    del out
    from core.pipeline import default_workers, prepare_all

    for _ in prepare_all(tasks_of(meshes), workers or default_workers()):
        pass
    say()


def extract(meshes: Path, out: Path, workers: int | None) -> None:
    """Extract only.

    Views are made before the clock starts.
    """
    del out, workers
    from core.features import FeatureSettings, open_extractor
    from core.pipeline import prepare_all

    ready = [item.views.images for item in prepare_all(tasks_of(meshes), 0)]
    before, start = time.process_time(), time.perf_counter()
    extractor = open_extractor(FeatureSettings(MODEL, download=False))
    for images in ready:
        extractor(images)
    say(seconds=time.perf_counter() - start, processor=time.process_time() - before)


def usual(meshes: Path, out: Path, workers: int | None) -> None:
    """Run the plain script: PyVista, PNG files and timm."""
    del workers
    from benchmarks.bench_features import plain_timm, some_backbone

    # Import before VTK opens its window: torchvision imported later crashes the process.
    run = plain_timm(some_backbone(MODEL, SIZE))
    import pyvista as pv
    import torch
    import trimesh
    from PIL import Image

    from core.views import camera_poses

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


CHILDREN = {
    "stream": stream,
    "stream-bf16": stream_bf16,
    "gpu": gpu,
    "separate": separate,
    "render": render,
    "extract": extract,
    "usual": usual,
}

if __name__ == "__main__":
    main()
