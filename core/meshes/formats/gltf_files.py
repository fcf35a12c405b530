"""The files that a glTF file names: buffers and textures in its folder or below."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from core.foundation import SpecimenError
from core.meshes.formats.content import content_of
from core.meshes.formats.gltf_header import json_of, uris_of
from core.meshes.formats.named_files import find_named


def file_of_uri(path: Path, uri: str) -> Path | None:
    """Return the file behind a URI of a glTF file, None if it is not in its folder or below."""
    folder = path.parent.resolve()
    if "://" in uri or uri.startswith("data:"):
        return None
    for name in dict.fromkeys([unquote(uri), uri]):
        found = find_named(path, name.encode("utf-8", "surrogateescape"), folder, folder)
        if found is not None:
            return found
    return None


def files_of_gltf(path: Path) -> list[Path]:
    """Return the files that a glTF file depends on, if they exist."""
    try:
        header = json_of(content_of(path))
    except SpecimenError:
        return []
    found = (file_of_uri(path, uri) for uri in uris_of(header))
    return sorted({one for one in found if one is not None})
