"""All tokens of a specimen's views, written in pieces and read as a memory map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float16, Float32, UInt8

from core.features.base import Extractor
from core.features.extractors import NetworkExtractor
from core.foundation import InputError, SettingError
from core.storage import write_atomically

TOKENS_FOLDER = "tokens"


def extract_with_tokens(
    extractor: Extractor,
    path: Path,
    images: UInt8[np.ndarray, "v h w 3"],
    masks: Bool[np.ndarray, "v h w"] | None = None,
) -> Float32[np.ndarray, "v d"]:
    """Return view features and write all tokens to `path`.

    The file is `.npy`, float16 `[V, 1 + P, D]`: the class token first, then the patch tokens row by row,
    without register tokens. A network without a class token gives `[V, P, D]`. The tokens of only a few
    views are in memory at a time.

    Raises
    ------
    SettingError
        If the extractor is not a network with tokens.
    WorkspaceError
        If the file cannot be written.
    """
    if not isinstance(extractor, NetworkExtractor):
        raise SettingError("'dense' needs a vision transformer.", advice="Take a DINOv2 backbone.")
    features: list[np.ndarray] = []

    def write(temporary: Path) -> None:
        target: np.memmap | None = None
        start = 0
        for part, tokens in extractor.dense(images, masks):
            if target is None:
                shape = (len(images), *tokens.shape[1:])
                target = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=shape)
            target[start : start + len(tokens)] = tokens
            start += len(tokens)
            features.append(part)
        if target is not None:
            target.flush()

    write_atomically(path, write)
    return np.concatenate(features)


def open_tokens(path: Path) -> Float16[np.ndarray, "v t d"]:
    """Return the tokens of a specimen as a read-only memory map.

    Parameters
    ----------
    path : Path
        A file that `extract_with_tokens` wrote, one per specimen in `tokens/` of a run.

    Returns
    -------
    (v, 1 + p, d) float16
        Class token first, then the patch tokens row by row.

    Raises
    ------
    InputError
        If the file is missing, or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    ...     np.save(Path(folder) / "a.npy", np.zeros((12, 1 + 16 * 16, 384), dtype=np.float16))
    ...     tokens = open_tokens(Path(folder) / "a.npy")
    >>> tokens[0, 1:].reshape(16, 16, -1).shape
    (16, 16, 384)
    """
    try:
        tokens: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path} cannot be read as tokens ({error}).", advice="Extract again with --dense --overwrite."
        ) from error
    if tokens.ndim != 3 or tokens.dtype != np.float16:
        raise InputError(f"{path} does not hold tokens [V, 1 + P, D] in float16.", advice="Extract with --dense.")
    return tokens
