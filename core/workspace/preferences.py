"""Preferences of the app for a workspace, such as its language."""

from __future__ import annotations

import logging

from core.foundation import WorkspaceError
from core.storage import read_json, write_json
from core.workspace.paths import Workspace

PREFERENCES_FILE = "preferences.json"


def read_preferences(workspace: Workspace) -> dict[str, str]:
    """Return the preferences, none if the file is missing or damaged."""
    path = workspace.root / PREFERENCES_FILE
    if not path.is_file():
        return {}
    try:
        values = read_json(path)
    except WorkspaceError as error:
        logging.getLogger("core").warning("%s", error)
        return {}
    return (
        {str(key): value for key, value in values.items() if isinstance(value, str)} if isinstance(values, dict) else {}
    )


def put_preference(workspace: Workspace, key: str, value: str) -> None:
    """Store a preference in place of its earlier value.

    Raises
    ------
    WorkspaceError
        If the workspace cannot be written.
    """
    write_json(workspace.root / PREFERENCES_FILE, {**read_preferences(workspace), key: value})
