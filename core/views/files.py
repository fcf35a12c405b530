"""View files: find, read and write the views of specimens as PNG."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from core.foundation import MissingStageError, SpecimenError, file_of_specimen, ids_of_names
from core.storage import write_bytes
from core.views.rendering import Views

_LONGEST_NAME = 255  # bytes; common file systems allow no more
_PNG = (16, 1)  # cv2.IMWRITE_PNG_COMPRESSION, fastest
_VIEW_NAME = re.compile(r"(?P<stem>.+)_view(?P<number>\d{2,})\.png")


def view_suffix(number: int) -> str:
    """Return the end of a view's file name, which follows the specimen id.

    Examples
    --------
    >>> from core.views import view_suffix
    >>> view_suffix(3)
    '_view03.png'
    """
    return f"_view{number:02d}.png"


def _stem_and_number(name: str) -> tuple[str, int] | None:
    """Return the stem and the number of the name of a view file.

    The result is None for the names of other files.
    """
    match = _VIEW_NAME.fullmatch(name)
    return None if match is None else (match["stem"], int(match["number"]))


def find_views(renders: Path) -> dict[str, list[Path]]:
    """Return the view files below a folder by specimen id, in order.

    Raises
    ------
    MissingStageError
        If there are none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from core.views import find_views, view_paths
    >>> with TemporaryDirectory() as folder:
    ...     for path in view_paths(Path(folder), "ammonite", 2):
    ...         path.touch()
    ...     {name: [path.name for path in paths] for name, paths in find_views(Path(folder)).items()}
    {'ammonite': ['ammonite_view00.png', 'ammonite_view01.png']}
    """
    numbered: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(renders.rglob("*.png")) if renders.is_dir() else []:
        parts = _stem_and_number(path.name)
        if parts is not None:
            stem, number = parts
            folder = path.parent.relative_to(renders).as_posix()
            name = stem if folder == "." else f"{folder}/{stem}"
            numbered.setdefault(name, []).append((number, path))
    if not numbered:
        raise MissingStageError(
            "There are no views in {renders} (files named SPECIMEN_view00.png).",
            advice="Run `python -m core render` first.",
            renders=renders,
        )
    ids = dict(zip(ids_of_names(sorted(numbered)), sorted(numbered), strict=True))
    return {specimen_id: [path for _, path in sorted(numbered[ids[specimen_id]])] for specimen_id in sorted(ids)}


def read_view_files(paths: Sequence[Path]) -> UInt8[np.ndarray, "v h w 3"]:
    """Read the view files of one specimen.

    Raises
    ------
    SpecimenError
        If a file cannot be read, or the views differ in size.
    """
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
    """Yield the paths of the first `count` views of a specimen.

    Examples
    --------
    >>> from pathlib import Path
    >>> from core.views import view_paths
    >>> [path.as_posix() for path in view_paths(Path("renders"), "Ammonoids/a", 2)]
    ['renders/Ammonoids/a_view00.png', 'renders/Ammonoids/a_view01.png']
    """
    return (file_of_specimen(renders, specimen_id, view_suffix(number)) for number in range(count))


def drop_views_from(renders: Path, specimen_id: str, number: int) -> None:
    """Remove the views of a specimen from a number on.

    They are left by an earlier, larger set.
    """
    while (path := file_of_specimen(renders, specimen_id, view_suffix(number))).is_file():
        path.unlink()
        number += 1


def write_views(folder: Path, specimen_id: str, views: Views, *, sync: bool = True) -> list[Path]:
    """Write views as `<category>/<specimen>_view00.png`, … and return their paths.

    Each file is written atomically; `sync` is that of `core.storage.write_atomically`.

    Raises
    ------
    SpecimenError
        If the names of the view files would be too long.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from core.views import Views, read_view_files, write_views
    >>> views = Views(np.zeros((1, 8, 8, 3), np.uint8), np.ones((1, 8, 8), bool), np.eye(4)[None])
    >>> with TemporaryDirectory() as folder:
    ...     paths = write_views(Path(folder), "ammonite", views)
    ...     read_view_files(paths).shape
    (1, 8, 8, 3)
    """
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
        write_bytes(path, png.tobytes(), sync=sync)
        paths.append(path)
    return paths
