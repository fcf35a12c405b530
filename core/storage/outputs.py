"""What is asked of a collection, written into a folder once: clusters, sweeps, evaluations and the like.

Each answer is noted with the fingerprint of what it was made from; asked again, it is not made again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from core.foundation import WorkspaceError
from core.storage.files import remove_unfinished
from core.storage.fingerprints import sha256_of_file
from core.storage.manifest import Manifest

T = TypeVar("T")
EARLIER = "earlier"
_BEING_WRITTEN = "being written"
log = logging.getLogger(__name__)


def once(out: Path, name: str, made_from: str, files: list[Path], make: Callable[[], T], overwrite: bool) -> T | None:
    """Make an answer and note what it was made from, or return None where exactly this one is there already.

    Parameters
    ----------
    out : Path
        The folder that holds the note.
    name : str
        What the answer is called there.
    made_from : str
        Fingerprint of settings and inputs.
    files : list of Path
        What `make` writes; a file that was edited or removed is made again.
    make : callable
        Writes the files; what it returns is returned.
    overwrite : bool
        Make it again.
    """
    manifest = Manifest(out)
    entry = manifest.get(name)
    if (
        not overwrite
        and entry is not None
        and entry["fingerprint"] == made_from
        and entry.get("files") == _hashes(files)
    ):
        # A process killed after its last file left the manifest untidy.
        manifest.keep_only(manifest.ids)
        return None
    remove_unfinished(out)
    _set_aside(files, entry)
    # A process killed in between leaves files that are neither what is recorded nor anybody else's.
    manifest.add(name, _BEING_WRITTEN)
    result = make()
    manifest.add(name, made_from, files=_hashes(files))
    manifest.keep_only(manifest.ids)
    return result


def _set_aside(files: list[Path], entry: Mapping[str, Any] | None) -> None:
    """Keep, under `earlier/`, what would be written over although it is not what was written here last.

    Somebody tuned these clusters on the screen and kept them, or put a file of their own in this place.
    """
    if entry is not None and entry["fingerprint"] == _BEING_WRITTEN:
        return
    ours = set(entry.get("files", ())) if entry is not None else set()
    for path in files:
        if not path.is_file() or sha256_of_file(path) in ours:
            continue
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        kept = path.parent / EARLIER / f"{when:%Y%m%dT%H%M%S}" / path.name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)
        except OSError as error:
            raise WorkspaceError(
                f"{path} was made elsewhere and cannot be kept as {kept} ({error.strerror or error}).",
                advice="Move it away yourself, or check the permissions of that folder.",
            ) from error
        log.warning("%s was made elsewhere; it is kept as %s", path, kept)


def _hashes(files: list[Path]) -> list[str]:
    """Return the SHA-256 of every file, so that one that was replaced or edited is made again."""
    return [sha256_of_file(path) if path.is_file() else "" for path in files]
