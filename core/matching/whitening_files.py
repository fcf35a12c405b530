"""What was learned from a collection's views, kept in a file with the fingerprint of what it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.embeddings import Embeddings
from core.foundation import InputError, MisalignedEmbeddingsError, MissingStageError, SettingError, WorkspaceError
from core.matching.view_sets import MatchSettings, learn_projection
from core.matching.whitening import Projection
from core.neighbours import fingerprint_of
from core.storage import read_json, read_npy, write_json, write_npy


def projection_of(
    embeddings: Embeddings,
    views_of: Callable[[str], np.ndarray],
    settings: MatchSettings,
    folder: Path,
    given: Path | None = None,
) -> Projection | None:
    """Return what settings ask to take out of views: read where it is kept, else learned and kept.

    Parameters
    ----------
    embeddings : Embeddings
        The whole collection, whatever part of it may be found.
    views_of : callable
        Gives the view features of a specimen.
    settings : MatchSettings
        `center` or `whiten`.
    folder : Path
        Where it is kept; nothing is where the folder cannot be written.
    given : Path, optional
        A file that was kept before, to be taken as it is.

    Raises
    ------
    MisalignedEmbeddingsError
        Where the given file belongs to other embeddings.
    SettingError
        Where it holds another number of axes than is asked for.
    """
    if given is not None:
        return _of_as_many_axes(read_projection(given, embeddings), settings, given, len(embeddings))
    if not settings.learns:
        return None
    path = folder / (f"whitened_{settings.whiten}.npy" if settings.whiten else "centred.npy")
    with suppress(MisalignedEmbeddingsError, MissingStageError, InputError, WorkspaceError):
        return read_projection(path, embeddings)
    learned = learn_projection(embeddings.ids, views_of, settings.whiten)
    with suppress(WorkspaceError):
        write_projection(path, learned, embeddings)
    return learned


def _of_as_many_axes(found: Projection, settings: MatchSettings, path: Path, n_specimens: int) -> Projection:
    """Return a projection that holds the axes asked for, or all that so few specimens have."""
    axes, dimensions = (0, 0) if found.axes is None else (found.axes.shape[1], found.axes.shape[0])
    asked = min(settings.whiten, dimensions) if axes else settings.whiten
    if axes != asked and not (0 < n_specimens - 1 <= axes < asked):
        raise SettingError(
            "{path} holds {axes} whitened axes, not {asked}.",
            advice="Give --whiten {axes} with it, or leave --projection out." if axes else "Give --center with it.",
            path=path,
            axes=axes,
            asked=settings.whiten,
        )
    return found


def write_projection(path: Path, projection: Projection, embeddings: Embeddings) -> None:
    """Write a projection, (1 + k, d) float32 with the mean first, and beside it what it belongs to.

    Raises
    ------
    WorkspaceError
        Where it cannot be written.
    """
    about = _about(path)
    about.unlink(missing_ok=True)
    axes = np.empty((0, len(projection.mean)), np.float32) if projection.axes is None else projection.axes.T
    write_npy(path, np.concatenate([projection.mean[None], axes]))
    write_json(
        about, {"embeddings": fingerprint_of(embeddings), "fingerprint": projection.fingerprint, "ids": len(embeddings)}
    )


def read_projection(path: Path, embeddings: Embeddings) -> Projection:
    """Read a projection and make sure that it was learned from the views behind these embeddings.

    Raises
    ------
    MissingStageError
        Where it, or the file beside it, is not there.
    MisalignedEmbeddingsError
        Where it belongs to others.
    InputError, WorkspaceError
        Where it is damaged.
    """
    about_path = _about(path)
    for needed in (path, about_path):
        if not needed.is_file():
            raise MissingStageError(f"{needed} is not there.", advice="Search with --whiten, which makes it.")
    about = read_json(about_path)
    if not isinstance(about, dict) or about.get("embeddings") != fingerprint_of(embeddings):
        raise MisalignedEmbeddingsError(
            f"{path} was learned from other embeddings than these {len(embeddings)}.",
            advice="Leave --projection out: it is then learned from these.",
        )
    rows = read_npy(path)
    if rows.ndim != 2 or not len(rows) or rows.dtype != np.float32:
        raise InputError(f"{path} does not hold a projection (1 + k, d).", advice="Delete it and search again.")
    found = Projection(rows[0].copy(), np.ascontiguousarray(rows[1:].T) if len(rows) > 1 else None)
    if found.fingerprint != about.get("fingerprint"):
        raise InputError(f"{path} is not what {about_path.name} says.", advice="Delete both and search again.")
    return found


def _about(path: Path) -> Path:
    return path.with_name(path.name + ".json")
