"""What a user wants the app to remember about a workspace, its language say."""

from __future__ import annotations

import logging

from core.foundation import WorkspaceError
from core.storage import read_json, write_json
from core.workspace.paths import Workspace

FILE_NAME = "preferences.json"


def read_preferences(workspace: Workspace) -> dict[str, str]:
    """Return what was remembered; nothing where the file is missing or damaged."""
    path = workspace.root / FILE_NAME
    if not path.is_file():
        return {}
    try:
        found = read_json(path)
    except WorkspaceError as error:
        logging.getLogger("core").warning("%s", error)
        return {}
    return (
        {str(key): value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
    )


def put_preference(workspace: Workspace, key: str, value: str) -> None:
    """Remember a value in place of the one before.

    Raises
    ------
    WorkspaceError
        Where the workspace cannot be written.
    """
    write_json(workspace.root / FILE_NAME, {**read_preferences(workspace), key: value})
