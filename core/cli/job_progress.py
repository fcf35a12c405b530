"""Progress and end of commands that run as jobs, recorded in the catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.cli.console import DONE, progress_of, whole_number
from core.foundation import CoreError, Progress
from core.workspace import Catalogue, JobProgress, open_workspace


def add_job_flag(parser: argparse.ArgumentParser) -> None:
    """Add `--job`, the number of the job that a command runs as.

    `core.workspace` sets it if it starts a job.
    """
    parser.add_argument("--job", type=whole_number, help=argparse.SUPPRESS)


def as_job(options: argparse.Namespace, workspace: Path | None, command: Callable[[Progress], int]) -> int:
    """Run a command and return its exit status.

    Of a job, progress and end are recorded in the catalogue.

    Parameters
    ----------
    options : Namespace
        With `job`, its number in the catalogue, or None if the command was called directly.
    workspace : Path, optional
        The workspace with the catalogue. A job always has one.
    command : callable
        Takes a `core.foundation.Progress` and returns the exit status.
    """
    if options.job is None or workspace is None:
        return command(progress_of(options))
    catalogue = Catalogue(open_workspace(workspace).catalogue_path)
    catalogue.begin_job(options.job)
    try:
        status = command(JobProgress(catalogue, options.job))
    except CoreError as error:
        catalogue.end_job(options.job, "failed", error.reason)
        raise
    catalogue.end_job(options.job, "done" if status == DONE else "done, some passed over")
    return status
