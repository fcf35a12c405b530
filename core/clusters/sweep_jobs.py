"""Sweeps in a child process of their own: start, watch, cancel, and read what they found."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.clusters.settings import ClusterSettings
from core.clusters.sweep import PARTS, SWEPT
from core.foundation import BusyError, InputError, MissingStageError, collect_children, end_family, start_child
from core.storage import write_json
from core.workspace import RunFolder

_NOTE = "sweep_job.json"
_LOG = "sweep.log"


@dataclass(frozen=True)
class Tried:
    """A row of `sweep_results.csv`.

    Parameters
    ----------
    settings : ClusterSettings
        What was tried.
    parts : mapping of str to float
        The parts of the score.
    figures : mapping of str to float
        Noise, number of clusters, mean strength, score, and agreement with labels where there are some.
    """

    settings: ClusterSettings
    parts: Mapping[str, float]
    figures: Mapping[str, float]


def sweep_folder(run: RunFolder) -> Path:
    """Return where the sweep of a run is kept."""
    return run.results / "sweep"


def start_sweep(run: RunFolder, arguments: Sequence[str]) -> None:
    """Start `python -m core cluster-sweep` on a run in a child process.

    Parameters
    ----------
    run : RunFolder
        Whose embeddings are clustered.
    arguments : sequence of str
        Flags of `cluster-sweep`, without `--emb`, `--ids` and `--out`.

    Raises
    ------
    BusyError
        Where a sweep of this run is still going on.
    WorkspaceError
        Where its folder cannot be written.
    """
    if is_sweeping(run):
        raise BusyError("A sweep of this run is still going on.", advice="Wait until it is done, or cancel it.")
    folder = sweep_folder(run)
    command = ["cluster-sweep", "--overwrite", "--out", str(folder)]
    command += ["--emb", str(run.matrix_path), "--ids", str(run.ids_path), *arguments]
    write_json(folder / _NOTE, {"pid": 0})
    (folder / _LOG).unlink(missing_ok=True)
    child = start_child(command, folder / _LOG)
    write_json(folder / _NOTE, {"pid": child.pid, "started": psutil.Process(child.pid).create_time()})


def is_sweeping(run: RunFolder) -> bool:
    """Return whether a sweep of this run is at work."""
    return _process(run) is not None


def cancel_sweep(run: RunFolder) -> None:
    """End the sweep of a run; what an earlier one wrote stays."""
    process = _process(run)
    if process is not None:
        end_family(process.pid)


def last_words(run: RunFolder) -> str:
    """Return the last line that the sweep of a run said; empty where it said nothing."""
    path = sweep_folder(run) / _LOG
    if not path.is_file():
        return ""
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:400] if lines else ""


def read_sweep(folder: Path, base: ClusterSettings | None = None) -> tuple[Tried, ...]:
    """Return the rows of `sweep_results.csv` in the order in which they were tried.

    Parameters
    ----------
    folder : Path
        Where the sweep was written.
    base : ClusterSettings, optional
        What was the same for all.

    Raises
    ------
    MissingStageError
        Where there is none.
    InputError
        Where it is not such a table.
    """
    path = folder / "sweep_results.csv"
    if not path.is_file():
        raise MissingStageError("{path} is not there.", advice="Run `python -m core cluster-sweep` first.", path=path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(_as_tried(row, base or ClusterSettings()) for row in csv.DictReader(stream))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "{path} is not the table of a sweep ({reason}).",
            advice="Sweep again; it is written anew.",
            path=path,
            reason=error,
        ) from error


def _as_tried(row: Mapping[str, str], base: ClusterSettings) -> Tried:
    pca = float(row["pca"])
    settings = ClusterSettings(
        **{
            **vars(base),
            "normalize": row["normalize"],
            "pca": int(pca) if pca.is_integer() else pca,
            "umap": row["umap"] == "True",
            "min_samples": int(row["min_samples"]),
            "min_cluster_size": int(row["min_cluster_size"]),
            "cluster_selection_method": row["cluster_selection_method"],
            "cluster_selection_epsilon": float(row["cluster_selection_epsilon"]),
        }
    )
    numbers = {name: float(value) for name, value in row.items() if name not in SWEPT}
    return Tried(
        settings=settings,
        parts={name: number for name, number in numbers.items() if name in PARTS},
        figures={name: number for name, number in numbers.items() if name not in PARTS},
    )


def _process(run: RunFolder) -> psutil.Process | None:
    collect_children()
    try:
        note = json.loads((sweep_folder(run) / _NOTE).read_text(encoding="utf-8"))
        process = psutil.Process(int(note["pid"]))
        # Another process may have got the number since.
        same = abs(process.create_time() - float(note["started"])) < 2
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None
