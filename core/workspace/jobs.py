"""Long work in a child process of its own: start, queue, watch, cancel, go on with.

Most jobs make a run; others, `robustness` say, measure one that is there.

A job goes on when the page is reloaded or the browser closed. It writes how far it is into the
catalogue; everybody who looks reads it there. One job at a time works on a workspace; others wait
in a queue in the catalogue. Whoever looks at the jobs starts the next one where its turn has come;
while there is a queue, a caretaker process of its own looks, so that nobody else has to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psutil
from filelock import FileLock, Timeout

from core.foundation import BusyError, InputError, collect_children, end_family, start_child
from core.storage import fingerprint, write_bytes
from core.workspace.catalogue import Catalogue
from core.workspace.paths import Workspace
from core.workspace.records import JobRecord, command_of
from core.workspace.time_estimates import with_mark

T = TypeVar("T")
SECONDS_BETWEEN_REPORTS = 0.4
SECONDS_BETWEEN_LOOKS = 1.0
_BYTES_A_LINE = 500


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
    busy = current_job(workspace)
    job_id = None if busy is not None else Catalogue(workspace.catalogue_path).add_job_if_free(run_name, arguments)
    if job_id is None:
        name = busy.run_name if busy is not None else run_name
        raise BusyError("The run {name!r} is still going on.", advice="Wait until it is done, or cancel it.", name=name)
    _start_process(workspace, job_id, arguments)
    return job_id


def queue_run(workspace: Workspace, arguments: Sequence[str], run_name: str) -> int:
    """Put a run behind all other jobs and return its number; it starts at once where none goes on.

    Parameters
    ----------
    workspace : Workspace
        Where it works.
    arguments : sequence of str
        Flags of `run`, without `--workspace`; or the name of another command that takes `--job`,
        and its flags.
    run_name : str
        The run that it makes or measures.
    """
    job_id = Catalogue(workspace.catalogue_path).queue_job(run_name, arguments)
    tend(workspace)
    if queued_jobs(workspace):
        _start_caretaker(workspace)
    return job_id


def queue_some(workspace: Workspace, run_name: str, specimen_ids: Iterable[str]) -> int:
    """Queue a run that is there once more, for these specimens only: those that failed, or have just come.

    Raises
    ------
    MissingStageError, WorkspaceError
        Where there is no such run, or its configuration is damaged.
    """
    run = workspace.run(run_name)
    run.config()
    path = write_ids(workspace, run_name, specimen_ids)
    return queue_run(
        workspace,
        ["--config", str(run.config_path), "--name", run_name, "--only", str(path), "--no-download"],
        run_name,
    )


def write_ids(workspace: Workspace, run_name: str, specimen_ids: Iterable[str]) -> Path:
    """Write ids to a file for `run --only`, and return it."""
    names = sorted(specimen_ids)
    path = workspace.logs / f"only_{fingerprint(run_name, names)[:12]}.txt"
    write_bytes(path, "".join(f"{name}\n" for name in names).encode("utf-8"))
    return path


def tend(workspace: Workspace) -> JobRecord | None:
    """Start the next job of the queue where its turn has come; return the job that is at work."""
    job = current_job(workspace)
    catalogue = Catalogue(workspace.catalogue_path)
    if job is not None or not catalogue.queued_jobs() or workspace.is_locked():
        return job
    claimed = catalogue.claim_queued_job()
    if claimed is None:
        return current_job(workspace)
    _start_process(workspace, claimed.job_id, claimed.arguments)
    return catalogue.job(claimed.job_id)


def take_care(workspace: Workspace, *, seconds: float = SECONDS_BETWEEN_LOOKS) -> None:
    """Look after the queue until it is empty; a second caretaker leaves at once."""
    lock = FileLock(workspace.root / ".caretaker.lock", timeout=0)
    while queued_jobs(workspace):
        try:
            with lock:
                while queued_jobs(workspace):
                    tend(workspace)
                    time.sleep(seconds)
        except Timeout:
            return
        # What was queued while the lock was still held is seen by the outer question.


def current_job(workspace: Workspace) -> JobRecord | None:
    """Return the job that is at work, or None. A job whose process is gone is marked as stopped."""
    catalogue = Catalogue(workspace.catalogue_path)
    for job in catalogue.jobs_going_on():
        if _is_alive(job):
            return job
        catalogue.end_job(job.job_id, "stopped", _last_words(workspace, job))
    return None


def queued_jobs(workspace: Workspace) -> list[JobRecord]:
    """Return the jobs that wait for others, the next one first."""
    return Catalogue(workspace.catalogue_path).queued_jobs()


def cancel(workspace: Workspace, job_id: int) -> None:
    """End a job and its children, or take it out of the queue.

    What a run finished stays, and the next one goes on from there.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    job = catalogue.job(job_id)
    if job is None or job.is_over or catalogue.drop_queued_job(job_id, "Taken out of the queue before it began."):
        return
    job = catalogue.job(job_id) or job
    # Noted first: whoever looks while its processes end would take it for one that broke down.
    kept = "Cancelled; what was done is kept." if job.kind == "run" else "Cancelled."
    catalogue.end_job(job_id, "cancelled", kept)
    if job.pid and _is_alive(job):
        end_family(job.pid)


def resume(workspace: Workspace, job_id: int) -> int:
    """Queue a job that ended once more, with the same flags; a run goes on where it was. Return the new number.

    Raises
    ------
    InputError
        Where there is no such job, it is not over, or its flags were not kept.
    """
    job = Catalogue(workspace.catalogue_path).job(job_id)
    if job is None:
        raise InputError(
            "There is no job {job_id} in {workspace}.",
            advice="`python -m core jobs` lists them.",
            job_id=job_id,
            workspace=workspace.root,
        )
    if not job.is_over:
        raise InputError("The job {job_id} is not over.", advice="Wait until it is done, or cancel it.", job_id=job_id)
    if not job.arguments:
        raise InputError(
            "What the job {job_id} was started with is not known.",
            advice="Start the run anew; finished work is kept.",
            job_id=job_id,
        )
    return queue_run(workspace, job.arguments, job.run_name)


def log_of(workspace: Workspace, job_id: int) -> Path:
    """Return the log of a job."""
    return workspace.logs / f"job_{job_id}.log"


def last_lines(workspace: Workspace, job_id: int, count: int = 200) -> list[str]:
    """Return the last lines of a job's log, few or none where there are not more."""
    with suppress(OSError), log_of(workspace, job_id).open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        start = max(0, stream.tell() - count * _BYTES_A_LINE)
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
        return lines[1 if start else 0 :][-count:]
    return []


class JobProgress:
    """The progress protocol for a job: how far each stage is goes into the catalogue."""

    def __init__(self, catalogue: Catalogue, job_id: int) -> None:
        self._catalogue, self._job_id = catalogue, job_id
        self._stages: dict[str, dict[str, Any]] = {}
        self._reported = 0.0

    def __call__(self, iterable: Iterable[T], total: int | None, label: str) -> Iterator[T]:
        """Yield every item and report at most every 0.4 seconds, and at the end."""
        now = time.time()
        stage: dict[str, Any] = {"label": label, "done": 0, "total": total, "started": now, "updated": now, "marks": []}
        self._stages[label] = stage
        self._report(force=True)
        for item in iterable:
            yield item
            stage["done"] += 1
            stage["updated"] = time.time()
            stage["marks"] = with_mark(stage["marks"], stage["updated"], stage["done"])
            self._report()
        self._report(force=True)

    def _report(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._catalogue.put_progress(self._job_id, self._stages.values())


def with_live_state(workspace: Workspace, job: JobRecord) -> JobRecord:
    """Return a job as it is now, a vanished process taken into account."""
    if job.is_over or job.is_queued or _is_alive(job):
        return job
    return replace(job, state="stopped", message=_last_words(workspace, job))


def _start_process(workspace: Workspace, job_id: int, arguments: Sequence[str]) -> None:
    command, *flags = command_of(arguments)
    where = ["--workspace", str(workspace.root), "--job", str(job_id)]
    child = start_child([command, *where, *flags], log_of(workspace, job_id))
    Catalogue(workspace.catalogue_path).note_process(job_id, child.pid, _started(child.pid))


def _start_caretaker(workspace: Workspace) -> None:
    start_child(["jobs", "--workspace", str(workspace.root), "--take-care"], workspace.logs / "caretaker.log")


def _is_alive(job: JobRecord) -> bool:
    collect_children()
    if job.pid == 0:
        # Between noting a job and starting its process lies a moment; a clock may have been set back since.
        return abs(time.time() - job.created) < 30
    try:
        process = psutil.Process(job.pid)
        # A clock that was set moves the time at which a process seems to have started, but not its words.
        same = abs(process.create_time() - job.pid_started) < 2 or job.pid_started == 0 or _is_its_own(process, job)
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_its_own(process: psutil.Process, job: JobRecord) -> bool:
    """Return whether a process was started by the words that start this job."""
    words = process.cmdline()
    return words[1:4] == ["-m", "core", job.kind] and f"--job {job.job_id} " in f"{' '.join(words)} "


def _started(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _last_words(workspace: Workspace, job: JobRecord) -> str:
    """Return the last line of a job's log, or what can be said without one."""
    lines = [line for line in last_lines(workspace, job.job_id) if line.strip()]
    if lines:
        return lines[-1][:500]
    return "Its process ended without a word; start it again and it goes on where it was."
