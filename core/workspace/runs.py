"""The runs of a workspace: listing, renaming, deleting and annotating them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.foundation import BusyError, CoreError, SettingError, WorkspaceError
from core.storage import Manifest, write_bytes
from core.workspace.catalogue import Catalogue
from core.workspace.jobs import current_job, queued_jobs
from core.workspace.paths import RunFolder, Workspace

NOTES_FILE = "notes.txt"
COMPLETE, UNFINISHED, DAMAGED = "complete", "unfinished", "damaged"
MAX_NOTES_CHARACTERS = 20_000
# Begins with a dot, so that it is neither a valid run name nor listed.
_DELETING = ".deleting-"


@dataclass(frozen=True)
class RunFacts:
    """The facts of a run that a list of runs shows.

    Parameters
    ----------
    name : str
        Name of the run.
    state : str
        `complete`, `unfinished` if it has no embeddings yet, `damaged` if its configuration cannot
        be read.
    backbone, engine, pool : str
        Settings of the run, empty if damaged.
    views, pixels : int
        Views per specimen, and their height and width in pixels.
    n_specimens : int
        Number of specimens; of the finished ones if the run is unfinished.
    changed : float
        Time of its last start, in seconds since 1970.
    input : str
        The input folder.
    notes : str
        Notes of the user.
    config : mapping
        The whole configuration, empty if damaged.
    is_being_made_again : bool
        Whether the run has begun anew without having ended; the other facts are those of the
        embeddings that it has.
    """

    name: str
    state: str
    backbone: str
    engine: str
    pool: str
    views: int
    pixels: int
    n_specimens: int
    changed: float
    input: str
    notes: str
    config: Mapping[str, Any]
    is_being_made_again: bool = False


def list_runs(workspace: Workspace) -> list[RunFacts]:
    """Return the facts of every run, newest first."""
    return [describe_run(run) for run in workspace.runs()]


def describe_run(run: RunFolder) -> RunFacts:
    """Return the facts of a run, as far as they can be read."""
    state = COMPLETE if run.is_complete else UNFINISHED
    try:
        config = run.config()
    except CoreError:
        state, config = DAMAGED, {}
    features, views = mapping_of(config, "features"), mapping_of(config, "views")
    return RunFacts(
        name=run.name,
        state=state,
        backbone=str(features.get("backbone", "")),
        engine=" ".join(str(features[key]) for key in ("engine", "precision") if features.get(key)),
        pool=str(config.get("pool", "")),
        views=_number(views.get("views")),
        pixels=_number(views.get("size")),
        n_specimens=_count(run),
        changed=run.config_path.stat().st_mtime,
        input=str(config.get("input", "")),
        notes=read_notes(run),
        config=config,
        is_being_made_again=run.is_being_made_again,
    )


def size_on_disk(folder: Path) -> int:
    """Return the bytes that a folder takes on the disk.

    Links are counted, not followed.
    """
    total = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                stat = Path(directory, name).lstat()
                # The allocated blocks of 512 bytes, if the system reports them.
                total += stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size
    return total


def rename_run(workspace: Workspace, name: str, new_name: str) -> RunFolder:
    """Rename a run atomically.

    Raises
    ------
    SettingError
        If the new name cannot be that of a folder, or is taken.
    BusyError
        If a job uses the run or is queued for it.
    WorkspaceError
        If the folder cannot be renamed.
    """
    run, renamed = existing_run(workspace, name), workspace.run(new_name.strip())
    taken = {other.name.casefold() for other in workspace.runs_folder.iterdir()} - {name.casefold()}
    if renamed.name.casefold() in taken:
        raise SettingError("There is a run called {name!r} already.", advice="Choose another name.", name=renamed.name)
    _check_holds_no_input(workspace, run, "renamed")
    with _run_unused(workspace, name), _os_errors_reported(run.root, "renamed"):
        run.root.rename(renamed.root)
    return renamed


def delete_run(workspace: Workspace, name: str) -> int:
    """Delete a run and return the freed bytes.

    Files of specimens are not touched. The run disappears at once; a process that is killed while it
    removes the files leaves a hidden folder, which `finish_deletions` removes.

    Raises
    ------
    BusyError
        If a job uses the run or is queued for it.
    SettingError
        If the run does not exist, or an input folder lies within its folder.
    WorkspaceError
        If it cannot be deleted.
    """
    run = existing_run(workspace, name)
    _check_holds_no_input(workspace, run, "deleted")
    freed = size_on_disk(run.root)
    with _run_unused(workspace, name), _os_errors_reported(run.root, "deleted"):
        if run.root.is_symlink():
            run.root.unlink()
            return 0
        run.root.rename(workspace.runs_folder / f"{_DELETING}{os.getpid()}-{time.time_ns()}")
    finish_deletions(workspace)
    return freed


def finish_deletions(workspace: Workspace) -> None:
    """Remove the remainders of interrupted deletions."""
    for path in workspace.runs_folder.glob(f"{_DELETING}*"):
        shutil.rmtree(path, ignore_errors=True)


def existing_run(workspace: Workspace, name: str) -> RunFolder:
    """Return a run by its name if it exists.

    Raises
    ------
    SettingError
        If there is no run of that name.
    """
    run = workspace.run(name)
    if not run.root.is_dir():
        raise SettingError("There is no run called {name!r}.", advice="`python -m core runs` lists them.", name=name)
    return run


def read_notes(run: RunFolder) -> str:
    """Return the notes on a run, empty if there are none."""
    with suppress(OSError):
        return (run.root / NOTES_FILE).read_text(encoding="utf-8", errors="replace")
    return ""


def write_notes(run: RunFolder, text: str) -> None:
    """Write notes on a run in place of earlier ones.

    Raises
    ------
    SettingError
        If they are too long.
    WorkspaceError
        If they cannot be written.
    """
    if len(text) > MAX_NOTES_CHARACTERS:
        raise SettingError(
            "The notes have {length:,} characters; at most {longest_notes:,} are kept.",
            advice="Shorten them.",
            length=len(text),
            longest_notes=MAX_NOTES_CHARACTERS,
        )
    write_bytes(run.root / NOTES_FILE, text.encode("utf-8"))


@contextmanager
def _run_unused(workspace: Workspace, name: str) -> Iterator[None]:
    """Hold the lock of the workspace, if no job holds it for another run.

    Raises
    ------
    BusyError
        If a job uses this run or is queued for it, or a process other than a job holds the lock.
    """
    job = current_job(workspace)
    names = {waiting.run_name for waiting in queued_jobs(workspace)} | ({job.run_name} if job is not None else set())
    if name in names:
        raise BusyError("A job uses the run {name!r}.", advice="Wait until it is done, or cancel it.", name=name)
    if job is not None:
        yield
        return
    with workspace.locked():
        yield


@contextmanager
def _os_errors_reported(folder: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            "{folder} cannot be {done} ({reason}).",
            advice="Check the permissions of that folder.",
            folder=folder,
            done=done,
            reason=error.strerror or error,
        ) from error


def _check_holds_no_input(workspace: Workspace, run: RunFolder, done: str) -> None:
    """Raise an error if an input folder lies within the run, such as its views."""
    catalogue = Catalogue(workspace.catalogue_path)
    sources = {facts.input for facts in list_runs(workspace)} | set(catalogue.sources())
    inside = next((path for path in sorted(sources) if path and Path(path).is_relative_to(run.root.resolve())), None)
    if inside is not None:
        raise SettingError(
            "The run {run!r} was not {done}: specimens are read from {inside}, which lies within it.",
            advice="Move that folder elsewhere first.",
            run=run.name,
            done=done,
            inside=inside,
        )


def _count(run: RunFolder) -> int:
    if run.is_complete:
        with suppress(OSError), run.ids_path.open("rb") as stream:
            return sum(1 for _ in stream)
    with suppress(CoreError):
        return len(Manifest(run.embeddings))
    return 0


def mapping_of(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a part of a configuration, empty if it is missing.

    Examples
    --------
    >>> from core.workspace import mapping_of
    >>> mapping_of({"views": {"size": 224}}, "views"), mapping_of({}, "views")
    ({'size': 224}, {})
    """
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def hashes_of(run: RunFolder) -> dict[str, str]:
    """Return the SHA-256 of the file of every specimen of a run, from the catalogue.

    Raises
    ------
    MissingStageError, WorkspaceError
        If the run or the catalogue is missing or damaged.
    """
    source = str(run.config().get("input", ""))
    path = Workspace(run.root.parent.parent).catalogue_path
    if not path.is_file():
        return {}
    return {name: record.sha256 for name, record in Catalogue(path).specimens(source).items()}


def pictures_of_run(run: RunFolder) -> dict[str, Path]:
    """Return the existing small pictures of the specimens of a run, by id.

    Raises
    ------
    MissingStageError, WorkspaceError
        If the run or the catalogue is missing or damaged.
    """
    workspace = Workspace(run.root.parent.parent)
    files = {name: workspace.thumbnail_of(sha256) for name, sha256 in sorted(hashes_of(run).items()) if sha256}
    return {name: path for name, path in files.items() if path.is_file()}
