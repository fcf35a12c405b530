"""Commands about jobs and existing runs: jobs, runs, reproduce, watch, report."""

from __future__ import annotations

import argparse
import datetime
import logging
import time
from pathlib import Path
from typing import Any

from core.cli.console import DONE, add_command, number, progress_of, report, say, specimens, whole_number
from core.cli.job_progress import add_job_flag, as_job
from core.collection import MODES, WatchSettings, is_wanted, watch
from core.foundation import InputError, MissingStageError, Progress, SettingError
from core.maps import MAP_METHODS, MapSettings
from core.pipeline import changes_of_input, free_name, read_recipe, reproduce
from core.report import LANGUAGES
from core.workspace import (
    Catalogue,
    JobRecord,
    RunFolder,
    cancel,
    current_job,
    delete_run,
    existing_run,
    finish_deletions,
    list_runs,
    open_workspace,
    rename_run,
    resume,
    run_queue,
    size_on_disk,
    time_left,
    write_notes,
)

SECONDS_UNTIL_RECORDED = 10.0


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_jobs(commands, common)
    _add_runs(commands, common)
    _add_reproduce(commands, common)
    _add_watch(commands, common)
    _add_report(commands, common)


def _add_jobs(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "jobs", common)
    add_workspace_flag(parser)
    parser.add_argument("--cancel", type=whole_number, metavar="JOB", help="end this job, or remove it from the queue")
    parser.add_argument("--resume", type=whole_number, metavar="JOB", help="continue this job from where it stopped")
    parser.add_argument("--take-care", action="store_true", help="run all queued jobs, one after the other")
    parser.set_defaults(run=_jobs)


def _jobs(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    if options.cancel is not None:
        cancel(workspace, options.cancel)
    if options.resume is not None:
        say(options, f"Job {resume(workspace, options.resume)} continues job {options.resume}.")
    if options.take_care:
        run_queue(workspace)
        return DONE
    current_job(workspace)
    jobs = Catalogue(workspace.catalogue_path).jobs()
    for job in jobs:
        print(_job_line(job), flush=True)
    if not jobs:
        say(options, "There are no jobs yet.")
    return DONE


def _add_runs(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "runs", common)
    add_workspace_flag(parser)
    parser.add_argument("--name", default="", help="the run that the other flags apply to")
    parser.add_argument("--rename", metavar="NEW", help="rename the run")
    parser.add_argument("--delete", action="store_true", help="delete the run; the specimens' own files stay")
    parser.add_argument("--notes", metavar="TEXT", help="store this text as the run's notes")
    parser.set_defaults(run=_runs)


def _runs(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    finish_deletions(workspace)
    changes = [options.rename is not None, options.delete, options.notes is not None]
    if any(changes) and (sum(changes) > 1 or not options.name):
        raise SettingError("Give --name with one of --rename, --delete and --notes.")
    if options.rename is not None:
        say(options, f"{options.name} is renamed to {rename_run(workspace, options.name, options.rename).name}.")
    elif options.delete:
        freed = delete_run(workspace, options.name)
        say(options, f"{options.name} is deleted; {freed / 1e6:.1f} MB were freed.")
    elif options.notes is not None:
        write_notes(existing_run(workspace, options.name), options.notes)
        say(options, f"Notes of {options.name} are stored.")
    else:
        for facts in list_runs(workspace):
            when = datetime.datetime.fromtimestamp(facts.changed).astimezone().strftime("%Y-%m-%d %H:%M")
            size = size_on_disk(workspace.run(facts.name).root)
            print(
                f"{facts.name:32} {when}  {facts.state:10} {specimens(facts.n_specimens):>16} {size / 1e6:>9.1f} MB  "
                f"{facts.backbone} {facts.views} views at {facts.pixels} px"
                + (", being made again" if facts.is_being_made_again else ""),
                flush=True,
            )
    return DONE


def _add_reproduce(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "reproduce", common)
    add_workspace_flag(parser)
    parser.add_argument("--name", default="", help="name of the new run (made from the old name)")
    parser.add_argument("--in", dest="meshes", type=Path, help="folder of the scans, if they have moved")
    parser.add_argument("--weights", type=Path, help="weights file, if it has moved")
    parser.add_argument("--no-download", action="store_true", help="never download weights")
    parser.add_argument(
        "--workers", type=whole_number, help="number of rendering processes (one fewer than processors)"
    )
    parser.set_defaults(run=_reproduce, take_recipe=lambda parser, path: None)


def _reproduce(options: argparse.Namespace) -> int:
    if options.config is None:
        raise SettingError("'config' is needed.", advice="Give --config runs/NAME/config.json.")
    workspace = open_workspace(options.workspace)
    recipe = read_recipe(options.config, weights=options.weights, download=not options.no_download)
    original = RunFolder(options.config if options.config.is_dir() else options.config.parent)
    name = options.name or free_name(workspace, original.root.resolve().name)
    for sentence in (*recipe.warnings, *changes_of_input(original, options.meshes or recipe.input)):
        logging.getLogger("core").warning("%s", sentence)
    result = reproduce(
        workspace, recipe, name, meshes=options.meshes, workers=options.workers, progress=progress_of(options)
    )
    return report(options, result, f"Run {result.run.name}", result.run.root)


def _add_watch(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "watch", common)
    add_workspace_flag(parser)
    parser.add_argument("--in", dest="meshes", type=Path, help="the folder to watch (the workspace's meshes)")
    parser.add_argument("--name", default="", help="the run that new scans are added to")
    parser.add_argument(
        "--mode", choices=MODES, default="run", help="offer: only report new scans; run: process them (run)"
    )
    parser.add_argument("--every", type=number, default=5.0, help="seconds between two checks of the folder (5)")
    parser.add_argument("--while-wanted", action="store_true", help="end once the app stops the watching")
    parser.add_argument("flags", nargs="*", help="after --: flags of `run`, used if the run does not exist yet")
    parser.set_defaults(run=_watch)


def _watch(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    folder = (options.meshes or workspace.meshes).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", advice="Give the folder that new scans are saved to.")
    # Wrong flags raise now, not at the first scan.
    options.parse(["run", *options.flags])
    settings = WatchSettings(str(folder), options.name, options.mode, options.every, tuple(options.flags))
    workspace.run(settings.run_name)
    say(options, f"Watching {folder} every {settings.seconds:g} s; Ctrl-C ends it.")
    began = time.monotonic()

    def is_active() -> bool:
        # The app records the number of this process only after it has started it.
        return not options.while_wanted or time.monotonic() - began < SECONDS_UNTIL_RECORDED or is_wanted(workspace)

    watch(workspace, settings, report=lambda sentence: say(options, sentence), is_active=is_active)
    return DONE


def _add_report(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "report", common)
    add_workspace_flag(parser)
    parser.add_argument("--name", default="", help="name of the run (the newest)")
    parser.add_argument("--out", type=Path, help="output folder, or a .zip file (report_NAME.zip)")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="language of the page (en)")
    parser.add_argument("--map", choices=MAP_METHODS, default="umap", help="method of the map (umap)")
    parser.add_argument(
        "--labels",
        default="category",
        help="labels of the specimens: category, category:1 …, column:NAME of the metadata, a CSV (category)",
    )
    add_job_flag(parser)
    parser.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    return as_job(options, options.workspace, lambda progress: _write_report(options, progress))


def _write_report(options: argparse.Namespace, progress: Progress) -> int:
    from core.report import ReportSettings, gather_facts, write_report

    workspace = open_workspace(options.workspace)
    complete = [run.name for run in workspace.runs() if run.is_complete]
    if not options.name and not complete:
        raise MissingStageError(
            f"There is no complete run in {workspace.root}.", advice="`python -m core run` makes one."
        )
    name = options.name or complete[0]
    drawn = MapSettings(method=options.map, seed=options.seed)
    settings = ReportSettings(language=options.language, labels=options.labels, map=drawn)
    out = options.out or Path(f"report_{name}.zip")
    facts = gather_facts(workspace, name, settings, progress=progress)
    say(options, f"Report: {write_report(out, facts, settings)}")
    return DONE


def add_workspace_flag(parser: argparse.ArgumentParser) -> None:
    """Add the workspace."""
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")


def _job_line(job: JobRecord) -> str:
    when = datetime.datetime.fromtimestamp(job.created).astimezone().strftime("%Y-%m-%d %H:%M")
    what = job.run_name if job.kind == "run" else f"{job.kind} of {job.run_name}"
    words = f"{job.job_id:>4}  {when}  {job.state:24} {what}"
    if job.is_over:
        return f"{words}  {job.message}".rstrip()
    counts = ", ".join(f"{stage.label} {stage.done}/{stage.total}" for stage in job.stages)
    left = time_left(job.stages, time.time())
    return f"{words}  {counts}" + (f", about {left:.0f} s left" if left is not None else "")
