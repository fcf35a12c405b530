"""The folder of dense tokens below the features: kept apart from them, and told about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.features import TOKENS_FOLDER, open_tokens
from core.foundation import InputError, SettingError, few_of, note
from core.storage import Manifest


def holds_tokens(features: Path) -> bool:
    """Return whether dense tokens lie below a folder of features."""
    return Manifest(features / TOKENS_FOLDER).path.is_file()


def is_token_file(features: Path, path: Path) -> bool:
    """Return whether a file below a folder of features holds dense tokens."""
    return path.is_relative_to(features / TOKENS_FOLDER) and holds_tokens(features)


def check_apart_from_tokens(features: Path, specimen_ids: Iterable[str], *, keeps_tokens: bool) -> None:
    """Check that no category has the name of the folder of tokens.

    Raises
    ------
    SettingError
        If features and tokens would be written into one folder.
    """
    if not keeps_tokens and not holds_tokens(features):
        return
    inside = [name for name in specimen_ids if name.casefold().startswith(f"{TOKENS_FOLDER}/")]
    if inside:
        raise SettingError(
            "The category {category!r} has the name of the folder in which --dense keeps tokens ({named}).",
            advice="Rename the folder of these specimens and render them again, or take another --out without --dense.",
            category=TOKENS_FOLDER,
            named=few_of(inside),
        )


def remark_on_earlier_tokens(features: Path, tokens: Path) -> tuple[str, ...]:
    """Return a sentence on tokens that an earlier version wrote beside the features."""
    beside = features.parent / TOKENS_FOLDER
    if beside == tokens or not beside.is_dir() or Manifest(beside).path.is_file():
        return ()
    sentence = (
        "{folder} holds tokens that an earlier version wrote. It does not say what they were made from. "
        "They are left as they are; the new ones are in {tokens}."
    )
    return (note(sentence, folder=beside, tokens=tokens),)


def remark_on_other_tokens(tokens: Path, kept: Manifest, features: Manifest) -> tuple[str, ...]:
    """Return a sentence if tokens were made with other settings than the features are now.

    Parameters
    ----------
    tokens : Path
        The folder of the tokens.
    kept, features : Manifest
        The manifests of tokens and features.
    """
    other = [name for name in kept.ids if _fingerprint(kept, name) != _fingerprint(features, name)]
    if not other:
        return ()
    sentence = (
        "The tokens of {count} specimens in {folder} were made with other settings than the features. "
        "With --dense they are made again."
    )
    return (note(sentence, count=len(other), folder=tokens),)


def begin_with(path: Path, view_features: np.ndarray) -> bool:
    """Return whether the class tokens of a file, in half precision, are the features of the views."""
    try:
        tokens = open_tokens(path)
    except InputError:
        return False
    width = tokens.shape[2]
    if len(tokens) != len(view_features) or width > view_features.shape[1]:
        return False
    expected = view_features[:, :width]
    return bool(np.allclose(tokens[:, 0], expected, rtol=2e-3, atol=2e-3 * float(np.abs(expected).max(initial=0))))


def _fingerprint(manifest: Manifest, specimen_id: str) -> object:
    return (manifest.get(specimen_id) or {}).get("fingerprint")
