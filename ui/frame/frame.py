"""The frame around every screen: navigation, run, specimen, selection, language."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from core.foundation import CoreError
from core.workspace import put_preference, read_preferences
from ui.components import listen_to_keys, warm_up_viewer
from ui.frame.finder import find_specimen
from ui.frame.garbage import collect_garbage
from ui.frame.health import show_health
from ui.frame.selection_panel import show_selection
from ui.frame.theme import apply_css
from ui.frame.warming import warm_up
from ui.runs import show_job_in_sidebar
from ui.session import SCREENS, go_to, go_where_asked, link_to, name_selection_in_address, recall_selection, state
from ui.words import LANGUAGES, choose_language, language, say, settle_language

_ROUTED, _WANTED = "routed", "wanted_page"
_LANGUAGE = "language_chooser"


def begin_session() -> None:
    """Set the language of the session and follow the browser's address."""
    settle_language(read_preferences(state.workspace()).get("language"))
    state.follow_address()
    recall_selection()


def show_screen(page: Page) -> None:
    """Draw the frame and the screen in it. Only the router calls this."""
    try:
        _begin(page.url_path)
        page.run()
    except Exception as error:  # noqa: BLE001 whatever it is, the session continues
        _show_failure(error)
    collect_garbage()


def _begin(screen: str) -> None:
    st.session_state[_ROUTED] = True
    wanted = st.session_state.pop(_WANTED, None)
    if wanted is not None:
        path, address = wanted
        st.switch_page(path, query_params=address)
    go_where_asked()
    apply_css()
    _warm_up_once()
    show_health()
    collection = _collection()
    state.keep_address(collection)
    with st.sidebar:
        with st.container(gap=None, key="screens"):
            for its in SCREENS:
                link_to(its.name, say(f"frame-screen-{its.name}"))
        _choose_run()
        if collection is not None:
            find_specimen(collection, screen)
            _show_chosen_specimen(collection, screen)
            show_selection(collection)
        show_job_in_sidebar()
        listen_to_keys({}, key="frame_keys")
        name_selection_in_address()
        _choose_language()
        st.caption(say("frame-workspace", path=f"`{state.workspace().root}`"))


@st.cache_resource(show_spinner=False)
def _warm_up_once() -> None:
    warm_up_viewer()
    warm_up()


def require_router(page: str) -> None:
    """Switch to the router if Streamlit ran a page by itself.

    Until the router has run once in a server, Streamlit uses the folder `pages` for its own
    kind of navigation, so that an address such as /map would show a page without its frame. The
    parameters of the address are passed on: a session reads language and selection when it begins.
    """
    if not st.session_state.get(_ROUTED):
        st.session_state[_WANTED] = (f"pages/{Path(page).name}", st.query_params.to_dict())
        st.switch_page("app.py", query_params=st.query_params.to_dict())


def _collection() -> state.Collection | None:
    """Return the chosen run, None if it is unreadable.

    The screen shows the error.
    """
    chosen = state.chosen_run()
    if chosen is None:
        return None
    try:
        return state.load_collection(chosen)
    except CoreError:
        return None


def _choose_run() -> None:
    available = [run.name for run in state.runs()]
    if not available:
        return
    chosen = state.chosen_run()
    if chosen is not None:
        st.session_state["run_chooser"] = chosen.name
    st.selectbox(say("frame-run"), available, key="run_chooser", on_change=_take_run, help=say("frame-run-help"))
    if chosen is not None and chosen.is_being_made_again:
        st.caption(f":material/sync_problem: {say('frame-being-made-again')}")


def _take_run() -> None:
    state.choose_run(st.session_state["run_chooser"])


def _show_chosen_specimen(collection: state.Collection, screen: str) -> None:
    # An empty slot keeps its place, so that the rest does not move.
    slot = st.empty()
    specimen = state.chosen_specimen(collection)
    if specimen is None:
        return
    with slot.container(border=True, key="specimen_in_hand"):
        # The name has the whole width: names of specimens are long, and seldom hold blanks to break at.
        picture, words = st.columns([2, 3], vertical_alignment="center")
        path = collection.thumbnail(specimen)
        if path is not None and path.is_file():
            picture.image(str(path), width="stretch", alt=state.short_name(specimen))
        words.caption(say("frame-in-hand"))
        words.caption(state.plain(state.category(specimen)))
        st.markdown(f"**{state.plain(state.short_name(specimen))}**")
        with st.container(horizontal=True, gap="small"):
            if screen not in ("search", "specimen") and st.button(
                say("common-find-similar"), type="primary", key="sidebar_search"
            ):
                go_to("search")
            if screen != "specimen" and st.button(say("frame-open"), key="sidebar_open"):
                go_to("specimen")


def _choose_language() -> None:
    st.session_state[_LANGUAGE] = language()
    st.segmented_control(
        say("frame-language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_LANGUAGE,
        on_change=_take_language,
        required=True,
    )


def _take_language() -> None:
    """Set the language of this session and of every new one on this workspace."""
    choose_language(st.session_state[_LANGUAGE])
    try:
        put_preference(state.workspace(), "language", language())
    except CoreError as error:
        logging.getLogger("core").warning("%s", error)


def _show_failure(error: Exception) -> None:
    """Show that a screen failed and what to do, and write the traceback to a log."""
    log = state.workspace().logs / "app.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(log, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        record = logging.LogRecord(
            "ui", logging.ERROR, __file__, 0, "A screen failed", None, (type(error), error, error.__traceback__)
        )
        handler.handle(record)
        handler.close()
    except OSError as reason:
        logging.getLogger("core").warning("The log %s cannot be written (%s).", log, reason)
    st.error(
        f"{say('frame-failed')}\n\n{say('frame-failed-advice', log=f'`logs/{log.name}`')}", icon=":material/warning:"
    )
    st.button(say("frame-try-again"), icon=":material/refresh:")
    with st.expander(say("frame-failed-details")):
        st.exception(error)
