"""What stands around every screen: the run, the specimen in hand, the job at work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import CoreError
from core.jobs import current_job
from ui import state
from ui.theme import apply_css
from ui.viewer import warm_up_viewer

_ROUTED, _WANTED = "routed", "wanted_page"


def begin(screen: str) -> None:
    """Draw the sidebar of a screen and keep the browser's address; called by the router only."""
    st.session_state[_ROUTED] = True
    wanted = st.session_state.pop(_WANTED, None)
    if wanted is not None:
        path, address = wanted
        st.switch_page(path, query_params=address)
    apply_css()
    _warm_up_once()
    with st.sidebar:
        _run_chooser()
        _specimen_in_hand(screen)
        _job_at_work()
        st.caption(f"Workspace: `{state.workspace().root}`")


@st.cache_resource(show_spinner=False)
def _warm_up_once() -> None:
    warm_up_viewer()


def require_router(page: str) -> None:
    """Go through the router where Streamlit ran a page by itself.

    Until the router has run once in a server, Streamlit takes the folder `pages` for its own
    kind of navigation, so that an address such as /map would show a page without its frame.
    """
    if not st.session_state.get(_ROUTED):
        st.session_state[_WANTED] = (f"pages/{Path(page).name}", st.query_params.to_dict())
        st.switch_page("app.py")


def _run_chooser() -> None:
    available = [run.name for run in state.runs()]
    if not available:
        return
    chosen = state.chosen_run()
    if chosen is not None:
        st.session_state["run_chooser"] = chosen.name
    st.selectbox(
        "Run",
        available,
        key="run_chooser",
        on_change=_take_run,
        help="A run is one set of views and embeddings of your collection. Every screen shows this one.",
    )


def _take_run() -> None:
    st.session_state["run"] = st.session_state["run_chooser"]


def _specimen_in_hand(screen: str) -> None:
    chosen = state.chosen_run()
    if chosen is None:
        return
    try:
        there = state.load_collection(chosen)
    except CoreError:
        # The screen itself says what is wrong with this run.
        return
    state.keep_address(there)
    specimen = state.chosen_specimen(there)
    if specimen is None:
        return
    with st.container(border=True):
        st.caption("Specimen in hand")
        picture = there.thumbnail(specimen)
        if picture is not None and picture.is_file():
            st.image(str(picture), width=150)
        st.markdown(f"**{state.plain(state.short_name(specimen))}**")
        st.caption(state.plain(state.category(specimen)))
        if screen != "search" and st.button("Find similar", type="primary", width="stretch", key="sidebar_search"):
            st.switch_page("pages/2_search.py")


@st.fragment(run_every=3)
def _job_at_work() -> None:
    job = current_job(state.workspace())
    if job is None:
        return
    stage = job.stages[-1] if job.stages else None
    share = stage.done / stage.total if stage is not None and stage.total else 0.0
    st.progress(min(share, 1.0), text=f"Run “{job.run_name}” is at work" + (f": {stage.label}" if stage else ""))
