"""Pictures that belong to models: textures, thumbnails and previews, which are no specimens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.foundation import few_of, note
from core.meshes import textures_of_models

# Names that programs and 3D archives give to folders of such pictures.
_FOLDER = re.compile(
    r"(textures?|tex|maps|thumbnails?|thumbs?|previews?|テクスチャー?|サムネイル|プレビュー)"
    r"|.*[ _.-](textures?|tex|thumbnails?|thumbs|previews?|fbm)",
    re.IGNORECASE,
)


def pictures_of_models(
    models: Sequence[Path], folders: Mapping[str, Sequence[Path]], root: Path
) -> tuple[set[Path], list[str]]:
    """Return the pictures that belong to models, and warnings.

    A folder of such pictures is named by a material file or by the header of a model, or has a name like
    `textures` or `thumbnails` and lies below or beside a model.

    Parameters
    ----------
    models : sequence of Path
        The meshes.
    folders : mapping
        The pictures of every folder of images, by its id.
    root : Path
        The input folder, without links.
    """
    if not models or not folders:
        return set(), []
    holding = {path.parent.relative_to(root) for path in models}
    below = Counter(folder for path in models for folder in path.relative_to(root).parents)
    named = {path.resolve() for path in textures_of_models(models, root)}
    found: set[Path] = set()
    left_out: list[str] = []
    warnings: list[str] = []
    for name, images in folders.items():
        textures = {path for path in images if path.resolve() in named}
        if _is_of_model(images[0].parent.relative_to(root), below, holding) or 2 * len(textures) >= len(images):
            left_out.append(name)
            found.update(images)
        elif textures:
            sentence = "{name}: {count} of its pictures are textures of a model and were left out."
            warnings.append(note(sentence, name=name, count=len(textures)))
            found.update(textures)
    if left_out:
        warnings.append(_left_out(left_out))
    return found, warnings


def _is_of_model(folder: Path, below: Counter[Path], holding: set[Path]) -> bool:
    """Return whether a folder, or one above it, has such a name and a model beside or above it.

    `below` counts the models below each folder; `holding` are the folders that hold models themselves.
    """
    return any(
        _FOLDER.fullmatch(part.name) is not None
        and (below[part.parent] > below[part] or any(above in holding for above in part.parents))
        for part in (folder, *folder.parents[:-1])
    )


def _left_out(folders: list[str]) -> str:
    if len(folders) == 1:
        sentence = "The folder {folder} holds textures or previews of a model and is no specimen."
        return note(sentence, folder=folders[0])
    sentence = "{count:,} folders hold textures or previews of models and are no specimens: {folders}."
    return note(sentence, count=len(folders), folders=few_of(folders))
