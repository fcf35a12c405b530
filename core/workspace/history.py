"""What happened to a specimen: which runs hold it, since when, and which failed on it."""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation import CoreError, file_of_specimen
from core.workspace.paths import Workspace
from core.workspace.runs import describe_run


@dataclass(frozen=True)
class Appearance:
    """A specimen in a run.

    Parameters
    ----------
    run, backbone : str
        The run and what made it.
    views : int
        Views of each specimen.
    finished : float or None
        When its embedding was written, in seconds since 1970; None where the run has none of it.
    """

    run: str
    backbone: str
    views: int
    finished: float | None


def history_of(workspace: Workspace, specimen_id: str, source: str) -> tuple[Appearance, ...]:
    """Return every run over a specimen's input folder, newest first, and when it finished the specimen.

    Parameters
    ----------
    workspace : Workspace
        Where the runs are.
    specimen_id : str
        Of the specimen.
    source : str
        Its input folder; runs over other folders are left out.
    """
    found = []
    for run in workspace.runs():
        facts = describe_run(run)
        if facts.input != source:
            continue
        try:
            finished = file_of_specimen(run.embeddings, specimen_id, ".npy").stat().st_mtime
        except (OSError, CoreError):
            finished = None
        found.append(Appearance(facts.name, facts.backbone, facts.views, finished))
    return tuple(found)
