"""The folder or ZIP of a report: page, tables as CSV, configuration."""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

from core.clusters import write_clustering, write_members, write_misfits
from core.collection import build_specimen_table
from core.evaluation import write_evaluation
from core.foundation import SettingError, WorkspaceError, readable
from core.maps import write_map
from core.neighbours import Searcher, write_duplicates
from core.report.facts import Facts, ReportSettings
from core.report.page import render_page
from core.storage import csv_for_people, write_bytes, write_csv, write_json
from core.workspace import NOTES_FILE, Catalogue

PAGE_NAME = "report.html"
TABLES = "tables"
# A fixed time, so that the same report gives the same ZIP.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_report(
    out: Path, facts: Facts, settings: ReportSettings | None = None, *, date: datetime.datetime | None = None
) -> Path:
    """Write a report as a folder or ZIP, and return its path.

    The report is written beside its place and moved there when it is complete.

    Parameters
    ----------
    out : Path
        A folder that does not exist yet or holds a report; or a ZIP if the name ends in `.zip`.
    facts : Facts
        Contents of the report.
    settings : ReportSettings, optional
        Language and size of the page.
    date : datetime, optional
        The date on the page; now if None.

    Raises
    ------
    SettingError
        If the folder holds other files.
    WorkspaceError
        If it cannot be written.
    """
    settings = settings if settings is not None else ReportSettings()
    is_zip = out.suffix.lower() == ".zip"
    if not is_zip and out.exists() and not (out / PAGE_NAME).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(
            "{out} is there already and holds no report.", advice="Choose another folder with --out.", out=out
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".report-{os.getpid()}-", dir=out.parent) as temporary:
            written = Path(temporary) / "report"
            _fill(written, facts, settings, date)
            if is_zip:
                packed = Path(temporary) / out.name
                _pack(written, packed, out.stem)
                packed.replace(out)
            else:
                _put_in_place(written, out)
    except OSError as error:
        raise WorkspaceError(
            "The report {out} cannot be written ({reason}).",
            advice="Check the free space and the permissions, or choose another place with --out.",
            out=out,
            reason=error.strerror or error,
        ) from error
    return out


def _fill(folder: Path, facts: Facts, settings: ReportSettings, date: datetime.datetime | None) -> None:
    write_bytes(folder / PAGE_NAME, readable(render_page(facts, settings, date=date)).encode("utf-8"))
    # The full input path is private; `reproduce --in` replaces it.
    write_json(folder / "config.json", {**facts.run.config, "input": Path(facts.run.input).name})
    if facts.run.notes:
        write_bytes(folder / NOTES_FILE, facts.run.notes.encode("utf-8"))
    tables = folder / TABLES
    known = build_specimen_table(facts.embeddings.ids, facts.records, Catalogue(facts.workspace.catalogue_path))
    write_bytes(tables / "specimens.csv", csv_for_people(known, index=True))
    write_map(tables / "map.csv", facts.map)
    write_clustering(tables, facts.clustering, tables / "pca_report.csv")
    write_members(tables, facts.clustering, facts.members)
    if facts.evaluation is not None:
        write_evaluation(tables, facts.evaluation)
    write_misfits(tables / "misfits.csv", facts.misfits)
    write_duplicates(tables / "duplicates.csv", facts.duplicates)
    header = ("specimen_id", "kind", "reason")
    write_csv(tables / "failures.csv", header, ((one.specimen_id, one.kind, one.reason) for one in facts.failures))
    rows = (
        (neighbours.query_id, name, f"{distance:.6f}")
        for neighbours in Searcher(facts.embeddings, facts.search).all_nearest()
        for name, distance in zip(neighbours.ids, neighbours.distances.tolist(), strict=True)
    )
    write_csv(tables / "neighbours.csv", ("query_id", "neighbor_id", "distance"), rows)


def _pack(folder: Path, target: Path, name: str) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}", _NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def _put_in_place(written: Path, out: Path) -> None:
    """Move the new report to its place, restoring the earlier one if that fails."""
    before = written.parent / "before"
    if out.exists():
        out.rename(before)
    try:
        written.rename(out)
    except OSError:
        with suppress(OSError):
            before.rename(out)
        raise
    shutil.rmtree(before, ignore_errors=True)
