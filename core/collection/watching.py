"""Watching of a folder for new scans, which are offered or processed by a run.

A scan counts as new when it is no longer being written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from core.collection.inventory import take_inventory
from core.collection.stamps import Stamp, is_as_recorded, stamp_of
from core.foundation import CoreError, InputError, SettingError, WorkspaceError, end_process_tree, start_child
from core.storage import read_json, write_json
from core.workspace import (
    Catalogue,
    SpecimenRecord,
    Workspace,
    current_job,
    put_preference,
    queue_job,
    queue_specimens,
    queued_jobs,
    read_preferences,
    write_ids,
)

MODES = ("offer", "run")
STATE_FILE = "watch.json"
_PREFERENCE = "watch"
# Size, time and number of files of a specimen, which change while a file is being written.


@dataclass(frozen=True)
class WatchSettings:
    """Settings of watching a folder.

    Parameters
    ----------
    folder : str
        The input folder.
    run_name : str
        The run that processes new specimens.
    mode : str
        `offer` only lists new specimens; `run` queues the run for them.
    seconds : float
        Time between two looks, in seconds. A file counts as complete if it is the same in both.
    arguments : tuple of str
        Flags of `run` for a new run; an existing run keeps its settings.
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
            raise SettingError("'name' is needed: the run that processes new specimens.")


@dataclass(frozen=True)
class WatchState:
    """The state of the watching process.

    Parameters
    ----------
    settings : WatchSettings
        Its settings.
    new : tuple of str
        Ids of new specimens.
    looked : float
        Time of the last look, in seconds since 1970.
    is_alive : bool
        Whether the process is running.
    """

    settings: WatchSettings
    new: tuple[str, ...]
    looked: float
    is_alive: bool


class Watcher:
    """Finds new specimens of a folder that are no longer being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._previous: dict[str, Stamp] = {}

    def look(self, known: Mapping[str, SpecimenRecord]) -> dict[str, Stamp]:
        """Return new or changed specimens that were the same at the previous look.

        Parameters
        ----------
        known : mapping of str to SpecimenRecord
            Records of this folder in the catalogue. A file that cannot be used has a record, too,
            so that it returns only after it changes.
        """
        try:
            specimens = take_inventory(self.folder).specimens
        except InputError:
            # Empty, or not available, as a drive that is not connected.
            specimens = ()
        now = {
            specimen.specimen_id: stamp
            for specimen in specimens
            if (stamp := stamp_of(specimen, known.get(specimen.specimen_id))) is not None
        }
        settled = {name: stamp for name, stamp in now.items() if self._previous.get(name) == stamp and stamp.size > 0}
        self._previous = now
        return {name: stamp for name, stamp in settled.items() if not _is_known(known.get(name), stamp)}


def watch(
    workspace: Workspace,
    settings: WatchSettings,
    *,
    report: Callable[[str], object] = lambda sentence: None,
    is_active: Callable[[], bool] = lambda: True,
) -> None:
    """Watch a folder until told to stop.

    Parameters
    ----------
    workspace : Workspace
        The workspace of the run, to which the state is written for the screens.
    settings : WatchSettings
        Settings of watching.
    report : callable
        Takes a sentence on each event.
    is_active : callable
        Called before every look; watching stops when it returns False.

    Raises
    ------
    WorkspaceError
        If the state cannot be written.
    """
    watcher = Watcher(Path(settings.folder))
    catalogue = Catalogue(workspace.catalogue_path)
    source = str(Path(settings.folder).resolve())
    tried: dict[str, Stamp] = {}
    reported: tuple[str, ...] = ()
    while is_active():
        new = watcher.look(catalogue.specimens(source))
        names = tuple(sorted(new))
        _write_state(workspace, settings, names)
        if settings.mode == "offer" and names and names != reported:
            report(f"{len(names)} new: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        reported = names
        untried = {name: stamp for name, stamp in new.items() if tried.get(name) != stamp}
        if settings.mode == "run" and untried and not _is_queued(workspace, settings.run_name):
            # Recorded in any case, so that failures are not repeated.
            tried.update(untried)
            try:
                job_id = queue_new_specimens(workspace, settings, untried)
            except CoreError as error:
                report(str(error))
            else:
                report(f"{len(untried)} new: job {job_id} of the run {settings.run_name} processes them.")
        time.sleep(settings.seconds)


def queue_new_specimens(
    workspace: Workspace, settings: WatchSettings, specimen_ids: Sequence[str] | Mapping[str, Stamp]
) -> int:
    """Queue the run for new specimens, and return the number of the job.

    Raises
    ------
    SettingError, WorkspaceError
        If the name of the run is not valid, or its configuration is damaged.
    """
    run = workspace.run(settings.run_name)
    if run.config_path.is_file():
        return queue_specimens(workspace, settings.run_name, specimen_ids)
    only = write_ids(workspace, settings.run_name, specimen_ids)
    arguments = ["--in", settings.folder, *settings.arguments, "--name", settings.run_name, "--only", str(only)]
    return queue_job(workspace, arguments, settings.run_name)


def start_watching(workspace: Workspace, settings: WatchSettings) -> None:
    """Watch a folder in a child process, instead of any earlier one."""
    stop_watching(workspace)
    command = ["watch", "--workspace", str(workspace.root), "--in", settings.folder, "--name", settings.run_name]
    command += ["--mode", settings.mode, "--every", str(settings.seconds), "--while-wanted"]
    child = start_child([*command, "--", *settings.arguments], workspace.logs / "watch.log")
    process = {"pid": child.pid, "started": _started(child.pid)}
    put_preference(workspace, _PREFERENCE, json.dumps({**asdict(settings), **process}))


def stop_watching(workspace: Workspace) -> None:
    """Stop the watching process, if there is one."""
    wanted = _wanted(workspace)
    if wanted is None:
        return
    put_preference(workspace, _PREFERENCE, "")
    if _is_alive(wanted):
        end_process_tree(int(str(wanted["pid"])))
    with suppress(OSError):
        (workspace.root / STATE_FILE).unlink(missing_ok=True)


def watch_state(workspace: Workspace) -> WatchState | None:
    """Return the state of watching, None if no folder is watched."""
    wanted = _wanted(workspace)
    if wanted is None:
        return None
    settings = _settings(wanted)
    if settings is None:
        return None
    written: object = {}
    with suppress(WorkspaceError):
        written = read_json(workspace.root / STATE_FILE)
    state = written if isinstance(written, dict) and written.get("folder") == settings.folder else {}
    new = tuple(str(name) for name in state.get("new", ()))
    return WatchState(settings, new, float(state.get("looked", 0.0)), _is_alive(wanted))


def keep_watching(workspace: Workspace) -> WatchState | None:
    """Return the state of watching, and restart the process if it has ended.

    It ends when the machine restarts, for example.
    """
    state = watch_state(workspace)
    if state is not None and not state.is_alive:
        start_watching(workspace, state.settings)
        return watch_state(workspace)
    return state


def is_wanted(workspace: Workspace) -> bool:
    """Return whether this process is the current watching process."""
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


def _is_queued(workspace: Workspace, run_name: str) -> bool:
    job = current_job(workspace)
    jobs = [*queued_jobs(workspace), *([] if job is None else [job])]
    return any((one.kind, one.run_name) == ("run", run_name) for one in jobs)


def _is_known(record: SpecimenRecord | None, stamp: Stamp) -> bool:
    return record is not None and is_as_recorded(record, stamp)


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
