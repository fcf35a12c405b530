"""Large collections, many sessions and long runs: relative times, and memory over time.

    python -m benchmarks.bench_scale [scale] [sessions] [haul]

`scale` compares 100,000 specimens with 1,000, each in a separate process; `sessions` lets ten
browsers use one app for five minutes; `haul` renders and describes 20,000 specimens in one process.
`--specimens`, `--minutes` and `--specimens-hauled` make them shorter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.prepared import BROWSER_ARGUMENTS, CHROMIUM, PROJECT, running_app

SMALL, DIMENSIONS, CATEGORIES, PICTURES = 1000, 384, 50, 64
SESSIONS, IN_SESSIONS = 10, 5000


def main() -> int:
    """Run the chosen measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=[], help="scale, sessions, haul; all where none is named")
    parser.add_argument("--specimens", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--specimens-hauled", type=int, default=20_000)
    parser.add_argument("--models-hauled", nargs="+", default=["classical", "efficientnet_lite2"])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return 0
    wanted = options.what or ["scale", "sessions", "haul"]
    with tempfile.TemporaryDirectory() as folder:
        if "scale" in wanted:
            compare(Path(folder), options.specimens)
        if "sessions" in wanted:
            sessions(Path(folder) / "sessions", options.minutes)
        if "haul" in wanted:
            for model in options.models_hauled:
                haul(options.specimens_hauled, model)
    return 0


def make_workspace(root: Path, count: int) -> None:
    """Write a finished run of synthetic embeddings, with pictures, metadata, tags and sets."""
    from PIL import Image

    from core.collection import Curation, put_metadata
    from core.embeddings import Embeddings, write_embeddings
    from core.storage import write_json
    from core.workspace import Catalogue, SpecimenRecord, open_workspace

    rng = np.random.default_rng(42)
    workspace = open_workspace(root)
    ids = [f"Order{at % 5}/Family{at % CATEGORIES:02d}/specimen_{at:06d}" for at in range(count)]
    centres = rng.normal(size=(CATEGORIES, DIMENSIONS))
    places = np.arange(count) % CATEGORIES
    matrix = (centres[places] + 0.6 * rng.normal(size=(count, DIMENSIONS))).astype(np.float32)
    hashes = [f"{at:064x}" for at in range(PICTURES)]
    for at, name in enumerate(hashes):
        path = workspace.thumbnail_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (256, 256), (at * 3, 128, 255 - at * 3)).save(path)
    source = str(workspace.meshes)
    catalogue = Catalogue(workspace.catalogue_path)
    catalogue.put_specimens(
        SpecimenRecord(
            source, name, f"{source}/{name}.ply", "mesh", 1000, 1, hashes[at % PICTURES], 5000, 10000, 1, 2, 3
        )
        for at, name in enumerate(ids)
    )
    put_metadata(catalogue, {name: {"age": at % 500, "site": f"site {at % 37}"} for at, name in enumerate(ids)})
    Curation(catalogue).add_tag("look again", ids[::50])
    Curation(catalogue).put_set("mine", ids[::20])
    run = workspace.run("large")
    order = np.argsort(np.array(ids))
    write_embeddings(run.embeddings, Embeddings(tuple(ids[at] for at in order), matrix[order]))
    config = {"format": 1, "input": source, "views": {"views": 12, "size": 224}, "pool": "mean"}
    write_json(
        run.config_path, {**config, "features": {"backbone": "synthetic", "engine": "none", "precision": "fp32"}}
    )


def compare(folder: Path, count: int) -> None:
    """Measure a small and a large workspace and print times and memory as multiples."""
    found = {}
    for size in (SMALL, count):
        make_workspace(folder / str(size), size)
        command = [sys.executable, "-m", "benchmarks.bench_scale", "--measure", str(folder / str(size))]
        child = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        found[size] = json.loads(child.stdout.splitlines()[-1])
    print(f"{count:,} specimens against {SMALL:,} ({count / SMALL:.0f} times as many), processor time")
    for name, large in found[count].items():
        small = found[SMALL][name]
        unit = "MB" if name.startswith("memory") else "s"
        print(f"  {name:38} {small:9.3f} {unit:2} → {large:9.3f} {unit:2}   x {large / max(small, 1e-4):7.1f}")


def measure(root: Path) -> dict[str, float]:
    """Return processor seconds of common operations on a workspace, and their memory."""
    from core.clusters import ClusterSettings, cluster
    from core.collection import build_specimen_table
    from core.doctor import examine_workspace
    from core.embeddings import read_embeddings
    from core.neighbours import Filters, Searcher, SearchSettings, apply_filters
    from core.storage import csv_for_people
    from core.workspace import Catalogue, Workspace

    workspace = Workspace(root)
    run = workspace.run("large")
    catalogue = Catalogue(workspace.catalogue_path)
    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any], repeats: int = 3) -> Any:
        best = np.inf
        for _ in range(repeats):
            started = time.process_time()
            result = work()
            best = min(best, time.process_time() - started)
        found[name] = best
        return result

    embeddings = timed("open: matrix and ids", lambda: read_embeddings(run.matrix_path, run.ids_path))
    records = timed("open: records", lambda: catalogue.specimens(str(workspace.meshes)))
    timed("look for damage", lambda: examine_workspace(workspace, thoroughly=False))
    table = timed("table of all specimens", lambda: build_specimen_table(embeddings.ids, records, catalogue))
    searcher = timed("search: made ready", lambda: Searcher(embeddings, SearchSettings(topk=12)))
    timed("search: one query", lambda: searcher.nearest(embeddings.ids[len(embeddings) // 2]))
    timed("find by text", lambda: [name for name in embeddings.ids if "0099" in name.casefold()])
    timed("filter by category", lambda: apply_filters(embeddings, Filters(only_category="Order1")))
    timed("filter by metadata", lambda: table[table["age"] < 50])
    timed("export as CSV", lambda: csv_for_people(table, index=True))
    timed("cluster", lambda: cluster(embeddings, ClusterSettings(min_cluster_size=20)), 1)
    found.update(_measure_screen(root))
    found["memory of the process"] = psutil.Process().memory_info().rss / 1e6
    return found


def _measure_screen(root: Path) -> dict[str, float]:
    """Return the cost of the first screen, on the first run and on a rerun."""
    import os

    from streamlit.testing.v1 import AppTest

    os.environ["FOSSILVIT_WORKSPACE"] = str(root)
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=600)
    seconds = []
    for _ in range(3):
        started = time.process_time()
        screen.run()
        seconds.append(time.process_time() - started)
    if screen.exception:
        raise RuntimeError(str(screen.exception))
    return {"screen: drawn first": seconds[0], "screen: drawn again": min(seconds[1:])}


def sessions(root: Path, minutes: float) -> None:
    """Let ten browsers use one app.

    Print errors and the memory of the app over time.
    """
    if CHROMIUM is None:
        print("sessions: skipped, there is no chromium on PATH.")
        return
    from playwright.sync_api import Error, sync_playwright

    make_workspace(root, IN_SESSIONS)
    ids = (root / "runs" / "large" / "embeddings" / "ids.txt").read_text(encoding="utf-8").split()
    rng = np.random.default_rng(42)
    faults, memory, visits = [], [], 0
    with running_app(root) as address, sync_playwright() as playwright:
        app = next(p for p in psutil.Process().children() if "streamlit" in " ".join(p.cmdline()))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        pages = [browser.new_context(viewport={"width": 1280, "height": 800}).new_page() for _ in range(SESSIONS)]
        until = time.monotonic() + 60 * minutes
        while time.monotonic() < until:
            for page in pages:
                name = ("specimens", "search", "map", "clusters")[int(rng.integers(4))]
                page.goto(f"{address}/{name}?specimen={ids[int(chance.integers(len(ids)))]}", timeout=180_000)
                visits += 1
            for page in pages:
                try:
                    page.get_by_role("heading", level=1).first.wait_for(timeout=180_000)
                    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=180_000)
                    faults += [text for text in page.get_by_role("alert").all_inner_texts() if "expect" in text]
                except Error as error:
                    faults.append(str(error).splitlines()[0])
            memory.append(app.memory_info().rss / 1e6)
        browser.close()
    print(
        f"{SESSIONS} sessions on {IN_SESSIONS:,} specimens for {minutes:g} min: {visits} visits, {len(faults)} faults"
    )
    for fault in sorted(set(faults)):
        print(f"  {fault}")
    print(f"  memory of the app in MB, round by round: {_curve(memory)}")


def haul(count: int, model: str) -> None:
    """Render and describe specimens in this process.

    Print its memory over time.
    """
    from core.embeddings import pool_views
    from core.features import FeatureSettings, open_extractor
    from core.meshes import Mesh
    from core.views import ViewSettings, render_views

    rng = np.random.default_rng(42)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    extractor = open_extractor(FeatureSettings(model=model))
    settings = ViewSettings(views=4, size=64)
    memory = []
    for number in range(count):
        ring = np.stack([np.cos(angles), np.sin(angles), rng.normal(size=24)], axis=1)
        corners = np.concatenate([ring, [[0, 0, 2], [0, 0, -2]]]) * rng.uniform(0.5, 2, 3)
        faces = [(a, (a + 1) % 24, tip) for a in range(24) for tip in (24, 25)]
        views = render_views(Mesh(corners, np.array(faces, dtype=np.int32)), settings, threads=1, with_depth=True)
        pool_views(extractor(views.images, views.masks, views.depth), "mean")
        if number % max(1, count // 20) == 0:
            memory.append(psutil.Process().memory_info().rss / 1e6)
    memory.append(psutil.Process().memory_info().rss / 1e6)
    half = memory[len(memory) // 2 :]
    print(f"{count:,} specimens rendered and described by {model} in one process, memory in MB: {_curve(memory)}")
    print(f"  growth over the second half: {half[-1] - half[0]:.1f} MB")


def _curve(memory: list[float]) -> str:
    step = max(1, len(memory) // 20)
    return " ".join(f"{value:.0f}" for value in [*memory[::step], memory[-1]])


if __name__ == "__main__":
    sys.exit(main())
