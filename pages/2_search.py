"""Search: a query, its nearest neighbours, why they match, and two of them in 3D."""

from __future__ import annotations

import streamlit as st

from core.foundation import CoreError
from ui.frame import require_router
from ui.search import (
    QueryFile,
    answer,
    ask_for_specimen,
    ask_question,
    current_query_file,
    offer_specimens,
    show_neighbours,
    show_pair,
    show_query_file,
    take_selection,
)
from ui.session import state
from ui.words import say


def main() -> None:
    """Show the screen."""
    collection = state.collection()
    st.title(say("frame-screen-search"))
    take_selection(collection)
    specimen = ask_for_specimen(collection)
    query = current_query_file(collection) or specimen
    if query is None:
        offer_specimens(collection)
        return
    if isinstance(query, QueryFile):
        show_query_file(query)
    left, right = st.columns([11, 10], gap="medium")
    with left:
        question = ask_question(collection, query if isinstance(query, str) else None)
        try:
            with st.spinner(say("search-wait")):
                neighbours = answer(collection, query, question)
        except CoreError as error:
            state.show_error(error)
            return
        show_neighbours(collection, neighbours, question)
    with right:
        show_pair(collection, query, neighbours)


require_router(__file__)
main()
