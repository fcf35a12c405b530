"""Results that are written into a folder once: clusters, evaluations, maps.

A manifest in the folder keeps the fingerprint of each result. A result whose fingerprint and files
are unchanged is not computed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from core.foundation import WorkspaceError
from core.storage.durability import is_blank
from core.storage.files import remove_unfinished
from core.storage.fingerprints import sha256_of_file
from core.storage.manifest import Manifest

T = TypeVar("T")
EARLIER = "earlier"
_BEING_WRITTEN = "being written"
log = logging.getLogger(__name__)


def write_once(
    out: Path,
    name: str,
    made_from: str,
    files: list[Path],
    make: Callable[[], T],
    overwrite: bool,
    *,
    byproducts: Sequence[Path] = (),
    subject: str = "",
) -> T | None:
    """Write a result, unless the same one is there already.

    Parameters
    ----------
    out : Path
        The folder of the manifest.
    name : str
        Name of the result in the manifest.
    made_from : str
        Fingerprint of settings and inputs.
    files : list of Path
        The files that `make` writes. If one of them was edited or removed, the result is written
        again.
    make : callable
        Writes the files and returns a value.
    overwrite : bool
        Write the result again in any case.
    byproducts : sequence of Path
        Further files that `make` may write. They are checked as well, but earlier ones are not set
        aside.
    subject : str
        What the result is about, if the names of its files do not tell: a warning says if the result
        for another subject is replaced.

    Returns
    -------
    object or None
        What `make` returned; None if the same result is there already.
    """
    manifest, checked = Manifest(out), [*files, *byproducts]
    entry = manifest.get(name)
    if not overwrite and entry is not None and entry["fingerprint"] == made_from and _are_as_written(checked, entry):
        # A process that was killed after its last file left the manifest unsorted.
        manifest.keep_only(manifest.ids)
        return None
    remove_unfinished(out)
    if subject and entry is not None and entry.get("subject", subject) != subject:
        log.warning("%s held %s; it is replaced by %s.", files[0], entry["subject"], subject)
    _set_aside(files, entry)
    # Marks files that a killed process leaves, so that `_set_aside` does not keep them.
    manifest.add(name, _BEING_WRITTEN)
    result = make()
    about = {"subject": subject} if subject else {}
    manifest.add(name, made_from, files=_hashes(checked), names=[path.name for path in checked], **about)
    manifest.keep_only(manifest.ids)
    return result


def _set_aside(files: list[Path], entry: Mapping[str, Any] | None) -> None:
    """Move files that `write_once` did not write into `earlier/`.

    Such a file holds clusters that a user tuned on the screen, or was put there by hand.
    """
    if entry is not None and entry["fingerprint"] == _BEING_WRITTEN:
        return
    own = entry.get("files", ()) if entry is not None else ()
    for path in files:
        # A power failure leaves files of zeros, which are not kept.
        if not path.is_file() or is_blank(path) or sha256_of_file(path) in own:
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


def _are_as_written(files: list[Path], entry: Mapping[str, Any]) -> bool:
    """Return whether files are as an entry says, which in earlier versions has no byproducts."""
    recorded = entry.get("files")
    if not isinstance(recorded, list) or not recorded:
        return False
    return _hashes(files)[: len(recorded)] == recorded and not any(path.is_file() and is_blank(path) for path in files)


def _hashes(files: list[Path]) -> list[str]:
    """Return the SHA-256 of every file, empty for a missing one."""
    return [sha256_of_file(path) if path.is_file() else "" for path in files]
