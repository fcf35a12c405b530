"""The suffixes of mesh files, in one place.

A suffix may have two parts: `femur.ply.gz` is a compressed PLY file of the specimen `femur`.
"""

from __future__ import annotations

from pathlib import PurePath

_PLAIN = (".ply", ".obj", ".stl", ".off")
COMPRESSED = ".gz"
SUFFIXES = (*_PLAIN, ".glb", ".gltf", *(suffix + COMPRESSED for suffix in _PLAIN))


def suffix_of(name: str | PurePath) -> str:
    """Return the suffix of a file in lower case, both parts if it is a compressed mesh.

    Examples
    --------
    >>> suffix_of("femur.PLY.gz"), suffix_of("notes.txt.gz"), suffix_of("a/README")
    ('.ply.gz', '.gz', '')
    """
    path = PurePath(name)
    last = path.suffix.lower()
    both = PurePath(path.stem).suffix.lower() + last
    return both if last == COMPRESSED and both in SUFFIXES else last


def stem_of(name: str | PurePath) -> str:
    """Return the name of a file without its suffix.

    Examples
    --------
    >>> stem_of("Molars/femur.left.ply.gz"), stem_of("rib.stl")
    ('femur.left', 'rib')
    """
    last = PurePath(name).name
    return last[: len(last) - len(suffix_of(last))]


def is_mesh(name: str | PurePath) -> bool:
    """Return whether a file has the suffix of a mesh or point cloud.

    Examples
    --------
    >>> is_mesh("a.GLB"), is_mesh("a.ply.gz"), is_mesh("a.txt.gz")
    (True, True, False)
    """
    return suffix_of(name) in SUFFIXES
