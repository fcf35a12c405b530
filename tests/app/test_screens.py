"""Every screen draws, says what to do where something is missing, and remembers the specimen in hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.prepared import PROJECT, RUN_NAME

PAGES = ("pages/1_specimens.py", "pages/2_search.py", "pages/3_map.py", "pages/4_clusters.py", "pages/5_evaluate.py")
SECONDS = 120


def app() -> AppTest:
    """Return the app, not yet run."""
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=SECONDS)


def again(screen: AppTest, page: str = "") -> AppTest:
    """Run the app once more, on another page where one is named, frame and all.

    AppTest runs the page's own script from the second time on; the router takes over where it was not asked yet.
    """
    if page:
        screen.switch_page(page)
    screen.session_state["routed"] = False
    return screen.run()


def texts(screen: AppTest) -> str:
    """Return everything that a screen says, in one string."""
    kinds = (screen.title, screen.subheader, screen.markdown, screen.caption, screen.info, screen.error, screen.warning)
    return "\n".join(str(element.value) for elements in kinds for element in elements)


@pytest.mark.parametrize("page", PAGES)
def test_page__draws_on_a_prepared_workspace(in_workspace: Workspace, page: str) -> None:
    """No exception, no error, a title."""
    screen = app().run()
    screen.switch_page(page).run()
    assert not screen.exception
    assert not screen.error
    assert screen.title


@pytest.mark.parametrize("page", PAGES[1:])
def test_page__without_a_run_says_where_to_go(in_empty_workspace: Path, page: str) -> None:
    """An empty workspace leads to Specimens."""
    screen = app().run()
    screen.switch_page(page).run()
    assert not screen.exception
    assert "Bring specimens in" in texts(screen)
    assert any(button.label == "Go to Specimens" for button in screen.button)


def test_specimens__opens_the_form_where_there_is_nothing(in_empty_workspace: Path) -> None:
    """The first start shows how to begin and that the folder is still empty."""
    screen = app().run()
    assert not screen.exception
    assert "is empty" in texts(screen)
    start = next(button for button in screen.button if button.label == "Start the run")
    assert start.disabled


def test_specimens__names_run_and_backbone(in_workspace: Workspace) -> None:
    """What is shown says what made it."""
    said = texts(app().run())
    assert RUN_NAME in said
    assert "efficientnet_lite2 · 12 views at 224 px" in said


def test_specimens__refuses_a_folder_outside_of_the_roots(
    in_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typed path is held below the roots of the configuration."""
    monkeypatch.setenv("FOSSILVIT_ROOTS", str(tmp_path))
    screen = app().run()
    next(field for field in screen.text_input if field.label == "Folder").set_value("/etc").run()
    assert any("outside of what this app may look at" in error.value for error in screen.error)


def test_search__shows_the_nearest_of_the_specimen_in_hand(in_workspace: Workspace) -> None:
    """The specimen in hand gets as many neighbours as asked for."""
    screen = app()
    screen.session_state["specimen"] = "Teeth/Conical/tooth_conical_001"
    screen.run()
    screen.switch_page("pages/2_search.py").run()
    if screen.session_state["specimen"] not in [box.value for box in screen.selectbox]:
        pytest.fail("The specimen in hand is not the one in the list.")
    assert "The 12 most similar" in texts(screen)


def test_search__offers_specimens_where_none_is_in_hand(in_workspace: Workspace) -> None:
    """Without a specimen the screen says what to do."""
    screen = app().run()
    screen.switch_page("pages/2_search.py").run()
    assert "Choose a specimen" in texts(screen)


def test_clusters__a_slider_changes_the_clusters(in_workspace: Workspace) -> None:
    """A larger smallest cluster cannot give more clusters."""
    screen = app().run()
    screen.switch_page("pages/4_clusters.py").run()
    before = int(screen.metric[0].value)
    next(slider for slider in screen.slider if slider.label == "Smallest cluster").set_value(12).run()
    assert not screen.exception
    assert int(screen.metric[0].value) <= before


def test_choose_specimen__go_back_returns_to_the_one_before(in_workspace: Workspace) -> None:
    """Back leads through the specimens that were in hand."""

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


def test_screens__say_what_is_damaged_and_the_way_back(in_workspace: Workspace) -> None:
    """A matrix that lost its ids is said on the screen, with the command that mends it."""
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
