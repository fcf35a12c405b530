"""The screens without a browser: Streamlit's AppTest on a prepared workspace."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from core.workspace import Workspace
from tests.prepared import prepare_workspace


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Put `__main__` back, which AppTest replaces by its script; spawned children would run that."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load nothing in advance: threads share the filters of warnings with the tests."""
    monkeypatch.setattr("ui.frame.frame.warm_up", lambda: None)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of 42 samples and a run of them."""
    return prepare_workspace(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def in_workspace(prepared: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Let the app open the prepared workspace."""
    monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(prepared.root))
    yield prepared
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def in_empty_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the app open a workspace with nothing in it."""
    monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(tmp_path / "empty"))
    yield tmp_path / "empty"
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def in_own_workspace(prepared: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Let the app open a copy of the prepared workspace, in which a test may write; its scans stay where they are."""
    root = tmp_path / "own"
    shutil.copytree(prepared.root, root, ignore=shutil.ignore_patterns("meshes", ".lock"))
    monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(root))
    yield Workspace(root)
    st.cache_resource.clear()
    st.cache_data.clear()
