"""The history of a specimen: the runs over its folder, and when each finished it."""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation import CoreError, file_of_specimen
from core.workspace.paths import Workspace
from core.workspace.runs import describe_run


@dataclass(frozen=True)
class SpecimenInRun:
    """A specimen in a run.

    Parameters
    ----------
    run, backbone : str
        Name and backbone of the run.
    views : int
        Views of each specimen.
    finished : float or None
        Time at which its embedding was written, in seconds since 1970; None if the run has none.
    """

    run: str
    backbone: str
    views: int
    finished: float | None


def history_of(workspace: Workspace, specimen_id: str, source: str) -> tuple[SpecimenInRun, ...]:
    """Return every run over the input folder of a specimen, newest first.

    Parameters
    ----------
    workspace : Workspace
        The workspace of the runs.
    specimen_id : str
        The specimen.
    source : str
        Its input folder; runs over other folders are left out.
    """
    history = []
    for run in workspace.runs():
        facts = describe_run(run)
        if facts.input != source:
            continue
        try:
            finished = file_of_specimen(run.embeddings, specimen_id, ".npy").stat().st_mtime
        except (OSError, CoreError):
            finished = None
        history.append(SpecimenInRun(facts.name, facts.backbone, facts.views, finished))
    return tuple(history)
