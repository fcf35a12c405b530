"""Damage in a workspace, and its repair from the files that are sound.

A new catalogue is made from the scans and from the valid rows of the damaged one, which is kept
beside it. An embedding matrix that does not fit its ids is assembled again from the embeddings of
single specimens. Unreadable files of single specimens are deleted, so that a run computes them
again. Damage that only a run can repair is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core.collection import Curation, SpecimenFile, metadata_columns, read_metadata, take_inventory
from core.doctor.catalogue import rebuild_catalogue
from core.doctor.files import (
    damaged_files,
    damaged_results,
    damaged_thumbnails,
    files_gone,
    is_of_other_settings,
    made_with_of,
    remove_damaged_thumbnails,
    sound_vectors,
)
from core.embeddings import assemble, check_embeddings, is_parquet_sound, read_embeddings
from core.foundation import CoreError, InputError, NewerVersionError, Progress, silent
from core.pipeline import Failure, Prepared, Task, Thumbnails, prepare_all
from core.storage import Manifest, remove_unfinished
from core.views import ViewSettings
from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace

# Views from which the broadest side of a specimen is found, at the size of a small picture.
_VIEWS = ViewSettings(views=12, size=256)


@dataclass(frozen=True)
class Damage:
    """One damaged file or folder of a workspace.

    Parameters
    ----------
    place : str
        The file or folder, relative to the workspace.
    problem : str
        What is wrong, in a sentence.
    remedy : str
        What to do, in a sentence.
    is_mendable : bool
        Whether `repair_workspace` repairs it.
    """

    place: str
    problem: str
    remedy: str
    is_mendable: bool = False


@dataclass(frozen=True)
class RepairReport:
    """What a repair did, in sentences, and the damage that remains."""

    done: tuple[str, ...]
    left: tuple[Damage, ...]


def examine_workspace(workspace: Workspace, *, thoroughly: bool = True) -> tuple[Damage, ...]:
    """Return the damage of a workspace without changing it.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    thoroughly : bool
        Whether every row of the catalogue, every value of the embeddings and every file of a
        specimen is checked. Otherwise the check is fast, also for large collections.

    Returns
    -------
    tuple of Damage
        Empty for a sound workspace. While a run works on it, its runs are not checked.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.doctor import examine_workspace
    >>> from core.workspace import open_workspace
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     examine_workspace(open_workspace(Path(folder)))
    ()
    """
    if workspace.is_locked():
        return tuple(_damage_of_catalogue(workspace, thoroughly))
    pictures = _damage_of_thumbnails(workspace) if thoroughly else ()
    return (*_damage_of_catalogue(workspace, thoroughly), *_damage_of_runs(workspace, thoroughly), *pictures)


def repair_workspace(workspace: Workspace, *, workers: int = 0, progress: Progress = silent) -> RepairReport:
    """Repair the damage of a workspace from its sound files.

    Parameters
    ----------
    workspace : Workspace
        The workspace. No run may be working on it.
    workers : int
        Number of child processes that read scans; 0 reads them in this process.
    progress : Progress
        Counts the scans that are read.

    Raises
    ------
    BusyError
        If a run is working on it.
    NewerVersionError
        If its catalogue was written by a newer version of this program.
    WorkspaceError
        If it cannot be written.
    """
    with workspace.locked():
        done: list[str] = []
        unfinished = remove_unfinished(workspace.root)
        if unfinished:
            done.append(f"{unfinished} half-written files of processes that are gone were removed.")
        if any(damage.is_mendable for damage in _damage_of_catalogue(workspace, thoroughly=True)):
            done += rebuild_catalogue(workspace)
        remove_damaged_thumbnails(workspace)
        done += _reread_scans(workspace, workers, progress)
        for run in _run_folders(workspace):
            done += _reassemble_embeddings(run)
            done += _delete_damaged_files(run)
        left = (*_damage_of_catalogue(workspace, thoroughly=True), *_damage_of_runs(workspace, thoroughly=True))
        return RepairReport(tuple(done), (*left, *_damage_of_thumbnails(workspace)))


def _damage_of_catalogue(workspace: Workspace, thoroughly: bool) -> Iterator[Damage]:
    path = workspace.catalogue_path
    if not path.is_file():
        if any(_run_folders(workspace)):
            yield Damage(path.name, "The catalogue is not there.", "It can be made again from the scans.", True)
        return
    try:
        catalogue = Catalogue(path)
        sources = catalogue.sources()
        catalogue.jobs()
        metadata_columns(catalogue)
        answer = _read_all(catalogue, sources) if thoroughly else "ok"
    except NewerVersionError as error:
        yield Damage(path.name, error.problem, error.advice)
        return
    except (CoreError, TypeError) as error:
        problem = error.problem if isinstance(error, CoreError) else "The catalogue holds what is no text."
        yield Damage(path.name, problem, "It can be made again from the scans and what is left of it.", True)
        return
    if answer != "ok":
        yield Damage(path.name, f"The catalogue is damaged: {answer}.", "It can be made again.", True)


def _read_all(catalogue: Catalogue, sources: list[str]) -> str:
    """Read every row and return the result of SQLite's check: `ok` or a problem."""
    with catalogue.transaction() as connection:
        answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    for source in sources:
        catalogue.specimens(source)
    read_metadata(catalogue)
    curation = Curation(catalogue)
    curation.table(tuple({*curation.tags(), *curation.notes()}))
    return answer


def _damage_of_runs(workspace: Workspace, thoroughly: bool) -> Iterator[Damage]:
    for run in _run_folders(workspace):
        place = f"runs/{run.name}"
        again = f"Start the run {run.name!r} again with the same settings: what it has done is kept."
        try:
            run.config()
        except NewerVersionError as error:
            yield Damage(f"{place}/config.json", error.problem, error.advice)
            continue
        except CoreError as error:
            problem = (
                error.problem if run.config_path.is_file() else f"The run {run.name!r} has lost its configuration."
            )
            yield Damage(f"{place}/config.json", problem, again)
        done = Manifest(run.embeddings).ids
        problem = _problem_of_embeddings(run, thoroughly)
        if problem and done and not is_of_other_settings(run):
            yield Damage(f"{place}/embeddings", problem, "They can be put together again.", bool(sound_vectors(run)))
        elif problem and run.embeddings.is_dir():
            yield Damage(f"{place}/embeddings", problem, again)
        if thoroughly:
            yield from _damage_of_files(run, place, again)


def _damage_of_files(run: RunFolder, place: str, again: str) -> Iterator[Damage]:
    remedy = "They can be taken away, so that the run makes them again."
    gone, damaged, results = files_gone(run), len(damaged_files(run)), damaged_results(run)
    if gone:
        yield Damage(place, f"{gone} files of specimens are gone from the run {run.name!r}.", again)
    if damaged:
        problem = f"{damaged} files of specimens cannot be read in the run {run.name!r}."
        yield Damage(place, problem, remedy, is_mendable=True)
    if results:
        problem = f"{len(results)} files of results are damaged in the run {run.name!r}."
        yield Damage(f"{place}/results", problem, remedy, is_mendable=True)


def _damage_of_thumbnails(workspace: Workspace) -> Iterator[Damage]:
    if damaged := damaged_thumbnails(workspace):
        problem = f"{len(damaged)} small pictures are damaged."
        yield Damage("thumbnails", problem, "They can be made again from the scans.", is_mendable=True)


def _problem_of_embeddings(run: RunFolder, thoroughly: bool) -> str:
    if not run.matrix_path.is_file() and not run.ids_path.is_file():
        return ""  # an unfinished run, which is no damage
    try:
        if thoroughly:
            read_embeddings(run.matrix_path, run.ids_path)
        else:
            check_embeddings(run.matrix_path, run.ids_path)
    except CoreError as error:
        return error.problem
    if thoroughly and not is_parquet_sound(run.matrix_path):
        return "embeddings.parquet is damaged or missing."
    return ""


def _delete_damaged_files(run: RunFolder) -> list[str]:
    """Delete damaged files of a run, which the same run computes again."""
    damaged, results = damaged_files(run), damaged_results(run)
    for path in (*damaged, *results):
        path.unlink(missing_ok=True)
    done = [f"{len(damaged)} files of specimens that could not be read were taken away."] if damaged else []
    if results:
        done.append(f"{len(results)} damaged files of results were taken away from the run {run.name!r}.")
    return done


def _run_folders(workspace: Workspace) -> list[RunFolder]:
    if not workspace.runs_folder.is_dir():
        return []
    folders = sorted(workspace.runs_folder.iterdir())
    return [RunFolder(path) for path in folders if path.is_dir() and not path.name.startswith(".")]


def _reread_scans(workspace: Workspace, workers: int, progress: Progress) -> list[str]:
    """Read the scans that are missing in the catalogue or have no small picture."""
    done = []
    catalogue, thumbnails = Catalogue(workspace.catalogue_path), Thumbnails(workspace.thumbnails)
    for folder in _inputs(workspace):
        try:
            specimens = take_inventory(folder).specimens
        except InputError as error:
            done.append(f"The scans could not be read again: {error.problem}")
            continue
        known = catalogue.specimens(str(folder))
        waiting = [its for its in specimens if not _is_known(workspace, known.get(its.specimen_id))]
        tasks = (Task(specimen, _VIEWS, thumbnails=workspace.thumbnails) for specimen in waiting)
        outcomes = progress(prepare_all(tasks, workers if len(waiting) > 1 else 0), len(waiting), "Scans")
        for specimen, outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, Prepared):
                thumbnails.add(outcome.record.sha256)
            catalogue.put_specimens([_record(str(folder), specimen, outcome)])
        thumbnails.finish()
        if waiting:
            done.append(f"{len(waiting)} of {len(specimens)} scans in {folder} were read again.")
    return done


def _inputs(workspace: Workspace) -> list[Path]:
    folders = set()
    for run in _run_folders(workspace):
        with suppress(CoreError):
            folders.add(str(run.config().get("input", "")))
    return [Path(text) for text in sorted(folders - {""})]


def _is_known(workspace: Workspace, record: SpecimenRecord | None) -> bool:
    if record is None:
        return False
    return bool(record.error) or (bool(record.sha256) and workspace.thumbnail_of(record.sha256).is_file())


def _record(source: str, specimen: SpecimenFile, outcome: Prepared | Failure) -> SpecimenRecord:
    if isinstance(outcome, Failure):
        return SpecimenRecord(source, specimen.specimen_id, str(specimen.path), error=outcome.reason)
    return replace(outcome.record, source=source)


def _reassemble_embeddings(run: RunFolder) -> list[str]:
    """Assemble damaged embeddings again from those of single specimens."""
    done = Manifest(run.embeddings).ids
    if not _problem_of_embeddings(run, thoroughly=True) or is_of_other_settings(run):
        return []
    vectors = sound_vectors(run)
    if not vectors:
        return []
    assemble(run.embeddings, sorted(vectors), vectors, made_with=made_with_of(run))
    lost = f"; {len(done) - len(vectors)} are gone" if len(vectors) < len(done) else ""
    return [f"The embeddings of the run {run.name!r} were put together again from {len(vectors)} files{lost}."]
