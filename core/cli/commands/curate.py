"""Commands about data on specimens: metadata, measure, table."""

from __future__ import annotations

import argparse
import logging
import shlex
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

from core.cli.console import DONE, SOME_PASSED_OVER, add_command, listed, progress_of, say, specimens
from core.collection import (
    WAYS,
    Curation,
    KnownSpecimens,
    MatchedTable,
    MatchingSettings,
    build_specimen_table,
    known_specimens,
    match_table,
    measured,
    specimens_in_use,
    write_matched,
)
from core.foundation import CoreError, InputError, SettingError, few_of
from core.meshes import Measurements, read_mesh
from core.storage import read_table, write_csv
from core.workspace import Catalogue, Workspace, open_workspace

_MOST_LINES = 20


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    parser = add_command(commands, "metadata", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument(
        "--file", type=Path, required=True, help="a CSV or Excel file with column names in the first row"
    )
    parser.add_argument("--by", choices=WAYS, default="auto", help="how rows are matched to specimens (auto)")
    parser.add_argument("--column", default="", help="the column with the specimen's id or name (found automatically)")
    parser.add_argument("--overwrite", action="store_true", help="replace existing values that differ")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, and write nothing")
    parser.add_argument("--yes", action="store_true", help="write rows that were not matched by exact ids, too")
    parser.set_defaults(run=_metadata)
    _add_measure(commands, common)
    _add_table(commands, common)


def _add_measure(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "measure", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument("--out", type=Path, default=Path("measurements.csv"), help="output file (measurements.csv)")
    parser.set_defaults(run=_measure)


def _add_table(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "table", common)
    parser.add_argument("--workspace", type=Path, default=Path("data"), help="the workspace (data)")
    parser.add_argument("--set", dest="set_name", default="", help="only the specimens of this named set")
    parser.add_argument("--out", type=Path, default=Path("specimens.csv"), help="output file (specimens.csv)")
    parser.set_defaults(run=_table)


def _metadata(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    catalogue = Catalogue(workspace.catalogue_path)
    table = read_table(options.file)
    settings = MatchingSettings(by=options.by, column=options.column)
    matched = match_table(catalogue, table, known_specimens(workspace), settings)
    _report(options, matched)
    if options.dry_run:
        say(options, "Nothing was written (--dry-run).")
    elif not (matched.is_exact or options.yes):
        raise SettingError(
            "Nothing was written, because the rows were not matched by exact ids alone.",
            advice=f"If the examples are right, repeat it with --yes: {_command_with_yes(options, matched)}",
        )
    else:
        written = write_matched(catalogue, matched, overwrite=options.overwrite)
        kept = 0 if options.overwrite else len(matched.changes)
        more = f"; {kept} existing values that differ were kept, --overwrite replaces them" if kept else ""
        say(options, f"Metadata: {written} values written for {specimens(len(matched.values))}{more}.")
    return SOME_PASSED_OVER if matched.not_matched or matched.ambiguous else DONE


def _command_with_yes(options: argparse.Namespace, matched: MatchedTable) -> str:
    """Return the command that writes what was shown."""
    words = ["python", "-m", "core", "metadata", "--workspace", str(options.workspace), "--file", str(options.file)]
    words += [f"--by={matched.by}", f"--column={matched.column}", *(["--overwrite"] if options.overwrite else [])]
    return shlex.join([*words, "--yes"])


def _measure(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    catalogue, known = Catalogue(workspace.catalogue_path), _known(workspace)
    records = list((known.records | known.missing).values())
    rows, failed = [], 0
    for record in progress_of(options)(records, len(records), "Measuring"):
        if record.kind == "photographs" or not record.sha256:
            continue
        try:
            found = measured(catalogue, record.form_sha256, partial(read_mesh, Path(record.path)))
        except CoreError as error:
            failed += 1
            logging.getLogger("core").error("Passed over %s: %s", record.specimen_id, error)
            continue
        rows.append((record.specimen_id, *("" if value is None else value for value in asdict(found).values())))
    if not rows:
        raise InputError("No specimen could be measured.", advice="The lines above tell the reason for each.")
    write_csv(options.out, ("specimen_id", *(field.name for field in fields(Measurements))), rows)
    say(options, f"Measurements: {specimens(len(rows))}, in {options.out}")
    return SOME_PASSED_OVER if failed else DONE


def _table(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.workspace)
    catalogue, known = Catalogue(workspace.catalogue_path), _known(workspace)
    curation = Curation(catalogue)
    # What was written about a specimen is not hidden because its file is missing.
    described = curation.table(tuple(known.missing)).any(axis=1)
    missing = [name for name in known.missing if described[name]]
    _warn_of("their files are gone and no run holds them", [name for name in known.missing if name not in missing])
    records = known.records | known.missing
    ids = sorted([*known.records, *missing])
    if options.set_name:
        ids = list(curation.members(options.set_name))
    table = build_specimen_table(ids, records, catalogue).reset_index()
    write_csv(options.out, list(table.columns), table.fillna("").itertuples(index=False))
    say(options, f"Table: {specimens(len(table))}, in {options.out}")
    return DONE


def _known(workspace: Workspace) -> KnownSpecimens:
    """Return the specimens of a workspace, and warn of those whose input folder is gone."""
    known = specimens_in_use(workspace)
    _warn_of("their input folder is gone and no run holds them", known.gone)
    if not known.records and not known.missing:
        raise InputError("The workspace knows no specimens yet.", advice="Run `python -m core run` first.")
    return known


def _warn_of(reason: str, names: Sequence[str]) -> None:
    if names:
        logging.getLogger("core").warning("Left out (%d), because %s: %s.", len(names), reason, few_of(names))


def _report(options: argparse.Namespace, matched: MatchedTable) -> None:
    log = logging.getLogger("core")
    for note in matched.notes:
        log.warning("%s", note)
    say(
        options,
        f"{matched.source}: {specimens(len(matched.values))} matched by {matched.by} (column {matched.column!r}); "
        f"{len(matched.without_row)} without a row, {len(matched.not_matched)} rows without a specimen, "
        f"{len(matched.ambiguous)} ambiguous.",
    )
    if not matched.is_exact:
        fit = matched.n_rows - len(matched.not_matched) - len(matched.ambiguous)
        say(options, f"Not all by exact ids: {fit} of {matched.n_rows} rows fit by {matched.by}, for example")
        for key, name in matched.examples:
            say(options, f"  {key!r} → {name}")
    for row in matched.not_matched[:_MOST_LINES]:
        log.error("Line %d, %r: no such specimen.", row.line, row.key)
    for row in matched.ambiguous[:_MOST_LINES]:
        if len(row.candidates) == 1:
            log.error("Line %d, %r: another line names %s, too.", row.line, row.key, row.candidates[0])
        else:
            log.error("Line %d, %r may be any of %s.", row.line, row.key, listed(row.candidates[:5]))
    for change in matched.changes[:_MOST_LINES]:
        log.warning(
            "%s, %s: %r is kept, the file has %r.", change.specimen_id, change.column, change.before, change.after
        )
    left = sum(max(0, len(them) - _MOST_LINES) for them in (matched.not_matched, matched.ambiguous, matched.changes))
    if left:
        log.warning("%d more lines like these are not shown.", left)
