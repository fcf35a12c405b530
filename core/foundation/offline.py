"""Packages that call other machines unasked, kept from it.

`openvino-telemetry` reports conversions of networks to an analytics service; `trame-vtklocal`
fetches another viewer as soon as a scene is exported. Neither is needed, and both are asked for
only where they can be imported.
"""

from __future__ import annotations

import sys
from typing import Any

TALKATIVE = ("openvino_telemetry", "trame_vtklocal")


def keep_offline() -> None:
    """Let these packages count as not installed from now on; to be called before what would import them."""
    modules: dict[str, Any] = sys.modules
    for name in TALKATIVE:
        modules.setdefault(name, None)
