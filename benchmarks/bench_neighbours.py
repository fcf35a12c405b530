"""Exact search against faiss and against NumPy in blocks: ratios of two things measured in one run.

Run `python -m benchmarks neighbours`. `--specimens` and `--searched-all` make it smaller.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import faiss
import numpy as np

from benchmarks.bench_clusters import synthetic_embeddings
from core.embeddings import Embeddings, write_embeddings
from core.neighbours import Searcher, SearchSettings
from core.stages import search_folder
from core.storage import file_of_specimen

T = TypeVar("T")
WIDTH, TOPK, QUERIES, REPEATS = 384, 10, 1000, 3
MEMORY = """
import sys
from pathlib import Path
from core.embeddings import read_embeddings
from core.neighbours import Searcher, SearchSettings
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=100_000)
    parser.add_argument("--searched-all", type=int, default=20_000)
    options = parser.parse_args()
    embeddings = synthetic_embeddings(options.specimens, WIDTH)
    against_faiss(embeddings)
    memory_of_search_all(embeddings)
    search_all_against_numpy(synthetic_embeddings(options.searched_all, WIDTH))


def against_faiss(embeddings: Embeddings) -> None:
    """Compare a thousand searches, ids and distances of each, with `IndexFlatIP` alone."""
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
    """Print what a search of all takes beyond the mapped matrix, over the size of the matrix."""
    with tempfile.TemporaryDirectory() as folder:
        write_embeddings(Path(folder), embeddings)
        asked = str(min(len(embeddings), 12_000))
        command = [sys.executable, "-c", MEMORY, folder, asked]
        megabytes = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    matrix = embeddings.matrix.nbytes / 2**20
    print(f"search-all of {len(embeddings)}: {megabytes:.0f} MB more memory, {megabytes / matrix:.1f} of the matrix")


def search_all_against_numpy(embeddings: Embeddings) -> None:
    """Compare a search of all with NumPy in blocks and argpartition, without and with CSV files."""
    settings = SearchSettings(topk=TOPK)
    theirs, expected = timed(lambda: by_numpy(embeddings))
    ours, found = timed(lambda: list(Searcher(embeddings, settings).all_nearest()))
    same = np.mean(
        [
            [embeddings.row_of[name] for name in one.ids] == row
            for one, row in zip(found, expected[0].tolist(), strict=True)
        ]
    )
    print(f"search-all of {len(embeddings)}: {theirs / ours:.1f} times as fast as NumPy; {same:.2%} the same")
    with tempfile.TemporaryDirectory() as folder:
        files = timed(lambda: write_plainly(Path(folder), embeddings, *expected))[0]
    with tempfile.TemporaryDirectory() as folder:
        ours = timed(lambda: search_folder(embeddings, Path(folder), settings))[0]
    print(f"the same with a CSV a specimen: {(theirs + files) / ours:.1f} times as fast as NumPy and csv.writer")


def by_numpy(embeddings: Embeddings, block: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and distances of the nearest, as one would without this project."""
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
    """Write a CSV a specimen, as one would."""
    for name, found, apart in zip(embeddings.ids, rows.tolist(), distances.tolist(), strict=True):
        path = file_of_specimen(folder, name, ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("query_id", "neighbor_id", "distance"))
            writer.writerows((name, embeddings.ids[row], f"{d:.6f}") for row, d in zip(found, apart, strict=True))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds a piece of work takes, and what it returns."""
    started = time.perf_counter()
    outcome = work()
    return time.perf_counter() - started, outcome


if __name__ == "__main__":
    main()
