"""The query of a search: a specimen by name, by selection, or by picture."""

from __future__ import annotations

import streamlit as st

from core.foundation import UnknownSpecimenError
from core.neighbours import resolve_id
from ui.components import card_of, show_gallery
from ui.search.query_files import ask_for_file, forget_query_file
from ui.session import is_used_on, selected_in, state
from ui.words import say

_MOST_IN_LIST = 5000
_MOST_OFFERED = 36


def take_selection(collection: state.Collection) -> None:
    """Search with all selected specimens if the sidebar asked for that."""
    own = selected_in(collection.ids)
    if is_used_on("search") and own:
        st.session_state["several"] = True
        if state.chosen_specimen(collection) is None:
            search_with(own[0])


def ask_for_specimen(collection: state.Collection) -> str | None:
    """Let the user name a specimen or give a file, and return the chosen specimen."""
    query = state.chosen_specimen(collection)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    back, field, file = (row.container(width=width) for width in ("content", "stretch", "content"))
    back.button(
        say("search-back"),
        on_click=state.go_back,
        disabled=not st.session_state.get("visited"),
        icon=":material/arrow_back:",
        help=say("search-back-help"),
    )
    with field:
        if len(collection.ids) <= _MOST_IN_LIST:
            _ask_by_list(collection, query)
        else:
            _ask_by_text(collection, query)
    with file:
        ask_for_file(collection)
    return query


def search_with(specimen_id: str) -> None:
    """Search with a specimen of the collection."""
    forget_query_file()
    state.choose_specimen(specimen_id)


def offer_specimens(collection: state.Collection) -> None:
    """Offer one specimen of every category to begin with."""
    st.info(say("search-begin"), icon=":material/image_search:")
    first_of: dict[str, str] = {}
    for name, category in zip(collection.ids, collection.embeddings.categories, strict=True):
        first_of.setdefault(category, name)
    cards = [card_of(collection, name) for name in list(first_of.values())[:_MOST_OFFERED]]
    show_gallery(cards, key="offer", label=say("search-one-each"), on_pick=search_with)


def _ask_by_list(collection: state.Collection, query: str | None) -> None:
    key = f"query_list_{query}"
    st.selectbox(
        say("search-specimen"),
        collection.ids,
        index=collection.embeddings.row_of[query] if query is not None else None,
        placeholder=say("search-specimen-hint"),
        key=key,
        on_change=_take_from_list,
        args=(key,),
    )


def _take_from_list(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None:
        search_with(chosen)


def _ask_by_text(collection: state.Collection, query: str | None) -> None:
    key = f"query_text_{query}"
    st.text_input(say("search-specimen"), value=query or "", key=key, placeholder=say("search-specimen-hint"))
    typed = st.session_state[key].strip()
    if not typed or typed == query:
        return
    try:
        specimen_id = resolve_id(typed, collection.ids)
    except UnknownSpecimenError as error:
        state.show_error(error)
        return
    search_with(specimen_id)
    st.rerun()
