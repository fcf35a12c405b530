"""Fixtures of the screens without a browser, on prepared workspaces."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.app.screens import TOOTH, open_page
from tests.prepared import prepare_workspace


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Restore `__main__`, which AppTest replaces by a script that children would run."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the warm-up off, since its thread shares the filters of warnings."""
    monkeypatch.setattr("ui.frame.frame.warm_up", lambda: None)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of 42 samples and a run of them."""
    return prepare_workspace(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def open_workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Return a function that sets the workspace of the app, and clear caches after."""
    yield lambda root: monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(root))
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def in_workspace(prepared: Workspace, open_workspace: Callable[[Path], None]) -> Workspace:
    """Return the prepared workspace, which the app opens."""
    open_workspace(prepared.root)
    return prepared


@pytest.fixture
def in_empty_workspace(tmp_path: Path, open_workspace: Callable[[Path], None]) -> Path:
    """Return the root of an empty workspace, which the app opens."""
    open_workspace(tmp_path / "empty")
    return tmp_path / "empty"


@pytest.fixture
def in_own_workspace(prepared: Workspace, tmp_path: Path, open_workspace: Callable[[Path], None]) -> Workspace:
    """Return a writable copy of the prepared workspace, which the app opens.

    Its scans are further names of the same files.
    """
    root = tmp_path / "own"
    shutil.copytree(prepared.root, root, ignore=shutil.ignore_patterns("meshes", ".lock"))
    shutil.copytree(prepared.meshes, root / "meshes", copy_function=os.link)
    open_workspace(root)
    return Workspace(root)


@pytest.fixture
def searching(in_workspace: Workspace) -> AppTest:
    """Return the search screen with a tooth as the query."""
    return open_page("2_search", specimen=TOOTH)
