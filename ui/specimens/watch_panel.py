"""A watched folder: its mode, and the specimens that were added to it."""

from __future__ import annotations

import datetime
from pathlib import Path

import streamlit as st

from core.collection import MODES, WatchSettings, keep_watching, queue_new_specimens, start_watching, stop_watching
from core.foundation import CoreError
from ui.session import state
from ui.words import say

_OFF = "off"
_NAMED = 8


def choose_watching(folder: Path | None) -> None:
    """Ask whether to watch a folder that a run was made from."""
    watched = keep_watching(state.workspace())
    run = _run_of(folder)
    if folder is None or run is None:
        if watched is not None:
            st.caption(say("watch-elsewhere", folder=state.plain(watched.settings.folder)))
        return
    is_this = watched is not None and watched.settings.folder == str(folder)
    key = f"watch_mode_{folder}"
    mode = watched.settings.mode if watched is not None and is_this else _OFF
    chosen = st.segmented_control(
        say("watch-title"),
        [_OFF, *MODES],
        format_func=lambda kind: say(f"watch-mode-{kind}"),
        default=mode,
        key=key,
        help=say("watch-help", run=run),
        required=True,
    )
    if chosen == mode:
        return
    try:
        if chosen == _OFF:
            stop_watching(state.workspace())
        else:
            start_watching(state.workspace(), WatchSettings(str(folder), run, str(chosen)))
    except CoreError as error:
        state.show_error(error)
        return
    st.rerun()


@st.fragment(run_every=4.0)
def show_new_specimens() -> None:
    """Show new specimens of a watched folder as they come, and offer to add them."""
    watched = keep_watching(state.workspace())
    if watched is None:
        return
    folder = state.plain(watched.settings.folder)
    when = datetime.datetime.fromtimestamp(watched.looked).astimezone().strftime("%H:%M:%S") if watched.looked else "…"
    if not watched.new or watched.settings.mode != "offer":
        st.caption(f":material/visibility: {say('watch-looking', folder=folder, time=when)}")
        return
    with st.container(border=True):
        names = ", ".join(state.plain(name) for name in watched.new[:_NAMED])
        more = len(watched.new) - _NAMED
        st.markdown(f":material/new_releases: **{say('watch-new', count=len(watched.new), folder=folder)}**")
        st.caption(names + (f" … {say('watch-more', count=more)}" if more > 0 else ""))
        if st.button(say("watch-take", run=watched.settings.run_name), type="primary", key="watch_take"):
            try:
                queue_new_specimens(state.workspace(), watched.settings, watched.new)
            except CoreError as error:
                state.show_error(error)
                return
            st.rerun()


def _run_of(folder: Path | None) -> str | None:
    """Return the run of a folder: the chosen one, else the newest, None without one."""
    shown = state.chosen_run()
    runs = ([shown] if shown is not None else []) + state.runs()
    for run in runs:
        try:
            if folder is not None and run.config().get("input") == str(folder):
                return run.name
        except CoreError:
            continue
    return None
