"""Whitening kept in files, with the fingerprint of its embeddings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.embeddings import (
    Embeddings,
    description_path,
    fingerprint_of_embeddings,
    read_description,
    write_described,
)
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, SettingError, WorkspaceError
from core.matching.view_sets import MatchSettings, learn_whitening
from core.matching.whitening import Whitening
from core.storage import read_npy, write_npy


def open_whitening(
    embeddings: Embeddings,
    views_of: Callable[[str], np.ndarray],
    settings: MatchSettings,
    folder: Path,
    given: Path | None = None,
) -> Whitening | None:
    """Return the whitening of a collection, read from a file or learned and kept.

    Parameters
    ----------
    embeddings : Embeddings
        The whole collection, even if only a part of it is searched.
    views_of : callable
        Gives the view features of a specimen.
    settings : MatchSettings
        With `center` or `whiten`; otherwise nothing is learned.
    folder : Path
        Folder of the file; nothing is kept if it cannot be written.
    given : Path, optional
        A file that is used as it is.

    Raises
    ------
    MisalignedEmbeddingsError
        If the given file belongs to other embeddings.
    SettingError
        If it holds another number of axes than the settings.
    """
    if given is not None:
        return _with_asked_axes(read_whitening(given, embeddings), settings, given, len(embeddings))
    if not settings.learns:
        return None
    path = folder / (f"whitened_{settings.whiten}.npy" if settings.whiten else "centred.npy")
    with suppress(MisalignedEmbeddingsError, MissingStageError, InputError, WorkspaceError):
        return read_whitening(path, embeddings)
    learned = learn_whitening(embeddings.ids, views_of, settings.whiten)
    with suppress(WorkspaceError):
        write_whitening(path, learned, embeddings)
    return learned


def _with_asked_axes(whitening: Whitening, settings: MatchSettings, path: Path, n_specimens: int) -> Whitening:
    """Return the whitening if it has the axes asked for, or all that exist."""
    axes, dimensions = (0, 0) if whitening.axes is None else (whitening.axes.shape[1], whitening.axes.shape[0])
    asked = min(settings.whiten, dimensions) if axes else settings.whiten
    if axes != asked and not (0 < n_specimens - 1 <= axes < asked):
        raise SettingError(
            "{path} holds {axes} whitened axes, not {asked}.",
            advice="Give --whiten {axes} with it, or leave --projection out." if axes else "Give --center with it.",
            path=path,
            axes=axes,
            asked=settings.whiten,
        )
    return whitening


def write_whitening(path: Path, whitening: Whitening, embeddings: Embeddings) -> None:
    """Write a whitening and the fingerprint of its embeddings.

    The file holds (1 + k, d) float32, the mean first.

    Raises
    ------
    WorkspaceError
        If it cannot be written.
    """
    axes = np.empty((0, len(whitening.mean)), np.float32) if whitening.axes is None else whitening.axes.T
    rows = np.concatenate([whitening.mean[None], axes])
    about = {
        "embeddings": fingerprint_of_embeddings(embeddings),
        "fingerprint": whitening.fingerprint,
        "ids": len(embeddings),
    }
    write_described(path, lambda target: write_npy(target, rows), lambda: about)


def read_whitening(path: Path, embeddings: Embeddings) -> Whitening:
    """Read a whitening and check that it was learned from these embeddings.

    Raises
    ------
    MissingStageError
        If the file or its description is missing.
    MisalignedEmbeddingsError
        If it belongs to other embeddings.
    InputError, WorkspaceError
        If it is damaged.
    """
    about = read_description(path, advice="Search with --whiten, which makes it.")
    if not isinstance(about, dict) or about.get("embeddings") != fingerprint_of_embeddings(embeddings):
        raise MisalignedEmbeddingsError(
            f"{path} was learned from other embeddings than these {len(embeddings)}.",
            advice="Leave --projection out: it is then learned from these.",
        )
    rows = read_npy(path)
    if rows.ndim != 2 or not len(rows) or rows.dtype != np.float32:
        raise InputError(f"{path} does not hold a whitening (1 + k, d).", advice="Delete it and search again.")
    whitening = Whitening(rows[0].copy(), np.ascontiguousarray(rows[1:].T) if len(rows) > 1 else None)
    if whitening.fingerprint != about.get("fingerprint"):
        raise InputError(
            f"{path} is not what {description_path(path).name} says.", advice="Delete both and search again."
        )
    return whitening
