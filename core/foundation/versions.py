"""Versions of installed packages."""

from __future__ import annotations

import importlib.metadata


def installed_version(package: str) -> str:
    """Return the version of a package, or `not installed`.

    Examples
    --------
    >>> from core.foundation import installed_version
    >>> installed_version("no-such-package")
    'not installed'
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
