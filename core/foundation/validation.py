"""Checks of settings that raise `SettingError`."""

from __future__ import annotations

import math

from core.foundation.errors import SettingError


def check_choice(name: str, given: str, allowed: tuple[str, ...]) -> None:
    """Raise a `SettingError` if a word is not one of those allowed."""
    if given not in allowed:
        raise SettingError(
            "'{name}' must be one of {allowed} (got {given!r}).",
            advice="Choose one of them.",
            name=name,
            allowed=", ".join(allowed),
            given=given,
        )


def check_at_least(name: str, given: float | int, least: float | int) -> None:
    """Raise a `SettingError` if a number is below the least one allowed.

    Examples
    --------
    >>> from core.foundation import SettingError, check_at_least
    >>> check_at_least("views", 12, 1)
    >>> try:
    ...     check_at_least("views", 0, 1)
    ... except SettingError as error:
    ...     print(error)
    'views' must be at least 1 (got 0). Give 1 or more.
    """
    if not math.isfinite(given) or given < least:
        raise SettingError(
            "'{name}' must be at least {least} (got {given}).",
            advice="Give {least} or more.",
            name=name,
            least=least,
            given=given,
        )
