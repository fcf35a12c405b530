"""Runs in a child process of their own: start, watch, cancel.

A job goes on when the page is reloaded or the browser closed. It writes how far it is into the
catalogue; everybody who looks reads it there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psutil

from core.catalogue import Catalogue, JobRecord
from core.errors import BusyError
from core.processes import end_family
from core.workspace import Workspace

T = TypeVar("T")
SECONDS_BETWEEN_REPORTS = 0.4
PROJECT = Path(__file__).resolve().parents[1]
# Jobs that this process started: asked now and then, so that none stays behind as a zombie.
_CHILDREN: list[subprocess.Popen[bytes]] = []


def start_run(workspace: Workspace, arguments: Sequence[str], run_name: str) -> int:
    """Start `python -m core run` for a workspace in a child process; return the job's number.

    Parameters
    ----------
    workspace : Workspace
        Where it works.
    arguments : sequence of str
        Flags of `run`, without `--workspace`.
    run_name : str
        What the job is called on the screen.

    Raises
    ------
    BusyError
        Where a job is already running here.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    busy = current_job(workspace)
    if busy is not None:
        raise BusyError(f"The run {busy.run_name!r} is still going on.", advice="Wait until it is done, or cancel it.")
    job_id = catalogue.add_job(run_name)
    log = log_of(workspace, job_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "core", "run", "--workspace", str(workspace.root), "--job", str(job_id)]
    with log.open("ab") as stream:
        child = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    _CHILDREN.append(child)
    catalogue.note_process(job_id, child.pid, _started(child.pid))
    return job_id


def current_job(workspace: Workspace) -> JobRecord | None:
    """Return the job that is at work, or None. A job whose process is gone is marked as stopped."""
    catalogue = Catalogue(workspace.catalogue_path)
    for job in catalogue.jobs(limit=5):
        if job.is_over:
            continue
        if _is_alive(job):
            return job
        catalogue.end_job(job.job_id, "stopped", _last_words(workspace, job))
    return None


def cancel(workspace: Workspace, job_id: int) -> None:
    """End a job and its children; what it finished stays, and the next run goes on from there."""
    catalogue = Catalogue(workspace.catalogue_path)
    job = catalogue.job(job_id)
    if job is None or job.is_over:
        return
    if job.pid and _is_alive(job):
        end_family(job.pid)
    catalogue.end_job(job_id, "cancelled", "Cancelled; what was done is kept.")


def log_of(workspace: Workspace, job_id: int) -> Path:
    """Return the log of a job."""
    return workspace.logs / f"job_{job_id}.log"


class JobProgress:
    """The progress protocol for a job: how far each stage is goes into the catalogue."""

    def __init__(self, catalogue: Catalogue, job_id: int) -> None:
        self._catalogue, self._job_id = catalogue, job_id
        self._stages: dict[str, dict[str, Any]] = {}
        self._reported = 0.0

    def __call__(self, iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
        """Yield every item and report at most every 0.4 seconds, and at the end."""
        now = time.time()
        stage: dict[str, Any] = {"label": label, "done": 0, "total": total, "started": now, "updated": now}
        self._stages[label] = stage
        self._report(force=True)
        for item in iterable:
            yield item
            stage["done"] += 1
            stage["updated"] = time.time()
            self._report()
        self._report(force=True)

    def _report(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._catalogue.put_progress(self._job_id, self._stages.values())


def with_live_state(workspace: Workspace, job: JobRecord) -> JobRecord:
    """Return a job as it is now, a vanished process taken into account."""
    if job.is_over or _is_alive(job):
        return job
    return replace(job, state="stopped", message=_last_words(workspace, job))


def _is_alive(job: JobRecord) -> bool:
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]
    if job.pid == 0:
        # Between noting a job and starting its process lies a moment.
        return time.time() - job.created < 30
    try:
        process = psutil.Process(job.pid)
        same = abs(process.create_time() - job.pid_started) < 2 or job.pid_started == 0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _started(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _last_words(workspace: Workspace, job: JobRecord) -> str:
    """Return the last line of a job's log, or what can be said without one."""
    path = log_of(workspace, job.job_id)
    with suppress(OSError):
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1][:500]
    return "Its process ended without a word; start it again and it goes on where it was."
