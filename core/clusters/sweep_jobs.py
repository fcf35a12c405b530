"""Sweeps as background jobs: start, watch, cancel and read the results."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.clusters.settings import ClusterSettings
from core.clusters.sweep import PARTS, SWEPT
from core.foundation import BusyError, InputError, MissingStageError, end_process_tree, reap_children, start_child
from core.storage import write_json
from core.workspace import RunFolder

_PROCESS_FILE = "sweep_job.json"
_LOG = "sweep.log"


@dataclass(frozen=True)
class SweepRow:
    """A row of `sweep_results.csv`.

    Parameters
    ----------
    settings : ClusterSettings
        The settings that were tried.
    parts : mapping of str to float
        The parts of the score.
    figures : mapping of str to float
        Noise, number of clusters, mean strength, score, and agreement with labels if there are any.
    """

    settings: ClusterSettings
    parts: Mapping[str, float]
    figures: Mapping[str, float]


def sweep_folder(run: RunFolder) -> Path:
    """Return the folder of the sweep of a run."""
    return run.results / "sweep"


def start_sweep(run: RunFolder, arguments: Sequence[str]) -> None:
    """Start `python -m core cluster-sweep` on a run in a child process.

    Parameters
    ----------
    run : RunFolder
        The run with the embeddings.
    arguments : sequence of str
        Flags of `cluster-sweep`, without `--emb`, `--ids` and `--out`.

    Raises
    ------
    BusyError
        If a sweep of this run is still running.
    WorkspaceError
        If its folder cannot be written.
    """
    if is_sweeping(run):
        raise BusyError("A sweep of this run is still going on.", advice="Wait until it is done, or cancel it.")
    folder = sweep_folder(run)
    command = ["cluster-sweep", "--overwrite", "--out", str(folder)]
    command += ["--emb", str(run.matrix_path), "--ids", str(run.ids_path), *arguments]
    write_json(folder / _PROCESS_FILE, {"pid": 0})
    (folder / _LOG).unlink(missing_ok=True)
    child = start_child(command, folder / _LOG)
    write_json(folder / _PROCESS_FILE, {"pid": child.pid, "started": psutil.Process(child.pid).create_time()})


def is_sweeping(run: RunFolder) -> bool:
    """Return whether a sweep of this run is running."""
    return _process(run) is not None


def cancel_sweep(run: RunFolder) -> None:
    """Stop the sweep of a run, keeping the files of an earlier one."""
    process = _process(run)
    if process is not None:
        end_process_tree(process.pid)


def last_log_line(run: RunFolder) -> str:
    """Return the last line of the log of a sweep, empty if there is none."""
    path = sweep_folder(run) / _LOG
    if not path.is_file():
        return ""
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:400] if lines else ""


def read_sweep(folder: Path, base: ClusterSettings | None = None) -> tuple[SweepRow, ...]:
    """Return the rows of `sweep_results.csv` in the order in which they were tried.

    Parameters
    ----------
    folder : Path
        Folder of the sweep.
    base : ClusterSettings, optional
        Settings that were the same in all trials.

    Raises
    ------
    MissingStageError
        If there is no sweep in the folder.
    InputError
        If the file is not such a table.
    """
    path = folder / "sweep_results.csv"
    if not path.is_file():
        raise MissingStageError("{path} is not there.", advice="Run `python -m core cluster-sweep` first.", path=path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(_row_of(row, base or ClusterSettings()) for row in csv.DictReader(stream))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "{path} is not the table of a sweep ({reason}).",
            advice="Sweep again; it is written anew.",
            path=path,
            reason=error,
        ) from error


def _row_of(row: Mapping[str, str], base: ClusterSettings) -> SweepRow:
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
    return SweepRow(
        settings=settings,
        parts={name: number for name, number in numbers.items() if name in PARTS},
        figures={name: number for name, number in numbers.items() if name not in PARTS},
    )


def _process(run: RunFolder) -> psutil.Process | None:
    reap_children()
    try:
        note = json.loads((sweep_folder(run) / _PROCESS_FILE).read_text(encoding="utf-8"))
        process = psutil.Process(int(note["pid"]))
        # The operating system may have given the id to another process since.
        same = abs(process.create_time() - float(note["started"])) < 2
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None
