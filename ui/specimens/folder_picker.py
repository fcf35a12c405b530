"""The choice of a folder on the machine that runs the app."""

from __future__ import annotations

import json
import time
from pathlib import Path

import streamlit as st

from core.collection import Listing, SpecimenCount, allowed_folder, configured_roots, count_specimens, list_folder
from core.foundation import CoreError, readable
from core.workspace import put_preference, read_preferences
from ui.session import state
from ui.words import say

_TYPED, _MOVED = "folder_text", "folder_moved"
_RECENT = "recent_folders"
_MOST_RECENT = 6
_SHOWN = 60
_COLUMNS = 3
# One run of the screen counts for at most so long; the next run counts the rest.
_SECONDS_A_RUN, _SECONDS_A_FOLDER = 0.3, 0.25


def roots() -> tuple[Path, ...]:
    """Return the folders below which the app may read."""
    return configured_roots(state.workspace().root)


def pick_folder(start: Path) -> Path | None:
    """Let the user type or browse to a folder, and return it, None if not allowed."""
    st.session_state.setdefault(_TYPED, readable(str(start)))
    typed = st.text_input(say("bring-folder"), key=_TYPED, help=say("bring-folder-help"))
    _show_recent()
    try:
        folder = allowed_folder(typed.strip() or str(start), roots())
    except CoreError as error:
        state.show_error(error)
        _show_listing(start)
        return None
    _show_listing(folder)
    return folder


def remember_folder(folder: Path) -> None:
    """Put a folder first among those used lately."""
    shown = readable(str(folder))
    kept = [shown, *(path for path in recent_folders() if path != shown)][:_MOST_RECENT]
    put_preference(state.workspace(), _RECENT, json.dumps(kept, ensure_ascii=False))


def recent_folders() -> list[str]:
    """Return the folders used lately that are still allowed, newest first."""
    try:
        found = json.loads(read_preferences(state.workspace()).get(_RECENT, "[]"))
    except json.JSONDecodeError:
        return []
    return [path for path in found if isinstance(path, str) and _is_allowed(path)] if isinstance(found, list) else []


def _is_allowed(path: str) -> bool:
    try:
        allowed_folder(path, roots())
    except CoreError:
        return False
    return True


def _go_to(folder: Path) -> None:
    st.session_state[_TYPED] = readable(str(folder))
    st.session_state[_MOVED] = True


def _show_recent() -> None:
    others = [path for path in recent_folders() if path != st.session_state[_TYPED]]
    if not others:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(say("bring-recent"), width="content")
        for path in others:
            label = state.plain(Path(path).name or path)
            st.button(
                label,
                key=f"recent_{path}",
                help=state.plain(path),
                type="tertiary",
                on_click=_go_to,
                args=(Path(path),),
            )


def _show_listing(folder: Path) -> None:
    try:
        listing = list_folder(folder, roots())
    except CoreError as error:
        state.show_error(error)
        return
    with st.expander(say("bring-browse"), icon=":material/folder_open:"):
        _show_trail(listing)
        if not listing.below:
            st.caption(say("bring-no-folders"))
            return
        wanted = ""
        if len(listing.below) > _SHOWN:
            wanted = st.text_input(say("bring-find-folder"), key="folder_find", icon=":material/search:")
        fitting = tuple(path for path in listing.below if wanted.strip().casefold() in path.name.casefold())
        missing = any(_known_count(path) is None for path in fitting[:_SHOWN])
        st.fragment(_show_folders, run_every=0.8 if missing else None)(fitting[:_SHOWN])
        if len(fitting) > _SHOWN:
            st.caption(say("bring-more-folders", count=len(fitting) - _SHOWN))
        if listing.n_left_out:
            st.caption(say("bring-links-left-out", count=listing.n_left_out))


def _show_trail(listing: Listing) -> None:
    """Show the path from the root to the folder as buttons."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if listing.parent is not None:
            st.button(
                say("bring-up"),
                icon=":material/arrow_upward:",
                key="folder_up",
                on_click=_go_to,
                args=(listing.parent,),
            )
        for path in listing.trail:
            label = state.plain(str(path)) if path == listing.trail[0] else f"› {state.plain(path.name)}"
            here = path == listing.folder
            st.button(
                label, key=f"trail_{readable(str(path))}", type="tertiary", disabled=here, on_click=_go_to, args=(path,)
            )
    other_roots = [root for root in roots() if root != listing.trail[0]]
    if len(listing.trail) == 1 and other_roots:
        with st.container(horizontal=True, gap="small"):
            for root in other_roots:
                st.button(
                    state.plain(str(root)),
                    key=f"root_{readable(str(root))}",
                    icon=":material/hard_drive:",
                    on_click=_go_to,
                    args=(root,),
                )


def _show_folders(folders: tuple[Path, ...]) -> None:
    """Show folders with their numbers of specimens that are known by now."""
    if st.session_state.pop(_MOVED, False):
        st.rerun()
    end = time.monotonic() + _SECONDS_A_RUN
    columns = st.columns(_COLUMNS)
    for place, path in enumerate(folders):
        count = _known_count(path)
        if count is None and time.monotonic() < end:
            count = _counts()[_key(path)] = count_specimens(path, seconds=_SECONDS_A_FOLDER)
        columns[place % _COLUMNS].button(
            f"{state.plain(path.name)} · {_in_words(count)}",
            key=f"folder_{readable(str(path))}",
            icon=":material/folder:",
            type="tertiary",
            on_click=_go_to,
            args=(path,),
        )


def _in_words(count: SpecimenCount | None) -> str:
    if count is None:
        return "…"
    return say("bring-count", count=count.found) if count.is_whole else say("bring-count-least", count=count.found)


def _known_count(path: Path) -> SpecimenCount | None:
    return _counts().get(_key(path))


def _key(path: Path) -> tuple[str, int]:
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError:
        return str(path), 0


@st.cache_resource(show_spinner=False)
def _counts() -> dict[tuple[str, int], SpecimenCount]:
    return {}
