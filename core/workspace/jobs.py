"""Background jobs: start, queue, watch, cancel, resume.

Most jobs make a run; others, such as `robustness`, measure an existing run.

A job is a child process that outlives a page reload and a closed browser. It writes its progress
into the catalogue, from which every screen and command reads it. One job at a time works on a
workspace; the others wait in a queue in the catalogue. Each poll starts the next queued job if none
is running. As long as jobs are queued, a separate process (`jobs --take-care`) polls.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from filelock import FileLock, Timeout

from core.foundation import InputError, end_process_tree, reap_children, start_child
from core.storage import fingerprint, json_bytes, read_json, write_bytes
from core.workspace.catalogue import Catalogue
from core.workspace.paths import RunFolder, Workspace
from core.workspace.records import JobRecord, command_of
from core.workspace.time_estimates import with_mark

T = TypeVar("T")
SECONDS_BETWEEN_REPORTS = 0.4
SECONDS_BETWEEN_POLLS = 1.0
# Time a new job has until its process is recorded.
_SECONDS_TO_START = 30.0
# Mean length of a log line, from which the part of the log to read is estimated.
_BYTES_PER_LINE = 500


def queue_job(workspace: Workspace, arguments: Sequence[str], run_name: str) -> int:
    """Queue a job and return its number.

    The job starts at once if no other job is queued or running.

    Parameters
    ----------
    workspace : Workspace
        The workspace that the job works on.
    arguments : sequence of str
        Flags of `run`, without `--workspace`; or the name of another command that takes `--job`,
        and its flags.
    run_name : str
        The run that the job makes or measures.
    """
    job_id = Catalogue(workspace.catalogue_path).queue_job(run_name, arguments)
    start_next_job(workspace)
    if queued_jobs(workspace):
        _start_queue_process(workspace)
    return job_id


def queue_specimens(workspace: Workspace, run_name: str, specimen_ids: Iterable[str]) -> int:
    """Queue an existing run for these specimens only, and return the job's number.

    Raises
    ------
    MissingStageError, WorkspaceError
        If there is no such run, or its configuration is damaged.
    """
    run = workspace.run(run_name)
    run.config()
    path = write_ids(workspace, run_name, specimen_ids)
    return queue_job(
        workspace,
        ["--config", str(_asked_config(workspace, run)), "--name", run_name, "--only", str(path), "--no-download"],
        run_name,
    )


def _asked_config(workspace: Workspace, run: RunFolder) -> Path:
    """Return a file of the settings that were asked for last.

    A run that was interrupted while it was made with other settings goes on with these. They are
    copied, because their file is removed when the run has ended.
    """
    if not run.is_being_made_again:
        return run.config_path
    asked = json_bytes(read_json(run.next_config_path))
    path = workspace.logs / f"config_{fingerprint(run.name, asked.decode())[:12]}.json"
    write_bytes(path, asked)
    return path


def write_ids(workspace: Workspace, run_name: str, specimen_ids: Iterable[str]) -> Path:
    """Write specimen ids to a file for `run --only`, and return its path."""
    names = sorted(specimen_ids)
    path = workspace.logs / f"only_{fingerprint(run_name, names)[:12]}.txt"
    write_bytes(path, "".join(f"{name}\n" for name in names).encode("utf-8"))
    return path


def start_next_job(workspace: Workspace) -> JobRecord | None:
    """Start the next queued job if none is running, and return the running job."""
    job = current_job(workspace)
    catalogue = Catalogue(workspace.catalogue_path)
    if job is not None or not catalogue.queued_jobs() or workspace.is_locked():
        return job
    claimed = catalogue.claim_queued_job()
    if claimed is None:
        return current_job(workspace)
    _start_process(workspace, claimed.job_id, claimed.arguments)
    return catalogue.job(claimed.job_id)


def run_queue(workspace: Workspace, *, seconds: float = SECONDS_BETWEEN_POLLS) -> None:
    """Start queued jobs one after the other until the queue is empty.

    If another process already does so for this workspace, return at once.
    """
    lock = FileLock(workspace.root / ".caretaker.lock", timeout=0)
    while queued_jobs(workspace):
        try:
            with lock:
                while queued_jobs(workspace):
                    start_next_job(workspace)
                    time.sleep(seconds)
        except Timeout:
            return
        # The outer loop sees jobs that were queued while the lock was still held.


def current_job(workspace: Workspace) -> JobRecord | None:
    """Return the running job, or None.

    A job whose process has ended without a final state is marked as stopped.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    for job in catalogue.active_jobs():
        if _is_alive(job):
            return job
        catalogue.end_job(job.job_id, "stopped", _reason_for_stop(workspace, job))
    return None


def queued_jobs(workspace: Workspace) -> list[JobRecord]:
    """Return the queued jobs in order, the next one first."""
    return Catalogue(workspace.catalogue_path).queued_jobs()


def cancel(workspace: Workspace, job_id: int) -> None:
    """End a job and its processes, or remove it from the queue.

    The finished specimens of a run are kept, and the next run resumes from them.
    """
    catalogue = Catalogue(workspace.catalogue_path)
    job = catalogue.job(job_id)
    if job is None or job.is_over or catalogue.drop_queued_job(job_id, "Taken out of the queue before it began."):
        return
    job = catalogue.job(job_id) or job
    # Recorded first: a poll during the end of the processes would otherwise mark the job as stopped.
    message = "Cancelled; what was done is kept." if job.kind == "run" else "Cancelled."
    catalogue.end_job(job_id, "cancelled", message)
    if job.pid and _is_alive(job):
        end_process_tree(job.pid)


def resume(workspace: Workspace, job_id: int) -> int:
    """Queue an ended job again with the same flags, and return the new number.

    A run resumes from its finished specimens.

    Raises
    ------
    InputError
        If there is no such job, it has not ended, or its flags were not recorded.
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
    return queue_job(workspace, job.arguments, job.run_name)


def log_of(workspace: Workspace, job_id: int) -> Path:
    """Return the path of a job's log."""
    return workspace.logs / f"job_{job_id}.log"


def last_lines(workspace: Workspace, job_id: int, count: int = 200) -> list[str]:
    """Return at most `count` lines from the end of a job's log."""
    with suppress(OSError), log_of(workspace, job_id).open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        start = max(0, stream.tell() - count * _BYTES_PER_LINE)
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
        return lines[1 if start else 0 :][-count:]
    return []


class JobProgress:
    """The progress protocol of a job.

    It writes the counts of each stage into the catalogue.
    """

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


def _start_process(workspace: Workspace, job_id: int, arguments: Sequence[str]) -> None:
    command, *flags = command_of(arguments)
    job_flags = ["--workspace", str(workspace.root), "--job", str(job_id)]
    child = start_child([command, *job_flags, *flags], log_of(workspace, job_id))
    Catalogue(workspace.catalogue_path).note_process(job_id, child.pid, _start_time(child.pid))


def _start_queue_process(workspace: Workspace) -> None:
    start_child(["jobs", "--workspace", str(workspace.root), "--take-care"], workspace.logs / "caretaker.log")


def _is_alive(job: JobRecord) -> bool:
    reap_children()
    if job.pid == 0:
        # The process is recorded shortly after the job; the clock may have been set back since.
        return abs(time.time() - job.created) < _SECONDS_TO_START
    try:
        process = psutil.Process(job.pid)
        # A clock change shifts the apparent start time of a process, but not its command line.
        same = abs(process.create_time() - job.pid_started) < 2 or job.pid_started == 0 or _runs_job(process, job)
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _runs_job(process: psutil.Process, job: JobRecord) -> bool:
    """Return whether the command line of a process starts this job."""
    words = process.cmdline()
    return words[1:4] == ["-m", "core", job.kind] and f"--job {job.job_id} " in f"{' '.join(words)} "


def _start_time(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _reason_for_stop(workspace: Workspace, job: JobRecord) -> str:
    """Return the last line of a job's log, or a sentence if the log is empty."""
    lines = [line for line in last_lines(workspace, job.job_id) if line.strip()]
    if lines:
        return lines[-1][:500]
    return "The process ended without output. Start it again to resume."
