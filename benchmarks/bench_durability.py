"""Cost of syncing and checking files, against the same work without it.

    python -m benchmarks.bench_durability [--specimens 60] [--rounds 5]

Both ways take turns in one process: a run of synthetic specimens, the neighbours of 3,000
specimens, and a second run that finds everything done. The second run is measured with manifests that
ended well, where size and time of a file decide, and with interrupted ones, where every file is hashed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from core.embeddings import Embeddings
from core.features import FeatureSettings, open_extractor
from core.neighbours import SearchSettings
from core.pipeline import RunSettings, run_pipeline, search_folder
from core.storage import Manifest
from core.views import ViewSettings
from core.workspace import Workspace, open_workspace
from tests.fakes import write_specimens

SPECIMENS_SEARCHED, DIMENSIONS = 3_000, 384


def main() -> None:
    """Print every ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specimens", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        meshes = Path(folder) / "meshes"
        write_specimens(meshes, [f"group{number % 5}/specimen{number:03d}" for number in range(options.specimens)])
        extractor = open_extractor(FeatureSettings(model="efficientnet_lite2", download=False))
        settings = RunSettings(views=ViewSettings(views=12), name="run", workers=0)

        def run(workspace: Workspace) -> None:
            run_pipeline(workspace, settings, meshes=meshes, extractor=extractor)

        run(open_workspace(Path(folder) / "warm up"))
        compare("run", options.rounds, lambda: run(open_workspace(Path(tempfile.mkdtemp(dir=folder)))))
        rng = np.random.default_rng(42)
        ids = tuple(f"group{row % 30}/{row:05d}" for row in range(SPECIMENS_SEARCHED))
        embeddings = Embeddings(ids, rng.standard_normal((len(ids), DIMENSIONS)).astype(np.float32))
        compare(
            f"search-all of {len(ids)}",
            options.rounds,
            lambda: search_folder(embeddings, Path(tempfile.mkdtemp(dir=folder)), SearchSettings()),
        )
        second_run(Path(folder) / "warm up", run, options.rounds)


def compare(name: str, rounds: int, work: Callable[[], object]) -> None:
    """Print the time of some work relative to that without syncs and hashes."""
    ratios = []
    for _ in range(rounds):
        synced = seconds(work)
        with neither_synced_nor_hashed():
            ratios.append(synced / seconds(work))
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    print(f"{name:24} synced and hashed / neither: {statistics.median(ratios):.3f}  ({spread})")


def second_run(root: Path, run: Callable[[Workspace], None], rounds: int) -> None:
    """Print the time of a run with nothing to do, relative to that which checks no file."""
    workspace = open_workspace(root)
    checked, hashed = [], []
    for _ in range(rounds):
        with mock.patch.object(Manifest, "_matches", lambda *_, **__: True):
            unchecked = seconds(lambda: run(workspace))
        checked.append(seconds(lambda: run(workspace)) / unchecked)
        for path in workspace.root.rglob("manifest.jsonl"):
            with path.open("ab") as stream:
                stream.write(b'{"fingerprint": null, "id": ""}\n')
        hashed.append(seconds(lambda: run(workspace)) / unchecked)
    print(f"{'second run':24} checked / unchecked: {statistics.median(checked):.3f}")
    print(f"{'  after an interruption':24} hashed / unchecked: {statistics.median(hashed):.3f}")


@contextmanager
def neither_synced_nor_hashed() -> Iterator[None]:
    """Switch every sync of this program off, and the hashes of its manifests."""
    with mock.patch("os.fsync"), mock.patch("core.storage.manifest._hash_of", lambda _: "0" * 64):
        yield


def seconds(work: Callable[[], object]) -> float:
    """Return the duration of some work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
