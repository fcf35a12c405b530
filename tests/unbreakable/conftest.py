"""Runs to be disturbed, and how hard to try."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.workspace import Catalogue, SpecimenRecord
from tests.fakes import PROJECT, bytes_below, write_specimens

FLAGS = ["--name", "run", "--model", "classical", "--size", "64", "--views", "2", "--min-cluster-size", "2"]
FLAGS += ["--pca", "0", "--quiet"]
NAMES = [f"group{number % 2}/specimen{number}" for number in range(6)]


def how_many(variable: str, few: int) -> int:
    """Return how many trials there are: few in the tests, as many as the variable says in `make fuzz`."""
    return int(os.environ.get(variable, few))


@dataclass
class Ending:
    """How a run ended: its exit status, or minus the signal that killed it, and what it said."""

    status: int
    said: str
    changes: int = 0
    seconds: float = 0.0


@dataclass
class Nursery:
    """The process that runs are forked from."""

    process: subprocess.Popen[str]
    folder: Path
    meshes: Path
    undisturbed: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, SpecimenRecord] = field(default_factory=dict)
    changes: int = 0
    seconds: float = 0.0

    def run(self, workspace: Path, *, workers: int = 0, more: tuple[str, ...] = (), **how: Any) -> Ending:
        """Let a run work on a workspace, disturbed as said."""
        report = self.folder / "report.txt"
        arguments = ["run", "--workspace", str(workspace), "--in", str(self.meshes), *FLAGS]
        arguments += ["--workers", str(workers), *more]
        order = {"arguments": arguments, "below": str(workspace), "report": str(report), **how}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        report.with_suffix(".count").unlink(missing_ok=True)
        report.write_text("", encoding="utf-8")
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ending = json.loads(self.process.stdout.readline())
        count = report.with_suffix(".count")
        changes = int(count.read_text(encoding="ascii")) if count.is_file() else 0
        return Ending(ending["status"], report.read_text(encoding="utf-8"), changes, ending["seconds"])

    def results(self, workspace: Path) -> dict[str, bytes]:
        """Return the bytes of what a run made; the catalogue, logs and the lock are looked at otherwise."""
        apart = ("catalogue.sqlite", "logs/", ".lock")
        return {name: data for name, data in bytes_below(workspace).items() if not name.startswith(apart)}

    def catalogue(self, workspace: Path) -> dict[str, SpecimenRecord]:
        """Return what is known of every specimen."""
        return Catalogue(workspace / "catalogue.sqlite").specimens(str(self.meshes.resolve()))


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Return a process to fork runs from, with what an undisturbed run of the specimens gave."""
    if not hasattr(os, "fork"):
        pytest.skip("runs are forked here, which this system does not know")
    folder = tmp_path_factory.mktemp("nursery")
    write_specimens(folder / "meshes", NAMES)
    command = [sys.executable, "-m", "tests.unbreakable.nursery"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        made = Nursery(process, folder, folder / "meshes")
        ending = made.run(folder / "undisturbed")
        assert ending.status == 0, ending.said
        made.undisturbed = made.results(folder / "undisturbed")
        made.records = made.catalogue(folder / "undisturbed")
        made.changes = ending.changes
        yield made
        assert process.stdin is not None
        process.stdin.close()
