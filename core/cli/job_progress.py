"""What commands share that can be jobs: noting in the catalogue how far they are and how they end."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.cli.console import DONE, progress_of, whole_number
from core.foundation import CoreError, Progress
from core.workspace import Catalogue, JobProgress, open_workspace


def add_job_flag(parser: argparse.ArgumentParser) -> None:
    """Add which job of the workspace a command is; `core.workspace.jobs` gives it."""
    parser.add_argument("--job", type=whole_number, help=argparse.SUPPRESS)


def as_job(options: argparse.Namespace, workspace: Path | None, work: Callable[[Progress], int]) -> int:
    """Do work and return its exit status; where it is a job, the catalogue hears how far it is and how it ends.

    Parameters
    ----------
    options : Namespace
        With `job`, its number in the catalogue, or None where somebody at a terminal asks.
    workspace : Path, optional
        Whose catalogue; a job always has one.
    work : callable
        Takes what is told of progress, and returns the exit status.
    """
    if options.job is None or workspace is None:
        return work(progress_of(options))
    catalogue = Catalogue(open_workspace(workspace).catalogue_path)
    catalogue.begin_job(options.job)
    try:
        status = work(JobProgress(catalogue, options.job))
    except CoreError as error:
        catalogue.end_job(options.job, "failed", error.reason)
        raise
    catalogue.end_job(options.job, "done" if status == DONE else "done, some passed over")
    return status
