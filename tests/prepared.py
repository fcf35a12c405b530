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
from pathlib import Path

from core.clusters import ClusterSettings
from core.features import FeatureSettings
from core.pipeline import RunSettings, run_pipeline
from core.samples import SampleSettings, make_samples
from core.workspace import Workspace, open_workspace

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
    """Make samples and a run of them by the built-in network; return the workspace."""
    workspace = open_workspace(root)
    make_samples(workspace.meshes, SampleSettings(per_category=per_category))
    settings = RunSettings(
        name=RUN_NAME,
        features=FeatureSettings(model="efficientnet_lite2", download=False),
        clusters=ClusterSettings(min_cluster_size=3),
        workers=0,
    )
    run_pipeline(workspace, settings)
    return workspace


@contextmanager
def running_app(workspace: Path, *, seconds: float = 60.0, roots: str = "") -> Iterator[str]:
    """Start the app on a free port of this machine and yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    environment = {**os.environ, "FOSSILVIT_WORKSPACE": str(workspace)}
    if roots:
        environment["FOSSILVIT_ROOTS"] = roots
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_until_healthy(f"http://localhost:{port}", seconds)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def _wait_until_healthy(address: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310 our own address
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > until:
                raise TimeoutError(f"The app did not answer at {address}.") from error
            time.sleep(0.2)
