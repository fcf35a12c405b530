"""Exact search against faiss and against NumPy in blocks: ratios of times of one run.

Run `python -m benchmarks neighbours`. `--specimens` and `--searched-all` make it smaller.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import faiss
import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks.bench_clusters import synthetic_embeddings
from core.collection import Labels
from core.embeddings import Embeddings, read_embeddings, select_rows, write_embeddings
from core.evaluation import EvaluationSettings, evaluate
from core.foundation import file_of_specimen
from core.matching import Matcher, MatchSettings
from core.neighbours import Searcher, SearchSettings
from core.pipeline import search_folder
from core.workspace import Workspace
from tests.prepared import prepare_workspace
from ui.session import PROJECT, WORKSPACE_VARIABLE

T = TypeVar("T")
WIDTH, TOPK, QUERIES, REPEATS = 384, 10, 1000, 3
MEMORY = """
import sys
from pathlib import Path
from core.embeddings.matrix import read_embeddings
from core.neighbours.search import Searcher, SearchSettings
folder = Path(sys.argv[1])
embeddings = read_embeddings(folder / "embeddings.npy", folder / "ids.txt", mapped=True)
def most():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

before = most()
found = Searcher(embeddings, SearchSettings()).all_nearest()
for _ in range(int(sys.argv[2])):
    next(found)
print((most() - before) / 1024)
"""


def main() -> None:
    """Measure and print."""
    # A screen without a server logs a warning for every element.
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=100_000)
    parser.add_argument("--searched-all", type=int, default=20_000)
    options = parser.parse_args()
    embeddings = synthetic_embeddings(options.specimens, WIDTH)
    against_faiss(embeddings)
    memory_of_search_all(embeddings)
    search_all_against_numpy(synthetic_embeddings(options.searched_all, WIDTH))
    evaluation_against_numpy(synthetic_embeddings(options.searched_all, WIDTH))
    reranking_against_rerun()


def against_faiss(embeddings: Embeddings) -> None:
    """Compare a thousand searches, with ids and distances, with `IndexFlatIP` alone."""
    index = faiss.IndexFlatIP(WIDTH)
    index.add(np.array(embeddings.matrix))
    queries = np.array(embeddings.matrix[:QUERIES])
    searcher = Searcher(embeddings, SearchSettings(topk=TOPK))
    theirs, ours = [], []
    for _ in range(REPEATS):
        theirs.append(timed(lambda: index.search(queries, TOPK + 1))[0])
        ours.append(timed(lambda: list(searcher.nearest_of_rows(np.arange(QUERIES))))[0])
    print(
        f"{QUERIES} queries in {len(embeddings)} x {WIDTH}: {min(theirs) / min(ours):.2f} of the rate of IndexFlatIP "
        f"(pairs of runs: {', '.join(f'{a / b:.2f}' for a, b in zip(theirs, ours, strict=True))})"
    )


def memory_of_search_all(embeddings: Embeddings) -> None:
    """Print the memory of a search of all beyond the mapped matrix, relative to the matrix."""
    with tempfile.TemporaryDirectory() as folder:
        write_embeddings(Path(folder), embeddings)
        asked = str(min(len(embeddings), 12_000))
        command = [sys.executable, "-c", MEMORY, folder, asked]
        megabytes = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    matrix = embeddings.matrix.nbytes / 2**20
    print(f"search-all of {len(embeddings)}: {megabytes:.0f} MB more memory, {megabytes / matrix:.1f} of the matrix")


def search_all_against_numpy(embeddings: Embeddings) -> None:
    """Compare a search of all with NumPy in blocks, without and with CSV files."""
    settings = SearchSettings(topk=TOPK)
    list(Searcher(embeddings, settings).nearest_of_rows(np.arange(300)))  # compile
    theirs, ours = [], []
    for _ in range(REPEATS):
        theirs.append(timed_twice(lambda: by_numpy(embeddings)))
        ours.append(timed_twice(lambda: list(Searcher(embeddings, settings).all_nearest())))
    expected, found = theirs[-1][2], ours[-1][2]
    same = np.mean(
        [
            [embeddings.row_of[name] for name in one.ids] == row
            for one, row in zip(found, expected[0].tolist(), strict=True)
        ]
    )
    clock, processor = (min(t[kind] for t in theirs) / min(o[kind] for o in ours) for kind in (0, 1))
    print(
        f"search-all of {len(embeddings)}: {clock:.1f} times as fast as NumPy, "
        f"by processor time {processor:.1f}; {same:.2%} the same"
    )
    files, whole = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            files.append(timed(lambda folder=folder: write_plainly(Path(folder), embeddings, *expected))[0])
        with tempfile.TemporaryDirectory() as folder:
            whole.append(timed(lambda folder=folder: search_folder(embeddings, Path(folder), settings))[0])
    ratio = (min(t[0] for t in theirs) + min(files)) / min(whole)
    print(f"the same with a CSV a specimen, each written whole: {ratio:.1f} times as fast as NumPy and csv.writer")


def evaluation_against_numpy(embeddings: Embeddings) -> None:
    """Compare a whole evaluation with mean average precision alone by NumPy."""
    codes = (embeddings.matrix[:, :7] > 0) @ (1 << np.arange(7))
    labels = Labels(embeddings.ids, tuple(map(str, codes.tolist())), "signs")
    settings = EvaluationSettings(n_bootstrap=0)
    few = select_rows(embeddings, range(4000))
    evaluate(few, Labels(few.ids, labels.values[:4000], "signs"), settings)  # compile
    ours, found = timed(lambda: evaluate(embeddings, labels, settings))
    theirs, expected = timed(lambda: precision_by_numpy(embeddings, codes))
    print(
        f"evaluate {len(embeddings)} in {len(labels.names)} classes: {theirs / ours:.1f} times as fast as "
        f"mAP alone from NumPy's order (mAP {found.overall['mAP']:.5f} and {expected:.5f})"
    )


def precision_by_numpy(embeddings: Embeddings, codes: np.ndarray, block: int = 256) -> float:
    """Return mean average precision by plain NumPy."""
    points = embeddings.matrix / np.linalg.norm(embeddings.matrix, axis=1, keepdims=True)
    means, sizes = [], np.bincount(codes)[codes]
    for start in range(0, len(points), block):
        alike = points[start : start + block] @ points.T
        alike[np.arange(len(alike)), np.arange(start, start + len(alike))] = np.inf
        order = np.argsort(-alike, axis=1)[:, 1:]
        hits = codes[order] == codes[start : start + len(alike), None]
        precision = np.cumsum(hits, axis=1) / np.arange(1, len(points))
        means.append((precision * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1))
    return float(np.concatenate(means)[sizes >= 2].mean())


def reranking_against_rerun(specimens: int = 600, views: int = 12, width: int = 1280) -> None:
    """Compare re-ranking of 200 candidates with a rerun of the search screen."""
    rng = np.random.default_rng(0)
    sets = {f"s{row:03d}": rng.normal(size=(views, width)).astype(np.float32) for row in range(specimens)}
    embeddings = Embeddings(tuple(sets), np.stack([one.mean(axis=0) for one in sets.values()]))
    matcher = Matcher(embeddings, sets.__getitem__, SearchSettings(12), MatchSettings("maxsim", whiten=128))
    plain = Searcher(embeddings, SearchSettings(200))
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepare_workspace(Path(folder), per_category=2)
        os.environ[WORKSPACE_VARIABLE] = str(workspace.root)
        screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=300).run()
        screen.session_state["specimen"] = read_ids(workspace)[0]
        screen.switch_page("pages/2_search.py").run()
        again, searches, reruns = [], [], []
        for name in list(sets)[: 3 * REPEATS]:
            again.append(timed(lambda name=name: matcher.nearest(name))[0])
            searches.append(timed(lambda name=name: plain.nearest(name))[0])
            reruns.append(timed(screen.run)[0])
    looked, rerun = min(again) - min(searches), min(reruns)
    first = again[0] - min(searches)
    print(
        f"200 candidates of {views} x {width} looked at again: {looked * 1000:.0f} ms, the first time "
        f"{first * 1000:.0f} ms; a rerun of the search screen "
        f"{rerun * 1000:.0f} ms: {looked / rerun:.2f} of it"
    )


def read_ids(workspace: Workspace) -> tuple[str, ...]:
    """Return the ids of the only run of a workspace."""
    run = workspace.runs()[0]
    return read_embeddings(run.matrix_path, run.ids_path).ids


def by_numpy(embeddings: Embeddings, block: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and distances of the nearest by plain NumPy."""
    points = embeddings.matrix / np.linalg.norm(embeddings.matrix, axis=1, keepdims=True)
    rows, distances = [], []
    for start in range(0, len(points), block):
        apart = 1 - points[start : start + block] @ points.T
        apart[np.arange(len(apart)), np.arange(start, start + len(apart))] = np.inf
        nearest = np.argpartition(apart, TOPK, axis=1)[:, :TOPK]
        order = np.argsort(np.take_along_axis(apart, nearest, axis=1), axis=1)
        rows.append(np.take_along_axis(nearest, order, axis=1))
        distances.append(np.take_along_axis(apart, rows[-1], axis=1))
    return np.concatenate(rows), np.concatenate(distances)


def write_plainly(folder: Path, embeddings: Embeddings, rows: np.ndarray, distances: np.ndarray) -> None:
    """Write a CSV for each specimen by plain Python."""
    for name, found, apart in zip(embeddings.ids, rows.tolist(), distances.tolist(), strict=True):
        path = file_of_specimen(folder, name, ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("query_id", "neighbor_id", "distance"))
            writer.writerows((name, embeddings.ids[row], f"{d:.6f}") for row, d in zip(found, apart, strict=True))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a function takes, and its result."""
    started = time.perf_counter()
    outcome = work()
    return time.perf_counter() - started, outcome


def timed_twice(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return the wall-clock and processor seconds of a function, and its result."""
    used = time.process_time()
    seconds, outcome = timed(work)
    return seconds, time.process_time() - used, outcome


if __name__ == "__main__":
    main()
