"""Damaged files are read or refused: no crash, no hang, no unbounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from tests.fakes import PROJECT
from tests.unbreakable.conftest import trials

MUTATIONS = trials("FOSSILVIT_MUTATIONS", 500)
SECONDS = 60.0
KINDS = (
    *("ply", "stl", "off", "obj", "mtl", "png", "jpeg", "picture", "view", "csv", "labels", "excel", "clusters"),
    *("map", "npy", "features", "ids", "faiss", "faiss json", "checkpoint", "safetensors", "yaml", "sqlite"),
    *("config", "json", "preferences", "manifest", "zip"),
)


class Reader:
    """The child process that reads files.

    It is started again if a file crashes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self._start()

    def _start(self) -> None:
        self.number += 1
        home = self.folder / str(self.number)
        home.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unbreakable.fuzz_child", str(home)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        self.lines: Queue[str] = Queue()
        Thread(target=self._listen, args=(self.process, self.lines), daemon=True).start()
        self.wholes: dict[str, int] = json.loads(self.lines.get(timeout=240))

    @staticmethod
    def _listen(process: subprocess.Popen[str], lines: Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    def outcome(self, kind: str, number: int) -> str:
        """Return the outcome of a file.

        Replace a child that died or hung.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"kind": kind, "number": number}) + "\n")
        self.process.stdin.flush()
        try:
            line = self.lines.get(timeout=SECONDS)
        except Empty:
            line, failure = "", f"gave no answer within {SECONDS:.0f} s"
        else:
            failure = "crashed its reader"
        if line:
            return str(json.loads(line))
        self.close()
        self._start()
        return failure

    def close(self) -> None:
        """End the child process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Return the child process that reads damaged files."""
    child = Reader(tmp_path_factory.mktemp("damaged"))
    yield child
    child.close()


@pytest.mark.parametrize("kind", KINDS)
def test_reader__of_damaged_files(reader: Reader, kind: str) -> None:
    """Each of hundreds of damaged files is read or refused."""
    count = reader.wholes[kind] + -(-MUTATIONS // len(KINDS))
    outcomes = {number: reader.outcome(kind, number) for number in range(count)}
    faults = {number: outcome for number, outcome in outcomes.items() if outcome not in ("read", "refused")}
    assert faults == {}
    assert outcomes[0] == "read"
    found = Counter(outcomes.values())
    assert found["refused"] or kind in ("preferences", "manifest", "mtl"), "no damage was noticed"


def test_kinds__are_all_tried(reader: Reader) -> None:
    """Every kind of file is tested."""
    assert sorted(reader.wholes) == sorted(KINDS)
