"""Search: a specimen, its nearest, and the two of them in 3D."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import UnknownSpecimenError
from core.neighbours import COLUMNS, METRICS, Neighbours, SearchSettings, file_name_of_search, resolve_id
from ui import state
from ui.frame import require_router
from ui.gallery import Card, show_gallery
from ui.viewer import ViewerSpecimen, show_specimens

MOST_IN_LIST = 5000


def main() -> None:
    """Show the screen."""
    there = state.collection()
    st.title("Search")
    query = ask_for_specimen(there)
    if query is None:
        offer_some(there)
        return
    left, right = st.columns([11, 10], gap="medium")
    with left:
        settings = ask_how(there)
        neighbours = state.neighbours_of(there, query, settings)
        show_neighbours(there, neighbours, settings)
    with right:
        show_pair(there, query, neighbours)


def ask_for_specimen(there: state.Collection) -> str | None:
    """Let the user name a specimen; return the one in hand."""
    query = state.chosen_specimen(there)
    back, field = st.columns([1, 8], vertical_alignment="bottom")
    back.button(
        "Back",
        on_click=state.go_back,
        disabled=not st.session_state.get("visited"),
        icon=":material/arrow_back:",
        width="stretch",
        help="Return to the specimen before",
    )
    with field:
        if len(there.ids) <= MOST_IN_LIST:
            st.selectbox(
                "Specimen",
                there.ids,
                index=there.embeddings.row_of[query] if query is not None else None,
                placeholder="Type part of an id …",
                key=f"query_list_{query}",
                on_change=_take_from_list,
                args=(f"query_list_{query}",),
            )
        else:
            st.text_input("Specimen", value=query or "", key=f"query_text_{query}", placeholder="an id, or its end")
            typed = st.session_state[f"query_text_{query}"].strip()
            if typed and typed != query:
                _take_typed(there, typed)
    return query


def _take_from_list(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None:
        state.choose_specimen(chosen)


def _take_typed(there: state.Collection, typed: str) -> None:
    try:
        found = resolve_id(typed, there.ids)
    except UnknownSpecimenError as error:
        state.show_error(error)
        return
    state.choose_specimen(found)
    st.rerun()


def offer_some(there: state.Collection) -> None:
    """Offer one specimen of every category to begin with."""
    st.info("Choose a specimen: type part of its id above, or click one of these.", icon=":material/image_search:")
    first_of: dict[str, str] = {}
    for name, category in zip(there.ids, there.embeddings.categories, strict=True):
        first_of.setdefault(category, name)
    cards = [
        Card(name, state.short_name(name), state.category(name), there.thumbnail(name))
        for name in list(first_of.values())[:36]
    ]
    show_gallery(cards, key="offer", label="One specimen of every category", on_pick=state.choose_specimen)


def ask_how(there: state.Collection) -> SearchSettings:
    """Ask for the number of neighbours and the metric."""
    count, metric = st.columns(2)
    most = max(1, min(50, len(there.ids) - 1))
    k = int(count.number_input("Neighbours", 1, most, min(12, most), key="topk"))
    chosen = metric.selectbox(
        "Distance",
        METRICS,
        key="metric",
        help="Cosine distance is 1 − similarity: 0 means the same direction in feature space. "
        "Distances of different runs cannot be compared.",
    )
    return SearchSettings(topk=k, metric=chosen)


def show_neighbours(there: state.Collection, neighbours: Neighbours, settings: SearchSettings) -> None:
    """Show the ranking as cards, and give it as CSV."""
    st.subheader(f"The {len(neighbours.ids)} most similar")
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
    show_gallery(
        cards,
        key="neighbours",
        label="Nearest specimens",
        on_pick=state.choose_specimen,
        on_side=_put_beside,
        side=("Compare in 3D", "Shown in 3D"),
        width=132,
    )
    st.caption(f"Click a card to search from it. {settings.metric.capitalize()} distance; {there.made_by}.")
    table = pd.DataFrame(neighbours.rows, columns=list(COLUMNS))
    st.download_button(
        "Download CSV",
        table.to_csv(index=False, lineterminator="\n").encode(),
        file_name_of_search(neighbours.query_id),
        "text/csv",
        icon=":material/download:",
    )


def chosen_beside(neighbours: Neighbours) -> str | None:
    """Return the neighbour that is shown in 3D: the chosen one, else the nearest."""
    wanted = st.session_state.get("beside")
    if wanted in neighbours.ids:
        return str(wanted)
    return neighbours.ids[0] if neighbours.ids else None


def _put_beside(specimen_id: str) -> None:
    st.session_state["beside"] = specimen_id


def show_pair(there: state.Collection, query: str, neighbours: Neighbours) -> None:
    """Show query and neighbour in 3D, turning together."""
    names = [query, *([beside] if (beside := chosen_beside(neighbours)) is not None else [])]
    shown = [
        ViewerSpecimen(state.short_name(name), path, there.thumbnail(name), there.preview(name))
        for name in names
        if (path := there.mesh_path(name)) is not None
    ]
    if len(shown) < len(names):
        st.caption("A specimen whose file is no longer there, or that is photographs, has no 3D view.")
    if shown:
        show_specimens(shown, key="pair", height=480)
        st.caption("Drag to turn both, wheel to zoom. Both are scaled to the same size; the bars tell the real one.")
    for name in names:
        show_facts(there, name)


def show_facts(there: state.Collection, name: str) -> None:
    """Say what is known of a specimen's file."""
    record = there.records.get(name)
    if record is None or not record.kind:
        return
    size = " × ".join(f"{value:.4g}" for value in (record.extent_x, record.extent_y, record.extent_z))
    counts = f"{record.n_faces:,} faces" if record.n_faces else f"{record.n_vertices:,} points"
    facts = f"**{state.plain(state.short_name(name))}**: {record.kind}, {counts}, {size} file units"
    st.caption(facts + (f" · :material/build: {state.plain(record.notes)}" if record.notes else ""))


require_router(__file__)
main()
