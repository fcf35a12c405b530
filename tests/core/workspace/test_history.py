"""The history of a specimen: the runs over its folder, and when each finished it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.storage import write_json, write_npy
from core.workspace import history_of, open_workspace


def test_history_of__names_runs_of_its_folder_and_when(tmp_path: Path) -> None:
    """A run without it has no time, and a run over another folder is left out."""
    workspace = open_workspace(tmp_path / "data")
    for name, source in (("one", "/in"), ("two", "/in"), ("other", "/elsewhere")):
        run = workspace.run(name)
        config = {"input": source, "features": {"backbone": "classical"}, "views": {"views": 12, "size": 224}}
        write_json(run.config_path, config)
    write_npy(workspace.run("one").embeddings / "Teeth" / "a.npy", np.zeros(4, np.float32))
    write_npy(workspace.run("other").embeddings / "Teeth" / "a.npy", np.zeros(4, np.float32))
    runs = {its.run: its for its in history_of(workspace, "Teeth/a", "/in")}
    assert set(runs) == {"one", "two"}
    assert runs["two"].finished is None
    written = (workspace.run("one").embeddings / "Teeth" / "a.npy").stat().st_mtime
    assert (runs["one"].finished, runs["one"].backbone, runs["one"].views) == (written, "classical", 12)
