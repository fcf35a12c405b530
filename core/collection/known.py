"""The specimens of a workspace: those in an input folder now, and those that a run holds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.foundation import CoreError
from core.storage import Manifest
from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace


@dataclass(frozen=True)
class KnownSpecimens:
    """The specimens of a workspace.

    Parameters
    ----------
    records : dict of str to SpecimenRecord
        Specimens that are in a folder or in a run, sorted by id.
    missing : dict of str to SpecimenRecord
        Specimens whose file is gone from an input folder that is there, and that no run holds.
    gone : tuple of str
        Ids of specimens whose input folder is gone, and that no run holds.
    """

    records: dict[str, SpecimenRecord]
    missing: dict[str, SpecimenRecord]
    gone: tuple[str, ...]


def specimens_in_use(workspace: Workspace) -> KnownSpecimens:
    """Return the specimens that are in their input folder, or that a run holds, and the others.

    The catalogue keeps the specimens of every folder that was ever read. Those whose file was moved
    or removed since are kept apart, unless they are in a run that was made from that folder. Of an
    id in several folders, it is the record of the last folder that has the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.collection import specimens_in_use
    >>> from core.workspace import Catalogue, SpecimenRecord, open_workspace
    >>> workspace = open_workspace(Path(tempfile.mkdtemp()))
    >>> Catalogue(workspace.catalogue_path).put_specimens([SpecimenRecord("/gone", "femur", "/gone/femur.ply")])
    >>> specimens_in_use(workspace).gone
    ('femur',)
    """
    catalogue = Catalogue(workspace.catalogue_path)
    held = _held_by_runs(workspace)
    present: dict[str, SpecimenRecord] = {}
    only_held: dict[str, SpecimenRecord] = {}
    missing: dict[str, SpecimenRecord] = {}
    gone: set[str] = set()
    for source in catalogue.sources():
        is_there = Path(source).is_dir()
        for name, record in catalogue.specimens(source).items():
            if Path(record.path).exists():
                present[name] = record
            elif name in held.get(source, ()):
                only_held[name] = record
            elif is_there:
                missing[name] = record
            else:
                gone.add(name)
    records = only_held | present
    return KnownSpecimens(
        {name: records[name] for name in sorted(records)},
        {name: missing[name] for name in sorted(missing.keys() - records.keys())},
        tuple(sorted(gone - records.keys() - missing.keys())),
    )


def _held_by_runs(workspace: Workspace) -> dict[str, set[str]]:
    """Return the ids that runs hold, by the input folder of the run."""
    held: dict[str, set[str]] = {}
    for run in workspace.runs():
        with suppress(CoreError):
            held.setdefault(str(run.config().get("input", "")), set()).update(_ids_of(run))
    return held


def _ids_of(run: RunFolder) -> list[str]:
    if run.ids_path.is_file():
        with suppress(OSError, UnicodeDecodeError):
            return run.ids_path.read_text(encoding="utf-8").split("\n")
    return Manifest(run.embeddings).ids
