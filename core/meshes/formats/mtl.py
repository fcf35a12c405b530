"""MTL, the materials of an OBJ file, with notes on what is missing."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.foundation import note

_GREY = (204, 204, 204)


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


def read_materials(obj_path: Path, libraries: list[str]) -> tuple[dict[str, Material], tuple[str, ...]]:
    """Read the material libraries that an OBJ file names.

    Returns
    -------
    materials : dict of str to Material
        By name; empty if no library could be read.
    notes : tuple of str
        Sentences on files that were not found or not read.
    """
    materials: dict[str, Material] = {}
    notes: list[str] = []
    for library in dict.fromkeys(libraries):
        path = _beside(obj_path, library)
        if path is None:
            notes.append(note("The material file {file} is not there; its colours are left out.", file=library))
            continue
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            notes.append(
                note("The material file {file} cannot be read ({reason}).", file=library, reason=error.strerror)
            )
            continue
        materials.update(_parse(text, path, notes))
    return materials, tuple(notes)


def _beside(file: Path, name: str) -> Path | None:
    """Return the path of `name` in the folder of `file`, None if it is not there.

    Files outside of the folder are never returned.
    """
    folder = file.parent.resolve()
    wanted = name.strip().strip('"').replace("\\", "/")
    for candidate in (wanted, wanted.rsplit("/", 1)[-1]):
        with suppress(OSError, ValueError):  # a name that is too long, or has characters that no name can have
            path = (folder / candidate).resolve()
            if path.is_relative_to(folder) and path.is_file():
                return path
    return None


def _parse(text: str, path: Path, notes: list[str]) -> dict[str, Material]:
    colours: dict[str, np.ndarray] = {}
    textures: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        key, _, rest = line.strip().partition(" ")
        if key == "newmtl":
            name = rest.strip()
            colours[name] = np.array(_GREY, np.uint8)
        elif key == "Kd" and name:
            colours[name] = _colour(rest)
        elif key == "map_Kd" and name:
            textures[name] = rest.strip()
    materials = {}
    for name, colour in colours.items():
        image = _texture(path, textures[name], notes) if name in textures else None
        materials[name] = Material(colour, image)
    return materials


def _colour(text: str) -> np.ndarray:
    try:
        values = [float(word) for word in text.split()[:3]]
    except ValueError:
        values = []
    if len(values) != 3 or not np.isfinite(values).all():
        return np.array(_GREY, np.uint8)
    return np.asarray(np.rint(255 * np.clip(values, 0, 1)), dtype=np.uint8)


def _texture(path: Path, entry: str, notes: list[str]) -> np.ndarray | None:
    from PIL import Image

    from core.storage import MAX_PIXELS, UNREADABLE

    found = _beside(path, entry) or _beside(path, entry.split()[-1] if entry.split() else entry)
    if found is None:
        sentence = "The texture {file} is not there; the material's plain colour is shown instead."
        notes.append(note(sentence, file=entry))
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, and of harmless flaws in their metadata
            with Image.open(found) as image:
                if image.width * image.height > MAX_PIXELS:
                    sentence = "The texture {file} is too large; the material's plain colour is shown instead."
                    notes.append(note(sentence, file=found.name))
                    return None
                return np.array(image.convert("RGB"), dtype=np.uint8)
    except UNREADABLE:
        sentence = "The texture {file} cannot be read; the material's plain colour is shown instead."
        notes.append(note(sentence, file=found.name))
        return None
