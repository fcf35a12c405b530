"""The frame: its language, its address, and its message if a screen fails."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import PREFERENCES_FILE, Workspace, put_preference, read_preferences
from tests.app.screens import TOOTH, again, app, texts
from ui.session import SCREENS
from ui.words import say_in


def test_language__is_switched_at_once_and_remembered(in_own_workspace: Workspace) -> None:
    """Titles change at once, and a new session has the language chosen last."""
    screen = app().run()
    assert screen.title[0].value == "Specimens"
    screen.segmented_control(key="language_chooser").set_value("ja")
    again(screen)
    assert not screen.exception
    assert screen.title[0].value == "標本"
    assert [link.label for link in screen.page_link] == [say_in("ja", f"frame-screen-{its.name}") for its in SCREENS]
    assert read_preferences(in_own_workspace) == {"language": "ja"}
    assert app().run().title[0].value == "標本"


def test_language__of_the_address_comes_first(in_own_workspace: Workspace) -> None:
    """The language of the address counts before the remembered one."""
    put_preference(in_own_workspace, "language", "ja")
    screen = app()
    screen.query_params["lang"] = "en"
    assert screen.run().title[0].value == "Specimens"
    assert screen.query_params["lang"] == "en"


def test_preferences__a_damaged_file_is_as_none(in_own_workspace: Workspace) -> None:
    """The app starts, and the next choice repairs the file."""
    (in_own_workspace.root / PREFERENCES_FILE).write_text("{", encoding="utf-8")
    assert not app().run().exception
    put_preference(in_own_workspace, "language", "ja")
    assert read_preferences(in_own_workspace) == {"language": "ja"}


def test_address__says_run_and_specimen(in_workspace: Workspace) -> None:
    """Run and specimen are in the address, and unknown ones are removed."""
    screen = app()
    screen.query_params["specimen"] = TOOTH
    screen.run()
    assert screen.query_params == {"run": "prepared", "specimen": TOOTH}
    screen = app()
    screen.query_params["specimen"] = "nobody"
    screen.query_params["run"] = "no run"
    assert screen.run().query_params == {"run": "prepared"}


def test_follow_address__takes_what_the_browser_changed() -> None:
    """The specimen follows the address unless a click is newer."""

    def script() -> None:
        import streamlit as st

        from ui.session import state

        def browser_goes_to(**address: str) -> None:
            st.query_params.from_dict(address)
            state.follow_address()
            st.write(st.session_state["specimen"])

        st.session_state["address"] = {"run": "r", "specimen": "b"}
        st.session_state["specimen"] = "b"
        browser_goes_to(run="r", specimen="a")
        browser_goes_to()
        state.choose_specimen("c")
        browser_goes_to(run="r", specimen="a")

    screen = AppTest.from_function(script).run()
    assert [element.value for element in screen.markdown] == ["a", "a", "c"]


def test_frame__names_a_run_that_is_being_made_again(in_own_workspace: Workspace) -> None:
    """Where the run is chosen and in the list of runs, in both languages, until the run has ended."""
    (run,) = in_own_workspace.runs()
    run.next_config_path.write_bytes(run.config_path.read_bytes())
    for chosen in ("en", "ja"):
        put_preference(in_own_workspace, "language", chosen)
        screen = app().run()
        assert say_in(chosen, "frame-being-made-again") in texts(screen)
        again(screen, "pages/6_runs.py")
        assert say_in(chosen, "runs-state-again") in str(screen.dataframe[0].value)
    run.next_config_path.unlink()
    assert say_in("ja", "frame-being-made-again") not in texts(app().run())


def test_screen__that_fails_says_what_to_do(in_own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentence and advice, the traceback folded and in the log, other screens work."""

    def fail(collection: object) -> None:
        raise RuntimeError("The needle broke.")

    screen = app().run()
    monkeypatch.setattr("ui.components.browse", fail)
    again(screen)
    assert "came upon something that it did not expect" in texts(screen)
    assert "Your files and finished work are safe" in texts(screen)
    assert "The needle broke." in screen.expander[-1].exception[0].message
    log = (in_own_workspace.logs / "app.log").read_text(encoding="utf-8")
    assert "RuntimeError: The needle broke." in log
    monkeypatch.undo()
    monkeypatch.setenv("FOSSILVIT_WORKSPACE", str(in_own_workspace.root))
    again(screen, "pages/1_specimen.py")
    assert not screen.exception
