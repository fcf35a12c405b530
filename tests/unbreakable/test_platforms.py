"""What Windows and macOS lack is used nowhere without something in its place."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.foundation import kill_group, processors
from core.pipeline import default_workers
from tests.fakes import PROJECT

CODE = [
    PROJECT / "app.py",
    *(path for folder in ("core", "ui", "pages") for path in sorted((PROJECT / folder).rglob("*.py"))),
]
# What only POSIX has, and the one file that may ask for it, where it says what happens elsewhere.
POSIX_ONLY = {
    *(
        "os.fork",
        "os.forkpty",
        "os.killpg",
        "os.getpgid",
        "os.setsid",
        "os.mkfifo",
        "os.getuid",
        "os.geteuid",
        "os.wait",
    ),
    *(
        "os.sched_getaffinity",
        "os.sysconf",
        "os.statvfs",
        "os.nice",
        "os.uname",
        "os.waitpid",
        "os.chown",
        "os.lockf",
        "os.wait",
    ),
    *("signal.SIGKILL", "signal.SIGALRM", "signal.alarm", "signal.SIGHUP", "signal.SIGUSR1", "signal.pause"),
}
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "posix", "syslog"}
GUARDED = {PROJECT / "core" / "processes.py"}


def uses(path: Path) -> set[str]:
    """Return the names of modules and their attributes that a file uses."""
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
def test_code__asks_no_system_for_what_only_another_has(path: Path) -> None:
    """Nothing that is POSIX's alone, and paths through pathlib."""
    found = uses(path)
    assert "os.path" not in found
    assert found & POSIX_MODULES == set()
    if path not in GUARDED:
        assert found & POSIX_ONLY == set()


def test_uses__finds_them(tmp_path: Path) -> None:
    """The test above could fail."""
    (tmp_path / "a.py").write_text("import fcntl\nos.killpg(1, signal.SIGKILL)\n", encoding="ascii")
    assert {"fcntl", "os.killpg", "signal.SIGKILL"} <= uses(tmp_path / "a.py")


def test_processors__without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and macOS hold no process to some processors."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert processors() == os.cpu_count()
    assert default_workers() >= 1


@pytest.mark.parametrize("has_groups", [True, False])
def test_kill_group__ends_a_child_and_its_own(monkeypatch: pytest.MonkeyPatch, has_groups: bool) -> None:
    """With process groups and, as on Windows, without."""
    if not has_groups:
        monkeypatch.delattr(os, "killpg", raising=False)
    script = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    with subprocess.Popen([sys.executable, "-c", script + "time.sleep(600)"], start_new_session=True) as child:
        eldest = psutil.Process(child.pid)
        until = time.monotonic() + 60
        while not eldest.children() and time.monotonic() < until:
            time.sleep(0.05)
        family = [*eldest.children(), eldest]
        assert len(family) == 2
        kill_group(child.pid)
        child.wait()
        assert psutil.wait_procs(family, timeout=30)[1] == []


def test_kill_group__minds_nobody_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended already, with and without process groups."""
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as child:
        child.wait()
    kill_group(child.pid)
    monkeypatch.delattr(os, "killpg", raising=False)
    kill_group(child.pid)


def test_children__are_spawned_everywhere() -> None:
    """A fork of a process with threads can hang, and two of three systems know none."""
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if "multiprocessing" in uses(path):
            assert 'get_context("spawn")' in text, path
