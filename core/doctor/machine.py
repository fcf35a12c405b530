"""Checks of what works on this machine and what is missing.

Everything that could hang or crash is probed in a child process with a time limit.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.backbones import AUTO, REGISTRY, WEIGHTS_VARIABLE, choose_auto, find_weights
from core.foundation import PROJECT, WeightsError, end_process_tree
from core.storage import cache_folder

WORKS, MISSING, OPTIONAL = "works", "missing", "not here"
_LIBRARIES = {
    "libusb-1.0": "libusb-1.0-0",
    "libGL.so": "libgl1",
    "libEGL": "libegl1",
    "libgomp": "libgomp1",
    "libvulkan": "libvulkan1",
    "libX11": "libx11-6",
    "libXrender": "libxrender1",
}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    name : str
        What was checked.
    state : str
        `works`, `missing` if the program needs it, or `not here` if it is optional.
    detail : str
        Version, or reason of failure.
    remedy : str
        The command that installs it, or why it is optional.
    """

    name: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Trial:
    """A probe to run, with its time limit and remedy.

    Parameters
    ----------
    probe, title : str
        Name of the probe in `core.doctor.probes`, and what it checks.
    needed : bool
        Whether the program needs it.
    remedy : str
        The command that installs it, or why it is optional.
    seconds : float
        Time limit.
    """

    probe: str
    title: str
    needed: bool
    remedy: str
    seconds: float = 90.0


_INSTALL = "pip install -r requirements.txt"
TRIALS = (
    Trial("raster", "renderer raster (default)", True, _INSTALL),
    Trial("raycast", "renderer raycast", False, f"{_INSTALL}; not needed for the default renderer"),
    Trial("vtk", "renderer vtk", False, "apt-get install libgl1 libegl1; not needed for the default renderer"),
    Trial(
        "filament",
        "renderer filament",
        False,
        "apt-get install libvulkan1 mesa-vulkan-drivers; not needed for the default renderer",
    ),
    Trial("torch", "engine torch", True, _INSTALL),
    Trial("cuda", "device cuda", False, "without an NVIDIA GPU and its driver everything runs on the CPU"),
    Trial("openvino", "engine openvino", False, "pip install openvino; makes the CPU several times faster"),
    Trial("hdbscan", "clusters (hdbscan)", True, _INSTALL),
    Trial("umap", "maps (umap-learn)", True, _INSTALL),
    Trial("viewer", "3D viewer", False, f"{_INSTALL}; without it pictures take its place"),
)


def examine_machine(workspace: Path) -> Iterator[Finding]:
    """Yield a finding for everything that the program uses on this machine.

    Examples
    --------
    >>> from pathlib import Path
    >>> from core.doctor import examine_machine
    >>> findings = examine_machine(Path("data"))
    >>> next(findings).name
    'Python'
    >>> findings.close()
    """
    yield _python()
    yield _memory()
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        yield from pool.map(_run_trial, TRIALS)
    finally:
        pool.shutdown(cancel_futures=True)
    yield from _weights()
    yield _can_write(workspace, "workspace")
    yield _can_write(cache_folder(), "cache")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", WORKS, version)


def _memory() -> Finding:
    total, available = (value / 2**30 for value in psutil.virtual_memory()[:2])
    detail = f"{total:.0f} GiB, {available:.0f} GiB of it free; {os.cpu_count()} processors"
    return Finding("memory", WORKS if available >= 2 else OPTIONAL, detail, "" if available >= 2 else "close programs")


def _run_trial(trial: Trial) -> Finding:
    """Run a probe in a child process and return its finding."""
    absent = MISSING if trial.needed else OPTIONAL
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "core.doctor.probes", trial.probe],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    try:
        stdout, stderr = child.communicate(timeout=trial.seconds)
    except subprocess.TimeoutExpired:
        end_process_tree(child.pid, seconds=2.0)
        # Closed without waiting: a process that hangs in a driver cannot be killed.
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        child.poll()
        return Finding(trial.title, absent, f"no answer within {trial.seconds:.0f} s", trial.remedy)
    lines = [line for line in (stdout if child.returncode == 0 else stderr).splitlines() if line.strip()]
    if child.returncode == 0 and lines:
        return Finding(trial.title, WORKS, lines[-1])
    if child.returncode < 0:
        return Finding(trial.title, absent, f"it crashed (signal {-child.returncode})", trial.remedy)
    detail = lines[-1][:200] if lines else f"it ended with status {child.returncode}"
    return Finding(trial.title, absent, detail, _remedy(detail, trial))


def _remedy(detail: str, trial: Trial) -> str:
    """Return the command that installs a missing shared library, or the usual remedy."""
    match = re.search(r"(lib[\w.+-]+): cannot open shared object", detail)
    if match:
        for start, package in _LIBRARIES.items():
            if match[1].startswith(start):
                return f"apt-get install {package}"
        return f"install the system package that holds {match[1]}"
    return trial.remedy


def _weights() -> Iterator[Finding]:
    for spec in REGISTRY.values():
        if not spec.is_network:
            continue
        try:
            found = find_weights(spec, download=False)
        except WeightsError:
            if spec.name == "dinov2_vits14":
                wanted = spec.file_names[0]
                remedy = f"put {wanted} into a folder and set {WEIGHTS_VARIABLE} to it"
                yield Finding(f"weights of {spec.name}", OPTIONAL, "not on this machine", remedy)
            continue
        yield Finding(f"weights of {spec.name}", WORKS, found.source)
    model, why = choose_auto(download=False)
    yield Finding(f"backbone '{AUTO}'", WORKS, f"{model}, because {why.split(' (')[0]}")


def _can_write(folder: Path, name: str) -> Finding:
    existing = folder.expanduser().absolute()
    try:
        while not existing.exists():
            existing = existing.parent
        if existing.is_file():
            return Finding(name, MISSING, f"{folder} cannot be made: {existing} is a file", "take another folder")
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = psutil.disk_usage(str(existing)).free / 2**30
    except OSError as error:
        remedy = f"take another folder, or change the permissions of {existing}"
        return Finding(name, MISSING, f"{folder} cannot be written ({error.strerror or error})", remedy)
    return Finding(name, WORKS, f"{folder}, {free:.0f} GiB free")
