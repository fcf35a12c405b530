"""Waiting, with an end, for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.workspace import Catalogue, JobRecord, Workspace

PATIENCE = 120.0


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Wait until something happened."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def job_of(workspace: Workspace, job_id: int) -> JobRecord:
    """Return a job as it is noted."""
    job = Catalogue(workspace.catalogue_path).job(job_id)
    assert job is not None
    return job
