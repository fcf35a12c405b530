"""Rows of the catalogue, checked when read because the file may be damaged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ACTIVE = ("waiting", "running")
QUEUED = "queued"


@dataclass(frozen=True)
class SpecimenRecord:
    """The file of a specimen and its mesh, with extents in the units of the file.

    `sha256` is of all files that the specimen depends on. If these are more than its own file, as the
    textures of a mesh, `own_sha256` is of its own file alone, from which its form is known. `stamp`
    identifies the state of all files without reading them, and `beside` lists the others, as
    `core.collection.stamp_of` needs them; both are empty in rows of earlier versions.
    """

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
    stamp: str = ""
    beside: str = ""
    own_sha256: str = ""

    @property
    def form_sha256(self) -> str:
        """Return the SHA-256 of what decides the form of the specimen."""
        return self.own_sha256 or self.sha256


_KIND_OF: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
KINDS = {name: _KIND_OF[str(its.type)] for name, its in SpecimenRecord.__dataclass_fields__.items()}


class DamagedRowError(ValueError):
    """A row of the catalogue that this program cannot have written."""


@dataclass(frozen=True)
class StageProgress:
    """The counts of one stage of a job.

    `core.workspace.estimate_time` computes its rate from the marks.
    """

    label: str
    done: int
    total: int | None
    started: float
    updated: float
    marks: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class JobRecord:
    """A long computation in a child process.

    Parameters
    ----------
    job_id, run_name : int, str
        Number of the job, and the run that it makes or measures.
    state : str
        `queued`, `waiting` for its process, `running`, or an end state: `done`, `done, some passed
        over`, `cancelled`, `failed`, `stopped`.
    pid, pid_started : int, float
        Number and start time of its process.
    created, finished : float
        Seconds since 1970; `finished` is 0 until the job ends.
    stages : tuple of StageProgress
        Counts of its stages.
    message : str
        The reason for its end state.
    arguments : tuple of str
        The flags of `run`, or another command and its flags, from which it can be started again.
    place : float
        Place in the queue; the smallest is next.
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
        """Return the command of the job: `run`, unless another one is named."""
        return command_of(self.arguments)[0]

    @property
    def is_over(self) -> bool:
        """Return whether the job has ended."""
        return self.state not in (*ACTIVE, QUEUED)

    @property
    def is_queued(self) -> bool:
        """Return whether the job waits for others to end."""
        return self.state == QUEUED


def command_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the command and flags of a job.

    If the arguments begin with a flag, the command is `run`.
    """
    is_named = bool(arguments) and not arguments[0].startswith("-")
    return tuple(arguments) if is_named else ("run", *arguments)


def as_record(row: tuple[Any, ...], checked: set[tuple[type, ...]]) -> SpecimenRecord:
    """Return a row as a record whose values have the right types.

    `checked` holds the types of the rows before, so that rows of the same types are checked once.

    Raises
    ------
    DamagedRowError
        If a value has another type.
    """
    kinds = tuple(map(type, row))
    if kinds not in checked:
        for name, value in zip(KINDS, row, strict=True):
            if not isinstance(value, KINDS[name]):
                raise DamagedRowError(f"the row of {row[1]!r} holds {value!r} as {name}")
        checked.add(kinds)
    return SpecimenRecord(*row)


def as_job(row: dict[str, Any]) -> JobRecord:
    """Return a row of `jobs`, with `arguments` and `place` of its order, as a record.

    Raises
    ------
    DamagedRowError
        If it has another form.
    """
    try:
        stages = tuple(StageProgress(**stage) for stage in json.loads(row.pop("progress")))
        arguments = tuple(map(str, json.loads(row.pop("arguments") or "[]")))
        place = float(row.pop("place") or 0)
        for name in ("pid_started", "created", "finished"):
            row[name] = float(row[name])
        for name in ("run_name", "state", "message"):
            row[name] = row[name] + ""  # a TypeError if it is no text
        return JobRecord(**row, stages=stages, arguments=arguments, place=place)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DamagedRowError(f"the row of job {row.get('job_id')!r} is damaged") from error
