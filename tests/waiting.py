"""Jobs in tests: noting them, and waiting for them with a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from core.workspace import Catalogue, JobRecord, Workspace

PATIENCE = 120.0


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def claimed_job(catalogue: Catalogue, run_name: str = "run", arguments: Sequence[str] = ()) -> int:
    """Return the number of a job that was queued and waits for its process."""
    job_id = catalogue.queue_job(run_name, arguments)
    claimed = catalogue.claim_queued_job()
    assert claimed is not None
    assert claimed.job_id == job_id
    return job_id


def job_of(workspace: Workspace, job_id: int) -> JobRecord:
    """Return a job as it is recorded."""
    job = Catalogue(workspace.catalogue_path).job(job_id)
    assert job is not None
    return job
