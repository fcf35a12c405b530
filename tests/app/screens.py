"""The app without a browser, by Streamlit's AppTest: opened, run again, read."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.prepared import PROJECT

TOOTH, OTHER_TOOTH = "Teeth/Conical/tooth_conical_001", "Teeth/Conical/tooth_conical_002"
_SECONDS = 120


def app(**state: object) -> AppTest:
    """Return the app with this session state, not yet run."""
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=_SECONDS)
    for name, value in state.items():
        screen.session_state[name] = value
    return screen


def open_page(page: str, **state: object) -> AppTest:
    """Return a page of the app with this session state, drawn.

    Parameters
    ----------
    page : str
        Name of its file in `pages`, without ending.
    **state
        The session state before the first run.
    """
    return app(**state).run().switch_page(f"pages/{page}.py").run()


def again(screen: AppTest, page: str = "") -> AppTest:
    """Run the app with its frame once more, on another page if one is named.

    AppTest runs the page's own script from the second time on, which calls the router only if the
    session was not routed yet.
    """
    if page:
        screen.switch_page(page)
    screen.session_state["routed"] = False
    return screen.run()


def texts(screen: AppTest) -> str:
    """Return all texts of a screen in one string."""
    kinds = (screen.title, screen.subheader, screen.markdown, screen.caption, screen.info, screen.error, screen.warning)
    return "\n".join(str(element.value) for elements in kinds for element in elements)
