"""A prepared workspace and a running app, for the tests of the screens."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.clusters import ClusterSettings
from core.collection import SampleSettings, make_samples
from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.features import FeatureSettings
from core.pipeline import RunSettings, run_pipeline
from core.storage import write_json
from core.workspace import Catalogue, Workspace, open_workspace

PROJECT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium")
# WebGL without a graphics card.
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
RUN_NAME = "prepared"


def prepare_workspace(root: Path, *, per_category: int = 3) -> Workspace:
    """Make samples and a run of them by the built-in network.

    Return the workspace.
    """
    workspace = open_workspace(root)
    make_samples(workspace.meshes, SampleSettings(per_category=per_category))
    prepare_run(workspace, RUN_NAME, "efficientnet_lite2")
    return workspace


def prepare_run(workspace: Workspace, name: str, model: str) -> None:
    """Run the pipeline on the specimens of a workspace, in this process."""
    settings = RunSettings(
        name=name,
        features=FeatureSettings(model=model, download=False),
        clusters=ClusterSettings(min_cluster_size=3),
        workers=0,
    )
    run_pipeline(workspace, settings)


def multiply_workspace(source: Workspace, root: Path, count: int) -> Workspace:
    """Make a workspace of `count` specimens by repeating those of a prepared one.

    Noise makes all embeddings different; pictures and meshes are those of the source. Nothing is
    rendered: 20,000 specimens take some seconds.
    """
    workspace, before = open_workspace(root), source.run(RUN_NAME)
    known = read_embeddings(before.matrix_path, before.ids_path)
    records = Catalogue(source.catalogue_path).specimens(str(source.meshes))
    rows = np.arange(count) % len(known)
    ids = tuple(f"{known.ids[row]}_{place:05d}" for place, row in enumerate(rows))
    noise = np.random.default_rng(42).standard_normal((count, known.matrix.shape[1]), dtype=np.float32)
    noise *= 0.2 * known.matrix.std(axis=0)
    order = sorted(range(count), key=ids.__getitem__)
    names = tuple(ids[place] for place in order)
    run = workspace.run(RUN_NAME)
    write_embeddings(run.embeddings, Embeddings(names, (known.matrix[rows] + noise)[order]))
    write_json(run.config_path, {**before.config(), "input": str(workspace.meshes)})
    Catalogue(workspace.catalogue_path).put_specimens(
        replace(records[known.ids[rows[place]]], source=str(workspace.meshes), specimen_id=ids[place])
        for place in order
    )
    shutil.copytree(source.thumbnails, workspace.thumbnails)
    return workspace


@contextmanager
def running_app(
    workspace: Path, *, seconds: float = 60.0, roots: str = "", token: str | None = None, hosts: str = ""
) -> Iterator[str]:
    """Start the app on a free port of this machine and yield its address, without the token.

    Most tests open it without one; `tests/browser/test_door.py` tests the token.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    environment = {
        **os.environ,
        "FOSSILVIT_WORKSPACE": str(workspace),
        "FOSSILVIT_TOKEN": token or "no",
        "FOSSILVIT_HOSTS": hosts,
    }
    if roots:
        environment["FOSSILVIT_ROOTS"] = roots
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_until_healthy(f"http://localhost:{port}", seconds)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def wait_until_healthy(address: str, seconds: float = 60.0) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310 our own address
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > until:
                raise TimeoutError(f"The app did not answer at {address}.") from error
            time.sleep(0.2)
