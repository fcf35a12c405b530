"""The tab of look-alikes: groups that may be one scan under several names."""

from __future__ import annotations

import numpy as np

from core.embeddings import Embeddings, read_embeddings, write_embeddings
from core.workspace import Workspace
from tests.app.screens import again, app, texts
from tests.prepared import RUN_NAME
from ui.specimens import MOST_OF_A_GROUP


def open_look_alikes(workspace: Workspace, alike: int) -> str:
    """Return the texts of the tab after the first specimens are made identical."""
    run = workspace.run(RUN_NAME)
    known = read_embeddings(run.matrix_path, run.ids_path)
    matrix = np.random.default_rng(42).standard_normal(known.matrix.shape, dtype=np.float32)
    matrix[:alike] = matrix[0]
    write_embeddings(run.embeddings, Embeddings(known.ids, matrix))
    screen = app().run()
    screen.session_state["specimen_tabs_en"] = "Look-alikes"
    again(screen)
    assert not screen.exception
    return texts(screen)


def test_look_alikes__are_a_group(in_own_workspace: Workspace) -> None:
    """Three identical specimens are one group, all of them shown."""
    shown = open_look_alikes(in_own_workspace, 3)
    assert "1 group" in shown
    assert "more of this group" not in shown


def test_look_alikes__of_a_large_group_are_not_all_drawn(in_own_workspace: Workspace) -> None:
    """The rest of a large group is counted."""
    shown = open_look_alikes(in_own_workspace, MOST_OF_A_GROUP + 6)
    assert "6 more of this group are in the CSV." in shown
