"""What stages leave for one another: views as PNG and view features as `.npy`, found, read and written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from core.foundation import MissingStageError, SpecimenError, file_of_specimen
from core.storage import write_bytes
from core.views.rendering import Views

_LONGEST_NAME = 255  # bytes; no usual file system takes more
_PNG = (16, 1)  # cv2.IMWRITE_PNG_COMPRESSION, fastest


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


def view_paths(renders: Path, specimen_id: str, count: int) -> Iterator[Path]:
    """Yield where so many views of a specimen lie."""
    return (file_of_specimen(renders, specimen_id, f"_view{number:02d}.png") for number in range(count))


def drop_views_from(renders: Path, specimen_id: str, number: int) -> None:
    """Remove views of an earlier, larger set of the same specimen, from a number on."""
    while (path := file_of_specimen(renders, specimen_id, f"_view{number:02d}.png")).is_file():
        path.unlink()
        number += 1


def write_views(folder: Path, specimen_id: str, views: Views) -> list[Path]:
    """Write `<category>/<specimen>_view00.png` and so on, each atomically; return the paths.

    Raises
    ------
    SpecimenError
        Where the specimen's name leaves no room for those of its views.
    """
    import cv2

    paths = []
    for number, image in enumerate(views.images):
        path = file_of_specimen(folder, specimen_id, view_suffix(number))
        if len(os.fsencode(path.name)) > _LONGEST_NAME:
            raise SpecimenError(
                "Its name is too long: the names of its views would have more than {longest_name} bytes.",
                advice="Give the file a shorter name.",
                longest_name=_LONGEST_NAME,
            )
        gray = image[..., 0]
        plain = (image == gray[..., None]).all()
        pixels = gray if plain else image[..., ::-1]
        _, png = cv2.imencode(".png", np.ascontiguousarray(pixels), _PNG)
        write_bytes(path, png.tobytes())
        paths.append(path)
    return paths


def view_suffix(number: int) -> str:
    """Return what follows the specimen id in the name of a view's file."""
    return f"_view{number:02d}.png"
