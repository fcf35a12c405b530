"""The selection in the sidebar: its size, its pictures, and actions on all of it."""

from __future__ import annotations

import streamlit as st

from core.collection import Curation, build_specimen_table
from core.foundation import CoreError
from core.storage import csv_for_people
from core.workspace import Catalogue
from ui.components import Card, show_gallery
from ui.session import go_to, screen_of, select, selected, selected_in, state, take_from_selection, use_selection_on
from ui.words import say

MOST_PICTURES = 12
USED_ON = ("search", "map", "clusters")
_PROBLEM = "selection_problem"


def show_selection(collection: state.Collection) -> None:
    """Show the selection in the sidebar."""
    ids = selected()
    with st.container(border=True, key="selection_panel"):
        # Empty slots keep their places, so that no old part is visible while the page is drawn.
        problem, body = st.empty(), st.empty()
        error = st.session_state.pop(_PROBLEM, None)
        if error is not None:
            with problem.container():
                state.show_error(error)
        if ids:
            with body.container():
                _show_selected(collection, ids)
        else:
            body.caption(say("selection-empty"))
        _show_sets(collection)


def _show_selected(collection: state.Collection, ids: tuple[str, ...]) -> None:
    """Show the pictures of the selection, and the actions on it."""
    here = selected_in(collection.ids)
    title, clear = st.columns([3, 2], vertical_alignment="center")
    title.markdown(f"**{say('selection-title', count=len(ids))}**")
    clear.button(say("selection-clear"), on_click=select, args=((),), key="selection_clear", width="stretch")
    _show_pictures(collection, here)
    if len(here) < len(ids):
        st.caption(say("selection-not-in-run", count=len(ids) - len(here)))
    _show_uses(len(here))
    _show_keeping(ids)
    st.download_button(
        say("selection-export"),
        data=_export(collection.run.name, state.catalogue().revision(), ids, collection),
        file_name="selection.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        key="selection_export",
        help=say("selection-export-help"),
    )


@st.cache_data(show_spinner=False, max_entries=4)
def _export(run: str, revision: int, ids: tuple[str, ...], _collection: state.Collection) -> bytes:
    """Return the table of these specimens as CSV.

    It is cached, so that the download keeps its address from run to run.
    """
    del run, revision  # part of the key only
    if all(name in _collection.embeddings.row_of for name in ids):
        return csv_for_people(state.specimen_table(_collection).loc[list(ids)], index=True)
    table = build_specimen_table(ids, _collection.records, Catalogue(_collection.workspace.catalogue_path))
    return csv_for_people(table, index=True)


def _show_pictures(collection: state.Collection, ids: tuple[str, ...]) -> None:
    cards = [Card(name, state.short_name(name), image=collection.thumbnail(name)) for name in ids[:MOST_PICTURES]]
    show_gallery(
        cards,
        key="selection_pictures",
        label=say("selection-pictures"),
        on_pick=state.choose_specimen,
        width=44,
        compact=True,
    )
    if len(ids) > MOST_PICTURES:
        st.caption(say("selection-more", count=len(ids) - MOST_PICTURES))


def _show_uses(count: int) -> None:
    """Offer the screens that work with a whole selection."""
    if not count:
        return
    st.caption(say("selection-use-on"))
    with st.container(horizontal=True, gap="small", key="selection_uses"):
        for screen in map(screen_of, USED_ON):
            name, help_text = say(f"frame-screen-{screen.name}"), say(f"selection-on-{screen.name}")
            if st.button(name, key=f"selection_on_{screen.name}", type="tertiary", icon=screen.icon, help=help_text):
                use_selection_on(screen.name)
                go_to(screen.name)


def _show_keeping(ids: tuple[str, ...]) -> None:
    """Offer to keep the selection as a named set, and to tag it."""
    with st.popover(say("selection-keep"), width="stretch", icon=":material/bookmark_add:"):
        with st.form("selection_set", border=False):
            st.text_input(say("selection-set-name"), key="selection_set_name", help=say("selection-set-help"))
            st.checkbox(say("selection-set-replace"), key="selection_set_replace")
            st.form_submit_button(say("selection-set-save"), on_click=_save_set, args=(ids,), type="primary")
        with st.form("selection_tag", border=False):
            st.text_input(say("selection-tag-name"), key="selection_tag_name", help=say("selection-tag-help"))
            add, remove = st.columns(2)
            with add:
                st.form_submit_button(say("selection-tag-add"), on_click=_tag, args=(ids, True), width="stretch")
            with remove:
                st.form_submit_button(say("selection-tag-remove"), on_click=_tag, args=(ids, False), width="stretch")


def _show_sets(collection: state.Collection) -> None:
    """Offer the named sets."""
    sets = Curation(state.catalogue()).sets()
    if not sets:
        return
    with st.popover(say("selection-sets"), width="stretch", icon=":material/bookmarks:"):
        name = st.selectbox(
            say("selection-set-choose"),
            list(sets),
            format_func=lambda it: f"{it} ({len(sets[it])})",
            key="selection_set_chosen",
        )
        if name is None:
            return
        members = selected_in_order(sets[name], collection)
        st.button(say("selection-set-take"), on_click=select, args=(members,), type="primary", width="stretch")
        both = (*selected(), *members)
        st.button(say("selection-set-add"), on_click=select, args=(both,), width="stretch")
        st.button(say("selection-set-subtract"), on_click=take_from_selection, args=(members,), width="stretch")
        if st.checkbox(say("selection-set-remove-sure"), key=f"selection_remove_{name}"):
            st.button(say("selection-set-remove"), on_click=_remove_set, args=(name,), width="stretch")


def selected_in_order(members: tuple[str, ...], collection: state.Collection) -> tuple[str, ...]:
    """Return those members of a set that are in a run."""
    return tuple(name for name in members if name in collection.embeddings.row_of)


def _save_set(ids: tuple[str, ...]) -> None:
    name = st.session_state["selection_set_name"]
    try:
        Curation(state.catalogue()).put_set(name, ids, replace=st.session_state["selection_set_replace"])
    except CoreError as error:
        st.session_state[_PROBLEM] = error
        return
    st.toast(say("selection-set-saved", name=name, count=len(ids)), icon=":material/bookmark_added:")


def _tag(ids: tuple[str, ...], is_added: bool) -> None:
    tag = st.session_state["selection_tag_name"]
    curation = Curation(state.catalogue())
    try:
        if is_added:
            curation.add_tag(tag, ids)
        else:
            curation.remove_tag(tag, ids)
    except CoreError as error:
        st.session_state[_PROBLEM] = error
        return
    st.toast(say("selection-tagged", tag=tag, count=len(ids)), icon=":material/label:")


def _remove_set(name: str) -> None:
    try:
        Curation(state.catalogue()).remove_set(name)
    except CoreError as error:
        st.session_state[_PROBLEM] = error
