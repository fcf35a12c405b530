"""MTL, the materials of an OBJ file, with notes on what is missing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.foundation import note
from core.meshes.formats.encoding import spellings
from core.meshes.formats.named_files import find_libraries, find_texture, keyed, limit_of, lines_of, without_options

if TYPE_CHECKING:
    from PIL import Image

_GREY = (204, 204, 204)
_MISSING = "The texture {file} is not there; the material's plain colour is shown instead."
_OUTSIDE = "The texture {file} lies outside of {folder} and is not read; the material's plain colour is shown instead."


@dataclass(frozen=True)
class Material:
    """The diffuse colour of a material, and its texture if the image was found.

    Parameters
    ----------
    colour : (3,) uint8
        Diffuse colour.
    texture : (h, w, 3) uint8, optional
        Diffuse texture, first row at the top.
    """

    colour: np.ndarray
    texture: np.ndarray | None = None

    def sample(self, uv: np.ndarray) -> np.ndarray:
        """Return colours at texture coordinates (..., 2), which repeat beyond 0 to 1."""
        if self.texture is None:
            return np.broadcast_to(self.colour, (*uv.shape[:-1], 3))
        height, width = self.texture.shape[:2]
        wrapped = uv - np.floor(uv)
        wrapped = np.where((uv > 0) & (wrapped == 0), 1.0, wrapped)  # 1 is the far border, not the near one
        column = np.clip((wrapped[..., 0] * width).astype(np.int64), 0, width - 1)
        row = np.clip(((1.0 - wrapped[..., 1]) * height).astype(np.int64), 0, height - 1)
        return np.asarray(self.texture[row, column])


def read_materials(
    obj_path: Path, libraries: list[bytes], within: Path | None = None
) -> tuple[dict[bytes, Material], tuple[str, ...]]:
    """Read the material libraries that an OBJ file names.

    Parameters
    ----------
    obj_path : Path
        The OBJ file.
    libraries : list of bytes
        What stands behind each `mtllib`.
    within : Path, optional
        The input folder, as in `files_beside`.

    Returns
    -------
    materials : dict of bytes to Material
        By name as it is written; empty if no library could be read.
    notes : tuple of str
        Sentences on files that were not found or not read.
    """
    materials: dict[bytes, Material] = {}
    notes: list[str] = []
    for names in dict.fromkeys(libraries):
        paths = find_libraries(obj_path, names, within)
        if not paths:
            file = spellings(names)[0]
            notes.append(note("The material file {file} is not there; its colours are left out.", file=file))
        for path in paths:
            try:
                data = path.read_bytes()
            except OSError as error:
                sentence = "The material file {file} cannot be read ({reason})."
                notes.append(note(sentence, file=path.name, reason=error.strerror))
                continue
            materials.update(_parse(data, path, obj_path, within, notes))
    return materials, tuple(notes)


def _parse(data: bytes, path: Path, model: Path, within: Path | None, notes: list[str]) -> dict[bytes, Material]:
    colours: dict[bytes, np.ndarray] = {}
    textures: dict[bytes, bytes] = {}
    name = None
    for line in lines_of(data):
        key, _, rest = keyed(line)
        if key == b"newmtl":
            name = rest
            colours[name] = np.array(_GREY, np.uint8)
        elif key == b"kd" and name is not None:
            colours[name] = _colour(rest)
        elif key == b"map_kd" and name is not None:
            textures[name] = rest
    materials = {}
    images: dict[bytes, np.ndarray | None] = {}
    for name, colour in colours.items():
        entry = textures.get(name)
        if entry is not None and entry not in images:
            found = find_texture(path, model, entry, within)
            images[entry] = read_texture(found, spellings(without_options(entry))[0], model, within, notes)
        materials[name] = Material(colour, images[entry] if entry is not None else None)
    return materials


def _colour(text: bytes) -> np.ndarray:
    try:
        values = [float(word) for word in text.split()[:3]]
    except ValueError:
        values = []
    if len(values) != 3 or not np.isfinite(values).all():
        return np.array(_GREY, np.uint8)
    return np.asarray(np.rint(255 * np.clip(values, 0, 1)), dtype=np.uint8)


def read_texture(
    found: Path | None, name: str, model: Path, within: Path | None, notes: list[str]
) -> np.ndarray | None:
    """Return the pixels (h, w, 3) of a texture, None with a note if it is not there or not read.

    Parameters
    ----------
    found : Path, optional
        The file, None if it was not found.
    name : str
        Its name as the model writes it.
    model : Path
        The file of the mesh.
    within : Path, optional
        The input folder, as in `files_beside`.
    notes : list of str
        Takes the sentence.
    """
    from PIL import Image

    from core.storage import UNREADABLE, is_too_large

    if found is None:
        limit = limit_of(model, within)
        is_outside = not _without_steps_up(model.parent.resolve() / name.replace("\\", "/")).is_relative_to(limit)
        notes.append(note(_OUTSIDE, file=name, folder=limit) if is_outside else note(_MISSING, file=name))
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, and of harmless flaws in their metadata
            with Image.open(found) as image:
                if is_too_large(image):
                    sentence = "The texture {file} is too large; the material's plain colour is shown instead."
                    notes.append(note(sentence, file=found.name))
                    return None
                return _in_8_bits(image)
    except UNREADABLE:
        sentence = "The texture {file} cannot be read; the material's plain colour is shown instead."
        notes.append(note(sentence, file=found.name))
        return None


def _in_8_bits(image: Image.Image) -> np.ndarray:
    """Return an image as RGB. Conversion alone would clip 16 bits at 255."""
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image, dtype=np.uint16) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _without_steps_up(path: Path) -> Path:
    """Return an absolute path with its `..` carried out, without a look at the file system."""
    parts: list[str] = []
    for part in path.parts:
        if part != "..":
            parts.append(part)
        elif len(parts) > 1:
            parts.pop()
    return Path(*parts)
