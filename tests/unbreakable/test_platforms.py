"""No call that Windows or macOS lack, without a replacement."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.foundation import kill_process_group, processors
from core.pipeline import default_workers
from tests.fakes import PROJECT

CODE = [
    PROJECT / "app.py",
    *(path for folder in ("core", "ui", "pages") for path in sorted((PROJECT / folder).rglob("*.py"))),
]
# Names that only POSIX has, and the one file that uses them, with replacements for other systems.
POSIX_ONLY = {
    *("os.fork", "os.forkpty", "os.killpg", "os.getpgid", "os.setsid", "os.mkfifo", "os.getuid", "os.geteuid"),
    *("os.sched_getaffinity", "os.sysconf", "os.statvfs", "os.nice", "os.uname", "os.chown", "os.lockf"),
    *("os.wait", "os.waitpid"),
    *("signal.SIGKILL", "signal.SIGALRM", "signal.alarm", "signal.SIGHUP", "signal.SIGUSR1", "signal.pause"),
}
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "posix", "syslog"}
GUARDED = {PROJECT / "core" / "foundation" / "processes.py"}


def uses(path: Path) -> set[str]:
    """Return the modules and their attributes that a file uses."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_code__uses_no_calls_of_one_system(path: Path) -> None:
    """No call that only POSIX has, and paths through pathlib."""
    found = uses(path)
    assert "os.path" not in found
    assert found & POSIX_MODULES == set()
    if path not in GUARDED:
        assert found & POSIX_ONLY == set()


def test_uses__finds_them(tmp_path: Path) -> None:
    """Imports and attributes are both found."""
    (tmp_path / "a.py").write_text("import fcntl\nos.killpg(1, signal.SIGKILL)\n", encoding="ascii")
    assert {"fcntl", "os.killpg", "signal.SIGKILL"} <= uses(tmp_path / "a.py")


def test_processors__without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and macOS have no affinity of processes to processors."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert processors() == os.cpu_count()
    assert default_workers() >= 1


@pytest.mark.parametrize("has_groups", [True, False])
def test_kill_process_group__ends_a_child_and_its_children(monkeypatch: pytest.MonkeyPatch, has_groups: bool) -> None:
    """With process groups and, as on Windows, without."""
    if not has_groups:
        monkeypatch.delattr(os, "killpg", raising=False)
    script = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    with subprocess.Popen([sys.executable, "-c", script + "time.sleep(600)"], start_new_session=True) as child:
        parent = psutil.Process(child.pid)
        until = time.monotonic() + 60
        while not parent.children() and time.monotonic() < until:
            time.sleep(0.05)
        processes = [*parent.children(), parent]
        assert len(processes) == 2
        kill_process_group(child.pid)
        child.wait()
        assert psutil.wait_procs(processes, timeout=30)[1] == []


def test_kill_process_group__of_an_ended_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does nothing, with and without process groups."""
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as child:
        child.wait()
    kill_process_group(child.pid)
    monkeypatch.delattr(os, "killpg", raising=False)
    kill_process_group(child.pid)


def test_child_processes__are_spawned() -> None:
    """A fork of a process with threads can hang, and Windows has no fork."""
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if "multiprocessing" in uses(path):
            assert 'get_context("spawn")' in text, path
