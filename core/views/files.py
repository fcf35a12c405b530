"""What stages leave for one another: views as PNG and view features as `.npy`, found, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from core.foundation.errors import InputError, MissingStageError, SpecimenError
from core.storage.files import file_of_specimen, read_npy, write_npy

_VIEW_NAME = re.compile(r"(?P<stem>.+)_view(?P<number>\d{2,})\.png")


def find_views(renders: Path) -> dict[str, list[Path]]:
    """Return the view files below a folder by specimen id, in the order of their numbers.

    Raises
    ------
    MissingStageError
        Where there are none.
    """
    numbered: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(renders.rglob("*.png")) if renders.is_dir() else []:
        match = _VIEW_NAME.fullmatch(path.name)
        if match:
            folder = path.parent.relative_to(renders).as_posix()
            name = match["stem"] if folder == "." else f"{folder}/{match['stem']}"
            numbered.setdefault(name, []).append((int(match["number"]), path))
    if not numbered:
        raise MissingStageError(
            "There are no views in {renders} (files named SPECIMEN_view00.png).",
            advice="Run `python -m core render` first.",
            renders=renders,
        )
    return {name: [path for _, path in sorted(numbered[name])] for name in sorted(numbered)}


def read_view_files(paths: Sequence[Path]) -> UInt8[np.ndarray, "v h w 3"]:
    """Read the view files of one specimen; a broken one is a `SpecimenError`."""
    images = []
    for path in paths:
        image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
        if image is None:
            raise SpecimenError("{file} is not a readable picture; render it again with --overwrite.", file=path.name)
        images.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    if len({image.shape for image in images}) > 1:
        raise SpecimenError("Its views differ in size; render it again with --overwrite.")
    return np.stack(images)


def read_features(path: Path) -> Float32[np.ndarray, "v d"]:
    """Read the view features of one specimen; a broken file is a `SpecimenError`."""
    try:
        array = read_npy(path)
    except InputError as error:
        said = error.sentences
        raise SpecimenError(said.problem, advice="Extract it again with --overwrite.", **said.values) from error
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise SpecimenError("{file} does not hold view features (V, D).", file=path.name)
    if not np.isfinite(array).all():
        raise SpecimenError("{file} holds NaN or infinite values; extract it again with --overwrite.", file=path.name)
    return array.astype(np.float32)


def store_features(path: Path, view_features: Float32[np.ndarray, "v d"]) -> None:
    """Write view features as float32, having made sure that they are numbers.

    Raises
    ------
    SpecimenError
        Where the backbone gave NaN or infinite values.
    """
    if not np.isfinite(view_features).all():
        raise SpecimenError("The backbone gave NaN or infinite values for it; try --precision fp32.")
    write_npy(path, np.ascontiguousarray(view_features, dtype=np.float32))


def view_paths(renders: Path, specimen_id: str, count: int) -> Iterator[Path]:
    """Yield where so many views of a specimen lie."""
    return (file_of_specimen(renders, specimen_id, f"_view{number:02d}.png") for number in range(count))


def drop_views_from(renders: Path, specimen_id: str, number: int) -> None:
    """Remove views of an earlier, larger set of the same specimen, from a number on."""
    while (path := file_of_specimen(renders, specimen_id, f"_view{number:02d}.png")).is_file():
        path.unlink()
        number += 1
