"""Commands about tags and named sets of specimens: tags, sets."""

from __future__ import annotations

import argparse
import logging
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.cli.console import DONE, SOME_PASSED_OVER, add_command, say, specimens
from core.collection import Curation, known_specimens
from core.foundation import InputError, SettingError
from core.storage import EXCEL_SUFFIXES, Table, decode_text, read_table, write_csv
from core.workspace import Catalogue, Workspace, open_workspace

ID_COLUMN, SET_COLUMN, TAG_COLUMN = "specimen_id", "set", "tag"
_MOST_LINES = 20


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    parser = add_command(commands, "tags", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument("--add", metavar="TAG", help="add this tag to the specimens chosen by the flags below")
    parser.add_argument(
        "--remove", metavar="TAG", help="remove this tag from them; from all specimens if none are chosen"
    )
    _add_flags_of_specimens(parser)
    parser.add_argument("--out", type=Path, help=f"write {ID_COLUMN},{TAG_COLUMN} to this CSV")
    parser.set_defaults(run=_tags)
    parser = add_command(commands, "sets", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument("--name", default="", help="the set for --delete, --out and the flags below")
    parser.add_argument("--delete", action="store_true", help="delete the set; its specimens stay")
    parser.add_argument("--overwrite", action="store_true", help="replace a set of the same name")
    _add_flags_of_specimens(parser)
    parser.add_argument("--in", dest="table", type=Path, help=f"import the sets of a CSV {SET_COLUMN},{ID_COLUMN}")
    parser.add_argument(
        "--out", type=Path, help=f"write {SET_COLUMN},{ID_COLUMN} of all sets, or of --name, to this CSV"
    )
    parser.set_defaults(run=_sets)


def _add_flags_of_specimens(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--specimens", nargs="+", metavar="ID", default=[], help="ids of specimens")
    parser.add_argument(
        "--file", type=Path, help=f"a text file with one id a line, or a CSV or Excel table with a column {ID_COLUMN}"
    )
    parser.add_argument("--set", dest="set_name", default="", help="the specimens of this set")


def _tags(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    curation = Curation(Catalogue(workspace.catalogue_path))
    chosen, status = _chosen_specimens(options, workspace, curation)
    if options.add is not None and options.remove is not None:
        raise SettingError("--add and --remove cannot be given together.")
    if options.add is not None:
        if chosen is None:
            raise SettingError("No specimens are given for the tag.", advice="Give --specimens, --file or --set.")
        curation.add_tag(options.add, chosen)
        say(options, f"{specimens(len(chosen))} tagged {options.add!r}.")
    elif options.remove is not None:
        having = [name for name, tags in curation.tags().items() if options.remove in tags]
        members = having if chosen is None else [name for name in having if name in set(chosen)]
        curation.remove_tag(options.remove, members)
        say(options, f"The tag {options.remove!r} was removed from {specimens(len(members))}.")
    elif chosen is not None and options.out is None:
        raise SettingError("No action is given for these specimens.", advice="Give --add, --remove or --out.")
    stored = curation.tags()
    if options.out is not None:
        rows = [(name, tag) for name in (stored if chosen is None else chosen) for tag in stored.get(name, ())]
        write_csv(options.out, (ID_COLUMN, TAG_COLUMN), rows)
        say(options, f"Tags: {len(rows)} rows, in {options.out}")
    elif options.add is None and options.remove is None:
        _list(options, Counter(tag for tags in stored.values() for tag in tags), "There are no tags yet.")
    return status


def _sets(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    curation = Curation(Catalogue(workspace.catalogue_path))
    chosen, status = _chosen_specimens(options, workspace, curation)
    if sum((options.delete, chosen is not None, options.table is not None)) > 1:
        raise SettingError("--delete, --in and specimens cannot be given together.")
    if (options.delete or chosen is not None) and not options.name:
        raise SettingError("No set is named.", advice="Give --name.")
    if options.delete:
        curation.members(options.name)
        curation.remove_set(options.name)
        say(options, f"The set {options.name!r} is deleted; its specimens stay.")
    elif chosen is not None:
        curation.put_set(options.name, chosen, replace=options.overwrite)
        say(options, f"The set {options.name!r} holds {specimens(len(chosen))}.")
    elif options.table is not None:
        status = _import_sets(options, workspace, curation)
    stored = curation.sets()
    if options.out is not None:
        shown = {options.name: curation.members(options.name)} if options.name and not options.delete else stored
        rows = [(name, specimen_id) for name, members in shown.items() for specimen_id in members]
        write_csv(options.out, (SET_COLUMN, ID_COLUMN), rows)
        say(options, f"Sets: {len(rows)} rows, in {options.out}")
    elif not options.delete and chosen is None and options.table is None:
        shown = {options.name: curation.members(options.name)} if options.name else stored
        _list(options, {name: len(members) for name, members in shown.items()}, "There are no sets yet.")
    return status


def _import_sets(options: argparse.Namespace, workspace: Workspace, curation: Curation) -> int:
    """Store every set of a table, its specimens in the order of the rows."""
    table = _read(options.table)
    if not {SET_COLUMN, ID_COLUMN} <= set(table.columns):
        raise InputError(
            f"{table.source} has no columns {SET_COLUMN} and {ID_COLUMN}.",
            advice="`python -m core sets --out sets.csv` writes such a table.",
        )
    at_set, at_id = table.columns.index(SET_COLUMN), table.columns.index(ID_COLUMN)
    members: dict[str, list[str]] = {}
    for name, specimen_id in zip(table.texts(at_set), table.texts(at_id), strict=True):
        if name and specimen_id:
            members.setdefault(name, []).append(specimen_id)
    known, status = set(known_specimens(workspace)), DONE
    existing = sorted(set(members) & set(curation.sets()))
    if existing and not options.overwrite:
        raise SettingError(f"There is a set {existing[0]!r} already.", advice="--overwrite replaces it.")
    for name, ids in members.items():
        found = _without_unknown(ids, known)
        curation.put_set(name, found, replace=options.overwrite)
        say(options, f"The set {name!r} holds {specimens(len(found))}.")
        status = SOME_PASSED_OVER if len(found) < len(dict.fromkeys(ids)) else status
    return status


def _chosen_specimens(
    options: argparse.Namespace, workspace: Workspace, curation: Curation
) -> tuple[list[str] | None, int]:
    """Return the ids chosen by flags, each once, and the exit status.

    Without such flags the ids are None. Unknown ids are logged and left out.
    """
    if not options.specimens and options.file is None and not options.set_name:
        return None, DONE
    ids = list(options.specimens)
    if options.file is not None:
        ids += _ids_in(options.file)
    if options.set_name:
        ids += curation.members(options.set_name)
    found = _without_unknown(ids, set(known_specimens(workspace)))
    if not found:
        raise InputError(
            "None of these specimens is in the workspace.",
            advice="Ids are paths below the input folder without the suffix; `python -m core table` lists them.",
        )
    return found, SOME_PASSED_OVER if len(found) < len(dict.fromkeys(ids)) else DONE


def _without_unknown(ids: Iterable[str], known: set[str]) -> list[str]:
    """Return the known ids, each once, and log the others."""
    log, once = logging.getLogger("core"), list(dict.fromkeys(ids))
    unknown = [name for name in once if name not in known]
    for name in unknown[:_MOST_LINES]:
        log.error("Passed over %s: there is no such specimen.", name)
    if len(unknown) > _MOST_LINES:
        log.error("%d more ids like these are not shown.", len(unknown) - _MOST_LINES)
    return [name for name in once if name in known]


def _ids_in(path: Path) -> list[str]:
    """Return the ids of a text file with one a line, or of the column of a table."""
    if not path.is_file():
        raise InputError(
            f"The file {str(path)!r} is not there.", advice="Give a text file with one id a line, or a table."
        )
    if path.suffix.lower() in (".csv", ".tsv", *EXCEL_SUFFIXES):
        table = _read(path)
        if ID_COLUMN not in table.columns:
            raise InputError(
                f"{table.source} has no column {ID_COLUMN}.", advice=f"Rename the column of ids to {ID_COLUMN}."
            )
        return [text for text in table.texts(table.columns.index(ID_COLUMN)) if text]
    return [line.strip() for line in re.split(r"[\r\n]+", decode_text(path)[0]) if line.strip()]


def _read(path: Path) -> Table:
    """Return a table, and log what is unusual about its file."""
    table = read_table(path)
    for remark in table.notes:
        logging.getLogger("core").warning("%s", remark)
    return table


def _list(options: argparse.Namespace, counts: dict[str, int], nothing: str) -> None:
    for name in sorted(counts, key=str.casefold):
        print(f"{name:40} {specimens(counts[name]):>16}", flush=True)
    if not counts:
        say(options, nothing)
