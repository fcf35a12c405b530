"""Small pictures of specimens and the manifest that finds damaged ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from core.storage import Manifest

_VERSION = "1"


class Thumbnails:
    """The small pictures of a workspace, by the SHA-256 of specimen files.

    Only one process at a time, which holds the lock of the workspace, uses it to write.

    Parameters
    ----------
    folder : Path
        The folder of the pictures.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest = Manifest(folder, ".webp")

    def path_of(self, sha256: str) -> Path:
        """Return the path of a picture."""
        return self.folder / sha256[:2] / f"{sha256}.webp"

    def is_sound(self, sha256: str, *, hashed: bool = False) -> bool:
        """Return whether a picture is there and as it was written.

        A picture of an earlier version of this program, which kept no manifest, is decoded. `hashed`
        is that of `core.storage.Manifest.is_sound`.
        """
        name = _name_of(sha256)
        if self._manifest.get(name) is not None:
            return self._manifest.is_sound(name, hashed=hashed)
        return _can_be_decoded(self.path_of(sha256))

    def take(self, sha256: str) -> bool:
        """Return whether a picture is sound, and record one of an earlier version.

        If the manifest was interrupted, a picture that it does not name is not trusted.
        """
        if self._manifest.get(_name_of(sha256)) is not None:
            return self.is_sound(sha256)
        if self._manifest.was_interrupted or not self.is_sound(sha256):
            return False
        self.add(sha256)
        return True

    def forget(self, sha256: str) -> None:
        """Record that a picture is being written."""
        self._manifest.forget(_name_of(sha256))

    def add(self, sha256: str) -> None:
        """Record a picture that is written, if it is there."""
        if self.path_of(sha256).is_file():
            self._manifest.add(_name_of(sha256), _VERSION)

    def finish(self) -> None:
        """Wait until the pictures are on the disk, and sort the manifest."""
        if len(self._manifest):
            self._manifest.keep_only(self._manifest.ids)


def _name_of(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _can_be_decoded(path: Path) -> bool:
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError:
        return False
    # Its length stands in the head of the file; a cut picture is decoded in part.
    is_whole = data.size > 8 and int.from_bytes(data[4:8].tobytes(), "little") + 8 <= data.size
    return is_whole and cv2.imdecode(data, cv2.IMREAD_COLOR) is not None
