"""The `--config` file: any flags of a command, as YAML."""

from __future__ import annotations

import argparse
import difflib
import reprlib
from collections.abc import Sequence
from pathlib import Path

from core.foundation import InputError, SettingError
from core.storage import decode_text

_MOST_BYTES = 16_000_000


def config_path(arguments: Sequence[str]) -> Path | None:
    """Return the path given with `--config`, or None."""
    for index, argument in enumerate(arguments):
        if argument == "--config" and index + 1 < len(arguments):
            return Path(arguments[index + 1])
        if argument.startswith("--config="):
            return Path(argument.partition("=")[2])
    return None


def take_defaults(parser: argparse.ArgumentParser, path: Path) -> None:
    """Set the defaults of a command from a YAML file, or from a run's `config.json`.

    Raises
    ------
    SettingError
        If the file cannot be read, is not YAML, holds an unknown flag or a wrong value, or is the
        configuration of a run and the command does not take one.
    """
    from core.pipeline import is_run_config

    values = _read_yaml(path)
    if values is None:
        return
    if not isinstance(values, dict):
        raise SettingError("The configuration {path} must hold `flag: value` lines.", path=path)
    if is_run_config(values):
        take_recipe = parser.get_default("take_recipe")
        if take_recipe is None:
            raise SettingError(
                "{path} is the configuration of a run, which this command does not take.",
                advice="`python -m core run --config …` and `python -m core reproduce --config …` do.",
                path=path,
            )
        take_recipe(parser, path)
        return
    by_flag = flags_of(parser)
    for key, value in values.items():
        flag = str(key).replace("-", "_")
        if flag not in by_flag:
            close = difflib.get_close_matches(flag, by_flag, n=1)
            suggestion = f"Did you mean {close[0]}? " if close else ""
            raise SettingError(
                "The configuration {path} has {key!r}, which is no flag of this command.",
                advice="{suggestion}Allowed: {allowed}.",
                path=path,
                key=key,
                suggestion=suggestion,
                allowed=", ".join(sorted(by_flag)),
            )
        if value is None:
            continue  # `flag:` without a value keeps the default
        action = by_flag[flag]
        converted = _as_given(parser, action, key, value)
        is_negated = isinstance(action, argparse.BooleanOptionalAction) and flag != action.dest
        action.default = not converted if is_negated else converted
        action.required = False


def _read_yaml(path: Path) -> object:
    """Return the values of a YAML file without aliases.

    A few lines of aliases of aliases stand for more values than fit into memory.
    """
    import yaml

    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise SettingError(
                "The configuration {path} holds {size_mb:.0f} MB; at most {most_mb:.0f} MB are read.",
                advice="Write `flag: value`.",
                path=path,
                size_mb=size / 1e6,
                most_mb=_MOST_BYTES / 1e6,
            )
        text = decode_text(path, code_pages=False)[0]
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise SettingError(
                    "The configuration {path} has the alias *{alias} on line {line}; aliases are not read.",
                    advice="Write the value itself.",
                    path=path,
                    alias=event.anchor,
                    line=event.start_mark.line + 1 if event.start_mark else 0,
                )
        return yaml.safe_load(text)
    except OSError as error:
        raise SettingError(
            "The configuration {path} cannot be read ({strerror}).", path=path, strerror=error.strerror
        ) from error
    except (InputError, yaml.YAMLError, ValueError, RecursionError) as error:
        problem = error.problem if isinstance(error, InputError) else str(error).splitlines()[0]
        raise SettingError(
            "The configuration {path} is not YAML ({reason}).",
            advice="Write `flag: value`.",
            path=path,
            reason=problem,
        ) from error


def flags_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the actions of all long flags by name, with underscores for hyphens."""
    return {
        option.lstrip("-").replace("-", "_"): action
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and action.dest not in ("help", "config")
    }


def _shortly(value: object) -> str:
    """Return a value as short text, whatever its size."""
    return reprlib.repr(value) if isinstance(value, list | dict) else str(value)[:80]


def _as_given(parser: argparse.ArgumentParser, action: argparse.Action, key: object, value: object) -> object:
    """Convert a value of the file as argparse converts a typed one."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise SettingError(
                "'{key}' in the configuration must be true or false (got {value}).", key=key, value=_shortly(value)
            )
        return value
    is_nested = isinstance(value, list) and any(isinstance(part, list | dict) for part in value)
    if isinstance(value, bool | dict) or is_nested:  # YAML aliases can nest to more text than fits in memory
        raise SettingError(
            "'{key}' in the configuration needs one value (got {value}).", key=key, value=_shortly(value)
        )
    # A repeatable flag takes each value of a list separately.
    texts = [str(part) for part in value] if isinstance(value, list) else [str(value)]
    is_repeated = isinstance(action, argparse._AppendAction)
    try:
        each = [parser._get_value(action, text) for text in (texts if is_repeated else [",".join(texts)])]
        for one in each:
            parser._check_value(action, one)
    except argparse.ArgumentError as error:
        raise SettingError("'{key}' in the configuration: {message}.", key=key, message=error.message) from error
    return each if is_repeated else each[0]
