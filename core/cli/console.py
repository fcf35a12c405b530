"""Parser, progress, result lines and exit status of all commands."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from core.cli.command_table import COMMANDS
from core.foundation import InputError, Progress, SettingError, WorkspaceError, on_terminal, readable, silent

DONE, NOTHING_DONE, SOME_PASSED_OVER, INTERRUPTED, TERMINATED = 0, 1, 3, 130, 143


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `SettingError` for wrong arguments."""

    def __init__(self, *, allow_abbrev: bool = False, **settings: Any) -> None:
        # An abbreviated flag would change its meaning as soon as a similar flag is added.
        super().__init__(allow_abbrev=allow_abbrev, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise `SettingError` instead of exiting with status 2, as argparse does."""
        raise SettingError(f"{message[:1].upper()}{message[1:]}.", advice=f"See `{self.prog} --help`.")


def progress_of(options: argparse.Namespace) -> Progress:
    """Return how a command reports its progress."""
    return silent if options.quiet else on_terminal


def say(options: argparse.Namespace, text: str) -> None:
    """Print a result line unless `--quiet`."""
    if not options.quiet:
        print(readable(text), flush=True)


def report(options: argparse.Namespace, stage: Any, name: str, folder: Path) -> int:
    """Print the outcome of a stage, log skipped specimens, and return the exit status.

    Parameters
    ----------
    options : Namespace
        With `quiet`.
    stage : object
        With `done`, `unchanged`, `failures`, `warnings` and `unread`, as `core.pipeline.StageReport` has.
    name : str
        Name of the stage, for the result line.
    folder : Path
        Where the results are, for the result line.

    Raises
    ------
    InputError
        If no specimen could be used.
    """
    log = logging.getLogger("core")
    for warning in stage.warnings:
        log.warning("%s", warning)
    for failure in stage.failures:
        log.error("Passed over %s: %s", failure.specimen_id, failure.reason)
    if not stage.done and not stage.unchanged:
        raise InputError(
            f"Nothing could be done: {specimens(len(stage.failures))} passed over, none usable.",
            advice="The lines above tell the reason for each.",
        )
    if stage.done:
        unchanged = f", {stage.unchanged} already there" if stage.unchanged else ""
        say(options, f"{name}: {specimens(stage.done)} done{unchanged}, in {folder}")
    else:
        say(options, f"{name}: nothing to do, {specimens(stage.unchanged)} already there, in {folder}")
    if stage.failures:
        print(f"{specimens(len(stage.failures))} passed over; the lines above tell why.", file=sys.stderr)
    if stage.unread:
        files = sum(len(one.files) for one in stage.unread)
        what = "1 file is" if files == 1 else f"{files} files are"
        print(f"{what} of kinds that are not read; the lines above name them.", file=sys.stderr)
    return SOME_PASSED_OVER if stage.failures or stage.unread else DONE


def specimens(count: int) -> str:
    """Return a number of specimens as text, for example "1 specimen"."""
    return f"{count} specimen{'' if count == 1 else 's'}"


def log_into(path: Path) -> None:
    """Write warnings and errors to a file as well, until the command ends.

    Raises
    ------
    WorkspaceError
        If the folder of the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace", delay=True)
    except OSError as error:
        reason = "there is a file of that name" if path.parent.is_file() else error.strerror or error
        raise WorkspaceError(
            f"The folder {path.parent} cannot be written ({reason}).",
            advice="Choose another folder with --out, or check its permissions and the free space.",
        ) from error
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("core").addHandler(handler)


def whole_number(text: str) -> int:
    """Parse an integer. The error names the given text."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"a whole number is needed (got {text})") from error


def number(text: str) -> float:
    """Parse a number. The error names the given text."""
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"a number is needed (got {text})") from error


def listed(names: Iterable[str]) -> str:
    """Join names for a help text."""
    return ", ".join(names)


def add_command(commands: Any, name: str, common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add a command of `COMMANDS` to the parser, and return the parser of the command."""
    (text,) = (helps[name] for helps in COMMANDS.values() if name in helps)
    added: argparse.ArgumentParser = commands.add_parser(name, parents=[common], help=text)
    return added
