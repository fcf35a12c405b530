"""Watching a folder for scans that come: offered, or taken up by a run, once nobody writes to them any more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from core.collection.inventory import stamp_of, take_inventory
from core.foundation import CoreError, InputError, SettingError, WorkspaceError, end_family, start_child
from core.storage import read_json, write_json
from core.workspace import (
    Catalogue,
    SpecimenRecord,
    Workspace,
    current_job,
    put_preference,
    queue_run,
    queue_some,
    queued_jobs,
    read_preferences,
    write_ids,
)

MODES = ("offer", "run")
STATE_FILE = "watch.json"
_PREFERENCE = "watch"
# Size, time and number of files of a specimen: what changes while somebody writes to it.
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class WatchSettings:
    """What is watched, and what becomes of what comes.

    Parameters
    ----------
    folder : str
        The input folder.
    run_name : str
        The run that takes specimens up.
    mode : str
        `offer` only notes what has come; `run` queues the run for it.
    seconds : float
        Between two looks. A file is taken that is the same in two of them.
    arguments : tuple of str
        Flags of `run` for a run that is not there yet; one that is goes on with its own settings.
    """

    folder: str
    run_name: str
    mode: str = "offer"
    seconds: float = 5.0
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every setting."""
        if self.mode not in MODES:
            raise SettingError(f"'mode' must be one of {', '.join(MODES)} (got {self.mode}).")
        if not self.seconds > 0:
            raise SettingError(f"'every' must be above 0 seconds (got {self.seconds}).")
        if not self.run_name:
            raise SettingError("'name' is needed: the run that takes specimens up.")


@dataclass(frozen=True)
class WatchState:
    """What the watching process says: what has come, and when it last looked, in seconds since 1970."""

    settings: WatchSettings
    new: tuple[str, ...]
    looked: float
    is_alive: bool


class Watcher:
    """Looks at a folder again and again and tells which new specimens nobody writes to any more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before: dict[str, Stamp] = {}

    def look(self, known: Mapping[str, SpecimenRecord]) -> dict[str, Stamp]:
        """Return the specimens that are not known as they are, and were the same at the last look.

        Parameters
        ----------
        known : mapping of str to SpecimenRecord
            What the catalogue knows of this folder. A file that was tried and could not be used
            is known, until it changes.
        """
        try:
            specimens = take_inventory(self.folder).specimens
        except InputError:
            # Empty, or not there for the moment, as a drive that is not plugged in.
            specimens = ()
        now = {specimen.specimen_id: stamp for specimen in specimens if (stamp := stamp_of(specimen)) is not None}
        settled = {name: stamp for name, stamp in now.items() if self._before.get(name) == stamp and stamp[0] > 0}
        self._before = now
        return {name: stamp for name, stamp in settled.items() if not _is_known(known.get(name), stamp)}


def watch(
    workspace: Workspace,
    settings: WatchSettings,
    *,
    tell: Callable[[str], object] = lambda sentence: None,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Watch a folder until told to stop.

    Parameters
    ----------
    workspace : Workspace
        Where the run is, and where the state is written for screens.
    settings : WatchSettings
        What is watched, and what becomes of what comes.
    tell : callable
        Told in a sentence what happens.
    goes_on : callable
        Asked before every look.

    Raises
    ------
    WorkspaceError
        Where the state cannot be written.
    """
    watcher = Watcher(Path(settings.folder))
    catalogue = Catalogue(workspace.catalogue_path)
    source = str(Path(settings.folder).resolve())
    tried: dict[str, Stamp] = {}
    told: tuple[str, ...] = ()
    while goes_on():
        new = watcher.look(catalogue.specimens(source))
        names = tuple(sorted(new))
        _write_state(workspace, settings, names)
        if settings.mode == "offer" and names and names != told:
            tell(f"{len(names)} new: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        told = names
        untried = {name: stamp for name, stamp in new.items() if tried.get(name) != stamp}
        if settings.mode == "run" and untried and not _is_at_it(workspace, settings.run_name):
            # Noted whatever becomes of it: what fails is not tried for ever.
            tried.update(untried)
            try:
                job_id = take_up(workspace, settings, untried)
            except CoreError as error:
                tell(str(error))
            else:
                tell(f"{len(untried)} new, taken up by job {job_id} of the run {settings.run_name}.")
        time.sleep(settings.seconds)


def take_up(workspace: Workspace, settings: WatchSettings, specimen_ids: Sequence[str] | Mapping[str, Stamp]) -> int:
    """Queue the run for specimens that have come; return the job's number.

    Raises
    ------
    SettingError, WorkspaceError
        Where the run's name is none, or its configuration is damaged.
    """
    run = workspace.run(settings.run_name)
    if run.config_path.is_file():
        return queue_some(workspace, settings.run_name, specimen_ids)
    only = write_ids(workspace, settings.run_name, specimen_ids)
    arguments = ["--in", settings.folder, *settings.arguments, "--name", settings.run_name, "--only", str(only)]
    return queue_run(workspace, arguments, settings.run_name)


def start_watching(workspace: Workspace, settings: WatchSettings) -> None:
    """Watch a folder in a process of its own, in place of any that was watched before."""
    stop_watching(workspace)
    words = ["watch", "--workspace", str(workspace.root), "--in", settings.folder, "--name", settings.run_name]
    words += ["--mode", settings.mode, "--every", str(settings.seconds), "--while-wanted"]
    child = start_child([*words, "--", *settings.arguments], workspace.logs / "watch.log")
    process = {"pid": child.pid, "started": _started(child.pid)}
    put_preference(workspace, _PREFERENCE, json.dumps({**asdict(settings), **process}))


def stop_watching(workspace: Workspace) -> None:
    """End the process that watches, where there is one."""
    wanted = _wanted(workspace)
    if wanted is None:
        return
    put_preference(workspace, _PREFERENCE, "")
    if _is_alive(wanted):
        end_family(int(str(wanted["pid"])))
    with suppress(OSError):
        (workspace.root / STATE_FILE).unlink(missing_ok=True)


def watch_state(workspace: Workspace) -> WatchState | None:
    """Return what is watched and what has come; None where nothing is to be watched."""
    wanted = _wanted(workspace)
    if wanted is None:
        return None
    settings = _settings(wanted)
    if settings is None:
        return None
    found: object = {}
    with suppress(WorkspaceError):
        found = read_json(workspace.root / STATE_FILE)
    state = found if isinstance(found, dict) and found.get("folder") == settings.folder else {}
    new = tuple(str(name) for name in state.get("new", ()))
    return WatchState(settings, new, float(state.get("looked", 0.0)), _is_alive(wanted))


def keep_watching(workspace: Workspace) -> WatchState | None:
    """Return what is watched; where the process is gone, since the machine was restarted say, start it again."""
    state = watch_state(workspace)
    if state is not None and not state.is_alive:
        start_watching(workspace, state.settings)
        return watch_state(workspace)
    return state


def is_wanted(workspace: Workspace) -> bool:
    """Return whether this very process is the one that is to watch."""
    wanted = _wanted(workspace)
    return wanted is not None and wanted.get("pid") == os.getpid()


def _wanted(workspace: Workspace) -> dict[str, object] | None:
    try:
        found = json.loads(read_preferences(workspace).get(_PREFERENCE) or "null")
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _settings(wanted: Mapping[str, object]) -> WatchSettings | None:
    try:
        names = WatchSettings.__dataclass_fields__
        kept = {name: value for name, value in wanted.items() if name in names and name != "arguments"}
        arguments = tuple(map(str, wanted.get("arguments", ())))  # type: ignore[call-overload]
        return WatchSettings(**kept, arguments=arguments)  # type: ignore[arg-type]
    except (TypeError, SettingError):
        return None


def _write_state(workspace: Workspace, settings: WatchSettings, names: Sequence[str]) -> None:
    state = {"folder": settings.folder, "new": list(names), "looked": time.time()}
    write_json(workspace.root / STATE_FILE, state)


def _is_at_it(workspace: Workspace, run_name: str) -> bool:
    job = current_job(workspace)
    jobs = [*queued_jobs(workspace), *([] if job is None else [job])]
    return any((one.kind, one.run_name) == ("run", run_name) for one in jobs)


def _is_known(record: SpecimenRecord | None, stamp: Stamp) -> bool:
    return record is not None and (record.size, record.mtime_ns) == stamp[:2]


def _is_alive(wanted: Mapping[str, object]) -> bool:
    try:
        process = psutil.Process(int(str(wanted.get("pid", 0))))
        same = abs(process.create_time() - float(str(wanted.get("started", 0)))) < 2
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False


def _started(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0
