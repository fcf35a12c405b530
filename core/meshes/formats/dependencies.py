"""The files that meshes of every format depend on besides their own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core.foundation import SpecimenError
from core.meshes.formats.gltf_files import files_of_gltf
from core.meshes.formats.named_files import (
    find_libraries,
    find_named,
    libraries_of_obj,
    textures_of_library,
    textures_of_ply,
)
from core.meshes.suffixes import suffix_of

_SMALL_HEADER = 4096


def files_beside(path: Path, within: Path | None = None) -> tuple[Path, ...]:
    r"""Return the files that a mesh depends on besides its own: material libraries and textures.

    Only files that exist are returned, sorted. The whole OBJ file is searched, but not parsed.

    Parameters
    ----------
    path : Path
        A mesh of any format.
    within : Path, optional
        The input folder; files outside of it are never returned. If None, it is the folder above
        that of the mesh.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "m.mtl").write_text("newmtl a\nmap_Kd gone.png\n")
    ...     _ = Path(folder, "a.obj").write_text("mtllib m.mtl\n")
    ...     [found.name for found in files_beside(Path(folder, "a.obj"))]
    ['m.mtl']
    """
    found: set[Path] = set()
    suffix = suffix_of(path)
    with suppress(OSError, SpecimenError):
        if suffix == ".gltf":
            found.update(files_of_gltf(path))
        elif suffix.startswith(".ply"):
            found.update(filter(None, (find_named(path, name, within) for name in textures_of_ply(path))))
        elif suffix.startswith(".obj"):
            for name in libraries_of_obj(path):
                for library in find_libraries(path, name, within):
                    found.add(library)
                    found.update(textures_of_library(library, path, within))
    return tuple(sorted(found))


def textures_of_models(models: Iterable[Path], within: Path) -> set[Path]:
    """Return the pictures that models name, if they exist.

    OBJ files are not read, but all material libraries in their folders are.

    Parameters
    ----------
    models : iterable of Path
        Meshes of any format.
    within : Path
        The input folder.
    """
    found: set[Path] = set()
    folders: dict[Path, Path] = {}
    for path in models:
        suffix = suffix_of(path)
        with suppress(OSError, SpecimenError):
            if suffix.startswith(".obj"):
                folders.setdefault(path.parent, path)
            elif suffix.startswith(".ply"):
                names = textures_of_ply(path, _SMALL_HEADER)
                found.update(filter(None, (find_named(path, name, within) for name in names)))
            elif suffix == ".gltf":
                found.update(files_beside(path, within))
    for folder, model in folders.items():
        with suppress(OSError):
            for library in folder.iterdir():
                if library.suffix.lower() == ".mtl" and library.is_file():
                    found.update(textures_of_library(library, model, within, every=True))
    return found
