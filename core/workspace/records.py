"""What the catalogue says of a specimen and of a job, checked where it is read: a file may be damaged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

GOING_ON = ("waiting", "running")
QUEUED = "queued"


@dataclass(frozen=True)
class SpecimenRecord:
    """What is known of a specimen's file; lengths are in the units of the file."""

    source: str
    specimen_id: str
    path: str
    kind: str = ""
    size: int = -1
    mtime_ns: int = -1
    sha256: str = ""
    n_vertices: int = 0
    n_faces: int = 0
    extent_x: float = 0.0
    extent_y: float = 0.0
    extent_z: float = 0.0
    notes: str = ""
    error: str = ""


_KIND_OF: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
KINDS = {name: _KIND_OF[str(its.type)] for name, its in SpecimenRecord.__dataclass_fields__.items()}


class DamagedRowError(ValueError):
    """A row of the catalogue that this program cannot have written."""


@dataclass(frozen=True)
class StageProgress:
    """How far one stage of a job is; `core.workspace.time_estimates` says from the marks how fast it goes."""

    label: str
    done: int
    total: int | None
    started: float
    updated: float
    marks: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class JobRecord:
    """A piece of long work in a child process.

    Parameters
    ----------
    job_id, run_name : int, str
        Its number, and the run that it makes or measures.
    state : str
        `queued`, `waiting` for its process, `running`, or how it ended: `done`, `done, some passed
        over`, `cancelled`, `failed`, `stopped`.
    pid, pid_started : int, float
        Its process.
    created, finished : float
        Seconds since 1970; 0 where not yet.
    stages : tuple of StageProgress
        How far it is.
    message : str
        Why it ended as it did.
    arguments : tuple of str
        The flags of `run`, or another command and its flags, so that it can be started once more.
    place : float
        Where it stands in the queue; the smallest is next.
    """

    job_id: int
    run_name: str
    state: str
    pid: int
    pid_started: float
    created: float
    finished: float
    stages: tuple[StageProgress, ...] = field(default=())
    message: str = ""
    arguments: tuple[str, ...] = ()
    place: float = 0.0

    @property
    def kind(self) -> str:
        """Return the command that does the work: `run`, unless another one is named."""
        return command_of(self.arguments)[0]

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state not in (*GOING_ON, QUEUED)

    @property
    def is_queued(self) -> bool:
        """Return whether it waits for others to end."""
        return self.state == QUEUED


def command_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return a job's command and flags: those of `run` where they begin with a flag."""
    is_named = bool(arguments) and not arguments[0].startswith("-")
    return tuple(arguments) if is_named else ("run", *arguments)


def as_record(row: tuple[Any, ...], sound: set[tuple[type, ...]]) -> SpecimenRecord:
    """Return a row as a record whose values are of the kinds that its readers rely on.

    `sound` holds the kinds of the rows before, so that a hundred thousand of one kind are checked once.

    Raises
    ------
    DamagedRowError
        Where a value is of another kind.
    """
    kinds = tuple(map(type, row))
    if kinds not in sound:
        for name, value in zip(KINDS, row, strict=True):
            if not isinstance(value, KINDS[name]):
                raise DamagedRowError(f"the row of {row[1]!r} holds {value!r} as {name}")
        sound.add(kinds)
    return SpecimenRecord(*row)


def as_job(row: dict[str, Any]) -> JobRecord:
    """Return a row of `jobs`, with `arguments` and `place` of its order, as a record.

    Raises
    ------
    DamagedRowError
        Where it holds something else.
    """
    try:
        stages = tuple(StageProgress(**stage) for stage in json.loads(row.pop("progress")))
        arguments = tuple(map(str, json.loads(row.pop("arguments") or "[]")))
        place = float(row.pop("place") or 0)
        for name in ("pid_started", "created", "finished"):
            row[name] = float(row[name])
        for name in ("run_name", "state", "message"):
            row[name] = row[name] + ""  # a TypeError where it is no text
        return JobRecord(**row, stages=stages, arguments=arguments, place=place)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DamagedRowError(f"the row of job {row.get('job_id')!r} is damaged") from error
