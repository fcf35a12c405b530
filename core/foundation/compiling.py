"""`numba.njit` with a cache that neither a full disk nor a damaged file stops.

Numba raises whatever it meets in its cache: a scan would be refused because the disk is full, and a
file that a power failure cut would stop every later start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import numba
from numba import njit
from numba.core import caching

__all__ = ["guarded_numba", "njit"]

log = logging.getLogger(__name__)

_REPORTED: set[str] = set()


def _guarded_load(load: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(load)
    def load_overload(self: Any, sig: Any, target_context: Any) -> Any:
        try:
            return load(self, sig, target_context)
        except Exception as error:  # noqa: BLE001 a damaged pickle raises nearly anything
            log.info("A compiled function in %s cannot be read (%s). It is compiled again.", self.cache_path, error)
            with suppress(Exception):
                self.flush()
            return None

    return load_overload


def _guarded_save(save: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(save)
    def save_overload(self: Any, sig: Any, data: Any) -> None:
        try:
            save(self, sig, data)
        except OSError as error:
            _warn(str(self.cache_path), error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 the index is damaged and cannot be written anew
            _warn(str(self.cache_path), str(error))

    return save_overload


def _warn(folder: str, reason: str) -> None:
    if reason in _REPORTED:
        return
    _REPORTED.add(reason)
    log.warning(
        "Compiled functions cannot be kept in %s (%s), so that every start compiles them. "
        "Check the free space and permissions there, or set NUMBA_CACHE_DIR to another folder.",
        folder,
        reason,
    )


def guarded_numba() -> Any:
    """Return the module `numba`, for packages that compile functions themselves."""
    return numba


setattr(caching.Cache, "load_overload", _guarded_load(caching.Cache.load_overload))  # noqa: B010 mypy allows no other way
setattr(caching.Cache, "save_overload", _guarded_save(caching.Cache.save_overload))  # noqa: B010
