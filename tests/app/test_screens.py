"""Every screen draws, and shows the next step if something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.app.screens import TOOTH, app, open_page, texts
from tests.prepared import RUN_NAME

PAGES = ("1_specimens", "2_search", "3_map", "4_clusters", "5_evaluate")


@pytest.mark.parametrize("page", PAGES)
def test_page__draws_on_a_prepared_workspace(in_workspace: Workspace, page: str) -> None:
    """No exception, no error, a title."""
    screen = open_page(page)
    assert not screen.exception
    assert not screen.error
    assert screen.title


@pytest.mark.parametrize("page", PAGES[1:])
def test_page__without_a_run_says_where_to_go(in_empty_workspace: Path, page: str) -> None:
    """An empty workspace leads to Specimens."""
    screen = open_page(page)
    assert not screen.exception
    assert "Bring specimens in" in texts(screen)
    assert any(button.label == "Go to Specimens" for button in screen.button)


def test_specimens__opens_the_form_in_an_empty_workspace(in_empty_workspace: Path) -> None:
    """The first start shows the form, and that the folder is still empty."""
    screen = app().run()
    assert not screen.exception
    assert "is empty" in texts(screen)
    start = next(button for button in screen.button if button.label == "Start the run")
    assert start.disabled


def test_specimens__names_run_and_backbone(in_workspace: Workspace) -> None:
    """The run and its backbone are named."""
    shown = texts(app().run())
    assert RUN_NAME in shown
    assert "efficientnet_lite2 · 12 views at 224 px" in shown


def test_specimens__refuses_a_folder_outside_of_the_roots(
    in_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typed path outside of the configured roots is refused."""
    monkeypatch.setenv("FOSSILVIT_ROOTS", str(tmp_path))
    screen = app().run()
    next(field for field in screen.text_input if field.label == "Folder").set_value("/etc").run()
    assert any("outside of what this app may look at" in error.value for error in screen.error)


def test_search__shows_the_nearest_of_the_chosen_specimen(in_workspace: Workspace) -> None:
    """The chosen specimen gets as many neighbours as asked for."""
    screen = open_page("2_search", specimen=TOOTH)
    assert TOOTH in [box.value for box in screen.selectbox]
    assert "The 12 most similar" in texts(screen)


def test_search__offers_specimens_if_none_is_chosen(in_workspace: Workspace) -> None:
    """Without a specimen the screen shows the next step."""
    screen = open_page("2_search")
    assert "Choose a specimen" in texts(screen)


def test_clusters__a_slider_changes_the_clusters(in_workspace: Workspace) -> None:
    """A larger smallest cluster cannot give more clusters."""
    screen = open_page("4_clusters")
    before = int(screen.metric[0].value)
    next(slider for slider in screen.slider if slider.label == "Smallest cluster").set_value(12).run()
    assert not screen.exception
    assert int(screen.metric[0].value) <= before


def test_choose_specimen__go_back_returns_to_the_one_before(in_workspace: Workspace) -> None:
    """Back leads through the specimens chosen before."""

    def script() -> None:
        import streamlit as st

        from ui.session import state

        state.choose_specimen("a")
        state.choose_specimen("b")
        state.choose_specimen("c")
        state.go_back()
        st.write(st.session_state["specimen"])
        state.go_back()
        st.write(st.session_state["specimen"])

    screen = AppTest.from_function(script).run()
    assert [element.value for element in screen.markdown] == ["b", "a"]


def test_screens__show_damage_and_its_remedy(in_workspace: Workspace) -> None:
    """A matrix without its ids is shown with the command that repairs it."""
    ids = in_workspace.run(RUN_NAME).ids_path
    kept = ids.read_bytes()
    try:
        ids.unlink()
        screen = app().run()
        assert not screen.exception
        assert any("damaged" in expander.label for expander in screen.expander)
        assert f'python -m core repair --workspace "{in_workspace.root}"' in [block.value for block in screen.code]
    finally:
        ids.write_bytes(kept)
