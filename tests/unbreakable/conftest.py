"""Fixtures for disturbed runs, and the number of trials."""

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


def trials(variable: str, default: int) -> int:
    """Return the number of trials.

    `make fuzz` sets an environment variable to a larger one.
    """
    return int(os.environ.get(variable, default))


@dataclass
class RunEnd:
    """The end of a run: exit status, or minus the signal that killed it, and the output."""

    status: int
    output: str
    changes: int = 0
    seconds: float = 0.0


@dataclass
class ForkServer:
    """The process that runs are forked from, and the results of an undisturbed run."""

    process: subprocess.Popen[str]
    folder: Path
    meshes: Path
    undisturbed: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, SpecimenRecord] = field(default_factory=dict)
    changes: int = 0
    seconds: float = 0.0

    def run(self, workspace: Path, *, workers: int = 0, more: tuple[str, ...] = (), **faults: Any) -> RunEnd:
        """Run the pipeline on a workspace with the given faults."""
        report = self.folder / "report.txt"
        arguments = ["run", "--workspace", str(workspace), "--in", str(self.meshes), *FLAGS]
        arguments += ["--workers", str(workers), *more]
        request = {"arguments": arguments, "below": str(workspace), "report": str(report), **faults}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        report.with_suffix(".count").unlink(missing_ok=True)
        report.write_text("", encoding="utf-8")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        count = report.with_suffix(".count")
        changes = int(count.read_text(encoding="ascii")) if count.is_file() else 0
        return RunEnd(answer["status"], report.read_text(encoding="utf-8"), changes, answer["seconds"])

    def results(self, workspace: Path) -> dict[str, bytes]:
        """Return the bytes of the results, without catalogue, logs and lock."""
        apart = ("catalogue.sqlite", "logs/", ".lock")
        return {name: data for name, data in bytes_below(workspace).items() if not name.startswith(apart)}

    def catalogue(self, workspace: Path) -> dict[str, SpecimenRecord]:
        """Return the record of every specimen."""
        return Catalogue(workspace / "catalogue.sqlite").specimens(str(self.meshes.resolve()))


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Return a fork server, with the results of an undisturbed run."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    folder = tmp_path_factory.mktemp("fork_server")
    write_specimens(folder / "meshes", NAMES)
    command = [sys.executable, "-m", "tests.unbreakable.fork_server"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        server = ForkServer(process, folder, folder / "meshes")
        ending = server.run(folder / "undisturbed")
        assert ending.status == 0, ending.output
        server.undisturbed = server.results(folder / "undisturbed")
        server.records = server.catalogue(folder / "undisturbed")
        server.changes = ending.changes
        yield server
        assert process.stdin is not None
        process.stdin.close()
