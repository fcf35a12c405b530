"""Packages that call other machines unasked, blocked from import.

`openvino-telemetry` reports conversions of networks to an analytics service; `trame-vtklocal`
fetches another viewer as soon as a scene is exported. Neither is needed, and both are used only if
they can be imported.
"""

from __future__ import annotations

import sys
from typing import Any

BLOCKED_PACKAGES = ("openvino_telemetry", "trame_vtklocal")


def keep_offline() -> None:
    """Make these packages count as not installed.

    Call it before the import of a package that would import them.
    """
    modules: dict[str, Any] = sys.modules
    for name in BLOCKED_PACKAGES:
        modules.setdefault(name, None)
