"""Damaged files of a run and of its specimens: cut, zeroed, unreadable.

A power failure can leave such files, although they have their final names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from core.clusters import read_clusters
from core.foundation import CoreError, InputError, file_of_specimen
from core.pipeline import Thumbnails, manifest_of_views
from core.storage import Manifest, is_blank, read_json, read_npy, sha256_of_file
from core.workspace import RunFolder, Workspace, embeddings_made_with

_TEXT = (".csv", ".json", ".yaml", ".txt", ".log")
_EARLIER = "earlier"


def files_gone(run: RunFolder) -> int:
    """Return the number of missing files of single specimens."""
    folders = (run.features, run.embeddings)
    return sum(
        not file_of_specimen(folder, name, ".npy").is_file() for folder in folders for name in Manifest(folder).ids
    )


def damaged_files(run: RunFolder) -> list[Path]:
    """Return the files of single specimens that exist but are not as they were written."""
    damaged = []
    for folder in (run.features, run.embeddings):
        manifest = Manifest(folder, ".npy")
        for name in manifest.ids:
            path = file_of_specimen(folder, name, ".npy")
            if path.is_file() and not (manifest.is_sound(name, hashed=True) and _is_readable(path)):
                damaged.append(path)
    neighbours = Manifest(run.knn_results, ".csv")
    for name in neighbours.ids:
        path = file_of_specimen(run.knn_results, name, ".csv")
        if path.is_file() and not neighbours.is_sound(name, hashed=True):
            damaged.append(path)
    return damaged + _damaged_views(run)


def _is_readable(path: Path) -> bool:
    try:
        return bool(np.isfinite(read_npy(path)).all())
    except (InputError, TypeError):  # damaged, or no numbers
        return False


def _damaged_views(run: RunFolder) -> list[Path]:
    """Return the views of specimens one of whose views is damaged."""
    manifest = manifest_of_views(run.renders)
    damaged = [name for name in manifest.ids if not manifest.is_sound(name, hashed=True)]
    paths = [path for name in damaged for path in manifest.files(name)]
    return [path for path in paths if path.is_file()]


def damaged_results(run: RunFolder) -> list[Path]:
    """Return the clusters, evaluations and maps of a run that are cut or zeroed.

    Files that a user changed are not damaged.
    """
    damaged: set[Path] = set()
    for path in sorted(run.results.rglob("manifest.jsonl")) if run.results.is_dir() else []:
        manifest = Manifest(path.parent)
        for name in manifest.ids:
            entry = manifest.get(name) or {}
            hashes = zip(entry.get("names", ()), entry.get("files", ()), strict=False)
            damaged.update(found for file, sha256 in hashes if _is_broken(found := path.parent / str(file), sha256))
    clusters = run.results / "clusters.csv"
    if clusters.is_file() and not _has_all_rows(clusters):
        damaged.add(clusters)
    return sorted(damaged)


def _is_broken(path: Path, sha256: object) -> bool:
    if not path.is_file() or sha256_of_file(path) == sha256:
        return False
    if is_blank(path):
        return True
    if path.suffix not in _TEXT:
        return False
    data = path.read_bytes()
    if b"\0" in data or not data.endswith(b"\n"):
        return True
    if path.suffix != ".json":
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return True
    return False


def _has_all_rows(clusters: Path) -> bool:
    """Return whether a file of clusters has as many rows as its summary says."""
    try:
        summary = read_json(clusters.with_name("summary.json"))
        return not isinstance(summary, dict) or summary.get("n_total") in (None, len(read_clusters(clusters)[0]))
    except CoreError:
        return not is_blank(clusters)


def damaged_thumbnails(workspace: Workspace) -> list[str]:
    """Return the SHA-256 of the small pictures that exist but are not as they were written."""
    thumbnails = Thumbnails(workspace.thumbnails)
    return [sha256 for sha256 in _hashes_of_pictures(workspace) if not thumbnails.is_sound(sha256, hashed=True)]


def _hashes_of_pictures(workspace: Workspace) -> Iterator[str]:
    for path in sorted(workspace.thumbnails.glob("*/*.webp")):
        if not path.name.startswith("."):
            yield path.stem


def remove_damaged_thumbnails(workspace: Workspace) -> None:
    """Delete the damaged small pictures, which are made again from the scans."""
    thumbnails = Thumbnails(workspace.thumbnails)
    for sha256 in damaged_thumbnails(workspace):
        thumbnails.forget(sha256)
        thumbnails.path_of(sha256).unlink(missing_ok=True)
    thumbnails.finish()


def made_with_of(run: RunFolder) -> str:
    """Return the fingerprint of the settings in `config.json`, empty if it cannot be read."""
    config: Any = None
    with suppress(CoreError):
        config = read_json(run.config_path)
    return embeddings_made_with(config) if isinstance(config, dict) else ""


def is_of_other_settings(run: RunFolder) -> bool:
    """Return whether an embedding of a single specimen was made with other settings than `config.json` says."""
    manifest, expected = Manifest(run.embeddings), made_with_of(run)
    recorded = {(manifest.get(name) or {}).get("made_with") for name in manifest.ids} - {None}
    return bool(recorded - {expected}) if expected else len(recorded) > 1


def sound_vectors(run: RunFolder) -> dict[str, np.ndarray]:
    """Return the undamaged embeddings of single specimens that have the most frequent length."""
    manifest = Manifest(run.embeddings, ".npy")
    vectors = {}
    for name in manifest.ids:
        with suppress(CoreError):
            vector = read_npy(file_of_specimen(run.embeddings, name, ".npy"))
            is_vector = vector.ndim == 1 and vector.dtype.kind == "f" and np.isfinite(vector).all()
            if is_vector and manifest.is_sound(name, hashed=True):
                vectors[name] = vector
    lengths = [len(vector) for vector in vectors.values()]
    usual = max(set(lengths), key=lengths.count) if lengths else 0
    return {name: vector for name, vector in vectors.items() if len(vector) == usual}
