"""The command line: one command a stage. Parse, call one function of `core`, report.

Exit status: 0 all done; 1 nothing could be done, or a wrong argument; 3 done, but some
specimens were passed over.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from core import __version__
from core.errors import CoreError, InputError, SettingError
from core.progress import Progress, on_terminal, silent

DONE, NOTHING_DONE, SOME_PASSED_OVER, INTERRUPTED = 0, 1, 3, 130
LOG_LEVELS = ("debug", "info", "warning", "error")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `SettingError`s."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of leaving with argparse's own status 2."""
        raise SettingError(f"{message[:1].upper()}{message[1:]}.", advice=f"See `{self.prog} --help`.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parse(given)
        _start_log(options)
        status: int = options.run(options)
    except CoreError as error:
        print(f"Error: {error}", file=sys.stderr)
        return NOTHING_DONE
    except KeyboardInterrupt:
        print("Interrupted. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    return status


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a call: its flags, over those of `--config`, over the defaults."""
    parser, commands = build_parser()
    arguments = [_hyphens(argument) for argument in arguments]
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    config = _config_path(arguments)
    if config is not None and named in commands:
        _take_defaults(commands[named], config)
    return parser.parse_args(arguments)


def build_parser() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser and those of its commands by name."""
    from core.commands import analyse, machine, prepare

    parser = Parser(
        prog="python -m core",
        description="FossilViT Explorer: from a folder of 3D scans to similar fossils, groups and maps.",
    )
    parser.add_argument("--version", action="version", version=f"FossilViT Explorer {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for module in (prepare, analyse, machine):
        module.add_commands(commands, _common_flags())
    return parser, dict(commands.choices)


def progress_of(options: argparse.Namespace) -> Progress:
    """Return how a command tells how far it is."""
    return silent if options.quiet else on_terminal


def say(options: argparse.Namespace, text: str) -> None:
    """Print a result line unless `--quiet`."""
    if not options.quiet:
        print(text, flush=True)


def report(options: argparse.Namespace, stage: Any, what: str, where: Path) -> int:
    """Tell what a stage did, name who was passed over and why, and return the exit status.

    `stage` has `done`, `unchanged`, `failures` and `warnings`, as `StageReport` has.
    """
    log = logging.getLogger("core")
    for warning in stage.warnings:
        log.warning("%s", warning)
    for failure in stage.failures:
        log.error("Passed over %s: %s", failure.specimen_id, failure.reason)
    if not stage.done and not stage.unchanged:
        first = f" The first reason: {stage.failures[0].reason}" if stage.failures else ""
        raise InputError(f"Nothing could be done: all {len(stage.failures)} specimens were passed over.{first}")
    if stage.done:
        kept = f", {stage.unchanged} were already there" if stage.unchanged else ""
        say(options, f"{what}: {stage.done} specimens done{kept}, in {where}")
    else:
        say(options, f"{what}: nothing to do, all {stage.unchanged} specimens are already there, in {where}")
    if stage.failures:
        print(f"{len(stage.failures)} specimens were passed over; see the lines above.", file=sys.stderr)
        return SOME_PASSED_OVER
    return DONE


def log_into(path: Path) -> None:
    """Keep warnings and errors in a file too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    except OSError as error:
        raise SettingError(
            f"The folder {path.parent} cannot be written ({error.strerror or error}).", advice="Choose another --out."
        ) from error
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("core").addHandler(handler)


def whole_number(text: str) -> int:
    """Parse an integer, with a message that says what was given."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"a whole number is needed (got {text})") from error


def _common_flags() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("flags of every command")
    group.add_argument("--config", type=Path, metavar="FILE.yaml", help="a file with any of these flags as defaults")
    group.add_argument("--seed", type=whole_number, default=42, help="seed of everything that uses chance (42)")
    group.add_argument("--quiet", action="store_true", help="no progress, no summary")
    group.add_argument("--log-level", choices=LOG_LEVELS, default="warning", help="what goes to stderr (warning)")
    return common


def _hyphens(argument: str) -> str:
    """Let `--min_cluster_size` and `--min-cluster-size` be the same flag."""
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _config_path(arguments: Sequence[str]) -> Path | None:
    for index, argument in enumerate(arguments):
        if argument == "--config" and index + 1 < len(arguments):
            return Path(arguments[index + 1])
        if argument.startswith("--config="):
            return Path(argument.partition("=")[2])
    return None


def _take_defaults(parser: Parser, path: Path) -> None:
    """Make the values of a YAML file the defaults of a command."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"The configuration {path} cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = str(error).splitlines()[0]
        raise SettingError(
            f"The configuration {path} is not YAML ({problem}).", advice="Write `flag: value`."
        ) from error
    if values is None:
        return
    if not isinstance(values, dict):
        raise SettingError(f"The configuration {path} must hold `flag: value` lines.")
    actions = {action.dest: action for action in parser._actions if action.dest != "help"}
    aliases = {option.lstrip("-").replace("-", "_"): a for a in actions.values() for option in a.option_strings}
    for key, value in values.items():
        action = aliases.get(str(key).replace("-", "_"))
        if action is None or action.dest == "config":
            raise SettingError(
                f"The configuration {path} has {key!r}, which is no flag of this command.",
                advice=f"Allowed: {', '.join(sorted(aliases))}.",
            )
        action.default = _as_given(parser, action, key, value)
        action.required = False


def _as_given(parser: Parser, action: argparse.Action, key: str, value: object) -> object:
    """Convert a value of the file as if it had been typed."""
    if isinstance(value, bool) or value is None or action.nargs == 0:
        if action.nargs != 0 and isinstance(value, bool) and not isinstance(action, argparse.BooleanOptionalAction):
            raise SettingError(f"'{key}' needs a value (got {value}).")
        return value
    try:
        converted = parser._get_value(action, str(value))
        if action.choices is not None and converted not in action.choices:
            raise SettingError(f"'{key}' must be one of {', '.join(map(str, action.choices))} (got {value}).")
    except argparse.ArgumentError as error:
        raise SettingError(f"'{key}' in the configuration: {error.message}.") from error
    return converted


def _start_log(options: argparse.Namespace) -> None:
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr, force=True)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("core").setLevel(options.log_level.upper())


def listed(names: Iterable[str]) -> str:
    """Join names for a help text."""
    return ", ".join(names)
