"""The neighbours of a query as ranked cards, with their table as CSV."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.neighbours import COLUMNS, Neighbours, file_name_of_search
from core.storage import csv_for_people
from ui.components import card_of, listen_to_keys, show_gallery
from ui.search.queries import Question
from ui.search.query_form import search_with
from ui.search.search_form import describe_filters
from ui.session import select, state
from ui.words import say

_BESIDE = "beside"


def show_neighbours(collection: state.Collection, neighbours: Neighbours, question: Question) -> None:
    """Show the ranking as cards, how it was measured, and the buttons for all of it."""
    if neighbours.ids:
        st.subheader(say("search-most-similar", count=len(neighbours.ids)))
    if question.asks_with_several:
        st.caption(say("search-asked-by", like=len(question.like), unlike=len(question.unlike)))
    if not neighbours.ids:
        st.info(say("search-nobody"), icon=":material/filter_alt_off:")
        return
    _step_with_arrows(neighbours)
    _show_cards(collection, neighbours)
    measure = " · ".join([*_measure_in_words(question), collection.made_by, state.plain(collection.run.name)])
    st.caption(f"{say('search-click')} {measure}")
    _offer_table_and_selection(neighbours)


def neighbour_beside(neighbours: Neighbours) -> str | None:
    """Return the neighbour that is shown in 3D: the chosen one, else the nearest."""
    wanted = st.session_state.get(_BESIDE)
    if wanted in neighbours.ids:
        return str(wanted)
    return neighbours.ids[0] if neighbours.ids else None


def _put_beside(specimen_id: str) -> None:
    st.session_state[_BESIDE] = specimen_id


def _step_with_arrows(neighbours: Neighbours) -> None:
    """Let the arrow keys put the neighbour before or after beside the query."""
    ids, beside = neighbours.ids, neighbour_beside(neighbours)
    place = ids.index(beside) if beside is not None else 0
    before, after = ids[place - 1], ids[(place + 1) % len(ids)]
    listen_to_keys({"ArrowLeft": partial(_put_beside, before), "ArrowRight": partial(_put_beside, after)}, key="step")


def _show_cards(collection: state.Collection, neighbours: Neighbours) -> None:
    beside = neighbour_beside(neighbours)
    cards = [
        card_of(collection, name, badge=str(rank), value=f"{distance:.3f}", beside=name == beside)
        for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1)
    ]
    show_gallery(
        cards,
        key="neighbours",
        label=say("search-nearest"),
        on_pick=search_with,
        on_side=_put_beside,
        side=(say("search-compare-3d"), say("search-shown-3d")),
        width=128,
    )


def _measure_in_words(question: Question) -> list[str]:
    """Return how distances were measured and what was left out, in words."""
    # Several are combined by the direction of their embeddings.
    match = "pooled" if question.asks_with_several else question.match.match
    measure = [say(f"search-by-{match}", metric=question.search.metric, axes=question.match.whiten)]
    measure += [say("search-mirror")] if question.mirror else []
    if not question.asks_with_several:
        measure += [say("search-regroup")] if question.match.k_reciprocal else []
        measure += [say("search-expand")] if question.match.expand else []
    return measure + [line for line in (describe_filters(question.filters),) if line]


def _offer_table_and_selection(neighbours: Neighbours) -> None:
    table, take = st.columns(2)
    table.download_button(
        say("common-download-csv"),
        csv_for_people(pd.DataFrame(neighbours.rows, columns=list(COLUMNS))),
        file_name_of_search(neighbours.query_id),
        "text/csv",
        icon=":material/download:",
        width="stretch",
    )
    take.button(
        say("search-select-all"),
        on_click=select,
        args=(neighbours.ids,),
        icon=":material/check_box:",
        key="select_neighbours",
        width="stretch",
    )
