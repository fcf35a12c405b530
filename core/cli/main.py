"""The entry point of the command line: parse the arguments and run the command.

Exit status: 0 all done; 1 nothing could be done, or a wrong argument; 3 done, but some
specimens were skipped; 130 interrupted (Ctrl-C); 143 terminated (SIGTERM).
"""

from __future__ import annotations

import argparse
import difflib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from core import __version__
from core.cli.command_table import COMMANDS
from core.cli.config_file import config_path, flags_of, take_defaults
from core.cli.console import DONE, INTERRUPTED, NOTHING_DONE, TERMINATED, Parser, whole_number
from core.foundation import CoreError, SettingError

LOG_LEVELS = ("debug", "info", "warning", "error")


class TerminatedError(KeyboardInterrupt):
    """The process received SIGTERM. It ends as on Ctrl-C, child processes first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command and its flags, by default those of the process.

    Returns
    -------
    int
        0 all done; 1 nothing could be done, or a wrong argument; 3 some specimens were skipped;
        130 interrupted; 143 terminated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     main(["samples", "--out", folder, "--per-category", "1", "--quiet"])
    0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _print_any_text()
    try:
        with _sigterm_as_interrupt():
            options = parse(words)
            _start_log(options)
            status: int = options.run(options)
            sys.stdout.flush()
    except CoreError as error:
        print(f"Error: {error}", file=sys.stderr)
        return NOTHING_DONE
    except KeyboardInterrupt as error:
        print("Interrupted. Finished work is kept. Run the same command again to resume.", file=sys.stderr)
        return TERMINATED if isinstance(error, TerminatedError) else INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, for example `head`, has closed the pipe. More output would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    finally:
        _close_logs()
    return status


def _print_any_text() -> None:
    """Print characters that a terminal or a pipe cannot encode as digits, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, so that no child process keeps running."""

    def end(number: int, frame: object) -> NoReturn:
        del number, frame
        raise TerminatedError

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a call.

    A flag takes precedence over the file given with `--config`, the file over the default.

    Raises
    ------
    SettingError
        If an argument is unknown, missing or wrong.

    Examples
    --------
    >>> options = parse(["samples", "--per-category", "2"])
    >>> options.per_category, options.seed
    (2, 42)
    """
    arguments = [_hyphens(argument) for argument in arguments]
    named = next((argument for argument in arguments if not argument.startswith("-")), "")
    parser, commands = build_parser(named)
    config = config_path(arguments)
    if config is not None and named in commands:
        take_defaults(commands[named], config)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise _unknown_flag(unknown[0], named, commands)
    return options


def build_parser(only: str | None = None) -> tuple[Parser, dict[str, Parser]]:
    """Return the parser, and the parsers of the commands by name.

    Parameters
    ----------
    only : str, optional
        The command that is called. The modules of the other commands are not imported, and their
        parsers have no flags. Without it all parsers are complete.
    """
    parser = Parser(
        prog="python -m core",
        description="FossilViT Explorer: from a folder of 3D scans to similar fossils, groups and maps.",
    )
    parser.add_argument("--version", action="version", version=f"FossilViT Explorer {__version__}")
    parser.set_defaults(parse=parse)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for module, helps in COMMANDS.items():
        if only is None or only in helps:
            import_module(f"core.cli.commands.{module}").add_commands(commands, _common_flags())
            continue
        for name, text in helps.items():
            commands.add_parser(name, help=text)
    return parser, dict(commands.choices)


def _close_logs() -> None:
    log = logging.getLogger("core")
    for handler in [handler for handler in log.handlers if isinstance(handler, logging.FileHandler)]:
        log.removeHandler(handler)
        handler.close()


def _common_flags() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("flags of every command")
    group.add_argument(
        "--config", type=Path, metavar="FILE.yaml", help="YAML file with default values for any of these flags"
    )
    group.add_argument("--seed", type=whole_number, default=42, help="seed of the random number generators (42)")
    group.add_argument("--quiet", action="store_true", help="print no progress and no summary")
    group.add_argument(
        "--log-level", choices=LOG_LEVELS, default="warning", help="least severe message printed to stderr (warning)"
    )
    return common


def _hyphens(argument: str) -> str:
    """Return an argument with the underscores of its flag as hyphens."""
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _unknown_flag(given: str, command: str, commands: dict[str, Parser]) -> SettingError:
    """Return the error for an unknown argument, with the closest flag as a suggestion."""
    name = command if command in commands else ""
    call = f"python -m core {name}" if name else "python -m core"
    flags = [f"--{flag.replace('_', '-')}" for flag in flags_of(commands[name])] if name else []
    close = difflib.get_close_matches(given.partition("=")[0], flags, n=1)
    suggestion = f"Did you mean {close[0]}? " if close else ""
    return SettingError(f"`{call}` does not know {given!r}.", advice=f"{suggestion}See `{call} --help`.")


def _start_log(options: argparse.Namespace) -> None:
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr, force=True)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("core").setLevel(options.log_level.upper())
