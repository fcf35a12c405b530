"""Search: a specimen, its nearest, why they match, and the two of them in 3D."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.foundation import CoreError, UnknownSpecimenError
from core.matching import SHOWN, as_png
from core.neighbours import COLUMNS, Neighbours, file_name_of_search, resolve_id
from core.storage import csv_for_people
from ui.components import Card, ViewerSpecimen, choose_beside, listen_to_keys, show_gallery, show_specimens
from ui.frame import require_router
from ui.search import (
    Outsider,
    Question,
    answer,
    ask_for_file,
    ask_how,
    describe_filters,
    forget_outsider,
    matching_views,
    outsider_in_hand,
    settings_of_form,
    show_differences,
)
from ui.session import is_used_on, select, selected_in, state
from ui.words import as_lines, say

MOST_IN_LIST = 5000


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title(say("frame-screen-search"))
    take_selection(there)
    specimen = ask_for_specimen(there)
    query = outsider_in_hand(there) or specimen
    if query is None:
        offer_some(there)
        return
    if isinstance(query, Outsider):
        name_file(query)
    left, right = st.columns([11, 10], gap="medium")
    with left:
        question = ask_how(there, query if isinstance(query, str) else None)
        mirror = question.match.match != "pooled" and bool(st.session_state.get("mirror"))
        try:
            with st.spinner(say("search-wait")):
                neighbours = answer(there, query, question, mirror=mirror)
        except CoreError as error:
            state.show_error(error)
            return
        show_neighbours(there, neighbours, question, mirror=mirror)
    with right:
        show_pair(there, query, neighbours)


def take_selection(there: state.Collection) -> None:
    """Ask with all selected specimens where the sidebar asked for that."""
    own = selected_in(there.ids)
    if is_used_on("search") and own:
        st.session_state["several"] = True
        if state.chosen_specimen(there) is None:
            open_specimen(own[0])


def ask_for_specimen(there: state.Collection) -> str | None:
    """Let the user name a specimen; return the one in hand."""
    query = state.chosen_specimen(there)
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
        if len(there.ids) <= MOST_IN_LIST:
            st.selectbox(
                say("search-specimen"),
                there.ids,
                index=there.embeddings.row_of[query] if query is not None else None,
                placeholder=say("search-specimen-hint"),
                key=f"query_list_{query}",
                on_change=_take_from_list,
                args=(f"query_list_{query}",),
            )
        else:
            typed_as = f"query_text_{query}"
            st.text_input(
                say("search-specimen"), value=query or "", key=typed_as, placeholder=say("search-specimen-hint")
            )
            typed = st.session_state[typed_as].strip()
            if typed and typed != query:
                _take_typed(there, typed)
    with file:
        ask_for_file(there)
    return query


def name_file(outsider: Outsider) -> None:
    """Say that a file is searched with, and let the user return to the specimens."""
    words, close = st.columns([6, 1], vertical_alignment="center")
    words.info(say("search-with-file", name=state.plain(outsider.path.name)), icon=":material/upload_file:")
    close.button(say("search-close-file"), on_click=forget_outsider, width="stretch")


def _take_from_list(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None:
        open_specimen(chosen)


def _take_typed(there: state.Collection, typed: str) -> None:
    try:
        found = resolve_id(typed, there.ids)
    except UnknownSpecimenError as error:
        state.show_error(error)
        return
    open_specimen(found)
    st.rerun()


def open_specimen(specimen_id: str) -> None:
    """Search from a specimen of the collection."""
    forget_outsider()
    state.choose_specimen(specimen_id)


def offer_some(there: state.Collection) -> None:
    """Offer one specimen of every category to begin with."""
    st.info(say("search-begin"), icon=":material/image_search:")
    first_of: dict[str, str] = {}
    for name, category in zip(there.ids, there.embeddings.categories, strict=True):
        first_of.setdefault(category, name)
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
        for name in list(first_of.values())[:36]
    ]
    show_gallery(cards, key="offer", label=say("search-one-each"), on_pick=open_specimen)


def show_neighbours(there: state.Collection, neighbours: Neighbours, question: Question, *, mirror: bool) -> None:
    """Show the ranking as cards, and give it as CSV."""
    if neighbours.ids:
        st.subheader(say("search-most-similar", count=len(neighbours.ids)))
    if question.asks_with_several:
        st.caption(say("search-asked-by", like=len(question.like), unlike=len(question.unlike)))
    beside = chosen_beside(neighbours)
    cards = [
        Card(
            name,
            state.short_name(name),
            state.category(name),
            there.thumbnail(name),
            badge=str(rank),
            value=f"{distance:.3f}",
            beside=name == beside,
        )
        for rank, (name, distance) in enumerate(zip(neighbours.ids, neighbours.distances, strict=True), start=1)
    ]
    if not cards:
        st.info(say("search-nobody"), icon=":material/filter_alt_off:")
        return
    step_with_arrows(neighbours)
    show_gallery(
        cards,
        key="neighbours",
        label=say("search-nearest"),
        on_pick=open_specimen,
        on_side=_put_beside,
        side=(say("search-compare-3d"), say("search-shown-3d")),
        width=128,
    )
    # Several are combined by the direction of their embeddings.
    match = "pooled" if question.asks_with_several else question.match.match
    measure = [say(f"search-by-{match}", metric=question.search.metric, axes=question.match.whiten)]
    measure += [say("search-mirror")] if mirror else []
    if not question.asks_with_several:
        measure += [say("search-regroup")] if question.match.k_reciprocal else []
        measure += [say("search-expand")] if question.match.expand else []
    measure += [line for line in (describe_filters(question.filters),) if line]
    st.caption(f"{say('search-click')} {' · '.join([*measure, there.made_by, state.plain(there.run.name)])}")
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


def chosen_beside(neighbours: Neighbours) -> str | None:
    """Return the neighbour that is shown in 3D: the chosen one, else the nearest."""
    wanted = st.session_state.get("beside")
    if wanted in neighbours.ids:
        return str(wanted)
    return neighbours.ids[0] if neighbours.ids else None


def step_with_arrows(neighbours: Neighbours) -> None:
    """Let the arrow keys put the neighbour before or after beside the query."""
    ids, beside = neighbours.ids, chosen_beside(neighbours)
    place = ids.index(beside) if beside is not None else 0
    before, after = ids[place - 1], ids[(place + 1) % len(ids)]
    listen_to_keys({"ArrowLeft": partial(_put_beside, before), "ArrowRight": partial(_put_beside, after)}, key="step")


def _put_beside(specimen_id: str) -> None:
    st.session_state["beside"] = specimen_id


def show_pair(there: state.Collection, query: str | Outsider, neighbours: Neighbours) -> None:
    """Show query and neighbour in 3D, turning together, by which views they match, and how their forms differ."""
    beside = chosen_beside(neighbours)
    shown = [viewer_specimen(there, query) if isinstance(query, str) else _viewer_outsider(query)]
    shown += [viewer_specimen(there, name) for name in choose_beside(neighbours.ids, beside, key="pair")]
    there_are = [specimen for specimen in shown if specimen is not None]
    if len(there_are) < len(shown):
        st.caption(say("search-no-3d"))
    if there_are:
        show_specimens(there_are, key="pair", height=480, registration=settings_of_form())
        if len(there_are) > 1:
            st.caption(say("search-turn"))
    if beside is not None:
        name, path = _name_and_path(there, query)
        if show_differences(there, name, path, neighbours.ids, beside):
            st.caption(say("search-form-in-viewer"))
        show_why(there, query, beside)
    for one in (query, beside):
        if isinstance(one, str):
            show_facts(there, one)


def _name_and_path(there: state.Collection, query: str | Outsider) -> tuple[str, Path | None]:
    return (query, there.mesh_path(query)) if isinstance(query, str) else (query.path.name, query.mesh_path)


def _viewer_outsider(query: Outsider) -> ViewerSpecimen | None:
    return ViewerSpecimen(query.path.name, query.mesh_path) if query.mesh_path is not None else None


def viewer_specimen(there: state.Collection, name: str) -> ViewerSpecimen | None:
    """Return what the viewer needs of a specimen, None where its file is gone."""
    path = there.mesh_path(name)
    if path is None:
        return None
    faces = there.records[name].n_faces if name in there.records else None
    return ViewerSpecimen(state.short_name(name), path, there.thumbnail(name), there.preview(name), faces=faces)


def show_why(there: state.Collection, query: str | Outsider, other: str) -> None:
    """Show the pairs of views that match best, and what is painted on them, where it is asked for."""
    if not st.toggle(say("search-why"), key="show_why", help=say("search-why-help"), persist_state="session"):
        return
    words = {name: say(f"search-why-{name}") for name in SHOWN}
    # A box, since four words side by side are cut off in half a screen.
    shown = st.selectbox(
        say("search-why-show"), SHOWN, format_func=words.__getitem__, key="why_shown", persist_state="session"
    )
    try:
        with st.spinner(say("search-why-wait")):
            picture = matching_views(there, query, other, shown)
    except CoreError as error:
        state.show_error(error)
        return
    if picture is None:
        st.caption(say("search-why-gone"))
        return
    is_wide = picture.shape[1] > picture.shape[0]
    st.image(picture, width="stretch" if is_wide else "content", alt=say("search-why-pairs"))
    st.caption(f"{say('search-why-pairs')} {say(f'search-why-{shown}-help')} {there.made_by}")
    st.download_button(
        say("search-why-png"), as_png(picture), "why_they_match.png", "image/png", icon=":material/download:"
    )


def show_facts(there: state.Collection, name: str) -> None:
    """Say what is known of a specimen's file."""
    record = there.records.get(name)
    if record is None or not record.kind:
        return
    size = " × ".join(f"{value:.4g}" for value in (record.extent_x, record.extent_y, record.extent_z))
    kind = (
        say("search-faces", count=record.n_faces) if record.n_faces else say("search-points", count=record.n_vertices)
    )
    facts = say("search-facts", kind=record.kind, parts=kind, size=size)
    repaired = as_lines([record.notes], state.catalogue())[0]
    notes = f" · :material/build: {state.plain(repaired)}" if repaired else ""
    st.caption(f"**{state.plain(state.short_name(name))}**: {facts}{notes}")


require_router(__file__)
main()
